//! Judging and writing, a batch after the other: while the database takes one in, the next is judged.

use std::{ops::Range, sync::Arc};

use anju_records::{
    Actor, AfterEach, ImportCounts, ImportFailure, ImportRow, Importer, Judged, Object, Record,
};
use anju_store::{Checkpoint, Dialect, Job, Tx};
use async_trait::async_trait;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{
    ImportRequest, Source, off_the_async_threads,
    report::{Done, Report},
};
use crate::{Error, Result, Runtime, worker::LEASE_MS};

/// Rows judged together, and written in one transaction where faulty ones are skipped.
const BATCH: usize = 1_000;
/// As [`BATCH`], where each record is also acted on: that takes longer, and others wait for the transaction.
const BATCH_ACTED_ON: usize = 100;
/// Rows refused while writing after which a rejected import looks no further.
const REFUSED_MAX: usize = 200;

pub(super) struct Writing<'a> {
    pub runtime: &'a Arc<Runtime>,
    pub job: &'a Job,
    pub order: &'a ImportRequest,
    pub actor: &'a Actor,
    pub source: &'a Arc<Source>,
}

/// A batch that is being judged elsewhere. The importer comes back with it.
type Judging = JoinHandle<Result<(Importer, Judged)>>;

/// How a batch that was tried came out.
enum Tried {
    Written(ImportCounts),
    Refused(ImportFailure),
}

impl Writing<'_> {
    fn total(&self) -> usize {
        self.source.spool.sheets[self.source.setup.main_sheet()].len()
    }

    fn batch(&self, from: usize) -> Range<usize> {
        from..(from + self.batch_rows()).min(self.total())
    }

    fn batch_rows(&self) -> usize {
        if self.order.then.is_some() { BATCH_ACTED_ON } else { BATCH }
    }

    /// Judges every row; where an application's own code looks at records too, its judgement is heard by writing and
    /// undoing.
    pub(super) async fn judge_only(&self, importer: Importer, report: Report) -> Result<Report> {
        let alone = self.runtime.records.judges_alone(&self.order.entity)? && self.order.then.is_none();
        self.judge_all(importer, report, !alone, 0).await
    }

    /// Writes every row and ends the job in the same transaction (`None`), so that a crash can neither lose nor
    /// repeat the import. Should rows be faulty or refused, nothing is written, and the report names them.
    pub(super) async fn all_or_nothing(&self, importer: Importer, report: Report) -> Result<Option<Report>> {
        let (ignored, rows) = (report.ignored.clone(), report.rows);
        let judged = self.judge_all(importer, report, false, self.total()).await?;
        if !judged.faults.is_empty() {
            return Ok(Some(judged));
        }
        let mut report = Report { ignored, rows, ..Report::default() };
        let mut tx = self.runtime.store.begin().await?;
        let mut next = Some(self.begin_judging(self.new_importer()?, self.batch(0)));
        let mut from = 0;
        while let Some(judging) = next.take() {
            let (importer, mut judged) = finished(judging).await?;
            let setup = importer.setup().clone();
            let batch = self.batch(from);
            from = batch.end;
            if from < self.total() {
                next = Some(self.begin_judging(importer, self.batch(from)));
            }
            report.add_judged(&mut judged);
            match self.write(&mut tx, &setup, judged).await? {
                Tried::Written(counts) if report.faults.is_empty() => {
                    report.created += counts.created;
                    report.updated += counts.updated;
                }
                // Somebody was faster since the check, or an application's own code refuses rows.
                Tried::Written(_) | Tried::Refused(_) => {
                    tx.rollback().await?;
                    end(next).await;
                    let report = Report { ignored: report.ignored, rows, ..Report::default() };
                    let report = self.judge_all(self.new_importer()?, report, true, 0).await?;
                    if report.faults.is_empty() {
                        return Err(Error::Job("rows were refused that are not refused any more".to_owned()));
                    }
                    return Ok(Some(report));
                }
            }
            // On the embedded database this transaction is the only one that writes.
            if self.runtime.store.dialect() == Dialect::Postgres {
                self.progress(self.total() + from, 2 * self.total()).await?;
            }
        }
        tx.finish_job(self.job, &report.to_json(None), self.runtime.clock.now()).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Writes the rows that are in order, a batch a transaction, each with what it has done; goes on where an earlier
    /// attempt was lost.
    pub(super) async fn skip_faulty(&self, mut importer: Importer, mut report: Report) -> Result<Report> {
        let mut from = report.take_up(&self.runtime.store, self.job).await?;
        self.recall(&mut importer, from).await?;
        let mut next = (from < self.total()).then(|| self.begin_judging(importer, self.batch(from)));
        while let Some(judging) = next.take() {
            let (importer, mut judged) = finished(judging).await?;
            let setup = importer.setup().clone();
            let batch = self.batch(from);
            from = batch.end;
            next = (from < self.total()).then(|| self.begin_judging(importer, self.batch(from)));
            let errors = std::mem::take(&mut judged.errors);
            let unchanged = judged.unchanged;
            let mut tx = self.runtime.store.begin().await?;
            match self.write(&mut tx, &setup, judged).await? {
                Tried::Written(counts) => {
                    let done = Done::of(batch.len(), counts, unchanged, errors);
                    self.commit(tx, batch.start, &done).await?;
                    report.add(done);
                }
                Tried::Refused(_) => {
                    tx.rollback().await?;
                    let waiting = match next.take() {
                        Some(judging) => Some(finished(judging).await?),
                        None => None,
                    };
                    let importer = self.write_singly(waiting, batch, &mut report).await?;
                    next = (from < self.total()).then(|| self.begin_judging(importer, self.batch(from)));
                }
            }
        }
        Ok(report)
    }

    /// Each row by itself, judged anew, so that only those refused stay out. The importer, whatever it was at.
    async fn write_singly(
        &self,
        waiting: Option<(Importer, Judged)>,
        batch: Range<usize>,
        report: &mut Report,
    ) -> Result<Importer> {
        let mut importer = match waiting {
            Some((importer, _)) => importer,
            None => self.new_importer()?,
        };
        for index in batch {
            let mut judged =
                self.runtime.records.judge_import(&mut importer, &self.rows(index..index + 1).await?).await?;
            let (errors, unchanged) = (std::mem::take(&mut judged.errors), judged.unchanged);
            let mut tx = self.runtime.store.begin().await?;
            let done = match self.write(&mut tx, importer.setup(), judged).await? {
                Tried::Written(counts) => Done::of(1, counts, unchanged, errors),
                Tried::Refused(refusal) => {
                    tx.rollback().await?;
                    tx = self.runtime.store.begin().await?;
                    let error = self.told(refusal, index)?;
                    Done::of(1, ImportCounts::default(), 0, vec![error])
                }
            };
            self.commit(tx, index, &done).await?;
            report.add(done);
        }
        Ok(importer)
    }

    /// Judges all rows. `try_writing`: each batch that is in order is also written, and undone.
    async fn judge_all(
        &self,
        mut importer: Importer,
        mut report: Report,
        try_writing: bool,
        more: usize,
    ) -> Result<Report> {
        let mut refused = 0;
        for from in (0..self.total()).step_by(self.batch_rows()) {
            let batch = self.batch(from);
            let (back, mut judged) = finished(self.begin_judging(importer, batch.clone())).await?;
            importer = back;
            report.add_judged(&mut judged);
            if try_writing && refused < REFUSED_MAX {
                refused += self.try_batch(&mut importer, judged, batch.clone(), &mut report).await?;
            }
            self.progress(batch.end, self.total() + more).await?;
        }
        Ok(report)
    }

    /// Writes a batch and undoes it; how many rows were refused.
    async fn try_batch(
        &self,
        importer: &mut Importer,
        judged: Judged,
        batch: Range<usize>,
        report: &mut Report,
    ) -> Result<usize> {
        let mut tx = self.runtime.store.begin().await?;
        let tried = self.write(&mut tx, importer.setup(), judged).await?;
        tx.rollback().await?;
        if matches!(tried, Tried::Written(_)) {
            return Ok(0);
        }
        let mut refused = 0;
        for index in batch {
            let rows = self.rows(index..index + 1).await?;
            let judged = self.runtime.records.judge_import(importer, &rows).await?;
            let mut tx = self.runtime.store.begin().await?;
            let tried = self.write(&mut tx, importer.setup(), judged).await?;
            tx.rollback().await?;
            if let Tried::Refused(refusal) = tried {
                report.faults.add(self.told(refusal, index)?);
                refused += 1;
            }
            if refused >= REFUSED_MAX {
                break;
            }
        }
        Ok(refused)
    }

    async fn write(&self, tx: &mut Tx, setup: &anju_records::ImportSetup, judged: Judged) -> Result<Tried> {
        let mut then = Then { runtime: self.runtime, actor: self.actor, order: self.order };
        let then: Option<&mut dyn AfterEach> = match self.order.then {
            Some(_) => Some(&mut then),
            None => None,
        };
        match self.runtime.records.write_import(tx, setup, judged, then).await {
            Ok(counts) => Ok(Tried::Written(counts)),
            Err(ImportFailure::Other(error)) => Err(error.into()),
            Err(refusal) => Ok(Tried::Refused(refusal)),
        }
    }

    /// Commits a batch with the note of it. A lost lease, or a job that was cancelled, ends here.
    async fn commit(&self, mut tx: Tx, position: usize, done: &Done) -> Result<()> {
        let now = self.runtime.clock.now();
        tx.put_step(&self.job.id, &done.step(position)?, now).await?;
        let reached = (position + done.rows) as i64;
        let checkpoint = Checkpoint { done: reached, total: self.total() as i64, state: Value::Null };
        tx.checkpoint_job(self.job, &checkpoint, now, LEASE_MS).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn progress(&self, done: usize, total: usize) -> Result<()> {
        let now = self.runtime.clock.now();
        Ok(self.runtime.store.progress_job(self.job, done as i64, total as i64, now, LEASE_MS).await?)
    }

    fn new_importer(&self) -> Result<Importer> {
        let sheets = self.source.spool.import_sheets();
        Ok(self.runtime.records.begin_import(self.actor, &self.order.entity, self.order.options, &sheets)?)
    }

    async fn recall(&self, importer: &mut Importer, until: usize) -> Result<()> {
        for from in (0..until).step_by(BATCH) {
            let rows = self.rows(from..(from + BATCH).min(until)).await?;
            self.runtime.records.recall_import(importer, &rows).await?;
        }
        Ok(())
    }

    fn begin_judging(&self, mut importer: Importer, batch: Range<usize>) -> Judging {
        let (records, source) = (self.runtime.records.clone(), self.source.clone());
        tokio::spawn(async move {
            let rows = off_the_async_threads(move || source.links.rows(&source.spool, batch)).await??;
            let judged = records.judge_import(&mut importer, &rows).await?;
            Ok((importer, judged))
        })
    }

    async fn rows(&self, range: Range<usize>) -> Result<Vec<ImportRow>> {
        let source = self.source.clone();
        off_the_async_threads(move || source.links.rows(&source.spool, range)).await?
    }

    /// A refusal as a fault of the row that was being written.
    fn told(&self, refusal: ImportFailure, index: usize) -> Result<anju_records::ImportError> {
        match refusal {
            ImportFailure::Row(error) => Ok(*error),
            ImportFailure::SomeRow(message) => {
                let (setup, main) = (&self.source.setup, self.source.setup.main_sheet());
                let row = self.source.spool.row(main, index)?.number;
                Ok(setup.row_error(main, row, row, &message))
            }
            ImportFailure::Other(error) => Err(error.into()),
        }
    }
}

async fn finished(judging: Judging) -> Result<(Importer, Judged)> {
    judging.await.map_err(|error| Error::Job(error.to_string()))?
}

/// Lets a batch that is no longer wanted come to its end.
async fn end(judging: Option<Judging>) {
    if let Some(judging) = judging {
        // Whatever it found is not asked for any more.
        let _ = judging.await;
    }
}

/// Does the action asked for to each created record, in its transaction.
struct Then<'a> {
    runtime: &'a Arc<Runtime>,
    actor: &'a Actor,
    order: &'a ImportRequest,
}

#[async_trait]
impl AfterEach for Then<'_> {
    async fn created(
        &mut self,
        tx: &mut Tx,
        record: &Record,
    ) -> std::result::Result<(), anju_records::Error> {
        let Some(action) = &self.order.then else { return Ok(()) };
        let done =
            self.runtime.act(tx, self.actor, &self.order.entity, action, &record.id, Object::new()).await;
        done.map(|_| ()).map_err(crate::error::into_records)
    }
}
