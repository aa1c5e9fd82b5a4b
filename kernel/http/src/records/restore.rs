use std::sync::Arc;

use anju_runtime::{
    Runtime,
    records::{Actor, Query},
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde_json::Value;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

struct Restore<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    id: &'a str,
}

#[async_trait]
impl Step for Restore<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        Answer::ok(self.runtime.records.restore(tx, self.actor, self.entity, self.id, None).await?)
    }
}

/// The recycle bin: lists deleted records, the last deleted first, for those who may delete them.
#[utoipa::path(
    post, path = "/api/records/{entity}/deleted", tag = "records",
    params(("entity" = String, Path)),
    request_body(content = ref("#/components/schemas/Query")),
    responses((status = 200, body = ref("#/components/schemas/Page")), (status = 422, body = Problem), (status = 403, body = Problem)),
)]
pub async fn query_deleted(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    body: std::result::Result<Json<Query>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(query) = body?;
    let page = runtime.records.deleted(&caller.actor, &entity, &query).await?;
    Ok(Json(serde_json::to_value(page).map_err(Problem::internal)?))
}

/// Brings a deleted record back, with what its deletion took along.
#[utoipa::path(
    post, path = "/api/records/{entity}/{id}/restore", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn restore_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, &format!("restore {entity} {id}"), &Value::Null)?;
    let step = Restore { runtime: &runtime, actor: &caller.actor, entity: &entity, id: &id };
    perform(&runtime, &caller.actor, once, &step).await
}
