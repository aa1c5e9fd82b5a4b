//! The jobs a worker is at, and the keeping of their leases.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anju_store::{Job, LeasedJob};

use super::{LEASE_MS, RENEWED_EVERY};
use crate::Runtime;

/// Shared by the one who takes jobs and the one who keeps their leases.
#[derive(Clone, Default)]
pub(super) struct HeldJobs(Arc<Mutex<HashSet<LeasedJob>>>);

/// While it lives, the job's lease is kept. A job that panics drops it like any other, and its lease runs out.
pub(super) struct Holding {
    all: HeldJobs,
    job: LeasedJob,
}

impl HeldJobs {
    pub(super) fn hold(&self, job: &Job) -> Holding {
        let job = LeasedJob::from(job);
        self.lock().insert(job.clone());
        Holding { all: self.clone(), job }
    }

    pub(super) fn list(&self) -> Vec<LeasedJob> {
        self.lock().iter().cloned().collect()
    }

    /// Renews the leases until it is dropped.
    pub(super) async fn keep_leases(&self, runtime: &Runtime) {
        let mut beat = tokio::time::interval(RENEWED_EVERY);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let held = self.list();
            if let Err(error) = runtime.store.renew_leases(&held, runtime.clock.now(), LEASE_MS).await {
                tracing::warn!(%error, "the leases of running jobs could not be renewed");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<LeasedJob>> {
        // Insertions and removals leave a set whole, whatever panics around them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.all.lock().remove(&self.job);
    }
}
