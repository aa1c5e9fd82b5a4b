//! What a job has done, step by step. A step is written in the transaction of the work itself, and its position is
//! unique: work that a lost attempt committed is seen by the next one, and can be done only once.

use jiff::Timestamp;
use serde_json::Value;

use crate::json::{from_text, to_text};
use crate::{
    ColumnKind, ColumnRef, Condition, Direction, Fetch, IndexSpec, Operator, Result, Select, Store,
    TableSpec, Tx,
};

const TABLE: &str = "sys_job_step";

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("job_id", ColumnKind::Text)
        .column("position", ColumnKind::Int)
        .column("body", ColumnKind::Text)
        .column("at", ColumnKind::Int)
        .primary_key(["job_id", "position"])
        .index(IndexSpec::on(["at"]))
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobStep {
    /// Where it stands among the job's steps.
    pub position: i64,
    /// What was done, as the job's kind understands it.
    pub body: Value,
}

impl Tx {
    /// Writes down a step. [`crate::Error::Unique`]: another attempt has done it.
    pub async fn put_step(&mut self, job_id: &str, step: &JobStep, now: Timestamp) -> Result<()> {
        let values = vec![
            ("job_id", job_id.into()),
            ("position", step.position.into()),
            ("body", to_text(&step.body).into()),
            ("at", now.into()),
        ];
        self.insert(TABLE, values).await
    }

    /// Writes down many steps.
    pub async fn put_steps(&mut self, job_id: &str, steps: &[JobStep], now: Timestamp) -> Result<()> {
        let row = |step: &JobStep| {
            vec![job_id.into(), step.position.into(), to_text(&step.body).into(), now.into()]
        };
        self.insert_many(TABLE, &["job_id", "position", "body", "at"], steps.iter().map(row).collect()).await
    }

    /// Deletes the steps of a job that has told all of them in its result.
    pub async fn forget_steps_of(&mut self, job_id: &str) -> Result<u64> {
        self.delete(TABLE, Condition::eq(TABLE, "job_id", job_id)).await
    }

    /// Deletes steps written before `before`; how many there were.
    pub async fn forget_steps(&mut self, before: Timestamp) -> Result<u64> {
        self.delete(TABLE, Condition::compare(ColumnRef::new(TABLE, "at"), Operator::Lt, before)).await
    }
}

impl Store {
    /// Steps of a job in their order, those after a position, at most `limit`.
    pub async fn steps(&self, job_id: &str, after: Option<i64>, limit: u64) -> Result<Vec<JobStep>> {
        let mut select = Select::from(TABLE)
            .column("position", ColumnKind::Int)
            .column("body", ColumnKind::Text)
            .filter(Condition::eq(TABLE, "job_id", job_id));
        if let Some(after) = after {
            select =
                select.filter(Condition::compare(ColumnRef::new(TABLE, "position"), Operator::Gt, after));
        }
        let select = select.order_by("position", Direction::Ascending).limit(limit);
        let rows = self.reader().fetch_all(&select).await?;
        rows.iter().map(|row| Ok(JobStep { position: row.int(0)?, body: from_text(row.text(1)?)? })).collect()
    }
}
