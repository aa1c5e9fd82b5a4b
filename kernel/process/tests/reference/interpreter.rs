//! The reference: tokens in scopes, in memory, as simple as can be.

use crate::joins;
use crate::model::{Event, Flow, Kind, Node, Scope};

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

    /// Carries everything on until it waits; gives the code of an error that nobody here caught.
    fn settle(&mut self, outcome: Option<char>) -> Option<String> {
        loop {
            let mut moved = false;
            let mut at = 0;
            while at < self.tokens.len() {
                if let Some(code) = self.settle_inside(at, outcome) {
                    match self.catching(self.tokens[at].node, &code) {
                        Some(event) => self.tokens[at] = Token::new(event, None),
                        None => return Some(code),
                    }
                }
                match self.tokens[at].work {
                    Work::Arrived => {
                        moved = true;
                        if let Some(code) = self.arrive(at) {
                            return Some(code);
                        }
                        if self.terminated {
                            return None;
                        }
                    }
                    Work::Done => {
                        moved = true;
                        self.leave(at, outcome);
                    }
                    _ => at += 1,
                }
            }
            if moved {
                continue;
            }
            let Some(taken) = joins::activation(self.scope, &self.tokens) else { return None };
            let gateway = self.tokens[taken[0]].node;
            let mut number = 0;
            self.tokens.retain(|_| {
                number += 1;
                !taken.contains(&(number - 1))
            });
            let mut joined = Token::new(gateway, None);
            (joined.joined, joined.work) = (true, Work::Done);
            self.tokens.push(joined);
        }
    }

    /// Settles what is inside a token.
    fn settle_inside(&mut self, at: usize, outcome: Option<char>) -> Option<String> {
        let node = &self.scope.nodes[self.tokens[at].node];
        let token = &mut self.tokens[at];
        match &mut token.work {
            Work::Inside(space) => {
                let thrown = space.settle(outcome);
                if thrown.is_none() && space.tokens.is_empty() {
                    token.work = Work::Done;
                }
                thrown
            }
            Work::Several { items, begun, done } => {
                let several = node.several.as_ref().expect("it is done several times");
                loop {
                    for (_, item) in items.iter_mut() {
                        if let Item::Inside(space) = item
                            && let Some(code) = space.settle(outcome)
                        {
                            return Some(code);
                        }
                    }
                    let before = items.len();
                    items.retain(|(_, item)| !matches!(item, Item::Inside(space) if space.tokens.is_empty()));
                    *done += before - items.len();
                    let enough = several.enough.is_some_and(|enough| *done >= enough);
                    if *done == several.times || enough && *done > 0 {
                        token.work = Work::Done;
                        return None;
                    }
                    if !several.in_turn || !items.is_empty() {
                        return None;
                    }
                    items.push((*begun, Item::of(node)));
                    *begun += 1;
                }
            }
            _ => None,
        }
    }

    /// The event on an activity that catches an error.
    fn catching(&self, node: usize, code: &str) -> Option<usize> {
        self.scope.boundaries(node).find(|event| {
            let event = &self.scope.nodes[*event].kind;
            matches!(event, Kind::Boundary { event: Event::Error(caught), .. } if caught == code)
        })
    }

    /// A token has come to its node; gives the code of an error that it throws.
    fn arrive(&mut self, at: usize) -> Option<String> {
        let scope = self.scope;
        let node = &scope.nodes[self.tokens[at].node];
        if joins::waits(scope, &self.tokens[at]) {
            self.tokens[at].work = Work::Waiting;
            return None;
        }
        match &node.kind {
            Kind::End => drop(self.tokens.remove(at)),
            Kind::Terminate => {
                self.tokens.clear();
                self.armed.clear();
                self.terminated = true;
            }
            Kind::Error(code) => return Some(code.clone()),
            Kind::Task | Kind::Sub(_) => self.begin_work(at, node),
            Kind::Receive => {
                let here = self.tokens[at].node;
                let mut armed = self.on(here);
                armed.push((here, OFTEN));
                self.wait(at, armed);
            }
            Kind::Catch(event) => {
                let here = self.tokens[at].node;
                self.wait(at, vec![(here, times(event))]);
            }
            Kind::FirstEvent => {
                let events = scope.leaving(self.tokens[at].node).map(|flow| (scope.flows[flow].to, OFTEN));
                self.wait(at, events.collect());
            }
            _ => self.tokens[at].work = Work::Done,
        }
        None
    }

    fn wait(&mut self, at: usize, armed: Vec<(usize, u32)>) {
        (self.tokens[at].work, self.tokens[at].armed) = (Work::Waiting, armed);
    }

    fn begin_work(&mut self, at: usize, node: &'m Node) {
        let number = self.tokens[at].node;
        let token = &mut self.tokens[at];
        token.work = match (&node.several, Item::of(node)) {
            (None, Item::Open) => Work::Open,
            (None, Item::Inside(space)) => Work::Inside(space),
            (Some(several), _) if several.times == 0 => Work::Done,
            (Some(several), _) => {
                let begun = if several.in_turn { 1 } else { several.times };
                Work::Several {
                    items: (0..begun).map(|item| (item, Item::of(node))).collect(),
                    begun,
                    done: 0,
                }
            }
        };
        if !matches!(token.work, Work::Done) {
            self.tokens[at].armed = self.on(number);
        }
    }

    /// The events on an activity that are waited for while it is at work.
    fn on(&self, activity: usize) -> Vec<(usize, u32)> {
        let waited = |event: usize| match &self.scope.nodes[event].kind {
            Kind::Boundary { event: Event::Error(_), .. } => None,
            Kind::Boundary { event: kind, .. } => Some((event, times(kind))),
            _ => None,
        };
        self.scope.boundaries(activity).filter_map(waited).collect()
    }

    fn leave(&mut self, at: usize, outcome: Option<char>) {
        let scope = self.scope;
        let node = self.tokens.remove(at).node;
        let flows: Vec<(usize, &Flow)> =
            scope.leaving(node).map(|number| (number, &scope.flows[number])).collect();
        let holds = |flow: &Flow| {
            !flow.default
                && (flow.outcomes.is_empty()
                    || outcome.is_some_and(|outcome| flow.outcomes.contains(&outcome)))
        };
        let mut taken: Vec<(usize, &Flow)> = flows.iter().copied().filter(|(_, flow)| holds(flow)).collect();
        if taken.is_empty() {
            taken = flows.iter().copied().filter(|(_, flow)| flow.default).collect();
        }
        if matches!(scope.nodes[node].kind, Kind::Exclusive) {
            taken.truncate(1);
        }
        self.tokens.extend(taken.into_iter().map(|(number, flow)| Token::new(flow.to, Some(number))));
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
