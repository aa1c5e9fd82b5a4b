//! Importing workbooks of records as a job: every row is judged first, progress is shown, faulty rows are
//! explained one by one and in a marked copy of the workbook.

use std::sync::Arc;

use anju_documents::workbook::{self, Limits, Workbook};
use anju_records::{Actor, AfterEach, Import, ImportError, ImportMode, Object, Record};
use anju_store::{Job, NewJob, Tx};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Error, Result, Runtime};

mod sheets;

use sheets::{marked, sheets_of, template_workbook};

pub const IMPORT_JOB: &str = "records.import";
/// Records written per transaction when faulty rows are skipped.
const BATCH: usize = 100;
/// Faults given back in the answer; the marked workbook has them all.
const ERRORS_SHOWN_MAX: usize = 2_000;
const LEASE_MS: i64 = 600_000;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What to do with a workbook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportRequest {
    pub entity: String,
    pub mode: ImportMode,
    /// Judge only.
    pub dry_run: bool,
    /// Action done to every created record.
    pub then: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ImportOrder {
    request: ImportRequest,
    file: String,
    actor: Actor,
}

impl Runtime {
    /// An empty workbook for the entity's import.
    pub async fn import_template(&self, actor: &Actor, entity: &str) -> Result<Vec<u8>> {
        let template = self.records.import_template(actor, entity)?;
        Ok(workbook::write(&template_workbook(&template, self.clock.now()))?)
    }

    /// Stores the workbook and queues its import; the job's id.
    pub async fn request_import(
        &self,
        actor: &Actor,
        request: ImportRequest,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<String> {
        self.records.may_import(actor, &request.entity)?;
        let now = self.clock.now();
        let contents = self.store.write_contents(bytes).await?;
        let mut tx = self.store.begin().await?;
        let file = tx.put_file(&contents, &name, XLSX, &actor.account_id, now).await?;
        let order = ImportOrder { request, file: file.id, actor: actor.clone() };
        let job = NewJob {
            kind: IMPORT_JOB.to_owned(),
            key: None,
            payload: serde_json::to_value(order).map_err(|error| Error::Job(error.to_string()))?,
            run_at: now,
            attempts_max: 3,
            created_by: actor.account_id.clone(),
            at: now,
        };
        let id = tx.enqueue(&job).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn import_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let order: ImportOrder = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let (_, bytes) = self.store.get_file(&order.file).await?;
        let read = tokio::task::spawn_blocking(move || workbook::read(&bytes, &Limits::default()))
            .await
            .map_err(|error| Error::Job(error.to_string()))?;
        let book = match read {
            Ok(book) => book,
            Err(unreadable) => return self.end_unreadable(job, vec![unreadable.to_string()]).await,
        };
        let import = self.records.check_import(&order.actor, &order.request.entity, sheets_of(&book)).await;
        let import = match import {
            Ok(import) => import,
            Err(
                error @ (anju_records::Error::Invalid(_)
                | anju_records::Error::Forbidden { .. }
                | anju_records::Error::TooMuch { .. }),
            ) => {
                return self.end_unreadable(job, messages_of(&error)).await;
            }
            Err(error) => return Err(error.into()),
        };
        self.store.progress_job(job, 0, import.rows as i64, self.clock.now(), LEASE_MS).await?;
        self.write_import(job, &order, import, &book).await
    }

    async fn write_import(
        self: &Arc<Self>,
        job: &Job,
        order: &ImportOrder,
        import: Import,
        book: &Workbook,
    ) -> Result<()> {
        let write = !order.request.dry_run
            && (order.request.mode == ImportMode::SkipFaulty || import.errors.is_empty());
        let mut report =
            Report { rows: import.rows, faulty: import.faulty, created: 0, errors: import.errors.clone() };
        if write {
            let batch = match order.request.mode {
                ImportMode::AllOrNothing => usize::MAX,
                ImportMode::SkipFaulty => BATCH,
            };
            let done = self.write_rows(job, order, &import, batch, &mut report).await?;
            if done {
                return Ok(());
            }
        }
        let error_file = self.marked_copy(order, &report.errors, book).await?;
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &report.to_json(error_file), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes the good rows, a batch a transaction. With one batch for all, the job ends in the same
    /// transaction (`true`), so that a crash can neither lose nor repeat the import.
    async fn write_rows(
        self: &Arc<Self>,
        job: &Job,
        order: &ImportOrder,
        import: &Import,
        batch: usize,
        report: &mut Report,
    ) -> Result<bool> {
        let total = import.ready_len();
        let mut from = 0;
        while from < total {
            let to = from.saturating_add(batch).min(total);
            let mut tx = self.store.begin().await?;
            let mut then = Then { runtime: self, order };
            match self.records.write_import(&mut tx, &order.actor, import, from..to, &mut then).await {
                Ok(created) => report.created += created,
                Err(anju_records::ImportFailure::Row(error)) => {
                    // Somebody else was faster since the check, e.g. with the same applicant.
                    drop(tx);
                    report.note(error);
                    if order.request.mode == ImportMode::AllOrNothing {
                        report.created = 0;
                        return Ok(false);
                    }
                    self.write_singly(order, import, from..to, report).await?;
                    from = to;
                    self.store
                        .progress_job(job, from as i64, total as i64, self.clock.now(), LEASE_MS)
                        .await?;
                    continue;
                }
                Err(anju_records::ImportFailure::Other(error)) => return Err(error.into()),
            }
            let whole = from == 0 && to == total && report.errors.is_empty();
            if whole {
                tx.finish_job(job, &report.to_json(None), self.clock.now()).await?;
                tx.commit().await?;
                return Ok(true);
            }
            tx.commit().await?;
            from = to;
            self.store.progress_job(job, from as i64, total as i64, self.clock.now(), LEASE_MS).await?;
        }
        Ok(false)
    }

    /// After a row of a batch was refused: each row in its own transaction, so that only the refused stay out.
    async fn write_singly(
        self: &Arc<Self>,
        order: &ImportOrder,
        import: &Import,
        range: std::ops::Range<usize>,
        report: &mut Report,
    ) -> Result<()> {
        report.errors.pop();
        report.faulty -= 1;
        for index in range {
            let mut tx = self.store.begin().await?;
            let mut then = Then { runtime: self, order };
            match self.records.write_import(&mut tx, &order.actor, import, index..index + 1, &mut then).await
            {
                Ok(created) => {
                    tx.commit().await?;
                    report.created += created;
                }
                Err(anju_records::ImportFailure::Row(error)) => report.note(error),
                Err(anju_records::ImportFailure::Other(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Every faulty row marked in a copy of the workbook; the copy's id.
    async fn marked_copy(
        &self,
        order: &ImportOrder,
        errors: &[ImportError],
        book: &Workbook,
    ) -> Result<Option<String>> {
        if errors.is_empty() {
            return Ok(None);
        }
        let bytes = marked(book, errors, self.clock.now())?;
        let account = &order.actor.account_id;
        let meta = self.store.put_file(bytes, "导入错误.xlsx", XLSX, account, self.clock.now()).await?;
        Ok(Some(meta.id))
    }

    /// Ends the job with one fault of the workbook as a whole, e.g. a missing column.
    async fn end_unreadable(&self, job: &Job, faults: Vec<String>) -> Result<()> {
        let whole = |message| ImportError {
            sheet: String::new(),
            row: 0,
            column: String::new(),
            field: String::new(),
            message,
        };
        let errors = faults.into_iter().map(whole).collect();
        let report = Report { rows: 0, faulty: 0, created: 0, errors };
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &report.to_json(None), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What the person who imported is told.
struct Report {
    rows: usize,
    faulty: usize,
    created: usize,
    errors: Vec<ImportError>,
}

impl Report {
    /// A row that was refused only while writing.
    fn note(&mut self, error: ImportError) {
        self.faulty += 1;
        self.errors.push(error);
    }

    fn to_json(&self, error_file: Option<String>) -> Value {
        let shown = &self.errors[..self.errors.len().min(ERRORS_SHOWN_MAX)];
        json!({
            "rows": self.rows,
            "created": self.created,
            "faulty": self.faulty,
            "errors": shown,
            "errors_total": self.errors.len(),
            "error_file": error_file,
        })
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

fn messages_of(error: &anju_records::Error) -> Vec<String> {
    match error {
        anju_records::Error::Invalid(faults) => faults.iter().map(|fault| fault.message.clone()).collect(),
        other => vec![other.to_string()],
    }
}
