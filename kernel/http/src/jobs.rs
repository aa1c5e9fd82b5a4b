//! `/api/jobs`: progress and result of long work, and its calling off.

use std::sync::Arc;

use anju_runtime::{
    BULK_JOB, MIGRATION_JOB, Runtime,
    records::Actor,
    store::{Job, Tx},
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

/// Outcomes listed at a time.
const ITEMS_MAX: u64 = 500;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(read_job))
        .routes(routes!(cancel_job))
        .routes(routes!(list_items))
        .routes(routes!(items_workbook))
}

/// A job of the caller's.
async fn own_job(runtime: &Runtime, actor: &Actor, id: &str) -> Result<Job> {
    let job = runtime.store.job(id).await?;
    match job.created_by == actor.account_id {
        true => Ok(job),
        false => Err(Problem::not_found()),
    }
}

/// A job the caller started.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_job(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    let job = own_job(&runtime, &caller.actor, &id).await?;
    Ok(Json(json!({
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": { "done": job.progress_done, "total": job.progress_total },
        "result": job.result,
        "error": job.error.map(|_| "处理失败，请稍后重试或联系管理员"),
    })))
}

struct Cancel<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    id: &'a str,
}

#[async_trait]
impl Step for Cancel<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let cancelled = self.runtime.cancel_job(tx, self.actor, self.id).await?;
        Answer::ok(json!({ "cancelled": cancelled }))
    }
}

/// Calls off an import, an export or an action on many records. What was committed stays.
#[utoipa::path(
    post, path = "/api/jobs/{id}/cancel", tag = "jobs",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn cancel_job(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, &format!("cancel job {id}"), &Value::Null)?;
    let step = Cancel { runtime: &runtime, actor: &caller.actor, id: &id };
    perform(&runtime, &caller.actor, once, &step).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ItemsPage {
    /// Position of the last one seen.
    #[serde(default)]
    after: Option<i64>,
    /// 1 to 500, 100 by default.
    #[serde(default)]
    size: Option<u64>,
}

async fn own_bulk_job(runtime: &Runtime, actor: &Actor, id: &str) -> Result<Job> {
    let job = own_job(runtime, actor, id).await?;
    if [BULK_JOB, MIGRATION_JOB].contains(&job.kind.as_str()) { Ok(job) } else { Err(Problem::not_found()) }
}

/// What came of an action on many records, record by record.
#[utoipa::path(
    get, path = "/api/jobs/{id}/items", tag = "jobs", params(("id" = String, Path), ItemsPage),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn list_items(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    Query(page): Query<ItemsPage>,
) -> Result<Json<Value>> {
    let job = own_bulk_job(&runtime, &caller.actor, &id).await?;
    let size = page.size.unwrap_or(100).clamp(1, ITEMS_MAX);
    let found = runtime.bulk_items(&job.id, page.after, size).await?;
    let next = found.last().map(|(position, _)| *position).filter(|_| found.len() as u64 == size);
    let items: Vec<_> = found.into_iter().map(|(_, item)| item).collect();
    Ok(Json(json!({ "items": items, "next": next })))
}

/// The same as a workbook.
#[utoipa::path(
    get, path = "/api/jobs/{id}/items.xlsx", tag = "jobs", params(("id" = String, Path)),
    responses((status = 200, description = "xlsx", content_type = XLSX), (status = 404, body = Problem)),
)]
pub async fn items_workbook(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
) -> Result<impl IntoResponse> {
    let job = own_bulk_job(&runtime, &caller.actor, &id).await?;
    let bytes = runtime.bulk_workbook(&job.id).await?;
    let headers = [
        (header::CONTENT_TYPE, XLSX.to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"result.xlsx\"".to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes))
}
