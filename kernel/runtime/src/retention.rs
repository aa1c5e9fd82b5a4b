//! The end of terms as a job: batches, progress, an audit entry for each record and for the run. A run that breaks
//! off goes on where it was: how far it has come is committed with each batch.

use anju_definitions::Disposal;
use anju_records::{Actor, AuditEntry, DueReport, Erased, LegalHold, RemovedCount, TermKey};
use anju_store::{Checkpoint, Job, NewJob, Tx};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Error, Result, Right, Runtime, document, error::into_records, worker::LEASE_MS};

pub const RETENTION_JOB: &str = "records.retention";
/// Records erased in one transaction.
const BATCH: u64 = 50;
/// How long answers are still remembered where values have to go: clients that are at work repeat within it.
const ANSWERS_KEPT_ON_ERASURE: SignedDuration = SignedDuration::from_hours(24);

/// A term whose records are to be erased.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRequest {
    #[serde(flatten)]
    pub key: TermKey,
    pub reason: String,
}

#[derive(Serialize, Deserialize)]
struct Order {
    request: RetentionRequest,
    actor: Actor,
}

/// How far a run has come.
#[derive(Default, Serialize, Deserialize)]
struct Reached {
    /// Id of the last record that was looked at.
    after: Option<String>,
    looked_at: i64,
    /// Records due when the run began.
    due: i64,
    outcome: Outcome,
}

/// What a run has come to.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Outcome {
    erased: u64,
    /// Records that a process is running on.
    running: u64,
    /// Records that others refer to.
    referenced: u64,
    files: u64,
}

impl Runtime {
    /// What is due, by entity and term.
    pub async fn retention_due(&self, actor: &Actor) -> Result<Vec<DueReport>> {
        Right::Retention.require(&self.catalog.load(), actor)?;
        Ok(self.records.due_reports().await?)
    }

    /// How many records of an entity have been removed, by term, month and the fields that are counted by.
    pub async fn removed_counts(&self, actor: &Actor, entity: &str) -> Result<Vec<RemovedCount>> {
        Right::Retention.require(&self.catalog.load(), actor)?;
        Ok(self.records.removed_counts(entity).await?)
    }

    /// The holds on records of an entity.
    pub async fn holds(&self, actor: &Actor, entity: &str) -> Result<Vec<LegalHold>> {
        Right::LegalHold.require(&self.catalog.load(), actor)?;
        Ok(self.records.holds(entity).await?)
    }

    /// Queues a run over a term, in the caller's transaction; the job's id. One run of a term at a time.
    pub async fn request_retention(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: RetentionRequest,
    ) -> std::result::Result<String, anju_records::Error> {
        use anju_records::Error as E;
        let catalog = self.catalog.load();
        Right::Retention.require(&catalog, actor)?;
        let entity = catalog.entity(&request.key.entity).ok_or(E::NotFound)?;
        if !entity.retention.iter().any(|retention| retention.term == request.key.term) {
            return Err(E::NotFound);
        }
        let reason = request.reason.trim();
        if reason.is_empty() {
            return Err(E::invalid("reason", "required", "请填写处理原因"));
        }
        let (now, key) = (self.clock.now(), format!("{} {}", request.key.entity, request.key.term));
        let why = format!("{key}：{reason}");
        let entry = AuditEntry::named("retention.ordered").because(Some(&why));
        self.records.audit(tx, actor, &entry).await?;
        let order = Order { request, actor: actor.clone() };
        let job = NewJob {
            kind: RETENTION_JOB.to_owned(),
            key: Some(key),
            payload: serde_json::to_value(order).map_err(|error| E::Internal(error.to_string()))?,
            run_at: now,
            attempts_max: 5,
            created_by: actor.account_id.clone(),
            at: now,
        };
        Ok(tx.enqueue(&job).await?)
    }

    pub(crate) async fn retention_job(&self, job: &Job) -> Result<()> {
        let order: Order = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let key = &order.request.key;
        let mut reached = self.reached(job, key).await?;
        loop {
            let mut tx = self.store.begin().await?;
            let ids = self.records.due_ids(&mut tx, key, reached.after.as_deref(), BATCH).await?;
            let Some(last) = ids.last().cloned() else { break };
            self.erase_batch(&mut tx, &order, &ids, &mut reached.outcome).await?;
            reached.looked_at += ids.len() as i64;
            reached.after = Some(last);
            let checkpoint = Checkpoint {
                done: reached.looked_at,
                total: reached.due.max(reached.looked_at),
                state: json!(reached),
            };
            tx.checkpoint_job(job, &checkpoint, self.clock.now(), LEASE_MS).await?;
            tx.commit().await?;
        }
        let outcome = reached.outcome;
        // Answers, events and jobs hold copies of values too.
        self.forget_traces(ANSWERS_KEPT_ON_ERASURE).await?;
        let mut tx = self.store.begin().await?;
        let why = format!("{} {}：{} 条", key.entity, key.term, outcome.erased);
        let entry = AuditEntry::named("retention.done").because(Some(&why));
        self.records.audit(&mut tx, &order.actor, &entry).await?;
        tx.finish_job(job, &json!(outcome), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where an earlier attempt was lost, or the beginning.
    async fn reached(&self, job: &Job, key: &TermKey) -> Result<Reached> {
        if let Some(state) = &job.checkpoint {
            return Reached::deserialize(state)
                .map_err(|error| Error::Job(format!("unreadable checkpoint: {error}")));
        }
        let due = self.records.due_report(key).await?.due;
        Ok(Reached { due: i64::try_from(due).unwrap_or(i64::MAX), ..Reached::default() })
    }

    async fn erase_batch(
        &self,
        tx: &mut Tx,
        order: &Order,
        ids: &[String],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let key = &order.request.key;
        let running = self.processes.running_on(tx, &key.entity, ids).await?;
        let removes = self.catalog.load().entity(&key.entity).is_some_and(|entity| {
            entity.retention.iter().any(|term| term.term == key.term && term.then == Disposal::Remove)
        });
        let referenced = match removes {
            true => self.records.referenced(tx, &key.entity, ids).await?,
            false => Default::default(),
        };
        for id in ids {
            if running.contains(id) {
                outcome.running += 1;
            } else if referenced.contains(id) {
                outcome.referenced += 1;
            } else {
                let erased = self.records.erase(tx, &order.actor, key, id).await?;
                outcome.files += self.forget(tx, erased).await?;
                outcome.erased += 1;
            }
        }
        Ok(())
    }

    /// What the rest of the platform keeps about an erased record; how many files went.
    async fn forget(&self, tx: &mut Tx, mut erased: Erased) -> Result<u64> {
        self.processes.forget(tx, &erased).await.map_err(into_records)?;
        erased.files.extend(document::forget(tx, &erased).await?);
        let files = self.records.unreferenced_files(tx, &erased.files).await?;
        let mut free = Vec::new();
        for file in files {
            if !document::is_named(tx, &file).await? {
                free.push(file);
            }
        }
        let removed = tx.remove_files(&free.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        self.queue_removal(tx, removed.contents).await?;
        Ok(removed.uploads)
    }
}
