//! `/api/process-versions` and `/api/process-migrations`.

use std::sync::Arc;

use anju_runtime::{Runtime, process::Migration, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(list_versions))
        .routes(routes!(preview_migration))
        .routes(routes!(order_migration))
}

/// The versions that instances run on, with their number.
#[utoipa::path(
    get, path = "/api/process-versions", tag = "processes",
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_versions(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    let items = runtime.processes.versions_in_use(&caller.actor).await?;
    Ok(Json(json!({ "items": items })))
}

/// Which instances could be taken over to another version, and why others could not: `{process, from?, to?, mapping?,
/// instances?}`. Changes nothing.
#[utoipa::path(
    post, path = "/api/process-migrations/preview", tag = "processes", request_body = Value,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn preview_migration(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Json<Value>> {
    let migration = asked(&caller.actor, &runtime, body?.0)?;
    let report = runtime.processes.preview_migration(&caller.actor, &migration).await?;
    Ok(Json(serde_json::to_value(report).map_err(Problem::internal)?))
}

struct Order<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    migration: &'a Migration,
}

#[async_trait]
impl Step for Order<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let job = self.runtime.request_migration(tx, self.actor, self.migration).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, body: json!({ "job": job }) })
    }
}

/// Takes instances over to another version, as a job whose outcomes are those of actions on many records.
#[utoipa::path(
    post, path = "/api/process-migrations", tag = "processes", request_body = Value,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn order_migration(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, "migrate processes", &body)?;
    let migration = asked(&caller.actor, &runtime, body)?;
    let step = Order { runtime: &runtime, actor: &caller.actor, migration: &migration };
    perform(&runtime, &caller.actor, once, &step).await
}

/// Whoever has no right is told so, whatever they sent.
fn asked(actor: &Actor, runtime: &Runtime, body: Value) -> Result<Migration> {
    anju_runtime::process::ProcessRight::Migrate.require(&runtime.catalog.load(), actor)?;
    serde_json::from_value(body).map_err(Problem::misfit)
}
