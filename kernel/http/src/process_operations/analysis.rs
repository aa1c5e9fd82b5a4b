//! `/api/process-analysis`.

use std::sync::Arc;

use anju_runtime::{Runtime, process::AnalysisQuery};
use axum::{
    Json,
    extract::{Query, State},
};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(analyse_process))
}

/// How a process goes: what comes and goes, how long it takes, and where it lies, by step. `from` and `to` are days (the
/// last 30 without), `by=started|ended` says which instances the period is about.
#[utoipa::path(
    get, path = "/api/process-analysis", tag = "processes",
    params(
        ("process" = String, Query), ("version" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query), ("by" = Option<String>, Query),
    ),
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn analyse_process(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Query(query): Query<AnalysisQuery>,
) -> Result<Json<Value>> {
    let analysis = runtime.processes.analysis(&caller.actor, &query).await?;
    Ok(Json(serde_json::to_value(analysis).map_err(Problem::internal)?))
}
