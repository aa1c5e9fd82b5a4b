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
    step::{Answer, Once, Step, perform},
};

struct Create<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    input: &'a Object,
}

#[async_trait]
impl Step for Create<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let input = self.input.clone();
        Answer::created(self.runtime.records.create(tx, self.actor, self.entity, input, None).await?)
    }
}

/// Creates a record with its child rows.
#[utoipa::path(
    post, path = "/api/records/{entity}", tag = "records",
    params(("entity" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = Value,
    responses((status = 201, body = Value), (status = 422, body = Problem), (status = 403, body = Problem)),
)]
pub async fn create_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, &format!("create {entity}"), &body)?;
    let Value::Object(input) = body else {
        return Err(Problem::bad_request("not_an_object", "请求内容须是 JSON 对象"));
    };
    let step = Create { runtime: &runtime, actor: &caller.actor, entity: &entity, input: &input };
    perform(&runtime, &caller.actor, once, &step).await
}
