use std::sync::Arc;

use anju_runtime::{
    Runtime,
    records::{Actor, FieldError, Object},
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

const RECORDS_MAX: usize = 500;

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// Records to act on; all or none.
    ids: Vec<String>,
    /// The action's inputs.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Object,
}

struct Act<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    action: &'a str,
    request: &'a ActionRequest,
}

#[async_trait]
impl Step for Act<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let mut items = Vec::new();
        for id in &self.request.ids {
            let input = self.request.input.clone();
            items.push(self.runtime.act(tx, self.actor, self.entity, self.action, id, input).await?);
        }
        Answer::ok(json!({ "items": items }))
    }
}

/// Does an action of the entity to records, all of them or none.
#[utoipa::path(
    post, path = "/api/records/{entity}/actions/{action}", tag = "records",
    params(("entity" = String, Path), ("action" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = ActionRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn act(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Json<ActionRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    if request.ids.is_empty() || request.ids.len() > RECORDS_MAX {
        let message = format!("请选择 1 至 {RECORDS_MAX} 条记录");
        return Err(Problem::invalid(vec![FieldError::new("ids", "count", message)]));
    }
    let digest_of = serde_json::to_value(&request).map_err(Problem::internal)?;
    let once = Once::of(&headers, &format!("act {entity} {action}"), &digest_of)?;
    let step =
        Act { runtime: &runtime, actor: &caller.actor, entity: &entity, action: &action, request: &request };
    perform(&runtime, &caller.actor, once, &step).await
}
