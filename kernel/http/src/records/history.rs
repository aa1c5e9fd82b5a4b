use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::Value;

use crate::{
    actor::SignedIn,
    current::reading,
    problem::{Problem, Result},
};

/// Every change of a record, the newest first: who, when, why, which fields.
#[utoipa::path(
    get, path = "/api/records/{entity}/{id}/history", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn record_history(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, id)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let entries = reading(&runtime, || runtime.records.history(&caller.actor, &entity, &id)).await?;
    Ok(Json(serde_json::json!({ "items": entries })))
}
