//! `/api/substitutions` and `/api/opinions`: who stands in for whom, and one's own standard opinions.

use std::sync::Arc;

use anju_runtime::{Runtime, process::Absence, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::HeaderMap,
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
        .routes(routes!(list_substitutions, name_substitute))
        .routes(routes!(end_substitution))
        .routes(routes!(read_opinions, set_opinions))
}

enum Deed {
    Substitute(Absence),
    End(String),
    SetOpinions(Vec<String>),
}

struct AtDesk<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    deed: Deed,
}

#[async_trait]
impl Step for AtDesk<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let processes = &self.runtime.processes;
        match &self.deed {
            Deed::Substitute(absence) => {
                let id = processes.substitute(tx, self.actor, absence).await?;
                Answer::created(json!({ "id": id }))
            }
            Deed::End(id) => {
                processes.end_substitution(tx, self.actor, id).await?;
                Answer::ok(json!({ "id": id }))
            }
            Deed::SetOpinions(opinions) => {
                processes.set_opinions(tx, self.actor, opinions).await?;
                Answer::ok(json!({ "opinions": opinions }))
            }
        }
    }
}

async fn at_desk(
    runtime: &Arc<Runtime>,
    caller: &SignedIn,
    once: Option<Once>,
    deed: Deed,
) -> Result<Answer> {
    perform(runtime, &caller.actor, once, &AtDesk { runtime, actor: &caller.actor, deed }).await
}

/// For whom one stands in and who stands in for one, the latest first.
#[utoipa::path(
    get, path = "/api/substitutions", tag = "tasks",
    responses((status = 200, body = Value), (status = 401, body = Problem)),
)]
pub async fn list_substitutions(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
) -> Result<Json<Value>> {
    Ok(Json(json!({ "items": runtime.processes.substitutions(&caller.actor).await? })))
}

/// Names a substitute for a time of absence: `{account, from, to, reason}` (代理).
#[utoipa::path(
    post, path = "/api/substitutions", tag = "tasks", request_body = Value,
    responses((status = 201, body = Value), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn name_substitute(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(&headers, "substitute", &body)?;
    let absence = serde_json::from_value(body).map_err(Problem::misfit)?;
    at_desk(&runtime, &caller, once, Deed::Substitute(absence)).await
}

/// Ends a substitution before its time.
#[utoipa::path(
    post, path = "/api/substitutions/{id}/end", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub async fn end_substitution(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    let once = Once::of(&headers, &format!("end substitution {id}"), &Value::Null)?;
    at_desk(&runtime, &caller, once, Deed::End(id)).await
}

/// One's own standard opinions (常用意见).
#[utoipa::path(
    get, path = "/api/opinions", tag = "tasks",
    responses((status = 200, body = Value), (status = 401, body = Problem)),
)]
pub async fn read_opinions(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    Ok(Json(json!({ "opinions": runtime.processes.opinions(&caller.actor).await? })))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpinionsRequest {
    /// All of them, in their order.
    opinions: Vec<String>,
}

/// Replaces one's own standard opinions.
#[utoipa::path(
    put, path = "/api/opinions", tag = "tasks", request_body = OpinionsRequest,
    responses((status = 200, body = Value), (status = 422, body = Problem)),
)]
pub async fn set_opinions(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<OpinionsRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(OpinionsRequest { opinions }) = body?;
    let once = Once::of(&headers, "opinions", &json!({ "opinions": opinions }))?;
    at_desk(&runtime, &caller, once, Deed::SetOpinions(opinions)).await
}
