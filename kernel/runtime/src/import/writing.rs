//! Writing the rows that are in order: all of them in one transaction, or a batch a transaction.

use std::{ops::Range, sync::Arc};

use anju_records::{AfterEach, Import, ImportFailure, Object, Record};
use anju_store::{Job, Tx};
use async_trait::async_trait;

use super::{ImportOrder, report::Report};
use crate::{Result, Runtime, worker::LEASE_MS};

/// Records written per transaction when faulty rows are skipped.
const BATCH: usize = 100;
/// Rows refused while writing after which a rejected import looks no further.
const REFUSED_MAX: usize = 200;

pub(super) struct Writing<'a> {
    pub runtime: &'a Arc<Runtime>,
    pub job: &'a Job,
    pub order: &'a ImportOrder,
    pub import: &'a Import,
}

impl Writing<'_> {
    /// Writes every row and ends the job in the same transaction (`None`), so that a crash can neither lose nor
    /// repeat the import. Should rows be refused, nothing is written, and the report names them.
    pub(super) async fn all_or_nothing(&self, mut report: Report) -> Result<Option<Report>> {
        let mut tx = self.runtime.store.begin().await?;
        let mut created = 0;
        for index in 0..self.import.ready_len() {
            match self.write(&mut tx, index..index + 1).await {
                Ok(written) => created += written,
                Err(ImportFailure::Row(error)) => report.note(error),
                // After a refusal by the database the transaction can tell no more.
                Err(ImportFailure::Other(_)) if !report.errors.is_empty() => break,
                Err(ImportFailure::Other(error)) => return Err(error.into()),
            }
            if report.errors.len() >= REFUSED_MAX {
                break;
            }
        }
        if !report.errors.is_empty() {
            tx.rollback().await?;
            return Ok(Some(report));
        }
        report.created = created;
        tx.finish_job(self.job, &report.to_json(None), self.runtime.clock.now()).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Writes the rows, a batch a transaction, each with how far the job has come.
    pub(super) async fn skip_faulty(&self, mut report: Report) -> Result<Report> {
        let total = self.import.ready_len();
        let mut from = 0;
        while from < total {
            let batch = from..(from + BATCH).min(total);
            from = batch.end;
            let written = self.write_batch(batch.clone(), &mut report).await?;
            if !written && batch.len() > 1 {
                for index in batch {
                    self.write_batch(index..index + 1, &mut report).await?;
                }
            }
        }
        Ok(report)
    }

    /// Whether the batch was written. A single row that is refused (somebody else was faster since the check, e.g.
    /// with the same applicant) is noted; several are undone, to be tried one by one.
    async fn write_batch(&self, batch: Range<usize>, report: &mut Report) -> Result<bool> {
        let last = self.import.row_of(batch.end - 1).unwrap_or_default();
        let single = batch.len() == 1;
        let mut tx = self.runtime.store.begin().await?;
        match self.write(&mut tx, batch).await {
            Ok(created) => {
                report.created += created;
                report.reach(last);
                tx.checkpoint_job(self.job, &report.checkpoint()?, self.runtime.clock.now(), LEASE_MS)
                    .await?;
                tx.commit().await?;
                Ok(true)
            }
            Err(ImportFailure::Row(error)) => {
                tx.rollback().await?;
                if single {
                    report.note(error);
                }
                Ok(false)
            }
            Err(ImportFailure::Other(error)) => Err(error.into()),
        }
    }

    async fn write(&self, tx: &mut Tx, range: Range<usize>) -> Result<usize, ImportFailure> {
        let mut then = Then { runtime: self.runtime, order: self.order };
        self.runtime.records.write_import(tx, &self.order.actor, self.import, range, &mut then).await
    }
}

/// Does the action asked for to each created record, in its transaction.
struct Then<'a> {
    runtime: &'a Arc<Runtime>,
    order: &'a ImportOrder,
}

#[async_trait]
impl AfterEach for Then<'_> {
    async fn created(
        &mut self,
        tx: &mut Tx,
        record: &Record,
    ) -> std::result::Result<(), anju_records::Error> {
        let Some(action) = &self.order.request.then else { return Ok(()) };
        let (actor, entity) = (&self.order.actor, &self.order.request.entity);
        let done = self.runtime.act(tx, actor, entity, action, &record.id, Object::new()).await;
        done.map(|_| ()).map_err(crate::error::into_records)
    }
}
