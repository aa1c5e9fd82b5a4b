//! `/api/exports`: what the caller has exported. The files are fetched at `/api/files/{id}`.

use std::sync::Arc;

use anju_runtime::{Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(list_exports)).routes(routes!(cancel_export))
}

/// The caller's exports, the newest first: state, rows, the file while its term lasts.
#[utoipa::path(get, path = "/api/exports", tag = "exports", responses((status = 200, body = Value)))]
pub async fn list_exports(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    let items = runtime.exports_of(&caller.actor).await?;
    Ok(Json(json!({ "items": items })))
}

struct Cancel<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    id: &'a str,
}

#[async_trait]
impl Step for Cancel<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        self.runtime.cancel_export(tx, self.actor, self.id).await?;
        Answer::ok(json!({ "cancelled": true }))
    }
}

/// Calls off an export of the caller's that waits for approval or is being made.
#[utoipa::path(
    post, path = "/api/exports/{id}/cancel", tag = "exports",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub async fn cancel_export(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, &format!("cancel export {id}"), &Value::Null)?;
    let step = Cancel { runtime: &runtime, actor: &caller.actor, id: &id };
    perform(&runtime, &caller.actor, once, &step).await
}
