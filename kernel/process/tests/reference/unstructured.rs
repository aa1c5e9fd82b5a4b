//! Sound ways to part and to join that are no blocks.

use crate::generator::{Maker, flow, otherwise, when};
use crate::model::{Flow, Kind, Scope};

impl Maker {
    pub fn unstructured(&mut self, scope: &mut Scope, from: usize) -> usize {
        match self.dice.roll(4) {
            0 => self.crossing(scope, from),
            1 => self.early_end(scope, from),
            2 => self.merged_twice(scope, from),
            _ => self.interlocked(scope, from),
        }
    }

    /// Two branches, each of which goes on to one or both of two inclusive gateways.
    fn crossing(&mut self, scope: &mut Scope, from: usize) -> usize {
        let split = self.after(scope, from, Kind::Parallel);
        let joins = [self.add(scope, Kind::Inclusive), self.add(scope, Kind::Inclusive)];
        for _ in 0..2 {
            let task = self.after(scope, split, Kind::Task);
            let both = self.dice.once_in(2);
            let choice = self.after(scope, task, if both { Kind::Inclusive } else { Kind::Exclusive });
            scope.flows.push(Flow { from: choice, to: joins[0], ..when(&['a', 'b']) });
            let second = if both { when(&['b', 'c', 'd']) } else { otherwise() };
            scope.flows.push(Flow { from: choice, to: joins[1], ..second });
        }
        let last = self.add(scope, Kind::Inclusive);
        for join in joins {
            let task = self.after(scope, join, Kind::Task);
            flow(scope, task, last);
        }
        last
    }

    /// One of two branches may end by itself; the other does not wait for it then.
    fn early_end(&mut self, scope: &mut Scope, from: usize) -> usize {
        let split = self.after(scope, from, Kind::Parallel);
        let join = self.add(scope, Kind::Inclusive);
        let task = self.after(scope, split, Kind::Task);
        flow(scope, task, join);
        let other = self.after(scope, split, Kind::Task);
        let choice = self.after(scope, other, Kind::Exclusive);
        let end = self.add(scope, Kind::End);
        scope.flows.push(Flow { from: choice, to: end, ..when(&['b', 'd']) });
        scope.flows.push(Flow { from: choice, to: join, ..otherwise() });
        join
    }

    /// Two branches come together without waiting: what follows is done twice.
    fn merged_twice(&mut self, scope: &mut Scope, from: usize) -> usize {
        let split = self.after(scope, from, Kind::Parallel);
        let merge = self.add(scope, Kind::Exclusive);
        for _ in 0..2 {
            let task = self.after(scope, split, Kind::Task);
            flow(scope, task, merge);
        }
        let twice = self.after(scope, merge, Kind::Task);
        self.after(scope, twice, Kind::End);
        self.after(scope, split, Kind::Task)
    }

    /// Three branches, two pairs of which are joined, the middle one in both.
    fn interlocked(&mut self, scope: &mut Scope, from: usize) -> usize {
        let split = self.after(scope, from, Kind::Parallel);
        let last = self.add(scope, Kind::Parallel);
        let joins = [self.add(scope, Kind::Parallel), self.add(scope, Kind::Parallel)];
        let middle = self.after(scope, split, Kind::Task);
        let fork = self.after(scope, middle, Kind::Parallel);
        for join in joins {
            flow(scope, fork, join);
            let task = self.after(scope, split, Kind::Task);
            flow(scope, task, join);
            let after = self.after(scope, join, Kind::Task);
            flow(scope, after, last);
        }
        last
    }
}
