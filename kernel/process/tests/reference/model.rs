//! A process as the generator makes it and the interpreter reads it; it has nothing to do with the engine's own graph.

/// The process itself, or the inside of a sub-process.
#[derive(Debug, Default)]
pub struct Scope {
    pub nodes: Vec<Node>,
    pub flows: Vec<Flow>,
}

#[derive(Debug)]
pub struct Node {
    pub id: String,
    pub kind: Kind,
    pub several: Option<Several>,
}

#[derive(Debug)]
pub enum Kind {
    Start,
    End,
    Terminate,
    Error(String),
    /// Done by a person.
    Task,
    /// Done at once.
    Automatic,
    Receive,
    Exclusive,
    Parallel,
    Inclusive,
    /// The first of the events that follow decides.
    FirstEvent,
    Catch(Event),
    Sub(Scope),
    /// An event on the activity of this number.
    Boundary {
        on: usize,
        event: Event,
        interrupts: bool,
    },
    /// Begins by its event, beside or instead of what is around it.
    EventSub {
        inside: Scope,
        start: String,
        event: Event,
        interrupts: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Fires so many times.
    Timer(u32),
    Message,
    Error(String),
}

/// Done several times.
#[derive(Debug)]
pub struct Several {
    pub in_turn: bool,
    pub times: usize,
    /// So many are enough.
    pub enough: Option<usize>,
}

#[derive(Debug)]
pub struct Flow {
    pub from: usize,
    pub to: usize,
    /// Taken when the latest outcome is one of these; always when there are none.
    pub outcomes: Vec<char>,
    /// Taken when no other is.
    pub default: bool,
}

impl Scope {
    pub fn arriving(&self, node: usize) -> impl Iterator<Item = usize> {
        self.flows.iter().enumerate().filter(move |(_, flow)| flow.to == node).map(|(number, _)| number)
    }

    pub fn leaving(&self, node: usize) -> impl Iterator<Item = usize> {
        self.flows.iter().enumerate().filter(move |(_, flow)| flow.from == node).map(|(number, _)| number)
    }

    /// The events on an activity.
    pub fn boundaries(&self, activity: usize) -> impl Iterator<Item = usize> {
        let is_on = move |node: &Node| matches!(node.kind, Kind::Boundary { on, .. } if on == activity);
        self.nodes.iter().enumerate().filter(move |(_, node)| is_on(node)).map(|(number, _)| number)
    }
}
