//! `/api/tasks`: the work list and what one does with a task.

mod ways;

use std::sync::Arc;

use anju_runtime::{
    Runtime,
    process::{Completion, TaskQuery},
    records::Actor,
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
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
        .routes(routes!(list_tasks))
        .routes(routes!(read_task))
        .routes(routes!(claim_task))
        .routes(routes!(release_task))
        .routes(routes!(complete_task))
        .routes(routes!(return_task))
        .merge(ways::router())
}

/// The work list: `box=todo|done|started|copied`, `process`, `step`, `entity`, `record_id`, `search`, `size`, `number`;
/// `days_left_min` and `days_left_max` bound the working days left, negative when overdue.
#[utoipa::path(
    get, path = "/api/tasks", tag = "tasks",
    params(
        ("box" = Option<String>, Query), ("process" = Option<String>, Query), ("step" = Option<String>, Query),
        ("entity" = Option<String>, Query), ("record_id" = Option<String>, Query),
        ("search" = Option<String>, Query), ("days_left_min" = Option<i64>, Query),
        ("days_left_max" = Option<i64>, Query),
        ("size" = Option<u32>, Query), ("number" = Option<u32>, Query),
    ),
    responses((status = 200, body = Value), (status = 401, body = Problem)),
)]
pub async fn list_tasks(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Query(query): Query<TaskQuery>,
) -> Result<Json<Value>> {
    let tasks = runtime.processes.tasks(&caller.actor, &query).await?;
    Ok(Json(serde_json::to_value(tasks).map_err(Problem::internal)?))
}

/// One task with its outcomes, form and the steps it may be returned to.
#[utoipa::path(
    get, path = "/api/tasks/{id}", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    let task = runtime.processes.task(&caller.actor, &id).await?;
    Ok(Json(serde_json::to_value(task).map_err(Problem::internal)?))
}

enum Deed {
    Claim,
    Release,
    Complete(Completion),
    Return { step: String, reason: String, redo: bool },
    Transfer(ways::ToOne),
    Delegate(ways::ToOne),
    AddSigners(ways::Signers),
    Copy(ways::Copies),
    MarkRead,
    Urge { note: Option<String> },
}

struct OnTask<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    id: &'a str,
    deed: Deed,
}

#[async_trait]
impl Step for OnTask<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let processes = &self.runtime.processes;
        match &self.deed {
            Deed::Claim => processes.claim(tx, self.actor, self.id).await?,
            Deed::Release => processes.release(tx, self.actor, self.id).await?,
            Deed::Complete(completion) => {
                processes.complete(tx, self.actor, self.id, completion.clone()).await?
            }
            Deed::Return { step, reason, redo: true } => {
                processes.return_to(tx, self.actor, self.id, step, reason).await?
            }
            Deed::Return { step, reason, redo: false } => {
                processes.return_and_come_back(tx, self.actor, self.id, step, reason).await?
            }
            Deed::Transfer(to) => {
                processes.transfer(tx, self.actor, self.id, &to.account, &to.reason).await?
            }
            Deed::Delegate(to) => {
                processes.delegate(tx, self.actor, self.id, &to.account, &to.reason).await?
            }
            Deed::AddSigners(ways::Signers { when, accounts, reason }) => {
                processes.add_signers(tx, self.actor, self.id, *when, accounts, reason).await?
            }
            Deed::Copy(ways::Copies { accounts, note }) => {
                processes.copy(tx, self.actor, self.id, accounts, note.as_deref()).await?
            }
            Deed::MarkRead => processes.mark_read(tx, self.actor, self.id).await?,
            Deed::Urge { note } => processes.urge(tx, self.actor, self.id, note.as_deref()).await?,
        };
        Answer::ok(json!({ "id": self.id }))
    }
}

async fn on_task(
    runtime: &Arc<Runtime>,
    caller: &SignedIn,
    headers: &HeaderMap,
    id: &str,
    route: &str,
    body: &Value,
    deed: Deed,
) -> Result<Answer> {
    let once = Once::of(headers, &format!("{route} {id}"), body)?;
    let step = OnTask { runtime, actor: &caller.actor, id, deed };
    perform(runtime, &caller.actor, once, &step).await
}

/// Signs for a task; others no longer see it.
#[utoipa::path(
    post, path = "/api/tasks/{id}/claim", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub async fn claim_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    on_task(&runtime, &caller, &headers, &id, "claim", &Value::Null, Deed::Claim).await
}

/// Gives a task back to all who may do it.
#[utoipa::path(
    post, path = "/api/tasks/{id}/release", tag = "tasks", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem)),
)]
pub async fn release_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    on_task(&runtime, &caller, &headers, &id, "release", &Value::Null, Deed::Release).await
}

/// Completes a task: `{outcome, opinion?, data?, record_version?}`.
#[utoipa::path(
    post, path = "/api/tasks/{id}/complete", tag = "tasks",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Value,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn complete_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Value>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let completion = serde_json::from_value(body.clone())
        .map_err(|error| Problem::bad_request("bad_json", format!("请求内容不合规：{error}")))?;
    on_task(&runtime, &caller, &headers, &id, "complete", &body, Deed::Complete(completion)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnRequest {
    /// Step to return to; `starter` is where whoever started the case puts it right.
    step: String,
    /// Why; shown to whoever does that step.
    reason: String,
    /// Whether the steps between are done again; otherwise the case comes back here directly.
    #[serde(default = "yes")]
    redo: bool,
}

fn yes() -> bool {
    true
}

/// Returns the case to an earlier step.
#[utoipa::path(
    post, path = "/api/tasks/{id}/return", tag = "tasks", params(("id" = String, Path)), request_body = ReturnRequest,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn return_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ReturnRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(ReturnRequest { step, reason, redo }) = body?;
    let digest_of = json!({ "step": step, "reason": reason, "redo": redo });
    on_task(&runtime, &caller, &headers, &id, "return", &digest_of, Deed::Return { step, reason, redo }).await
}
