//! Importing workbooks of records as a job: every row is judged first, progress is shown, faulty rows are
//! explained one by one and in a marked copy of the workbook.

use std::sync::Arc;

use anju_documents::workbook::{self, Limits, Workbook};
use anju_records::{Actor, Import, ImportError, ImportMode};
use anju_store::{Job, NewJob, StoredContents, Tx};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Runtime, worker::LEASE_MS};

mod report;
mod sheets;
mod writing;

use report::{Done, Report};
use sheets::{marked, sheets_of, template_workbook};
use writing::Writing;

pub const IMPORT_JOB: &str = "records.import";
/// An attempt that is lost goes on where it was; see [`Done`].
const ATTEMPTS_MAX: u32 = 10;
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

    /// Queues the import of a workbook whose contents are stored; the job's id.
    pub async fn request_import(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: ImportRequest,
        name: &str,
        contents: &StoredContents,
    ) -> Result<String> {
        self.records.may_import(actor, &request.entity)?;
        let now = self.clock.now();
        let file = tx.put_file(contents, name, XLSX, &actor.account_id, now).await?;
        let order = ImportOrder { request, file: file.id, actor: actor.clone() };
        let job = NewJob {
            kind: IMPORT_JOB.to_owned(),
            key: None,
            payload: serde_json::to_value(order).map_err(|error| Error::Job(error.to_string()))?,
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: actor.account_id.clone(),
            at: now,
        };
        Ok(tx.enqueue(&job).await?)
    }

    pub(crate) async fn import_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let order: ImportOrder = serde_json::from_value(job.payload.clone())
            .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let (_, bytes) = self.store.get_file(&order.file).await?;
        let read = off_the_async_threads(move || workbook::read(&bytes, &Limits::default())).await?;
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
        let done = Done::before(job)?;
        let import = import.after(done.row);
        self.store.progress_job(job, done.row as i64, import.rows as i64, self.clock.now(), LEASE_MS).await?;
        let report = Report::of(&import, done);
        self.write_import(job, &order, import, report, book).await
    }

    async fn write_import(
        self: &Arc<Self>,
        job: &Job,
        order: &ImportOrder,
        import: Import,
        report: Report,
        book: Workbook,
    ) -> Result<()> {
        let work = Writing { runtime: self, job, order, import: &import };
        let report = match order.request.mode {
            _ if order.request.dry_run => report,
            ImportMode::SkipFaulty => work.skip_faulty(report).await?,
            ImportMode::AllOrNothing if report.errors.is_empty() => {
                match work.all_or_nothing(report).await? {
                    Some(report) => report,
                    None => return Ok(()),
                }
            }
            ImportMode::AllOrNothing => report,
        };
        let error_file = self.marked_copy(order, &report.errors, book).await?;
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &report.to_json(error_file), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Every faulty row marked in a copy of the workbook; the copy's id.
    async fn marked_copy(
        &self,
        order: &ImportOrder,
        errors: &[ImportError],
        book: Workbook,
    ) -> Result<Option<String>> {
        if errors.is_empty() {
            return Ok(None);
        }
        let (errors, now) = (errors.to_vec(), self.clock.now());
        let bytes = off_the_async_threads(move || marked(&book, &errors, now)).await??;
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
            main_row: 0,
        };
        let errors = faults.into_iter().map(whole).collect();
        let report = Report::of_faults(errors);
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &report.to_json(None), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Workbooks of thousands of rows take seconds.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Job(error.to_string()))
}

fn messages_of(error: &anju_records::Error) -> Vec<String> {
    match error {
        anju_records::Error::Invalid(faults) => faults.iter().map(|fault| fault.message.clone()).collect(),
        other => vec![other.to_string()],
    }
}
