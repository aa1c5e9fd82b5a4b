//! `/api/retention` and holds: what is due, runs that erase it, records that must be kept.

use std::sync::Arc;

use anju_runtime::{RetentionRequest, Right, Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(read_due))
        .routes(routes!(start_run))
        .routes(routes!(list_removed))
        .routes(routes!(list_holds))
        .routes(routes!(hold_record))
        .routes(routes!(release_record))
}

/// How many records have come to the end of each term.
#[utoipa::path(
    get, path = "/api/retention/due", tag = "retention",
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn read_due(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.retention_due(&caller.actor).await? })))
}

struct Run<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    request: &'a RetentionRequest,
}

#[async_trait]
impl Step for Run<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let job = self.runtime.request_retention(tx, self.actor, self.request.clone()).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, body: json!({ "job": job }) })
    }
}

/// Erases what is due under a term, `{entity, term, reason}`, as a job.
#[utoipa::path(
    post, path = "/api/retention/runs", tag = "retention", request_body = Value,
    responses((status = 202, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn start_run(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, "retention", &body)?;
    let request: RetentionRequest = serde_json::from_value(body).map_err(Problem::misfit)?;
    let step = Run { runtime: &runtime, actor: &caller.actor, request: &request };
    perform(&runtime, &caller.actor, once, &step).await
}

/// How many records of an entity were removed at the end of their terms: what statistics keep of them.
#[utoipa::path(
    get, path = "/api/retention/removed/{entity}", tag = "retention", params(("entity" = String, Path)),
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_removed(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.removed_counts(&caller.actor, &entity).await? })))
}

/// The records of an entity that are kept whatever their term.
#[utoipa::path(
    get, path = "/api/retention/holds/{entity}", tag = "retention", params(("entity" = String, Path)),
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_holds(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.holds(&caller.actor, &entity).await? })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Why the record must be kept, or need not be any more.
    reason: String,
}

struct Hold<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    id: &'a str,
    reason: &'a str,
    release: bool,
}

#[async_trait]
impl Step for Hold<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let Hold { runtime, actor, entity, id, reason, release } = self;
        Right::LegalHold.require(&runtime.catalog.load(), actor)?;
        match release {
            true => runtime.records.release_hold(tx, actor, entity, id, reason).await?,
            false => runtime.records.set_hold(tx, actor, entity, id, reason).await?,
        }
        Ok(Answer { status: StatusCode::NO_CONTENT, body: Value::Null })
    }
}

type Body = std::result::Result<Json<Value>, JsonRejection>;

/// Keeps a record from being erased.
#[utoipa::path(
    post, path = "/api/records/{entity}/{id}/hold", tag = "retention",
    params(("entity" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = HoldRequest,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
pub async fn hold_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(record): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer> {
    hold(&runtime, &caller.actor, record, &headers, body, false).await
}

/// Ends a hold.
#[utoipa::path(
    post, path = "/api/records/{entity}/{id}/release", tag = "retention",
    params(("entity" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = HoldRequest,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
pub async fn release_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(record): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer> {
    hold(&runtime, &caller.actor, record, &headers, body, true).await
}

async fn hold(
    runtime: &Arc<Runtime>,
    actor: &Actor,
    (entity, id): (String, String),
    headers: &HeaderMap,
    body: Body,
    release: bool,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(headers, &format!("hold {entity} {id} {release}"), &body)?;
    let HoldRequest { reason } = serde_json::from_value(body).map_err(Problem::misfit)?;
    let step = Hold { runtime, actor, entity: &entity, id: &id, reason: &reason, release };
    perform(runtime, actor, once, &step).await
}
