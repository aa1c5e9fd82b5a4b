//! Jobs: work done later, leased to one worker at a time. A worker that disappears loses its lease, and the job
//! is leased again; the attempt's number fences the lost worker off.

mod failed;
mod lease;
pub(crate) mod steps;

pub use failed::open_job;
pub use steps::JobStep;

pub use lease::{Checkpoint, JobsWanted, LeasedJob};

use jiff::Timestamp;
use serde_json::Value;

use crate::fetch::Source;
use crate::json::{from_text, instant, to_text};
use crate::{
    ColumnKind, ColumnRef, Condition, Error, Fetch, IndexSpec, Result, Row, Select, SqlValue, Store,
    TableSpec, Tx, build,
};

pub(crate) const TABLE: &str = "sys_job";

/// `due_at`: when a queued job may start, when a running job's lease ends, null once closed.
/// `open_key`: the key while the job is open; the unique index therefore sees open jobs only.
pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("id", ColumnKind::Text)
        .column("kind", ColumnKind::Text)
        .nullable("key", ColumnKind::Text)
        .nullable("open_key", ColumnKind::Text)
        .column("state", ColumnKind::Text)
        .column("payload", ColumnKind::Text)
        .column("run_at", ColumnKind::Int)
        .nullable("due_at", ColumnKind::Int)
        .column("attempts", ColumnKind::Int)
        .column("attempts_max", ColumnKind::Int)
        .column("progress_done", ColumnKind::Int)
        .column("progress_total", ColumnKind::Int)
        .nullable("result", ColumnKind::Text)
        .nullable("error", ColumnKind::Text)
        .nullable("checkpoint", ColumnKind::Text)
        .column("created_by", ColumnKind::Text)
        .column("created_at", ColumnKind::Int)
        .nullable("finished_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::unique_on(["kind", "open_key"]))
        .index(IndexSpec::on(["due_at"]))
        .index(IndexSpec::on(["finished_at"]))
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time or a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Finished well.
    Done,
    /// Finished badly, for good.
    Failed,
    /// Called off.
    Cancelled,
}

impl JobState {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it may still run.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }

    fn parse(word: &str) -> Result<Self> {
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| Error::Database(format!("a job has the unknown state {word}")))
    }
}

/// A job to do.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Which worker does it.
    pub kind: String,
    /// At most one open job of a kind has this key.
    pub key: Option<String>,
    /// What the worker needs.
    pub payload: Value,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it may be tried, at least once.
    pub attempts_max: u32,
    /// Account or system actor.
    pub created_by: String,
    /// Now.
    pub at: Timestamp,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// UUID.
    pub id: String,
    /// Which worker does it.
    pub kind: String,
    /// Key, unique among the open jobs of the kind.
    pub key: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// What the worker needs.
    pub payload: Value,
    /// Not before.
    pub run_at: Timestamp,
    /// Number of the latest attempt, 0 before the first.
    pub attempts: i64,
    /// How often it may be tried.
    pub attempts_max: i64,
    /// Steps done.
    pub progress_done: i64,
    /// Steps in all, 0 if unknown.
    pub progress_total: i64,
    /// What a finished job gave.
    pub result: Option<Value>,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// What earlier attempts left for this one, see [`Tx::checkpoint_job`].
    pub checkpoint: Option<Value>,
    /// Account or system actor.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was closed.
    pub finished_at: Option<Timestamp>,
}

impl Tx {
    /// Adds a job when the transaction commits; its id. If an open job of the kind has the key already, nothing
    /// is added and that job's id is given.
    pub async fn enqueue(&mut self, job: &NewJob) -> Result<String> {
        let columns = [
            "id",
            "kind",
            "key",
            "open_key",
            "state",
            "payload",
            "run_at",
            "due_at",
            "attempts",
            "attempts_max",
            "progress_done",
            "progress_total",
            "created_by",
            "created_at",
        ];
        let row = vec![
            crate::id::ordered(job.at)?.into(),
            job.kind.as_str().into(),
            job.key.as_deref().into(),
            job.key.as_deref().into(),
            JobState::Queued.as_str().into(),
            to_text(&job.payload).into(),
            job.run_at.into(),
            job.run_at.into(),
            SqlValue::Int(0),
            job.attempts_max.max(1).into(),
            SqlValue::Int(0),
            SqlValue::Int(0),
            job.created_by.as_str().into(),
            job.at.into(),
        ];
        let statement = build::insert_or_ignore(self.dialect(), TABLE, &columns, row, Some("id"));
        let added = self.fetch(statement, &[ColumnKind::Text]).await?;
        if let Some(row) = added.first() {
            return Ok(row.text(0)?.to_owned());
        }
        let open = Select::from(TABLE)
            .column("id", ColumnKind::Text)
            .filter(Condition::eq(TABLE, "kind", job.kind.as_str()))
            .filter(Condition::eq(TABLE, "open_key", job.key.as_deref()));
        match self.fetch_optional(&open).await? {
            Some(row) => Ok(row.text(0)?.to_owned()),
            None => Err(Error::Retry("the open job with this key was closed at this moment".to_owned())),
        }
    }

    /// Calls off the open jobs of a kind with this key; how many there were. A running one notices when it
    /// reports progress or its end.
    pub async fn cancel_jobs(&mut self, kind: &str, key: &str, now: Timestamp) -> Result<u64> {
        let open = Condition::eq(TABLE, "kind", kind).and(Condition::eq(TABLE, "open_key", key));
        self.update(TABLE, closed(JobState::Cancelled, now), open).await
    }

    /// The open job of a kind with this key.
    pub async fn open_job(&mut self, kind: &str, key: &str) -> Result<Option<Job>> {
        let open = Condition::eq(TABLE, "kind", kind).and(Condition::eq(TABLE, "open_key", key));
        self.fetch_optional(&job_columns().filter(open)).await?.map(job_of).transpose()
    }

    /// Calls off one job; whether it was open.
    pub async fn cancel_job(&mut self, id: &str, now: Timestamp) -> Result<bool> {
        let open = Condition::eq(TABLE, "id", id).and(Condition::NotNull(ColumnRef::new(TABLE, "due_at")));
        Ok(self.update(TABLE, closed(JobState::Cancelled, now), open).await? > 0)
    }

    /// Deletes jobs closed before `before`; how many there were.
    pub async fn forget_jobs(&mut self, before: Timestamp) -> Result<u64> {
        let old = Condition::compare(ColumnRef::new(TABLE, "finished_at"), crate::Operator::Lt, before);
        self.delete(TABLE, old).await
    }
}

impl Store {
    /// A job; [`Error::NotFound`] if there is none.
    pub async fn job(&self, id: &str) -> Result<Job> {
        let select = job_columns().filter(Condition::eq(TABLE, "id", id));
        self.reader().fetch_optional(&select).await?.ok_or(Error::NotFound).and_then(job_of)
    }
}

/// What closing a job sets.
fn closed(state: JobState, now: Timestamp) -> Vec<(&'static str, SqlValue)> {
    vec![
        ("state", state.as_str().into()),
        ("open_key", SqlValue::Null),
        ("due_at", SqlValue::Null),
        ("finished_at", now.into()),
    ]
}

fn job_columns() -> Select {
    use ColumnKind::{Int, Text};
    let columns = [
        ("id", Text),
        ("kind", Text),
        ("key", Text),
        ("state", Text),
        ("payload", Text),
        ("run_at", Int),
        ("attempts", Int),
        ("attempts_max", Int),
        ("progress_done", Int),
        ("progress_total", Int),
        ("result", Text),
        ("error", Text),
        ("checkpoint", Text),
        ("created_by", Text),
        ("created_at", Int),
        ("finished_at", Int),
    ];
    columns.into_iter().fold(Select::from(TABLE), |select, (name, kind)| select.column(name, kind))
}

fn job_of(row: Row) -> Result<Job> {
    Ok(Job {
        id: row.text(0)?.to_owned(),
        kind: row.text(1)?.to_owned(),
        key: row.opt_text(2)?.map(str::to_owned),
        state: JobState::parse(row.text(3)?)?,
        payload: from_text(row.text(4)?)?,
        run_at: instant(row.int(5)?)?,
        attempts: row.int(6)?,
        attempts_max: row.int(7)?,
        progress_done: row.int(8)?,
        progress_total: row.int(9)?,
        result: row.opt_text(10)?.map(from_text).transpose()?,
        error: row.opt_text(11)?.map(str::to_owned),
        checkpoint: row.opt_text(12)?.map(from_text).transpose()?,
        created_by: row.text(13)?.to_owned(),
        created_at: instant(row.int(14)?)?,
        finished_at: row.opt_int(15)?.map(instant).transpose()?,
    })
}
