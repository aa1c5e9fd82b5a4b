use std::sync::Arc;

use anju_runtime::{DraftInput, DraftKey, Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

/// All drafts.
#[utoipa::path(
    get, path = "/api/definitions/drafts", tag = "publishing",
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_drafts(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.drafts(&caller.actor).await? })))
}

/// One draft.
#[utoipa::path(
    get, path = "/api/definitions/drafts/{kind}/{key}", tag = "publishing",
    params(("kind" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_draft(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let draft = runtime.draft(&caller.actor, &DraftKey { kind, key }).await?;
    Ok(Json(serde_json::to_value(draft).map_err(Problem::internal)?))
}

struct Put<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    key: &'a DraftKey,
    input: &'a DraftInput,
}

#[async_trait]
impl Step for Put<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        Answer::ok(self.runtime.put_draft(tx, self.actor, self.key, self.input.clone()).await?)
    }
}

/// Keeps a draft: `{text, files?, base?, revision?}`; without a text, the site's definition is to go.
#[utoipa::path(
    put, path = "/api/definitions/drafts/{kind}/{key}", tag = "publishing",
    params(("kind" = String, Path), ("key" = String, Path)), request_body = Value,
    responses((status = 200, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn put_draft(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((kind, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, &format!("draft {kind} {key}"), &body)?;
    let input: DraftInput = serde_json::from_value(body)
        .map_err(|error| Problem::bad_request("bad_draft", format!("草稿的内容不合规：{error}")))?;
    let key = DraftKey { kind, key };
    let step = Put { runtime: &runtime, actor: &caller.actor, key: &key, input: &input };
    perform(&runtime, &caller.actor, once, &step).await
}

struct Discard<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    key: &'a DraftKey,
}

#[async_trait]
impl Step for Discard<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        self.runtime.discard_draft(tx, self.actor, self.key).await?;
        Ok(Answer { status: StatusCode::NO_CONTENT, body: Value::Null })
    }
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/api/definitions/drafts/{kind}/{key}", tag = "publishing",
    params(("kind" = String, Path), ("key" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204), (status = 404, body = Problem)),
)]
pub async fn discard_draft(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((kind, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, &format!("discard {kind} {key}"), &Value::Null)?;
    let key = DraftKey { kind, key };
    let step = Discard { runtime: &runtime, actor: &caller.actor, key: &key };
    perform(&runtime, &caller.actor, once, &step).await
}

/// The site's own definitions in force.
#[utoipa::path(
    get, path = "/api/definitions/site", tag = "publishing",
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_site_definitions(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.site_definitions(&caller.actor).await? })))
}

/// A definition in force as text, with the shipped one it replaces.
#[utoipa::path(
    get, path = "/api/definitions/sources/{kind}/{key}", tag = "publishing",
    params(("kind" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_definition_source(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let source = runtime.definition_source(&caller.actor, &DraftKey { kind, key }).await?;
    Ok(Json(serde_json::to_value(source).map_err(Problem::internal)?))
}
