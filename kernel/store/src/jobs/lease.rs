//! What a worker does with jobs. Every change names the attempt, so that only the holder of the lease makes it.
//!
//! A lease is short and renewed while its worker lives ([`Store::renew_leases`]): the job of a worker that was killed
//! is free again after one lease. On the embedded database it is free at once, see [`Store::end_leases`].

use jiff::Timestamp;
use serde_json::Value;

use super::{Job, JobState, TABLE, closed, job_columns, job_of};
use crate::fetch::Source;
use crate::json::to_text;
use crate::{
    ColumnKind, ColumnRef, Condition, Direction, Error, Fetch, Operator, Result, SoleUse, SqlValue, Store,
    Tx, build,
};

const WORKER_LOST: &str = "the worker disappeared during the last attempt";

/// Which jobs a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct JobsWanted<'a> {
    kinds: &'a [&'a str],
    besides: &'a [LeasedJob],
    at_most: u64,
}

impl<'a> JobsWanted<'a> {
    /// One job of these kinds.
    pub fn of(kinds: &'a [&'a str]) -> Self {
        Self { kinds, besides: &[], at_most: 1 }
    }

    /// So many jobs at most.
    pub fn at_most(self, jobs: u64) -> Self {
        Self { at_most: jobs, ..self }
    }

    /// None of these: the worker is at them, even if it could not renew their leases in time.
    pub fn besides(self, held: &'a [LeasedJob]) -> Self {
        Self { besides: held, ..self }
    }
}

/// A job a worker is at, with the number of its attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeasedJob {
    /// UUID.
    pub id: String,
    /// Number of the attempt.
    pub attempt: i64,
}

impl From<&Job> for LeasedJob {
    fn from(job: &Job) -> Self {
        Self { id: job.id.clone(), attempt: job.attempts }
    }
}

/// How far a job has come, for whoever looks at it and for the attempt that follows if this one is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps done.
    pub done: i64,
    /// Steps in all.
    pub total: i64,
    /// What the next attempt needs to go on.
    pub state: Value,
}

impl Store {
    /// Leases due jobs for `lease_ms`, the longest due first; also those whose worker let its lease run out. One that
    /// has no attempt left is failed instead.
    pub async fn lease_jobs(
        &self,
        wanted: &JobsWanted<'_>,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<Vec<Job>> {
        if !self.has_due_jobs(wanted, now).await? {
            return Ok(Vec::new());
        }
        let mut tx = self.begin().await?;
        let due = tx.lock_due_jobs(wanted, now).await?;
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

    /// Extends the leases of the jobs a worker is at to `now + lease_ms`; how many it still holds.
    pub async fn renew_leases(&self, held: &[LeasedJob], now: Timestamp, lease_ms: i64) -> Result<u64> {
        if held.is_empty() {
            return Ok(0);
        }
        let one = |job: &LeasedJob| held_by(&job.id, job.attempt);
        let mut tx = self.begin().await?;
        let sets = vec![("due_at", lease_end(now, lease_ms))];
        let renewed = tx.update(TABLE, sets, Condition::Any(held.iter().map(one).collect())).await?;
        tx.commit().await?;
        Ok(renewed)
    }

    /// Ends every lease, so that the jobs can be leased at once; how many there were. The proof says that whoever
    /// held them is gone.
    pub async fn end_leases(&self, _proof: &SoleUse, now: Timestamp) -> Result<u64> {
        let mut tx = self.begin().await?;
        let running = Condition::eq(TABLE, "state", JobState::Running.as_str());
        let ended = tx.update(TABLE, vec![("due_at", now.into())], running).await?;
        tx.commit().await?;
        Ok(ended)
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

    /// Puts a leased job back for which the database was too busy: the attempt does not count.
    pub async fn postpone_job(&self, job: &Job, run_at: Timestamp, error: &str) -> Result<()> {
        let sets = vec![
            ("state", JobState::Queued.as_str().into()),
            ("run_at", run_at.into()),
            ("due_at", run_at.into()),
            ("attempts_max", (job.attempts_max + 1).into()),
            ("error", error.into()),
        ];
        let mut tx = self.begin().await?;
        tx.change_leased(job, sets).await?;
        tx.commit().await
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
    async fn has_due_jobs(&self, wanted: &JobsWanted<'_>, now: Timestamp) -> Result<bool> {
        let select = job_columns().filter(due(wanted, now)).limit(1);
        Ok(self.reader().fetch_optional(&select).await?.is_some())
    }
}

impl Tx {
    /// As [`Store::progress_job`], together with what was done in this transaction: an attempt that follows finds
    /// the state in [`Job::checkpoint`] exactly if it finds the work done.
    pub async fn checkpoint_job(
        &mut self,
        job: &Job,
        checkpoint: &Checkpoint,
        now: Timestamp,
        lease_ms: i64,
    ) -> Result<()> {
        let sets = vec![
            ("progress_done", checkpoint.done.into()),
            ("progress_total", checkpoint.total.into()),
            ("checkpoint", to_text(&checkpoint.state).into()),
            ("due_at", lease_end(now, lease_ms)),
        ];
        self.change_leased(job, sets).await
    }

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
        match self.update(TABLE, sets, held_by(&job.id, job.attempts)).await? {
            0 => Err(self.fail(Error::LeaseLost(job.id.clone()))),
            _ => Ok(()),
        }
    }

    async fn lock_due_jobs(&mut self, wanted: &JobsWanted<'_>, now: Timestamp) -> Result<Vec<Job>> {
        let select = job_columns()
            .filter(due(wanted, now))
            .order_by("due_at", Direction::Ascending)
            .order_by("id", Direction::Ascending)
            .limit(wanted.at_most);
        let statement = build::select_skipping_locked(self.dialect(), &select);
        let kinds: Vec<ColumnKind> = select.columns.iter().map(|(_, kind)| *kind).collect();
        self.fetch(statement, &kinds).await?.into_iter().map(job_of).collect()
    }
}

fn due(wanted: &JobsWanted<'_>, now: Timestamp) -> Condition {
    let held = wanted.besides.iter().map(|job| job.id.as_str().into()).collect();
    Condition::All(vec![
        Condition::is_in(TABLE, "kind", wanted.kinds.iter().copied()),
        Condition::compare(ColumnRef::new(TABLE, "due_at"), Operator::Le, now),
        Condition::NotIn { column: ColumnRef::new(TABLE, "id"), values: held },
    ])
}

/// The job, if this attempt at it still holds the lease.
fn held_by(id: &str, attempt: i64) -> Condition {
    Condition::All(vec![
        Condition::eq(TABLE, "id", id),
        Condition::eq(TABLE, "state", JobState::Running.as_str()),
        Condition::eq(TABLE, "attempts", attempt),
    ])
}

fn lease_end(now: Timestamp, lease_ms: i64) -> SqlValue {
    SqlValue::Int(now.as_millisecond().saturating_add(lease_ms))
}
