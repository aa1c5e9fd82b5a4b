//! What may be done with a task besides completing it: handing it on, asking others, copies, urging; many at once.

use anju_runtime::process::Signing;
use serde::Serialize;

use super::{
    Arc, Completion, Deed, Deserialize, HeaderMap, Json, JsonRejection, OnTask, Once, OpenApiRouter, Path,
    Problem, Result, Runtime, SignedIn, State, ToSchema, Value, json, on_task, perform, routes,
};
use crate::step::Answer;

pub(super) fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(transfer_task))
        .routes(routes!(delegate_task))
        .routes(routes!(add_signers))
        .routes(routes!(copy_task))
        .routes(routes!(mark_copy_read))
        .routes(routes!(urge_task))
        .routes(routes!(complete_tasks))
}

/// Somebody who is to get the task.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToOne {
    /// Id of the account.
    pub(super) account: String,
    /// Why; shown to them.
    pub(super) reason: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    /// `before` or `after` the task is completed.
    #[schema(value_type = String)]
    pub(super) when: Signing,
    /// Ids of the accounts.
    pub(super) accounts: Vec<String>,
    /// What is asked of them.
    pub(super) reason: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Copies {
    /// Ids of the accounts.
    pub(super) accounts: Vec<String>,
    #[serde(default)]
    pub(super) note: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UrgeRequest {
    #[serde(default)]
    note: Option<String>,
}

fn digest_of(body: &impl Serialize) -> Result<Value> {
    serde_json::to_value(body).map_err(Problem::internal)
}

/// Hands a task over for good to another who could do it (转办).
#[utoipa::path(
    post, path = "/api/tasks/{id}/transfer", tag = "tasks", params(("id" = String, Path)), request_body = ToOne,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn transfer_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ToOne>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let digest = digest_of(&request)?;
    on_task(&runtime, &caller, &headers, &id, "transfer", &digest, Deed::Transfer(request)).await
}

/// Has another do the task; it comes back to be confirmed (委派).
#[utoipa::path(
    post, path = "/api/tasks/{id}/delegate", tag = "tasks", params(("id" = String, Path)), request_body = ToOne,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn delegate_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ToOne>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let digest = digest_of(&request)?;
    on_task(&runtime, &caller, &headers, &id, "delegate", &digest, Deed::Delegate(request)).await
}

/// Asks others for their opinion before or after the task is completed (加签).
#[utoipa::path(
    post, path = "/api/tasks/{id}/signers", tag = "tasks", params(("id" = String, Path)), request_body = Signers,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn add_signers(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Signers>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let digest = digest_of(&request)?;
    on_task(&runtime, &caller, &headers, &id, "signers", &digest, Deed::AddSigners(request)).await
}

/// Sends copies to others, who see the record (抄送).
#[utoipa::path(
    post, path = "/api/tasks/{id}/copies", tag = "tasks", params(("id" = String, Path)), request_body = Copies,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn copy_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<Copies>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let digest = digest_of(&request)?;
    on_task(&runtime, &caller, &headers, &id, "copies", &digest, Deed::Copy(request)).await
}

/// Notes that a copy was looked at.
#[utoipa::path(
    post, path = "/api/tasks/{id}/read", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn mark_copy_read(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer> {
    on_task(&runtime, &caller, &headers, &id, "read", &Value::Null, Deed::MarkRead).await
}

/// Urges whoever has the task to do, once in a working day at most (催办).
#[utoipa::path(
    post, path = "/api/tasks/{id}/urge", tag = "tasks", params(("id" = String, Path)), request_body = UrgeRequest,
    responses((status = 200, body = Value), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn urge_task(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<UrgeRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(UrgeRequest { note }) = body?;
    on_task(&runtime, &caller, &headers, &id, "urge", &json!({ "note": note }), Deed::Urge { note }).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// Tasks of one step of one process.
    ids: Vec<String>,
    /// As for one task: `{outcome, opinion?, data?}`.
    #[schema(value_type = Object)]
    completion: Value,
}

/// Completes tasks of one step with the same outcome, each by itself: what came of each is told. With an
/// idempotency key, those that were completed are not completed again.
#[utoipa::path(
    post, path = "/api/tasks/complete", tag = "tasks", params(("Idempotency-Key" = Option<String>, Header)),
    request_body = BatchRequest,
    responses((status = 200, body = Value), (status = 422, body = Problem)),
)]
pub async fn complete_tasks(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<BatchRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(BatchRequest { mut ids, completion: body }) = body?;
    let completion: Completion = serde_json::from_value(body.clone()).map_err(Problem::misfit)?;
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    runtime.processes.may_batch(&ids).await?;
    let mut items = Vec::with_capacity(ids.len());
    for id in &ids {
        let once = Once::of(&headers, &format!("complete {id}"), &body)?.map(|once| once.of_item(id));
        let deed = Deed::Complete(completion.clone());
        let step = OnTask { runtime: &runtime, actor: &caller.actor, id, deed };
        let done = perform(&runtime, &caller.actor, once, &step).await;
        items.push(match done {
            Ok(_) => json!({ "id": id, "done": true }),
            Err(problem) => json!({ "id": id, "done": false, "problem": problem }),
        });
    }
    let done = items.iter().filter(|item| item["done"] == true).count();
    Answer::ok(json!({ "done": done, "refused": items.len() - done, "items": items }))
}
