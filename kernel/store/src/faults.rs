//! Faults for tests: one call to the database fails, the next ones work again.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::{Error, Result};

/// Which call fails, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The n-th call of any kind (from 1) fails before it reaches the database; its transaction is lost.
    Call(u32),
    /// The n-th commit (from 1) takes effect, but its answer is lost.
    AnswerOfCommit(u32),
}

/// Calls until the fault; nothing is due below one.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    calls: AtomicI64,
    commits: AtomicI64,
    happened: AtomicBool,
}

impl Faults {
    pub(crate) fn plan(&self, fault: Fault) {
        let (calls, commits) = match fault {
            Fault::Call(nth) => (nth, 0),
            Fault::AnswerOfCommit(nth) => (0, nth),
        };
        self.happened.store(false, Ordering::SeqCst);
        self.calls.store(i64::from(calls), Ordering::SeqCst);
        self.commits.store(i64::from(commits), Ordering::SeqCst);
    }

    /// Ends the plan; whether the fault happened.
    pub(crate) fn end(&self) -> bool {
        self.calls.store(0, Ordering::SeqCst);
        self.commits.store(0, Ordering::SeqCst);
        self.happened.load(Ordering::SeqCst)
    }

    pub(crate) fn before_call(&self) -> Result<()> {
        self.count_down(&self.calls)
    }

    pub(crate) fn after_commit(&self) -> Result<()> {
        self.count_down(&self.commits)
    }

    fn count_down(&self, left: &AtomicI64) -> Result<()> {
        if left.fetch_sub(1, Ordering::SeqCst) != 1 {
            return Ok(());
        }
        self.happened.store(true, Ordering::SeqCst);
        Err(Error::Database("the connection broke (a planned fault)".to_owned()))
    }
}
