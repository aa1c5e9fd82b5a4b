use std::sync::Arc;

use anju_runtime::{Runtime, records::Query};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use serde_json::Value;

use crate::{
    actor::Caller,
    problem::{Problem, Result},
};

/// Lists records: filter, search, order, pages. `$countdown` in place of a field means the working days left of the
/// running process.
#[utoipa::path(
    post, path = "/api/records/{entity}/query", tag = "records",
    params(("entity" = String, Path)),
    request_body(content = ref("#/components/schemas/Query")),
    responses((status = 200, body = ref("#/components/schemas/Page")), (status = 422, body = Problem), (status = 403, body = Problem)),
)]
pub async fn query_records(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path(entity): Path<String>,
    body: std::result::Result<Json<Query>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(query) = body?;
    let found = runtime.processes.query_records(&actor, &entity, query).await;
    let page = found.map_err(|error| Problem::from(error).told_to(&actor))?;
    Ok(Json(serde_json::to_value(page).map_err(Problem::internal)?))
}
