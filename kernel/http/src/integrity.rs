//! `/api/integrity`: whether rows were changed past the platform.

use std::sync::Arc;

use anju_runtime::{Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::State,
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
    OpenApiRouter::new().routes(routes!(read_integrity)).routes(routes!(verify_integrity))
}

/// The last run through all tables, with the rows it found damaged, and whether one is under way.
#[utoipa::path(
    get, path = "/api/integrity", tag = "operations",
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn read_integrity(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    Ok(Json(runtime.integrity(&caller.actor).await?))
}

struct Run<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
}

#[async_trait]
impl Step for Run<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let job = self.runtime.request_verification(tx, self.actor).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, body: json!({ "job": job }) })
    }
}

/// Looks through all tables, as a job.
#[utoipa::path(
    post, path = "/api/integrity/runs", tag = "operations",
    responses((status = 202, body = Value), (status = 403, body = Problem)),
)]
pub async fn verify_integrity(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, "integrity", &Value::Null)?;
    perform(&runtime, &caller.actor, once, &Run { runtime: &runtime, actor: &caller.actor }).await
}
