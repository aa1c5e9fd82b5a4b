use std::sync::Arc;

use anju_runtime::{Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Step, perform},
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealRequest {
    /// The sensitive field.
    field: String,
    /// Why it must be seen; goes into the audit log.
    reason: String,
}

struct Reveal<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    id: &'a str,
    request: &'a RevealRequest,
}

#[async_trait]
impl Step for Reveal<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let RevealRequest { field, reason } = self.request;
        let value = self.runtime.records.reveal(tx, self.actor, self.entity, self.id, field, reason).await?;
        Answer::ok(json!({ "value": value }))
    }
}

/// Shows one sensitive field in clear, with an audit entry.
#[utoipa::path(
    post, path = "/api/records/{entity}/{id}/reveal", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path)), request_body = RevealRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
pub async fn reveal_field(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, id)): Path<(String, String)>,
    body: std::result::Result<Json<RevealRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let step =
        Reveal { runtime: &runtime, actor: &caller.actor, entity: &entity, id: &id, request: &request };
    // Never remembered under an idempotency key: the answer is the secret itself.
    perform(&runtime, &caller.actor, None, &step).await
}
