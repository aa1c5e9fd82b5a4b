use std::sync::Arc;

use anju_runtime::{Runtime, records::AggregateQuery};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use serde_json::Value;

use crate::{
    actor::Caller,
    problem::{Problem, Result},
};

/// Figures by group, compared with earlier ones, each with the way to its records.
#[utoipa::path(
    post, path = "/api/records/{entity}/aggregate", tag = "records",
    params(("entity" = String, Path)),
    request_body(content = ref("#/components/schemas/AggregateQuery")),
    responses((status = 200, body = ref("#/components/schemas/AggregateResult")), (status = 422, body = Problem), (status = 403, body = Problem)),
)]
pub async fn aggregate_records(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path(entity): Path<String>,
    body: std::result::Result<Json<AggregateQuery>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(query) = body?;
    let found = runtime.processes.aggregate_records(&actor, &entity, query).await;
    let result = found.map_err(|error| Problem::from(error).told_to(&actor))?;
    Ok(Json(serde_json::to_value(result).map_err(Problem::internal)?))
}
