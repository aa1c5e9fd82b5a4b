//! Exports of lists as jobs, and the approval of large ones. Every export is a record of
//! `platform.export_request`: what was asked, by whom, who approved it, what came of it. See docs/import-export.md.

use anju_definitions::{COUNTDOWN, Filter, FilterOp, Sort, SortDirection};
use anju_process::Error as Failure;
use anju_records::{
    Actor, AuditEntry, Error as Refusal, Export, ExportRequest, FieldError, Object, PageRequest, Query,
    Record,
};
use anju_store::{NewJob, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Result, Runtime};

mod decide;
mod job;
mod table;

pub const EXPORT_JOB: &str = "records.export";
/// Where exports are written down; a definition of the platform application.
pub const EXPORT_REQUEST: &str = "platform.export_request";
const APPROVAL: &str = "platform.export_approval";
const ATTEMPTS_MAX: u32 = 5;
/// Exports of one account that are under way at a time (S-18).
const OPEN_MAX: usize = 3;
const PURPOSE_CHARS: std::ops::RangeInclusive<usize> = 5..=300;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    Xlsx,
    Csv,
    Pdf,
}

/// What somebody wants exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExportOrder {
    pub entity: String,
    pub request: ExportRequest,
    /// Titles of columns other than their own, by field.
    #[serde(default)]
    pub titles: Object,
    /// The column that shows working days left instead of its date.
    #[serde(default)]
    pub countdown: Option<String>,
    pub format: ExportFormat,
    /// What it is for; asked for where approval is.
    #[serde(default)]
    pub purpose: String,
}

/// What an export would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportPreview {
    pub rows: u64,
    /// Whether somebody has to approve it.
    pub approval_needed: bool,
    /// Rows above which somebody has to.
    pub approval_rows: u64,
    /// Rows that the format allows.
    pub rows_max: u64,
}

/// An export that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportTicket {
    pub export: String,
    pub rows: u64,
    /// `pending`: waits for approval; `approved`: the job makes it.
    pub state: &'static str,
    pub job: Option<String>,
}

/// What the job needs: kept sealed with the request, since a filter may name persons.
#[derive(Serialize, Deserialize)]
struct KeptOrder {
    order: ExportOrder,
    account: String,
    post: String,
}

impl ExportFormat {
    fn key(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Pdf => "pdf",
        }
    }

    /// Rows that the format allows.
    fn rows_max(self, columns: usize, rows_max: u64) -> u64 {
        match self {
            Self::Csv => rows_max,
            Self::Xlsx => rows_max.min(1_048_000),
            Self::Pdf => rows_max.min((anju_documents::PDF_CELLS_MAX / columns.max(1)) as u64),
        }
    }
}

impl Runtime {
    /// How many rows an export has, and whether somebody has to approve it.
    pub async fn preview_export(&self, actor: &Actor, order: &ExportOrder) -> Result<ExportPreview, Failure> {
        let order = &self.without_countdown(order.clone())?;
        self.records.admit_lookups(actor, &order.entity, &order.request.filter).await?;
        let export = self.records.begin_export(actor, &order.entity, &order.request)?;
        Ok(self.preview_of(actor, order, &export).await?)
    }

    /// The order with the working days left as dates of today.
    fn without_countdown(&self, mut order: ExportOrder) -> Result<ExportOrder, Failure> {
        let ExportOrder { entity, request, titles, countdown, .. } = &mut order;
        let field = self.processes.without_countdown(entity, request.filter.as_mut(), &mut request.sort)?;
        let Some(field) = field.filter(|_| request.select.iter().any(|name| name == COUNTDOWN)) else {
            return Ok(order);
        };
        request.select.retain(|name| *name != field);
        for name in request.select.iter_mut().filter(|name| *name == COUNTDOWN) {
            field.clone_into(name);
        }
        let title = titles.remove(COUNTDOWN).unwrap_or_else(|| json!("剩余工作日"));
        titles.insert(field.clone(), title);
        *countdown = Some(field);
        Ok(order)
    }

    async fn preview_of(
        &self,
        actor: &Actor,
        order: &ExportOrder,
        export: &Export,
    ) -> Result<ExportPreview, Refusal> {
        let settings = &self.settings.exchange;
        let rows = self.records.count_export(actor, export, settings.export_rows_max).await?;
        Ok(ExportPreview {
            rows,
            approval_needed: rows > settings.approval_rows,
            approval_rows: settings.approval_rows,
            rows_max: order.format.rows_max(export.columns().count(), settings.export_rows_max),
        })
    }

    /// Asks for an export: small ones are made at once, by a job; large ones when somebody approved them.
    ///
    /// # Errors
    /// Those of [`anju_records::Records::begin_export`]; [`Failure::TooMuch`] beyond the format's rows;
    /// [`Failure::Conflict`] `exports_open` while too many are under way; [`Failure::Invalid`] without a purpose where
    /// approval is needed.
    pub async fn request_export(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        order: &ExportOrder,
    ) -> Result<ExportTicket, Failure> {
        let order = &self.without_countdown(order.clone())?;
        let export = self.records.begin_export(actor, &order.entity, &order.request)?;
        let preview = self.preview_of(actor, order, &export).await?;
        if preview.rows > preview.rows_max {
            let message = format!("此格式最多导出 {} 行，请缩小范围或改用其他格式", preview.rows_max);
            return Err(Failure::TooMuch { message });
        }
        let purpose = order.purpose.trim();
        if preview.approval_needed && !PURPOSE_CHARS.contains(&purpose.chars().count()) {
            let limit = preview.approval_rows;
            let message = format!("超过 {limit} 行的导出须经审批，请填写用途，5 至 300 字");
            return Err(Failure::Invalid(vec![FieldError::new("purpose", "required", message)]));
        }
        self.require_few_open(tx, actor).await?;
        let record = self.write_down(tx, actor, order, &export, &preview).await?;
        let state = if preview.approval_needed { "pending" } else { "approved" };
        let job = match preview.approval_needed {
            true => {
                let vars = Object::new();
                self.processes.start(tx, actor, APPROVAL, EXPORT_REQUEST, &record.id, vars).await?;
                None
            }
            false => Some(self.enqueue_export(tx, &record.id, &actor.account_id).await?),
        };
        Ok(ExportTicket { export: record.id, rows: preview.rows, state, job })
    }

    async fn require_few_open(&self, tx: &mut Tx, actor: &Actor) -> Result<(), Failure> {
        let open = vec![test("state", FilterOp::In, json!(["pending", "approved"]))];
        let query = own(actor, open, OPEN_MAX as u32);
        let found = self.records.query_in(tx, &Actor::system("export"), EXPORT_REQUEST, &query).await?;
        if found.items.len() < OPEN_MAX {
            return Ok(());
        }
        let message = format!("您已有 {OPEN_MAX} 项导出在审批或生成中，请等待完成后再导出");
        Err(Failure::Conflict { code: "exports_open".to_owned(), message })
    }

    /// Writes the request down, in the audit log too.
    async fn write_down(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        order: &ExportOrder,
        export: &Export,
        preview: &ExportPreview,
    ) -> Result<Record, Failure> {
        let conditions = self.conditions(actor, order).await?;
        let columns: Vec<&str> = export.columns().map(|column| column.title.as_str()).collect();
        let title = self.catalog.load().entity(&order.entity).map(|entity| entity.title.clone());
        let post = actor.post.as_ref();
        let kept = KeptOrder {
            order: order.clone(),
            account: actor.account_id.clone(),
            post: post.map(|post| post.id.clone()).unwrap_or_default(),
        };
        let kept = serde_json::to_string(&kept).map_err(|error| Failure::Internal(error.to_string()))?;
        let operator = post.and_then(|post| post.operator.clone());
        let system = actor.on_behalf();
        let account = self.records.read_in(tx, &system, anju_identity::ACCOUNT, &actor.account_id).await?;
        let values = object([
            ("subject", json!(title)),
            ("entity", json!(order.entity)),
            ("format", json!(order.format.key())),
            ("columns", json!(cut(&columns.join("、"), 2_000))),
            ("conditions", json!(cut(&conditions, 2_000))),
            ("purpose", json!(order.purpose.trim())),
            ("rows", json!(preview.rows)),
            ("state", json!(if preview.approval_needed { "pending" } else { "approved" })),
            ("requester", json!(actor.account_id)),
            ("requester_name", json!(actor.name)),
            ("account", account.get("account").clone()),
            ("organisation", json!(post.map(|post| post.org_title.clone()))),
            ("district", json!(post.and_then(|post| post.district.clone()))),
            ("operator", json!(operator)),
            ("query", json!(kept)),
        ]);
        let record = self.records.create(tx, &system, EXPORT_REQUEST, values, None).await?;
        let why = format!("{} 行，{}；条件：{conditions}", preview.rows, order.format.key());
        let entry = AuditEntry::of("export.requested", &order.entity, &record.id).because(Some(&why));
        self.records.audit(tx, actor, &entry).await?;
        Ok(record)
    }

    /// Filter and search in words.
    async fn conditions(&self, actor: &Actor, order: &ExportOrder) -> Result<String, Refusal> {
        let filter = match &order.request.filter {
            Some(filter) => Some(self.records.describe_filter(actor, &order.entity, filter).await?),
            None => None,
        };
        Ok(match (filter, &order.request.search) {
            (Some(filter), Some(words)) => format!("{filter}；搜索“{words}”"),
            (None, Some(words)) => format!("搜索“{words}”"),
            (filter, None) => filter.unwrap_or_else(|| "全部".to_owned()),
        })
    }

    async fn enqueue_export(&self, tx: &mut Tx, id: &str, account: &str) -> Result<String, Failure> {
        let now = self.clock.now();
        let job = NewJob {
            kind: EXPORT_JOB.to_owned(),
            key: Some(id.to_owned()),
            payload: json!({ "export": id }),
            run_at: now,
            attempts_max: ATTEMPTS_MAX,
            created_by: account.to_owned(),
            at: now,
        };
        let job = tx.enqueue(&job).await?;
        let changes = object([("job", json!(job))]);
        let system = Actor::system("export");
        self.records.patch(tx, &system, EXPORT_REQUEST, id, None, changes, None).await?;
        Ok(job)
    }
}

fn own(actor: &Actor, more: Vec<Filter>, size: u32) -> Query {
    let mut and = vec![test("requester", FilterOp::Eq, json!(actor.account_id))];
    and.extend(more);
    Query {
        filter: Some(Filter::And { and }),
        sort: vec![Sort { field: "id".to_owned(), dir: SortDirection::Desc }],
        page: PageRequest { size, ..PageRequest::default() },
        ..Query::default()
    }
}

fn test(field: &str, op: FilterOp, value: Value) -> Filter {
    Filter::Test(anju_definitions::FieldTest { field: field.to_owned(), op, value })
}

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters.saturating_sub(1)) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn object<const N: usize>(values: [(&str, Value); N]) -> Object {
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
