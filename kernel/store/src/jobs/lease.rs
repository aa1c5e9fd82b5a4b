//! What a worker does with jobs. Every change names the attempt, so that only the holder of the lease makes it.

use jiff::Timestamp;
use serde_json::Value;

use super::{Job, JobState, TABLE, closed, job_columns, job_of};
use crate::fetch::Source;
use crate::json::to_text;
use crate::{
    ColumnKind, ColumnRef, Condition, Direction, Error, Fetch, Operator, Result, SqlValue, Store, Tx, build,
};

const WORKER_LOST: &str = "the worker disappeared during the last attempt";

impl Store {
    /// Leases due jobs of these kinds for `lease_ms`, the longest due first; also those whose worker let its lease
    /// run out. One that has no attempt left is failed instead.
    pub async fn lease_jobs(
        &self,
        kinds: &[&str],
        now: Timestamp,
        lease_ms: i64,
        limit: u64,
    ) -> Result<Vec<Job>> {
        if !self.has_due_jobs(kinds, now).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let due = tx.lock_due_jobs(kinds, now, limit).await?;
        let mut leased = Vec::with_capacity(due.len());
        for mut job in due {
            if job.state == JobState::Running && job.attempts >= job.attempts_max {
                tx.close_job(&job, JobState::Failed, vec![("error", WORKER_LOST.into())], now).await?;
                continue;
            }
            let sets = vec![
                ("state", JobState::Running.as_str().into()),
                ("attempts", (job.attempts + 1).into()),
                ("due_at", lease_end(now, lease_ms)),
            ];
            tx.update(TABLE, sets, Condition::eq(TABLE, "id", job.id.as_str())).await?;
            job.state = JobState::Running;
            job.attempts += 1;
            leased.push(job);
        }
        tx.commit().await?;
        Ok(leased)
    }

    /// Puts a leased job back for another attempt at `run_at`, or fails it if none is left; where it stands then.
    pub async fn retry_job(
        &self,
        job: &Job,
        run_at: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<JobState> {
        if job.attempts >= job.attempts_max {
            return self.fail_job(job, error, now).await.map(|()| JobState::Failed);
        }
        let sets = vec![
            ("state", JobState::Queued.as_str().into()),
            ("run_at", run_at.into()),
            ("due_at", run_at.into()),
            ("error", error.into()),
        ];
        let mut tx = self.begin().await?;
        tx.change_leased(job, sets).await?;
        tx.commit().await?;
        Ok(JobState::Queued)
    }

    /// Fails a leased job for good.
    pub async fn fail_job(&self, job: &Job, error: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.begin().await?;
        tx.close_job(job, JobState::Failed, vec![("error", error.into())], now).await?;
        tx.commit().await
    }

    /// Reports how far a leased job is and extends its lease to `now + lease_ms`. [`Error::LeaseLost`]: stop.
    pub async fn progress_job(
        &self,
        job: &Job,
        done: i64,
        total: i64,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<()> {
        let sets = vec![
            ("progress_done", done.into()),
            ("progress_total", total.into()),
            ("due_at", lease_end(now, lease_ms)),
        ];
        let mut tx = self.begin().await?;
        tx.change_leased(job, sets).await?;
        tx.commit().await
    }

    /// Asked without a lock, so that idle workers do not disturb writers.
    async fn has_due_jobs(&self, kinds: &[&str], now: Timestamp) -> Result<bool> {
        let select = job_columns().filter(due(kinds, now)).limit(1);
        Ok(self.reader().fetch_optional(&select).await?.is_some())
    }
}

impl Tx {
    /// Finishes a leased job together with what it did in this transaction. [`Error::LeaseLost`]: roll back.
    pub async fn finish_job(&mut self, job: &Job, result: &Value, now: Timestamp) -> Result<()> {
        let sets = vec![("result", to_text(result).into()), ("error", SqlValue::Null)];
        self.close_job(job, JobState::Done, sets, now).await
    }

    async fn close_job(
        &mut self,
        job: &Job,
        state: JobState,
        mut sets: Vec<(&'static str, SqlValue)>,
        now: Timestamp,
    ) -> Result<()> {
        sets.extend(closed(state, now));
        self.change_leased(job, sets).await
    }

    async fn change_leased(&mut self, job: &Job, sets: Vec<(&'static str, SqlValue)>) -> Result<()> {
        let held = Condition::All(vec![
            Condition::eq(TABLE, "id", job.id.as_str()),
            Condition::eq(TABLE, "state", JobState::Running.as_str()),
            Condition::eq(TABLE, "attempts", job.attempts),
        ]);
        match self.update(TABLE, sets, held).await? {
            0 => Err(self.fail(Error::LeaseLost(job.id.clone()))),
            _ => Ok(()),
        }
    }

    async fn lock_due_jobs(&mut self, kinds: &[&str], now: Timestamp, limit: u64) -> Result<Vec<Job>> {
        let select = job_columns()
            .filter(due(kinds, now))
            .order_by("due_at", Direction::Ascending)
            .order_by("id", Direction::Ascending)
            .limit(limit);
        let statement = build::select_skipping_locked(self.dialect(), &select);
        let kinds: Vec<ColumnKind> = select.columns.iter().map(|(_, kind)| *kind).collect();
        self.fetch(statement, &kinds).await?.into_iter().map(job_of).collect()
    }
}

fn due(kinds: &[&str], now: Timestamp) -> Condition {
    Condition::is_in(TABLE, "kind", kinds.iter().copied()).and(Condition::compare(
        ColumnRef::new(TABLE, "due_at"),
        Operator::Le,
        now,
    ))
}

fn lease_end(now: Timestamp, lease_ms: i64) -> SqlValue {
    SqlValue::Int(now.as_millisecond().saturating_add(lease_ms))
}
