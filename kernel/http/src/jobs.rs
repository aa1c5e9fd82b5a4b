//! `/api/jobs`: progress and result of long work.

use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(read_job))
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
    let job = runtime.store.job(&id).await?;
    if job.created_by != caller.actor.account_id {
        return Err(Problem::not_found());
    }
    Ok(Json(json!({
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "progress": { "done": job.progress_done, "total": job.progress_total },
        "result": job.result,
        "error": job.error.map(|_| "处理失败，请稍后重试或联系管理员"),
    })))
}
