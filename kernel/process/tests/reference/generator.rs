//! Random sound processes: blocks in one another, each entered by one token and left by one.

use crate::dice::Dice;
use crate::model::{Event, Flow, Kind, Node, Scope, Several};

/// Blocks in one another, at most.
const DEPTH: usize = 3;
/// After so many nodes only tasks are added.
const NODES: usize = 30;

pub fn process(seed: u64) -> Scope {
    let mut maker = Maker { dice: Dice::of(seed), count: 0 };
    let depth = 1 + maker.dice.roll(DEPTH);
    let mut scope = maker.scope(depth);
    if maker.dice.once_in(5) {
        maker.event_sub(&mut scope);
    }
    scope
}

pub struct Maker {
    pub dice: Dice,
    count: usize,
}

impl Maker {
    pub fn add(&mut self, scope: &mut Scope, kind: Kind) -> usize {
        let prefix = match &kind {
            Kind::Task => "task",
            Kind::Sub(_) => "sub",
            Kind::EventSub { .. } => "esub",
            // Those that may happen without end have a name of their own.
            Kind::Boundary { event: Event::Message, interrupts: false, .. } => "often",
            Kind::Boundary { .. } => "on",
            Kind::Catch(_) | Kind::Receive => "wait",
            Kind::Exclusive => "x",
            Kind::Parallel => "p",
            Kind::Inclusive => "i",
            Kind::FirstEvent => "first",
            _ => "n",
        };
        let id = self.id(prefix);
        scope.nodes.push(Node { id, kind, several: None });
        scope.nodes.len() - 1
    }

    fn id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    /// Adds a node after another.
    pub fn after(&mut self, scope: &mut Scope, from: usize, kind: Kind) -> usize {
        let node = self.add(scope, kind);
        flow(scope, from, node);
        node
    }

    fn scope(&mut self, depth: usize) -> Scope {
        let mut scope = Scope::default();
        let start = self.add(&mut scope, Kind::Start);
        let last = self.sequence(&mut scope, start, depth);
        self.after(&mut scope, last, Kind::End);
        scope
    }

    pub fn sequence(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let blocks = 1 + self.dice.roll(3);
        (0..blocks).fold(from, |from, _| self.block(scope, from, depth))
    }

    fn block(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        if depth == 0 || self.count > NODES {
            return self.leaf(scope, from);
        }
        match self.dice.roll(13) {
            0 => self.leaf(scope, from),
            1 => self.exclusive(scope, from, depth - 1),
            2 => self.parallel(scope, from, depth - 1),
            3 => self.inclusive(scope, from, depth - 1),
            4 => self.again(scope, from, depth - 1),
            5..=7 => self.sub(scope, from, depth - 1),
            8 => self.first_event(scope, from, depth - 1),
            9 | 10 => self.guarded(scope, from, depth - 1),
            11 => self.implicit(scope, from, depth - 1),
            _ => self.unstructured(scope, from),
        }
    }

    fn leaf(&mut self, scope: &mut Scope, from: usize) -> usize {
        let kind = match self.dice.roll(7) {
            0 => Kind::Automatic,
            1 => Kind::Receive,
            2 => Kind::Catch(Event::Timer(1)),
            3 => Kind::Catch(Event::Message),
            _ => Kind::Task,
        };
        let repeated = matches!(kind, Kind::Task) && self.dice.once_in(4);
        let node = self.after(scope, from, kind);
        if repeated {
            scope.nodes[node].several = Some(self.several());
        }
        node
    }

    fn several(&mut self) -> Several {
        let times = self.dice.roll(4);
        let enough = self.dice.once_in(3).then(|| 1 + self.dice.roll(3));
        Several { in_turn: self.dice.once_in(2), times, enough }
    }

    /// A way from one gateway to another.
    fn branch(&mut self, scope: &mut Scope, way: (usize, usize), when: Flow, depth: usize) {
        let (from, to) = way;
        if self.dice.once_in(6) && !scope.flows.iter().any(|flow| flow.from == from && flow.to == to) {
            scope.flows.push(Flow { from, to, ..when });
            return;
        }
        let head = if self.dice.once_in(3) { Kind::Automatic } else { Kind::Task };
        let head = self.add(scope, head);
        scope.flows.push(Flow { from, to: head, ..when });
        let last = if self.dice.once_in(2) { self.sequence(scope, head, depth) } else { head };
        flow(scope, last, to);
    }

    fn exclusive(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let split = self.after(scope, from, Kind::Exclusive);
        let join = self.add(scope, Kind::Exclusive);
        for outcomes in [&['a'][..], &['b', 'c'][..]] {
            self.branch(scope, (split, join), when(outcomes), depth);
        }
        self.branch(scope, (split, join), otherwise(), depth);
        join
    }

    fn parallel(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let split = self.after(scope, from, Kind::Parallel);
        // An inclusive gateway joins what a parallel one has parted as well.
        let join = if self.dice.once_in(3) { Kind::Inclusive } else { Kind::Parallel };
        let join = self.add(scope, join);
        for _ in 0..2 + self.dice.roll(2) {
            self.branch(scope, (split, join), when(&[]), depth);
        }
        if self.dice.once_in(4) {
            let aside = self.after(scope, split, Kind::Task);
            self.after(scope, aside, Kind::End);
        }
        join
    }

    fn inclusive(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let split = self.after(scope, from, Kind::Inclusive);
        let join = self.add(scope, Kind::Inclusive);
        for outcomes in [&['a', 'b'][..], &['b', 'c'][..], &['a', 'c'][..]] {
            self.branch(scope, (split, join), when(outcomes), depth);
        }
        self.branch(scope, (split, join), otherwise(), depth);
        join
    }

    /// A task that is left by several flows at once.
    fn implicit(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let split = self.after(scope, from, Kind::Task);
        let join = self.add(scope, Kind::Inclusive);
        self.branch(scope, (split, join), when(&['a', 'b']), depth);
        self.branch(scope, (split, join), when(&['b']), depth);
        self.branch(scope, (split, join), otherwise(), depth);
        join
    }

    fn again(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let merge = self.after(scope, from, Kind::Exclusive);
        let last = self.sequence(scope, merge, depth);
        let asks = self.after(scope, last, Kind::Task);
        let split = self.after(scope, asks, Kind::Exclusive);
        scope.flows.push(Flow { from: split, to: merge, ..when(&['a']) });
        let on = self.add(scope, Kind::Automatic);
        scope.flows.push(Flow { from: split, to: on, ..otherwise() });
        on
    }

    fn sub(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let mut inside = self.scope(depth);
        let mut thrown = None;
        match self.dice.roll(8) {
            0 | 1 => self.event_sub(&mut inside),
            2 | 3 => thrown = Some(self.error_end(&mut inside)),
            4 => self.terminate_end(&mut inside),
            _ => {}
        }
        let node = self.after(scope, from, Kind::Sub(inside));
        if self.dice.once_in(3) {
            scope.nodes[node].several = Some(self.several());
        }
        let mut last = node;
        if let Some(code) = thrown.filter(|_| !self.dice.once_in(6)) {
            last = self.boundary(scope, node, last, Event::Error(code), true);
        }
        if self.dice.once_in(2) { self.guard(scope, node, last) } else { last }
    }

    /// Beside all else: a task, and an error at some of its outcomes.
    fn error_end(&mut self, scope: &mut Scope) -> String {
        let code = self.id("E");
        let asks = self.beside_start(scope);
        let split = self.after(scope, asks, Kind::Exclusive);
        let bad = self.add(scope, Kind::Error(code.clone()));
        scope.flows.push(Flow { from: split, to: bad, ..when(&['b']) });
        let good = self.add(scope, Kind::End);
        scope.flows.push(Flow { from: split, to: good, ..otherwise() });
        code
    }

    fn terminate_end(&mut self, scope: &mut Scope) {
        let asks = self.beside_start(scope);
        self.after(scope, asks, Kind::Terminate);
    }

    /// A task that begins together with all else.
    fn beside_start(&mut self, scope: &mut Scope) -> usize {
        let start = scope.nodes.iter().position(|node| matches!(node.kind, Kind::Start)).expect("a start");
        self.after(scope, start, Kind::Task)
    }

    fn event_sub(&mut self, scope: &mut Scope) {
        let interrupts = self.dice.once_in(2);
        let event = match (self.dice.once_in(2), interrupts) {
            (true, _) => Event::Message,
            (false, true) => Event::Timer(1),
            (false, false) => Event::Timer(1 + self.dice.roll(2) as u32),
        };
        let often = event == Event::Message && !interrupts;
        let start = self.id(if often { "often" } else { "on" });
        let mut inside = Scope::default();
        let begin = self.add(&mut inside, Kind::Start);
        let task = self.after(&mut inside, begin, Kind::Task);
        self.after(&mut inside, task, Kind::End);
        self.add(scope, Kind::EventSub { inside, start, event, interrupts });
    }

    fn first_event(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let gateway = self.after(scope, from, Kind::FirstEvent);
        let merge = self.add(scope, Kind::Exclusive);
        for kind in [Kind::Catch(Event::Timer(1)), Kind::Catch(Event::Message), Kind::Receive] {
            let event = self.after(scope, gateway, kind);
            let last = self.sequence(scope, event, depth);
            flow(scope, last, merge);
        }
        merge
    }

    /// A task with events on it.
    fn guarded(&mut self, scope: &mut Scope, from: usize, depth: usize) -> usize {
        let kind = if self.dice.once_in(4) { Kind::Receive } else { Kind::Task };
        let several = matches!(kind, Kind::Task) && self.dice.once_in(3);
        let node = self.after(scope, from, kind);
        if several {
            scope.nodes[node].several = Some(self.several());
        }
        let last = self.guard(scope, node, node);
        if depth > 0 { self.sequence(scope, last, depth - 1) } else { last }
    }

    fn guard(&mut self, scope: &mut Scope, on: usize, last: usize) -> usize {
        let interrupts = self.dice.once_in(2);
        let event = match (self.dice.once_in(3), interrupts) {
            (true, _) => Event::Message,
            (false, true) => Event::Timer(1),
            (false, false) => Event::Timer(1 + self.dice.roll(3) as u32),
        };
        self.boundary(scope, on, last, event, interrupts)
    }

    /// Puts an event on an activity. What it leads to ends by itself, or comes back to what follows the activity.
    fn boundary(
        &mut self,
        scope: &mut Scope,
        on: usize,
        last: usize,
        event: Event,
        interrupts: bool,
    ) -> usize {
        let event = self.add(scope, Kind::Boundary { on, event, interrupts });
        let task = self.after(scope, event, Kind::Task);
        if !interrupts {
            self.after(scope, task, Kind::End);
            return last;
        }
        let merge = self.after(scope, last, Kind::Exclusive);
        flow(scope, task, merge);
        merge
    }
}

pub fn flow(scope: &mut Scope, from: usize, to: usize) {
    scope.flows.push(Flow { from, to, ..when(&[]) });
}

pub fn when(outcomes: &[char]) -> Flow {
    Flow { from: 0, to: 0, outcomes: outcomes.to_vec(), default: false }
}

pub fn otherwise() -> Flow {
    Flow { default: true, ..when(&[]) }
}
