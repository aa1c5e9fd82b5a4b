use std::sync::Arc;

use anju_runtime::{Runtime, records::Record};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    actor::Caller,
    current::reading,
    problem::{Problem, Result},
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// A day (its end is meant) or an instant: the record as it was then.
    as_of: Option<String>,
}

/// One record with its child rows, masked as the caller's rights say.
#[utoipa::path(
    get, path = "/api/records/{entity}/{id}", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path), Past),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 403, body = Problem)),
)]
pub async fn read_record(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path((entity, id)): Path<(String, String)>,
    Query(past): Query<Past>,
) -> Result<impl IntoResponse> {
    let found = reading(&runtime, || async {
        match &past.as_of {
            Some(moment) => runtime.records.read_as_of(&actor, &entity, &id, moment).await,
            None => runtime.records.read(&actor, &entity, &id).await,
        }
    })
    .await;
    let record: Record = found.map_err(|problem| problem.told_to(&actor))?;
    Ok(([(header::ETAG, format!("\"{}\"", record.version))], Json(record)))
}
