use indexmap::IndexMap;

use super::Timer;

/// A process diagram as it is carried out. Every flow resolves, every element is reachable.
#[derive(Debug, Clone)]
pub struct Graph {
    pub elements: IndexMap<String, Element>,
    pub flows: IndexMap<String, Flow>,
    /// Id of the one start event.
    pub start: String,
}

/// One element that a token can stand on, or a boundary event that can move it.
#[derive(Debug, Clone)]
pub struct Element {
    pub id: String,
    /// Name in the diagram; empty when none was given.
    pub name: String,
    pub kind: Kind,
    pub line: u32,
    /// Ids of the flows that leave, in the order of the file.
    pub outgoing: Vec<String>,
    /// Ids of the flows that arrive.
    pub incoming: Vec<String>,
    /// Ids of the boundary events on it.
    pub boundary: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Start,
    End { terminate: bool },
    UserTask,
    ServiceTask,
    ExclusiveGateway { default: Option<String> },
    TimerCatch { timer: Timer },
    BoundaryTimer { attached_to: String, cancels: bool, timer: Timer },
}

#[derive(Debug, Clone)]
pub struct Flow {
    pub id: String,
    pub name: String,
    pub source: String,
    pub target: String,
    /// ZEN expression; only on flows that leave a gateway.
    pub condition: Option<String>,
    pub line: u32,
}

impl Graph {
    pub fn element(&self, id: &str) -> Option<&Element> {
        self.elements.get(id)
    }

    /// The flows that leave an element.
    pub fn leaving<'a>(&'a self, element: &'a Element) -> impl Iterator<Item = &'a Flow> {
        element.outgoing.iter().filter_map(|id| self.flows.get(id))
    }

    /// The one flow that leaves an element that is no gateway.
    pub fn only_flow(&self, element: &str) -> Option<&Flow> {
        self.leaving(self.element(element)?).next()
    }

    /// The user tasks a token at `from` comes to next, nearest first; `from` itself is not one of them
    /// unless a way leads back to it.
    pub fn next_user_tasks(&self, from: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        let mut seen = vec![from];
        let mut waiting: std::collections::VecDeque<&str> = [from].into();
        while let Some(at) = waiting.pop_front() {
            let Some(element) = self.element(at) else { continue };
            for flow in self.leaving(element) {
                let Some(target) = self.element(&flow.target) else { continue };
                if target.kind == Kind::UserTask {
                    if !found.iter().any(|known: &&Element| known.id == target.id) {
                        found.push(target);
                    }
                } else if !seen.contains(&target.id.as_str()) {
                    seen.push(&target.id);
                    waiting.push_back(&target.id);
                }
            }
        }
        found
    }
}

impl Element {
    /// What people read: the name, or the id when there is none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}
