use std::sync::Arc;

use anju_runtime::{
    Runtime,
    records::{Actor, Object},
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
    records::required_version,
    step::{Answer, Once, Step, perform},
};

struct Patch<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    id: &'a str,
    version: i64,
    changes: &'a Object,
}

#[async_trait]
impl Step for Patch<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let version = Some(self.version);
        let changes = self.changes.clone();
        let records = &self.runtime.records;
        Answer::ok(records.patch(tx, self.actor, self.entity, self.id, version, changes, None).await?)
    }
}

/// Changes the fields given; a child table given replaces its rows.
#[utoipa::path(
    patch, path = "/api/records/{entity}/{id}", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path), ("If-Match" = String, Header, description = "version")),
    request_body = Value,
    responses((status = 200, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn patch_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let version = required_version(&headers)?;
    let once = Once::of(&headers, &format!("patch {entity} {id} {version}"), &body)?;
    let Value::Object(changes) = body else {
        return Err(Problem::bad_request("not_an_object", "请求内容须是 JSON 对象"));
    };
    let actor = &caller.actor;
    let step = Patch { runtime: &runtime, actor, entity: &entity, id: &id, version, changes: &changes };
    perform(&runtime, actor, once, &step).await
}
