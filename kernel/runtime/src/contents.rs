//! Contents of files that nobody refers to any more: they go by a job of the transaction that forgot the uploads. Gone
//! before its commit, they would be missed should it fail; gone after it, they would stay should the server be killed.

use anju_store::{Job, NewJob, Tx};
use serde_json::{Value, json};

use crate::{Error, Result, Runtime};

pub(crate) const CONTENTS_JOB: &str = "files.remove_contents";
/// Until the disk lets go of them: an operator is told by the failed job.
const ATTEMPTS_MAX: u32 = 100;

impl Runtime {
    /// Queues the removal of contents by their digests.
    pub(crate) async fn queue_removal(&self, tx: &mut Tx, digests: Vec<String>) -> Result<()> {
        if digests.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let job = NewJob {
            kind: CONTENTS_JOB.to_owned(),
            key: None,
            payload: json!(digests),
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: "system".to_owned(),
            at: now,
        };
        tx.enqueue(&job).await?;
        Ok(())
    }

    pub(crate) async fn contents_job(&self, job: &Job) -> Result<()> {
        let digests: Vec<String> = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        self.store.remove_contents(&digests).await?;
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &Value::Null, self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
