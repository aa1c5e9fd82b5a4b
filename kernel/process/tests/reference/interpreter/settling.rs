//! What happens by itself, until everything waits.

use super::{Item, OFTEN, Space, Token, Work, times};
use crate::joins;
use crate::model::{Event, Flow, Kind, Node};

impl<'m> Space<'m> {
    /// Carries everything on until it waits; gives the code of an error that nobody here caught.
    pub(super) fn settle(&mut self, outcome: Option<char>) -> Option<String> {
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
