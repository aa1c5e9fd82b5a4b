//! The reference: tokens in scopes, in memory, as simple as can be.

mod settling;

use crate::model::{Event, Kind, Node, Scope};

/// A running process.
pub struct Interpreter<'m> {
    root: Space<'m>,
    outcome: Option<char>,
    pub ended: Option<&'static str>,
}

/// The inside of a scope while something goes on there.
pub struct Space<'m> {
    scope: &'m Scope,
    tokens: Vec<Token<'m>>,
    /// Event sub-processes that may begin: their node, and how often their event may still happen.
    armed: Vec<(usize, u32)>,
    terminated: bool,
}

pub struct Token<'m> {
    pub node: usize,
    pub came_by: Option<usize>,
    pub joined: bool,
    work: Work<'m>,
    /// Events that are waited for while the token stands here: their node, and how often they may still happen.
    armed: Vec<(usize, u32)>,
}

enum Work<'m> {
    /// Has just come.
    Arrived,
    /// Waits at a gateway, or for an event.
    Waiting,
    /// A task is open.
    Open,
    Inside(Space<'m>),
    Several {
        items: Vec<(usize, Item<'m>)>,
        begun: usize,
        done: usize,
    },
    Done,
}

enum Item<'m> {
    Open,
    Inside(Space<'m>),
}

/// A message may come as often as it likes.
const OFTEN: u32 = u32::MAX;

fn times(event: &Event) -> u32 {
    match event {
        Event::Timer(times) => *times,
        Event::Message => OFTEN,
        Event::Error(_) => 0,
    }
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::Timer(_) => "timer",
        _ => "message",
    }
}

impl<'m> Interpreter<'m> {
    pub fn start(scope: &'m Scope) -> Self {
        let mut interpreter = Self { root: Space::begin(scope), outcome: None, ended: None };
        interpreter.settle();
        interpreter
    }

    /// What can happen: open tasks and awaited events, each with the way to it.
    pub fn labels(&self) -> Vec<String> {
        let mut labels = Vec::new();
        if self.ended.is_none() {
            self.root.labels("", &mut labels);
        }
        labels.sort();
        labels
    }

    /// One of the labels happens; a task comes to the outcome.
    pub fn happen(&mut self, label: &str, outcome: char) {
        if label.starts_with("task ") {
            self.outcome = Some(outcome);
        }
        assert!(self.root.happen("", label), "the reference has no {label}");
        self.settle();
    }

    fn settle(&mut self) {
        let thrown = self.root.settle(self.outcome);
        self.ended = match thrown {
            Some(_) => Some("terminated"),
            None if self.root.terminated => Some("terminated"),
            None if self.root.tokens.is_empty() => Some("completed"),
            None => None,
        };
    }
}

impl<'m> Space<'m> {
    fn begin(scope: &'m Scope) -> Self {
        let start = scope.nodes.iter().position(|node| matches!(node.kind, Kind::Start)).expect("a start");
        let armed = scope.nodes.iter().enumerate().filter_map(|(number, node)| match &node.kind {
            Kind::EventSub { event, .. } => Some((number, times(event))),
            _ => None,
        });
        Self { scope, tokens: vec![Token::new(start, None)], armed: armed.collect(), terminated: false }
    }

    fn labels(&self, path: &str, labels: &mut Vec<String>) {
        for (node, _) in &self.armed {
            if let Kind::EventSub { start, event, .. } = &self.scope.nodes[*node].kind {
                labels.push(format!("{} {path}!{start}", word(event)));
            }
        }
        for token in &self.tokens {
            let node = &self.scope.nodes[token.node];
            let here = format!("{path}/{}", node.id);
            for (event, _) in &token.armed {
                labels.push(self.label_of(&here, *event));
            }
            match &token.work {
                Work::Open => labels.push(format!("task {here}")),
                Work::Inside(space) => space.labels(&here, labels),
                Work::Several { items, .. } => {
                    for (number, item) in items {
                        let here = format!("{here}#{number}");
                        match item {
                            Item::Open => labels.push(format!("task {here}")),
                            Item::Inside(space) => space.labels(&here, labels),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn label_of(&self, here: &str, event: usize) -> String {
        let node = &self.scope.nodes[event];
        let kind = match &node.kind {
            Kind::Catch(event) | Kind::Boundary { event, .. } => word(event),
            _ => "message",
        };
        format!("{kind} {here}!{}", node.id)
    }

    /// Lets the first thing of this label happen; whether there was one here.
    fn happen(&mut self, path: &str, label: &str) -> bool {
        let scope = self.scope;
        for at in 0..self.armed.len() {
            let (node, left) = self.armed[at];
            let Kind::EventSub { inside, start, event, interrupts } = &scope.nodes[node].kind else {
                continue;
            };
            if format!("{} {path}!{start}", word(event)) != label {
                continue;
            }
            if left == 1 {
                self.armed.remove(at);
            } else if left != OFTEN {
                self.armed[at].1 -= 1;
            }
            if *interrupts {
                self.tokens.clear();
                self.armed.clear();
            }
            let mut token = Token::new(node, None);
            token.work = Work::Inside(Space::begin(inside));
            self.tokens.push(token);
            return true;
        }
        (0..self.tokens.len()).any(|at| self.happen_at(at, path, label))
    }

    fn happen_at(&mut self, at: usize, path: &str, label: &str) -> bool {
        let scope = self.scope;
        let here = format!("{path}/{}", scope.nodes[self.tokens[at].node].id);
        let armed = self.tokens[at].armed.clone();
        if let Some(index) = armed.iter().position(|(event, _)| self.label_of(&here, *event) == label) {
            self.event(at, index);
            return true;
        }
        let token = &mut self.tokens[at];
        match &mut token.work {
            Work::Open if label == format!("task {here}") => {
                token.work = Work::Done;
                true
            }
            Work::Inside(space) => space.happen(&here, label),
            Work::Several { items, done, .. } => {
                let open = |(number, item): &(usize, Item)| {
                    matches!(item, Item::Open) && label == format!("task {here}#{number}")
                };
                if let Some(index) = items.iter().position(open) {
                    items.remove(index);
                    *done += 1;
                    return true;
                }
                items.iter_mut().any(|(number, item)| match item {
                    Item::Inside(space) => space.happen(&format!("{here}#{number}"), label),
                    Item::Open => false,
                })
            }
            _ => false,
        }
    }

    /// An awaited event happens to a token.
    fn event(&mut self, at: usize, index: usize) {
        let (event, left) = self.tokens[at].armed[index];
        match &self.scope.nodes[event].kind {
            Kind::Boundary { interrupts: true, .. } => self.tokens[at] = Token::new(event, None),
            Kind::Boundary { .. } => {
                match left {
                    OFTEN => {}
                    1 => drop(self.tokens[at].armed.remove(index)),
                    _ => self.tokens[at].armed[index].1 -= 1,
                }
                self.tokens.push(Token::new(event, None));
            }
            // Where the token stands, or one of those that follow a gateway.
            _ => {
                self.tokens[at] = Token::new(event, None);
                self.tokens[at].work = Work::Done;
            }
        }
    }
}

impl<'m> Item<'m> {
    fn of(node: &'m Node) -> Self {
        match &node.kind {
            Kind::Sub(inside) => Self::Inside(Space::begin(inside)),
            _ => Self::Open,
        }
    }
}

impl Token<'_> {
    fn new(node: usize, came_by: Option<usize>) -> Self {
        Self { node, came_by, joined: false, work: Work::Arrived, armed: Vec::new() }
    }
}
