//! Making the file of an export: page by page, with the rights its requester has now.

use std::{path::PathBuf, sync::Arc};

use anju_documents::workbook::Watermark;
use anju_records::{
    Actor, AuditEntry, Error as Refusal, Export, ExportCell, ExportColumn, ExportKind, Record,
};
use anju_store::{DraftFile, Job, NewResult, Tx};
use serde_json::{Value, json};

use super::{
    EXPORT_REQUEST, ExportFormat, ExportOrder, KeptOrder, object,
    table::{Heading, Table},
};
use crate::{Error, Result, Runtime, import::off_the_async_threads, worker::LEASE_MS};

/// Rows that an approved export may have more than were approved: lists grow while requests wait.
const GROWTH: u64 = 2;
const TITLE_CHARS_MAX: usize = 60;

/// An export being made.
struct Making<'a> {
    runtime: &'a Arc<Runtime>,
    job: &'a Job,
    record: Record,
    order: ExportOrder,
    actor: Actor,
}

/// Why an export is not made, for its requester.
enum Stopped {
    Refused(String),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        use anju_documents::Error as D;
        match error.into() {
            Error::Records(Refusal::Forbidden { message } | Refusal::TooMuch { message }) => {
                Self::Refused(message)
            }
            Error::Records(Refusal::Invalid(faults)) => {
                Self::Refused(faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("；"))
            }
            Error::Records(Refusal::NotFound) => Self::Refused("所导出的内容已不存在".to_owned()),
            Error::Documents(error @ D::TooLarge(_)) => Self::Refused(error.to_string()),
            other => Self::Failed(other),
        }
    }
}

impl Runtime {
    pub(crate) async fn export_job(self: &Arc<Self>, job: &Job) -> Result<()> {
        let id = job.payload["export"].as_str().unwrap_or_default();
        let record = self.records.read(&Actor::system("export"), EXPORT_REQUEST, id).await?;
        if record.text("state") != Some("approved") {
            return Err(Error::Job(format!("the export is {}", record.get("state"))));
        }
        let KeptOrder { order, account, post } =
            serde_json::from_str(record.text("query").unwrap_or_default())
                .map_err(|error| Error::Job(format!("unreadable order: {error}")))?;
        let actor = self.identity.actor_at_post(&account, &post).await?;
        let made = match actor {
            Some(actor) => Making { runtime: self, job, record, order, actor }.make().await,
            None => Err(Stopped::Refused("申请人的账户已停用，或已不在申请时的岗位".to_owned())),
        };
        match made {
            Ok(()) => Ok(()),
            Err(Stopped::Failed(error)) => Err(error),
            Err(Stopped::Refused(message)) => {
                let mut tx = self.store.begin().await?;
                self.give_up_export(&mut tx, id, &message).await?;
                tx.finish_job(job, &json!({ "failed": message }), self.clock.now()).await?;
                tx.commit().await?;
                Ok(())
            }
        }
    }
}

impl Making<'_> {
    async fn make(self) -> Result<(), Stopped> {
        let records = &self.runtime.records;
        let mut export = records.begin_export(&self.actor, &self.order.entity, &self.order.request)?;
        let total = records.count_export(&self.actor, &export, self.rows_max(&export)).await?;
        let draft = self.runtime.store.draft_file()?;
        let heading = Arc::new(self.heading());
        let mut table = self.begin(&export, heading.clone(), draft.path().to_owned()).await?;
        let mut rows = 0;
        let mut page = records.export_page(&self.actor, &mut export).await?;
        while !page.is_empty() {
            rows += page.len() as u64;
            if rows > self.rows_max(&export) {
                let message = format!("符合条件的记录已超过 {} 行，请重新申请", self.rows_max(&export));
                return Err(Stopped::Refused(message));
            }
            self.count_days(&export, &mut page);
            // While one page is written, the next is read.
            let writing = write(table, std::mem::take(&mut page));
            let reading = records.export_page(&self.actor, &mut export);
            let (written, read) = tokio::join!(writing, reading);
            table = written?;
            page = read?;
            let (done, total) = (rows as i64, total.max(rows) as i64);
            let now = self.runtime.clock.now();
            self.runtime.store.progress_job(self.job, done, total, now, LEASE_MS).await?;
        }
        self.finish(table, heading, draft, rows).await
    }

    /// Working days left in place of the last day, where they are asked for.
    fn count_days(&self, export: &Export, page: &mut [Vec<ExportCell>]) {
        let counted = self.order.countdown.as_deref();
        let Some(at) = export.columns().position(|column| Some(column.name.as_str()) == counted) else {
            return;
        };
        for cell in page.iter_mut().filter_map(|row| row.get_mut(at)) {
            if let ExportCell::Date(due_on) = cell {
                let left = self.runtime.processes.days_left(Some(&due_on.to_string()));
                *cell = left.map_or(ExportCell::Empty, |days| ExportCell::Number(days.to_string()));
            }
        }
    }

    /// Rows that this export may have.
    fn rows_max(&self, export: &Export) -> u64 {
        let settings = &self.runtime.settings.exchange;
        let of_format = self.order.format.rows_max(export.columns().count(), settings.export_rows_max);
        let asked = self.record.get("rows").as_u64().unwrap_or_default();
        match asked > settings.approval_rows {
            true => of_format.min(asked.saturating_mul(GROWTH)),
            false => of_format.min(settings.approval_rows),
        }
    }

    fn heading(&self) -> Heading {
        let now = self.runtime.clock.now();
        let local = now.to_zoned_datetime(anju_calendar::zone());
        Heading {
            title: self.record.text("subject").unwrap_or_default().to_owned(),
            watermark: Watermark {
                name: self.actor.name.clone(),
                account: self.record.text("account").unwrap_or_default().to_owned(),
                time: local.strftime("%Y-%m-%d %H:%M").to_string(),
            },
            made_at: now,
        }
    }

    async fn begin(&self, export: &Export, heading: Arc<Heading>, path: PathBuf) -> Result<Table> {
        let columns: Vec<ExportColumn> = export.columns().map(|column| self.shown(column)).collect();
        let format = self.order.format;
        Ok(off_the_async_threads(move || Table::begin(format, columns, &heading, &path)).await??)
    }

    /// A column under the title it was asked for; working days left are numbers.
    fn shown(&self, column: &ExportColumn) -> ExportColumn {
        let given = self.order.titles.get(&column.name).and_then(Value::as_str).map(str::trim);
        let title = match given.filter(|title| !title.is_empty()) {
            Some(title) => title.chars().take(TITLE_CHARS_MAX).collect(),
            None => column.title.clone(),
        };
        let counted = self.order.countdown.as_ref() == Some(&column.name);
        let kind = if counted { ExportKind::Integer } else { column.kind };
        ExportColumn { title, kind, ..column.clone() }
    }

    async fn finish(
        self,
        table: Table,
        heading: Arc<Heading>,
        draft: DraftFile,
        rows: u64,
    ) -> Result<(), Stopped> {
        let notes = self.notes(rows, &heading);
        let press = self.runtime.documents.clone();
        let draft = off_the_async_threads(move || {
            table.finish(&*press, &heading, &notes, draft.path()).map(|()| draft)
        })
        .await??;
        let mut tx = self.runtime.store.begin().await?;
        self.keep(&mut tx, draft, rows).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Keeps the file, and writes down what was exported.
    async fn keep(&self, tx: &mut Tx, draft: DraftFile, rows: u64) -> Result<()> {
        let (runtime, id) = (self.runtime, &self.record.id);
        let now = runtime.clock.now();
        let expires_at = now.saturating_add(runtime.settings.exchange.exports_kept).unwrap_or(now);
        let (extension, media_type) = match self.order.format {
            ExportFormat::Xlsx => {
                ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
            }
            ExportFormat::Csv => ("csv", "text/csv; charset=utf-8"),
            ExportFormat::Pdf => ("pdf", "application/pdf"),
        };
        let local = now.to_zoned_datetime(anju_calendar::zone());
        let subject = self.record.text("subject").unwrap_or_default();
        let name = format!("{subject}-{}.{extension}", local.strftime("%Y%m%d-%H%M"));
        let new = NewResult {
            name: &name,
            media_type,
            about: &json!({ "export": id, "entity": self.order.entity }),
            created_by: &self.actor.account_id,
            at: now,
            expires_at,
        };
        let file = tx.put_result(draft, &new).await?;
        let changes = object([
            ("state", json!("done")),
            ("exported", json!(rows)),
            ("result", json!(file)),
            ("expires_at", json!(expires_at.to_string())),
        ]);
        let system = Actor::system("export");
        runtime.records.patch(tx, &system, EXPORT_REQUEST, id, None, changes, None).await?;
        let conditions = self.record.text("conditions").unwrap_or_default();
        let why = format!("{rows} 行，{extension}；条件：{conditions}");
        let entry = AuditEntry::of("export.made", &self.order.entity, id).because(Some(&why));
        runtime.records.audit(tx, &self.actor, &entry).await?;
        tx.finish_job(self.job, &json!({ "export": id, "rows": rows, "file": file }), now).await?;
        Ok(())
    }

    /// What the file says about itself.
    fn notes(&self, rows: u64, heading: &Heading) -> Vec<(String, String)> {
        let text = |name: &str| self.record.text(name).unwrap_or_default().to_owned();
        let notes = [
            ("导出人", format!("{}（{}）", heading.watermark.name, heading.watermark.account)),
            ("单位", text("organisation")),
            ("导出时间", heading.watermark.time.clone()),
            ("筛选条件", text("conditions")),
            ("行数", rows.to_string()),
            ("用途", text("purpose")),
            ("审批人", text("decided_by")),
        ];
        let told = notes.into_iter().filter(|(_, text)| !text.is_empty());
        told.map(|(title, text)| (title.to_owned(), text)).collect()
    }
}

async fn write(mut table: Table, rows: Vec<Vec<ExportCell>>) -> Result<Table> {
    off_the_async_threads(move || {
        table.rows(rows)?;
        Ok(table)
    })
    .await?
}
