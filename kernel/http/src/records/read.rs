use std::sync::Arc;

use anju_runtime::{Runtime, records::Record};
use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};

use crate::{
    actor::Caller,
    problem::{Problem, Result},
};

/// One record with its child rows, masked as the caller's rights say.
#[utoipa::path(
    get, path = "/api/records/{entity}/{id}", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 403, body = Problem)),
)]
pub async fn read_record(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path((entity, id)): Path<(String, String)>,
) -> Result<impl IntoResponse> {
    let found = runtime.records.read(&actor, &entity, &id).await;
    let record: Record = found.map_err(|error| Problem::from(error).told_to(&actor))?;
    Ok(([(header::ETAG, format!("\"{}\"", record.version))], Json(record)))
}
