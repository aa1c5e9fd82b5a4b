use std::sync::Arc;

use anju_runtime::{DraftKey, PublishRequest, Runtime};
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, published},
};

/// Which drafts; all, if none are named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    #[serde(default)]
    drafts: Option<Vec<DraftKey>>,
    /// Instead of drafts: the publication that might be restored.
    #[serde(default)]
    restore: Option<i64>,
}

type Body<T> = std::result::Result<Json<T>, JsonRejection>;

/// Every problem of the drafts as they would be published: file, line, cause.
#[utoipa::path(
    post, path = "/api/definitions/check", tag = "publishing", request_body = Value,
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn check_drafts(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    body: Body<Chosen>,
) -> Result<Json<Value>> {
    let Json(chosen) = body?;
    let problems = runtime.check_drafts(&caller.actor, chosen.drafts.as_deref()).await?;
    Ok(Json(json!({ "problems": problems })))
}

/// What publishing would do to tables and records, and what stands in the way, with a way out.
#[utoipa::path(
    post, path = "/api/definitions/preview", tag = "publishing", request_body = Value,
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn preview_publication(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    body: Body<Chosen>,
) -> Result<Json<Value>> {
    let Json(chosen) = body?;
    let preview = match chosen.restore {
        Some(number) => runtime.preview_restoring(&caller.actor, number).await?,
        None => runtime.preview_drafts(&caller.actor, chosen.drafts.as_deref()).await?,
    };
    let mut shown = serde_json::to_value(&preview).map_err(Problem::internal)?;
    shown["publishable"] = preview.is_publishable().into();
    Ok(Json(shown))
}

/// Publishes drafts: in force when this answers.
#[utoipa::path(
    post, path = "/api/definitions/publish", tag = "publishing", request_body = Value,
    responses((status = 200, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn publish_drafts(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: Body<Value>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, "publish", &body)?;
    let request: PublishRequest = serde_json::from_value(body).map_err(Problem::misfit)?;
    let outcome = runtime.publish(&caller.actor, request, once.as_ref().map(Once::request_key)).await;
    published(once.as_ref(), outcome)
}
