//! `/api/process-repair`, and what administrators do with stuck instances.

use std::sync::Arc;

use anju_runtime::{
    Runtime,
    process::{ProcessRight, StuckQuery},
    records::Actor,
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::HeaderMap,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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
        .routes(routes!(list_stuck))
        .routes(routes!(retry_job))
        .routes(routes!(retry_service))
        .routes(routes!(skip_element))
        .routes(routes!(set_variable))
}

/// What does not go on by itself: instances with the cause, and outward calls that were given up.
#[utoipa::path(
    get, path = "/api/process-repair", tag = "processes",
    params(("process" = Option<String>, Query), ("older_than_hours" = Option<u32>, Query)),
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn list_stuck(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Query(query): Query<StuckQuery>,
) -> Result<Json<Value>> {
    Ok(Json(runtime.stuck(&caller.actor, &query).await?))
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryJob {
    reason: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryService {
    element: String,
    reason: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipElement {
    element: String,
    /// A job that was given up and could not pass the element.
    #[serde(default)]
    job: Option<String>,
    reason: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetVariable {
    name: String,
    /// `null` removes it.
    #[serde(default)]
    value: Value,
    reason: String,
}

enum Deed {
    RetryJob(RetryJob),
    RetryService(RetryService),
    Skip(SkipElement),
    Set(SetVariable),
}

struct Repair<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    /// Of the job or the instance.
    id: &'a str,
    deed: Deed,
}

#[async_trait]
impl Step for Repair<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let (processes, actor, id) = (&self.runtime.processes, self.actor, self.id);
        match &self.deed {
            Deed::RetryJob(asked) => self.runtime.retry_dead_job(tx, actor, id, &asked.reason).await?,
            Deed::RetryService(asked) => {
                processes.retry_service(tx, actor, id, &asked.element, &asked.reason).await?;
            }
            Deed::Skip(asked) => {
                let job = asked.job.as_deref();
                processes.skip(tx, actor, id, &asked.element, job, &asked.reason).await?;
            }
            Deed::Set(asked) => {
                let variable = (asked.name.as_str(), asked.value.clone());
                processes.set_variable(tx, actor, id, variable, &asked.reason).await?;
            }
        }
        Answer::ok(json!({ "id": id }))
    }
}

/// What every repair does with its request.
async fn repair<T: Serialize + DeserializeOwned>(
    runtime: &Arc<Runtime>,
    caller: &SignedIn,
    (id, headers, route): (&str, &HeaderMap, &str),
    body: std::result::Result<Json<Value>, JsonRejection>,
    deed: impl FnOnce(T) -> Deed,
) -> Result<Answer> {
    let Json(body) = body?;
    let once = Once::of(headers, &format!("{route} {id}"), &body)?;
    // Whoever has no right is told so, whatever they sent.
    ProcessRight::Repair.require(&runtime.catalog.load(), &caller.actor)?;
    let deed = deed(serde_json::from_value(body).map_err(Problem::misfit)?);
    let step = Repair { runtime, actor: &caller.actor, id, deed };
    perform(runtime, &caller.actor, once, &step).await
}

/// Tries a job that was given up again: a timer, an event, an outward call.
#[utoipa::path(
    post, path = "/api/process-repair/jobs/{id}/retry", tag = "processes", request_body = RetryJob,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem)),
)]
pub async fn retry_job(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    repair(&runtime, &caller, (&id, &headers, "retry job"), body, Deed::RetryJob).await
}

/// Does what a waiting service does once more.
#[utoipa::path(
    post, path = "/api/process-instances/{id}/retry", tag = "processes", request_body = RetryService,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem)),
)]
pub async fn retry_service(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    repair(&runtime, &caller, (&id, &headers, "retry service"), body, Deed::RetryService).await
}

/// Takes an element as done: one that is waited at, or one that the job given could not pass. Not what people do.
#[utoipa::path(
    post, path = "/api/process-instances/{id}/skip", tag = "processes", request_body = SkipElement,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem)),
)]
pub async fn skip_element(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    repair(&runtime, &caller, (&id, &headers, "skip"), body, Deed::Skip).await
}

/// Sets a variable of a running instance, of the type that its definition gives it.
#[utoipa::path(
    post, path = "/api/process-instances/{id}/variables", tag = "processes", request_body = SetVariable,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn set_variable(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    repair(&runtime, &caller, (&id, &headers, "set variable"), body, Deed::Set).await
}
