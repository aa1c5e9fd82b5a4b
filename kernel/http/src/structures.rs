//! `/api/structures` and `/api/dictionaries`: the structure of records for other systems, and the keeping of
//! dictionaries (M193, M194, M204, M205).

use std::sync::Arc;

use anju_runtime::{DictionaryEdit, Runtime};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, published},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(list_structures))
        .routes(routes!(read_structure))
        .routes(routes!(change_dictionary))
}

/// The types of records that the caller may see.
#[utoipa::path(get, path = "/api/structures", tag = "structures", responses((status = 200, body = Value)))]
pub async fn list_structures(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
) -> Result<impl IntoResponse> {
    Ok(tagged(runtime.structures(&caller.actor)))
}

/// One type: attributes with number, type and checks, child tables, dictionaries as trees.
#[utoipa::path(
    get, path = "/api/structures/{entity}", tag = "structures", params(("entity" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_structure(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
) -> Result<impl IntoResponse> {
    Ok(tagged(runtime.structure(&caller.actor, &entity).ok_or_else(Problem::not_found)?))
}

/// With the version of the definitions, so that whoever keeps a copy sees when it is old.
fn tagged(structure: Value) -> impl IntoResponse {
    let tag = format!("\"{}\"", structure["version"].as_str().unwrap_or_default());
    ([(header::ETAG, tag)], Json(structure))
}

/// Changes the items of a dictionary: `{changes: [{op: add | change | remove | order, …}], reason}`.
#[utoipa::path(
    post, path = "/api/dictionaries/{key}/changes", tag = "structures", params(("key" = String, Path)),
    request_body = Value,
    responses((status = 200, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn change_dictionary(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, &format!("dictionary {key}"), &body)?;
    let edit: DictionaryEdit = serde_json::from_value(body).map_err(Problem::misfit)?;
    let request = once.as_ref().map(Once::request_key);
    let outcome = runtime.edit_dictionary(&caller.actor, &key, edit, request).await;
    published(once.as_ref(), outcome)
}
