//! Making records searchable that were there before: a job, in steps that are each committed, so that a restart goes
//! on where it stopped.

use std::sync::Arc;

use anju_store::{Checkpoint, Job, NewJob};
use serde_json::{Value, json};

use crate::{Result, Runtime, worker::LEASE_MS};

pub const SEARCH_JOB: &str = "records.refresh_search";
const ATTEMPTS_MAX: u32 = 1_000;

impl Runtime {
    /// Queues the job if some entity's fields of search are new.
    pub(crate) async fn keep_search_current(&self) -> Result<()> {
        if !self.records.search_is_stale().await? {
            return Ok(());
        }
        let now = self.clock.now();
        let job = NewJob {
            kind: SEARCH_JOB.to_owned(),
            key: Some(SEARCH_JOB.to_owned()),
            payload: json!({}),
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: "system".to_owned(),
            at: now,
        };
        let mut tx = self.store.begin().await?;
        tx.enqueue(&job).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn search_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let mut done = job.checkpoint.as_ref().and_then(Value::as_u64).unwrap_or_default();
        loop {
            let mut tx = self.store.begin().await?;
            let Some(progress) = self.records.refresh_search(&mut tx).await? else {
                tx.finish_job(job, &json!({ "records": done }), self.clock.now()).await?;
                tx.commit().await?;
                return Ok(());
            };
            done += progress.records;
            let counted = i64::try_from(done).unwrap_or(i64::MAX);
            let checkpoint = Checkpoint { done: counted, total: 0, state: json!(done) };
            tx.checkpoint_job(job, &checkpoint, self.clock.now(), LEASE_MS).await?;
            tx.commit().await?;
            tracing::debug!(entity = %progress.entity, records = done, "made searchable");
        }
    }
}
