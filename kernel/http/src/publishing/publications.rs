use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, published},
};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Only publications with a smaller number.
    before: Option<i64>,
}

/// Publications, the newest first: who, when, why, what it did.
#[utoipa::path(
    get, path = "/api/definitions/publications", tag = "publishing", params(Before),
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_publications(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Query(page): Query<Before>,
) -> Result<Json<Value>> {
    let items = runtime.publications(&caller.actor, page.before).await?;
    Ok(Json(json!({ "current": runtime.publication_number(), "items": items })))
}

/// One publication.
#[utoipa::path(
    get, path = "/api/definitions/publications/{number}", tag = "publishing", params(("number" = i64, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_publication(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(number): Path<i64>,
) -> Result<Json<Value>> {
    let publication = runtime.publication(&caller.actor, number).await?;
    Ok(Json(serde_json::to_value(publication).map_err(Problem::internal)?))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// The earlier publication; the one before, if absent.
    since: Option<i64>,
}

/// What differs from an earlier publication, part by part.
#[utoipa::path(
    get, path = "/api/definitions/publications/{number}/changes", tag = "publishing",
    params(("number" = i64, Path), Since),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn compare_publications(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(number): Path<i64>,
    Query(Since { since }): Query<Since>,
) -> Result<Json<Value>> {
    let since = since.unwrap_or(number - 1);
    let items = runtime.compare_publications(&caller.actor, since, number).await?;
    Ok(Json(json!({ "since": since, "items": items })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    reason: String,
}

/// Puts the site's definitions back to an earlier publication, where the data allows.
#[utoipa::path(
    post, path = "/api/definitions/publications/{number}/restore", tag = "publishing",
    params(("number" = i64, Path)), request_body = RestoreRequest,
    responses((status = 200, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn restore_publication(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(number): Path<i64>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, &format!("restore {number}"), &body)?;
    let request: RestoreRequest = serde_json::from_value(body).map_err(Problem::misfit)?;
    let key = once.as_ref().map(Once::request_key);
    let outcome = runtime.restore_publication(&caller.actor, number, &request.reason, key).await;
    published(once.as_ref(), outcome)
}
