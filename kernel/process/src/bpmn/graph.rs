//! A process diagram as it is carried out. Every flow resolves, every element is reachable.

use indexmap::IndexMap;

use super::{Repeat, Throw, Trigger};

/// The elements of a diagram, those of sub-processes among them.
#[derive(Debug, Clone)]
pub struct Graph {
    pub elements: IndexMap<String, Element>,
    pub flows: IndexMap<String, Flow>,
    /// Data objects: the variables of the process, by id.
    pub variables: IndexMap<String, Variable>,
    /// Id of the start event that asks for nothing; absent when the process is only started by events.
    pub start: Option<String>,
}

/// One element that a token can stand on, or an event that can move it.
#[derive(Debug, Clone)]
pub struct Element {
    pub id: String,
    /// Name in the diagram; empty when none was given.
    pub name: String,
    pub kind: Kind,
    pub line: u32,
    /// The sub-process it is part of.
    pub scope: Option<String>,
    /// Ids of the flows that leave, in the order of the file.
    pub outgoing: Vec<String>,
    /// Ids of the flows that arrive.
    pub incoming: Vec<String>,
    /// The flow that is taken when no condition holds.
    pub default: Option<String>,
    /// Ids of the boundary events on it.
    pub boundary: Vec<String>,
    /// Whether it is done several times.
    pub repeat: Option<Repeat>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A trigger other than none: of the process itself or of an event sub-process.
    Start {
        trigger: Trigger,
        /// Of an event sub-process: whether what surrounds it ends.
        interrupts: bool,
    },
    End(Throw),
    UserTask,
    /// Service, script, business-rule and send tasks: all do the effects that are bound to them.
    Service,
    /// Done by people without the platform: nothing waits for it.
    Manual,
    /// Waits for a message of this name.
    Receive(String),
    Exclusive,
    Parallel,
    Inclusive,
    /// The first of the events that follow decides.
    EventBased,
    Catch(Trigger),
    /// An event on the way that is told to others.
    Throw(Throw),
    Boundary {
        attached_to: String,
        trigger: Trigger,
        /// Whether the activity ends.
        cancels: bool,
    },
    SubProcess {
        /// Begins by the trigger of its start event, not by a flow.
        by_event: bool,
    },
    /// Another process, by its key.
    Call(String),
}

#[derive(Debug, Clone)]
pub struct Flow {
    pub id: String,
    pub name: String,
    pub source: String,
    pub target: String,
    /// ZEN expression.
    pub condition: Option<String>,
    pub line: u32,
}

/// A data object.
#[derive(Debug, Clone)]
pub struct Variable {
    pub id: String,
    pub name: String,
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

    /// The elements of a sub-process, or of the process itself.
    pub fn within<'a>(&'a self, scope: Option<&'a str>) -> impl Iterator<Item = &'a Element> {
        self.elements.values().filter(move |element| element.scope.as_deref() == scope)
    }

    /// The start event without trigger of a sub-process.
    pub fn plain_start<'a>(&'a self, scope: &'a str) -> Option<&'a Element> {
        self.within(Some(scope)).find(|element| element.is_plain_start())
    }

    /// The event sub-processes of a sub-process, or of the process itself, each with its start event.
    pub fn event_subs<'a>(
        &'a self,
        scope: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a Element, &'a Element)> {
        self.within(scope).filter_map(|sub| {
            let by_event = matches!(sub.kind, Kind::SubProcess { by_event: true });
            let start = by_event.then(|| self.within(Some(&sub.id)).find(|one| one.is_start()));
            start.flatten().map(|start| (sub, start))
        })
    }

    /// The sub-processes around an element, innermost first.
    pub fn scopes_of<'a>(&'a self, element: &'a Element) -> impl Iterator<Item = &'a Element> {
        let scope = |of: &'a Element| of.scope.as_deref().and_then(|id| self.element(id));
        std::iter::successors(scope(element), move |at| scope(at))
    }

    /// The user tasks a token at `from` comes to next, nearest first; `from` itself is not one of them
    /// unless a way leads back to it.
    pub fn next_user_tasks<'a>(&'a self, from: &'a str) -> Vec<&'a Element> {
        let mut found: Vec<&Element> = Vec::new();
        let mut seen = vec![from];
        let mut waiting: std::collections::VecDeque<&str> = [from].into();
        while let Some(at) = waiting.pop_front() {
            for target in self.after(at) {
                if target.kind == Kind::UserTask {
                    if !found.iter().any(|known| known.id == target.id) {
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

    /// What comes after an element: by its flows, into a sub-process, out of it at its ends.
    fn after<'a>(&'a self, at: &'a str) -> Vec<&'a Element> {
        let Some(element) = self.element(at) else { return Vec::new() };
        if let (Kind::SubProcess { by_event: false }, Some(start)) = (&element.kind, self.plain_start(at)) {
            return vec![start];
        }
        let leaves = match (&element.kind, element.scope.as_deref().and_then(|scope| self.element(scope))) {
            (Kind::End(_), Some(scope)) => scope,
            _ => element,
        };
        self.leaving(leaves).filter_map(|flow| self.element(&flow.target)).collect()
    }
}

impl Element {
    /// What people read: the name, or the id when there is none.
    pub fn title(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }

    pub fn is_start(&self) -> bool {
        matches!(self.kind, Kind::Start { .. })
    }

    pub(super) fn is_plain_start(&self) -> bool {
        matches!(self.kind, Kind::Start { trigger: Trigger::None, .. })
    }

    /// Whether it is work: what boundary events may stand on and what may be repeated.
    pub fn is_activity(&self) -> bool {
        match self.kind {
            Kind::UserTask | Kind::Service | Kind::Manual | Kind::Receive(_) | Kind::Call(_) => true,
            Kind::SubProcess { by_event } => !by_event,
            _ => false,
        }
    }

    /// What it waits for, if it is an event that is caught.
    pub fn trigger(&self) -> Option<&Trigger> {
        match &self.kind {
            Kind::Start { trigger, .. } | Kind::Catch(trigger) | Kind::Boundary { trigger, .. } => {
                Some(trigger)
            }
            _ => None,
        }
    }
}
