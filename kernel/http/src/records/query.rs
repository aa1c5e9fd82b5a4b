use std::sync::Arc;

use anju_runtime::{
    Runtime,
    records::{Page, Query},
};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};

use crate::{
    actor::Caller,
    current::reading,
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
) -> Result<Json<Page>> {
    let Json(query) = body?;
    let found = reading(&runtime, || runtime.processes.query_records(&actor, &entity, query.clone())).await;
    let page = found.map_err(|problem| problem.told_to(&actor))?;
    Ok(Json(page))
}
