//! Doing it: record by record, or all together.

use std::{collections::HashMap, sync::Arc};

use anju_process::Error as Failure;
use anju_store::{Checkpoint, Job, JobStep, Tx};
use serde_json::{Value, json};

use async_trait::async_trait;

use super::{BulkItem, BulkOrder, BulkOutcome, GONE, STEPS};
use crate::{Error, Result, Runtime, worker::LEASE_MS};

/// Times one record is tried while the database is busy.
const TRIES_MAX: u32 = 6;

/// How many records came out how.
#[derive(Default)]
struct Counts {
    done: u64,
    refused: u64,
}

impl Counts {
    fn add(&mut self, outcome: BulkOutcome) {
        match outcome {
            BulkOutcome::Done => self.done += 1,
            BulkOutcome::Refused => self.refused += 1,
        }
    }

    fn to_json(&self) -> Value {
        json!({ "total": self.done + self.refused, "done": self.done, "refused": self.refused })
    }
}

/// What is done to each.
#[async_trait]
pub(crate) trait Deed: Send + Sync {
    async fn act(&self, runtime: &Arc<Runtime>, tx: &mut Tx, id: &str) -> Result<(), Failure>;
}

#[async_trait]
impl Deed for BulkOrder {
    async fn act(&self, runtime: &Arc<Runtime>, tx: &mut Tx, id: &str) -> Result<(), Failure> {
        let Self { entity, action, input, actor, .. } = self;
        runtime.act(tx, actor, entity, action, id, input.clone()).await.map(drop)
    }
}

pub(crate) struct Work<'a> {
    pub runtime: &'a Arc<Runtime>,
    pub job: &'a Job,
    /// Records or process instances.
    pub ids: &'a [String],
    pub deed: &'a dyn Deed,
    /// How they are named, by id.
    pub names: HashMap<String, String>,
}

impl Work<'_> {
    /// Each record in its own transaction, with the note of it; goes on where an earlier attempt was lost.
    pub(crate) async fn one_by_one(&self) -> Result<()> {
        let mut counts = Counts::default();
        let mut next = 0;
        loop {
            let after = (next > 0).then(|| next as i64 - 1);
            let items = self.runtime.bulk_items(&self.job.id, after, STEPS).await?;
            let Some((last, _)) = items.last() else { break };
            next = usize::try_from(*last).unwrap_or_default() + 1;
            items.iter().for_each(|(_, item)| counts.add(item.outcome));
        }
        for (position, id) in self.ids.iter().enumerate().skip(next) {
            counts.add(self.one(position, id).await?);
        }
        let mut tx = self.runtime.store.begin().await?;
        tx.finish_job(self.job, &counts.to_json(), self.runtime.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn one(&self, position: usize, id: &str) -> Result<BulkOutcome> {
        let mut tries = 0;
        let refusal = loop {
            let mut tx = self.runtime.store.begin().await?;
            match self.act(&mut tx, id).await {
                Ok(()) => match self.commit(tx, position, &self.item(id, None)).await {
                    Err(Error::Store(anju_store::Error::Retry(_))) if tries < TRIES_MAX => tries += 1,
                    other => return other.map(|()| BulkOutcome::Done),
                },
                Err(Failure::Store(anju_store::Error::Retry(_))) if tries < TRIES_MAX => {
                    tries += 1;
                    tx.rollback().await?;
                }
                Err(failure) => {
                    // What the record cannot help: the job goes on from here later.
                    let refusal = Error::unless_refused(failure)?;
                    tx.rollback().await?;
                    break told(refusal);
                }
            }
        };
        let tx = self.runtime.store.begin().await?;
        self.commit(tx, position, &self.item(id, Some(refusal))).await?;
        Ok(BulkOutcome::Refused)
    }

    async fn act(&self, tx: &mut Tx, id: &str) -> Result<(), Failure> {
        self.deed.act(self.runtime, tx, id).await
    }

    fn item(&self, id: &str, refusal: Option<String>) -> BulkItem {
        BulkItem {
            id: id.to_owned(),
            display: self.names.get(id).cloned().unwrap_or_default(),
            outcome: if refusal.is_some() { BulkOutcome::Refused } else { BulkOutcome::Done },
            reason: refusal.unwrap_or_default(),
        }
    }

    /// Commits what was done to a record with the note of it. A lost lease, or a job that was cancelled, ends here.
    async fn commit(&self, mut tx: Tx, position: usize, item: &BulkItem) -> Result<()> {
        let now = self.runtime.clock.now();
        tx.put_step(&self.job.id, &step(position, item)?, now).await?;
        let (done, total) = (position as i64 + 1, self.ids.len() as i64);
        let checkpoint = Checkpoint { done, total, state: Value::Null };
        tx.checkpoint_job(self.job, &checkpoint, now, LEASE_MS).await?;
        tx.commit().await?;
        Ok(())
    }

    /// All records in one transaction, which also ends the job; should one be refused, none is changed.
    pub(super) async fn together(&self) -> Result<()> {
        let mut tx = self.runtime.store.begin().await?;
        for (position, id) in self.ids.iter().enumerate() {
            match self.act(&mut tx, id).await {
                Ok(()) => {}
                Err(failure) => {
                    let refusal = Error::unless_refused(failure)?;
                    tx.rollback().await?;
                    let tx = self.runtime.store.begin().await?;
                    let refusals = self.refusals(position, &told(refusal));
                    let counts = Counts { done: 0, refused: refusals.len() as u64 };
                    return self.end(tx, refusals, &counts).await;
                }
            }
        }
        let items: Vec<BulkItem> = self.ids.iter().map(|id| self.item(id, None)).collect();
        let counts = Counts { done: items.len() as u64, refused: 0 };
        self.end(tx, items, &counts).await
    }

    /// Nothing was done, because of one record.
    fn refusals(&self, refused: usize, reason: &str) -> Vec<BulkItem> {
        let name = self.names.get(&self.ids[refused]).cloned().unwrap_or_default();
        let others = format!("因“{name}”未能完成，全部未执行");
        let why = |position: usize| if position == refused { reason } else { &others };
        let ids = self.ids.iter().enumerate();
        ids.map(|(position, id)| self.item(id, Some(why(position).to_owned()))).collect()
    }

    async fn end(&self, mut tx: Tx, items: Vec<BulkItem>, counts: &Counts) -> Result<()> {
        let now = self.runtime.clock.now();
        let steps = items.iter().enumerate().map(|(position, item)| step(position, item));
        tx.put_steps(&self.job.id, &steps.collect::<Result<Vec<_>>>()?, now).await?;
        tx.finish_job(self.job, &counts.to_json(), now).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn step(position: usize, item: &BulkItem) -> Result<JobStep> {
    let body = serde_json::to_value(item).map_err(|error| Error::Job(error.to_string()))?;
    Ok(JobStep { position: i64::try_from(position).unwrap_or(i64::MAX), body })
}

/// A refusal as its person reads it; what is no refusal goes to the log, and does not stop the others.
fn told(failure: Failure) -> String {
    match failure {
        Failure::Forbidden { message } | Failure::Conflict { message, .. } | Failure::TooMuch { message } => {
            message
        }
        Failure::NotFound => GONE.to_owned(),
        Failure::Stale { .. } => "记录刚被他人修改，请刷新后重试".to_owned(),
        Failure::Invalid(faults) => {
            faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("；")
        }
        other => {
            tracing::error!(error = %other, "an action on one of many records failed");
            "系统内部错误，已记录，请稍后重试或联系管理员".to_owned()
        }
    }
}
