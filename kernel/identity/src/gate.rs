//! The slow work of password hashing: off the async threads, a few at a time, with a bounded queue, so that
//! a storm of log-ins cannot starve everything else (B-13).

use std::sync::Arc;

use anju_records::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) struct Gate {
    places: Arc<Semaphore>,
    checks: Arc<Semaphore>,
}

/// The right to do one piece of slow work; ends when dropped.
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
    _check: OwnedSemaphorePermit,
}

impl Gate {
    pub(crate) fn new(at_once_max: usize, waiting_max: usize) -> Self {
        let at_once = at_once_max.max(1);
        Self {
            places: Arc::new(Semaphore::new(at_once + waiting_max)),
            checks: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Waits for a turn; `None` when too many wait already.
    pub(crate) async fn turn(&self) -> Option<Turn> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        // Only a closed semaphore refuses, and this one is never closed.
        let check = self.checks.clone().acquire_owned().await.ok()?;
        Some(Turn { _place: place, _check: check })
    }
}

/// Runs slow work on a thread of its own.
pub(crate) async fn run_slow<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|broken| Error::Internal(broken.to_string()))
}
