//! Faults for tests: one call to the database, to the files beside it or to the keys fails, the next ones work
//! again.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::{Error, Result};

/// Which call fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The n-th call of any kind (from 1) fails before it reaches the database or the files; its transaction is lost.
    Call(u32),
    /// The n-th commit (from 1) takes effect, but its answer is lost.
    AnswerOfCommit(u32),
    /// The n-th use of a key (from 1) fails, where the keyring asks [`crate::Store::key_fails`].
    Key(u32),
}

/// Calls until the fault; nothing is due below one.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    calls: AtomicI64,
    commits: AtomicI64,
    keys: AtomicI64,
    happened: AtomicBool,
}

impl Faults {
    pub(crate) fn plan(&self, fault: Fault) {
        self.end();
        self.happened.store(false, Ordering::SeqCst);
        let (left, nth) = match fault {
            Fault::Call(nth) => (&self.calls, nth),
            Fault::AnswerOfCommit(nth) => (&self.commits, nth),
            Fault::Key(nth) => (&self.keys, nth),
        };
        left.store(i64::from(nth), Ordering::SeqCst);
    }

    /// Ends the plan; whether the fault happened.
    pub(crate) fn end(&self) -> bool {
        for left in [&self.calls, &self.commits, &self.keys] {
            left.store(0, Ordering::SeqCst);
        }
        self.happened.load(Ordering::SeqCst)
    }

    pub(crate) fn before_call(&self) -> Result<()> {
        self.fail_at_zero(&self.calls)
    }

    pub(crate) fn after_commit(&self) -> Result<()> {
        self.fail_at_zero(&self.commits)
    }

    pub(crate) fn at_key(&self) -> bool {
        self.is_due(&self.keys)
    }

    fn fail_at_zero(&self, left: &AtomicI64) -> Result<()> {
        match self.is_due(left) {
            true => Err(Error::Database("the connection broke (a planned fault)".to_owned())),
            false => Ok(()),
        }
    }

    fn is_due(&self, left: &AtomicI64) -> bool {
        let due = left.fetch_sub(1, Ordering::SeqCst) == 1;
        if due {
            self.happened.store(true, Ordering::SeqCst);
        }
        due
    }
}
