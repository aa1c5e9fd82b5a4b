//! Jobs whose attempts are used up (dead letters): listed, tried anew, or settled in another way.

use jiff::Timestamp;

use super::{Job, JobState, TABLE, closed, job_columns, job_of};
use crate::{Condition, Direction, Fetch, Result, SqlValue, Store, Tx};

/// The open job of a kind with this key.
pub async fn open_job<F: Fetch + ?Sized>(from: &mut F, kind: &str, key: &str) -> Result<Option<Job>> {
    let select = job_columns()
        .filter(Condition::eq(TABLE, "kind", kind))
        .filter(Condition::eq(TABLE, "open_key", key));
    from.fetch_optional(&select).await?.map(job_of).transpose()
}

impl Store {
    /// Failed jobs of these kinds, the oldest failure first; at most `limit`.
    pub async fn failed_jobs(&self, kinds: &[&str], limit: u64) -> Result<Vec<Job>> {
        let select = job_columns()
            .filter(Condition::eq(TABLE, "state", JobState::Failed.as_str()))
            .filter(Condition::is_in(TABLE, "kind", kinds.iter().copied()))
            .order_by("finished_at", Direction::Ascending)
            .order_by("id", Direction::Ascending)
            .limit(limit);
        self.reader().fetch_all(&select).await?.into_iter().map(job_of).collect()
    }
}

impl Tx {
    /// A failed job, locked; none when it did not fail or was settled meanwhile.
    pub async fn failed_job(&mut self, id: &str) -> Result<Option<Job>> {
        let select = job_columns().filter(failed(id)).for_update();
        self.fetch_optional(&select).await?.map(job_of).transpose()
    }

    /// Gives a failed job all its attempts again, from now on. Whether it was done: not when another open job has its
    /// key, or it is not failed any more.
    pub async fn revive_job(&mut self, job: &Job, now: Timestamp) -> Result<bool> {
        if let Some(key) = &job.key
            && open_job(self, &job.kind, key).await?.is_some()
        {
            return Ok(false);
        }
        let sets = vec![
            ("state", JobState::Queued.as_str().into()),
            ("open_key", job.key.as_deref().into()),
            ("attempts", SqlValue::Int(0)),
            ("run_at", now.into()),
            ("due_at", now.into()),
            ("finished_at", SqlValue::Null),
        ];
        Ok(self.update(TABLE, sets, failed(&job.id)).await? > 0)
    }

    /// Marks a failed job as called off, since what it was for was done in another way; whether it was failed.
    pub async fn dismiss_job(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        Ok(self.update(TABLE, closed(JobState::Cancelled, now), failed(id)).await? > 0)
    }
}

fn failed(id: &str) -> Condition {
    Condition::eq(TABLE, "id", id).and(Condition::eq(TABLE, "state", JobState::Failed.as_str()))
}
