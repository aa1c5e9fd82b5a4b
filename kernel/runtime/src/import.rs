//! Importing as a job: the file is read once to the disk, its rows are judged and written batch by batch. Faulty rows
//! are explained one by one and in a marked copy of the workbook. See docs/import-export.md.

use std::sync::Arc;

use anju_documents::workbook;
use anju_records::{Actor, ImportError, ImportMode, ImportOptions, ImportSetup, Importer};
use anju_store::{DraftFile, Job, NewJob, NewResult, StoredContents, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Error, Result, Runtime, worker::LEASE_MS};

mod faults;
mod links;
mod report;
mod sheets;
mod spool;
mod writing;

use faults::Copied;
use links::Links;
use report::Report;
use sheets::template_workbook;
use spool::Spool;
use writing::Writing;

pub const IMPORT_JOB: &str = "records.import";
/// An attempt that is lost goes on where it was; see [`report::Done`].
const ATTEMPTS_MAX: u32 = 10;
const UPLOADED: &str = "application/octet-stream";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What to do with a workbook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportRequest {
    pub entity: String,
    pub mode: ImportMode,
    #[serde(flatten)]
    pub options: ImportOptions,
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

/// A file that was read, and what its columns mean.
pub(crate) struct Source {
    spool: Spool,
    links: Links,
    setup: Arc<ImportSetup>,
}

impl Runtime {
    /// An empty workbook for the entity's import.
    pub async fn import_template(&self, actor: &Actor, entity: &str) -> Result<Vec<u8>> {
        let template = self.records.import_template(actor, entity)?;
        Ok(workbook::write(&template_workbook(&template, self.clock.now()))?)
    }

    /// Queues the import of a file whose contents are stored; the job's id.
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
        let file = tx.put_file(contents, name, UPLOADED, &actor.account_id, now).await?;
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
        let (source, importer) = match self.open_source(&order).await {
            Ok(opened) => opened,
            Err(Error::Documents(
                error @ (anju_documents::Error::Unreadable(_) | anju_documents::Error::Refused(_)),
            )) => return self.end_unreadable(job, vec![error.to_string()]).await,
            Err(Error::Records(
                error @ (anju_records::Error::Invalid(_)
                | anju_records::Error::Forbidden { .. }
                | anju_records::Error::TooMuch { .. }),
            )) => return self.end_unreadable(job, messages_of(&error)).await,
            Err(error) => return Err(error),
        };
        let rows = source.spool.sheets[source.setup.main_sheet()].len();
        self.store.progress_job(job, 0, rows as i64, self.clock.now(), LEASE_MS).await?;
        let report = Report::of(&source.setup, rows, &source.links.lost);
        let work =
            Writing { runtime: self, job, order: &order.request, actor: &order.actor, source: &source };
        let report = match order.request.mode {
            _ if order.request.dry_run => work.judge_only(importer, report).await?,
            ImportMode::SkipFaulty => work.skip_faulty(importer, report).await?,
            ImportMode::AllOrNothing => match work.all_or_nothing(importer, report).await? {
                Some(report) => report,
                None => return Ok(()),
            },
        };
        let close = order.request.mode == ImportMode::SkipFaulty && !order.request.dry_run;
        self.end_import(job, &order, source, report, if close { Copied::Faulty } else { Copied::All }).await
    }

    /// Reads the file and its columns.
    async fn open_source(&self, order: &ImportOrder) -> Result<(Arc<Source>, Importer)> {
        let (meta, file) = self.store.open_file(&order.file).await?;
        let folder = self.settings.data_dir.clone();
        let spool = off_the_async_threads(move || Spool::of(file, &meta.name, &folder)).await??;
        let ImportRequest { entity, options, .. } = &order.request;
        let importer = self.records.begin_import(&order.actor, entity, *options, &spool.import_sheets())?;
        let setup = importer.setup().clone();
        let source = off_the_async_threads(move || -> Result<Source> {
            let links = Links::of(&spool, &setup)?;
            Ok(Source { spool, links, setup })
        });
        Ok((Arc::new(source.await??), importer))
    }

    /// Ends the job with its report, and the faulty rows in a marked copy of the workbook.
    async fn end_import(
        &self,
        job: &Job,
        order: &ImportOrder,
        source: Arc<Source>,
        report: Report,
        copied: Copied,
    ) -> Result<()> {
        let now = self.clock.now();
        let (report, copy) = match report.faults.is_empty() {
            true => (report, None),
            false => {
                let draft = self.store.draft_file()?;
                let written = off_the_async_threads(move || -> Result<(Report, DraftFile)> {
                    let Source { spool, links, setup } = &*source;
                    report.faults.write_copy(spool, setup, links, copied, now, draft.path())?;
                    Ok((report, draft))
                });
                let (report, draft) = written.await??;
                (report, Some(draft))
            }
        };
        let mut tx = self.store.begin().await?;
        let file = match copy {
            Some(draft) => {
                let new = NewResult {
                    name: if copied == Copied::Faulty { "未导入的行.xlsx" } else { "导入错误.xlsx" },
                    media_type: XLSX,
                    about: &json!({ "import": order.request.entity }),
                    created_by: &order.actor.account_id,
                    at: now,
                    expires_at: now.saturating_add(self.settings.exchange.reports_kept).unwrap_or(now),
                };
                Some(tx.put_result(draft, &new).await?)
            }
            None => None,
        };
        tx.finish_job(job, &report.to_json(file), now).await?;
        tx.forget_steps_of(&job.id).await?;
        tx.commit().await?;
        Ok(())
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
        let mut report = Report::default();
        report.faults.add_all(faults.into_iter().map(whole).collect());
        let mut tx = self.store.begin().await?;
        tx.finish_job(job, &report.to_json(None), self.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Workbooks of thousands of rows take seconds.
pub(crate) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Job(error.to_string()))
}

fn messages_of(error: &anju_records::Error) -> Vec<String> {
    match error {
        anju_records::Error::Invalid(faults) => faults.iter().map(|fault| fault.message.clone()).collect(),
        other => vec![other.to_string()],
    }
}
