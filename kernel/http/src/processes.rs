//! `/api/processes` and `/api/process-instances`.

mod administer;

use std::sync::Arc;

use anju_runtime::{
    Right, Runtime,
    records::{Actor, Object},
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
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(start_process))
        .routes(routes!(list_instances))
        .routes(routes!(read_instance))
        .routes(routes!(withdraw_instance))
        .routes(routes!(send_message))
        .routes(routes!(send_signal))
        .merge(administer::router())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    entity: String,
    record_id: String,
    /// Variables to start with.
    #[serde(default)]
    #[schema(value_type = Object)]
    vars: Object,
}

struct Start<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    key: &'a str,
    request: &'a StartRequest,
}

#[async_trait]
impl Step for Start<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let StartRequest { entity, record_id, vars } = self.request;
        let processes = &self.runtime.processes;
        let id = processes.start_by_hand(tx, self.actor, self.key, entity, record_id, vars.clone()).await?;
        Answer::created(json!({ "id": id }))
    }
}

/// Starts a process on a record, by those the definition allows.
#[utoipa::path(
    post, path = "/api/processes/{key}/start", tag = "processes", params(("key" = String, Path)),
    request_body = StartRequest,
    responses((status = 201, body = Value), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
pub async fn start_process(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<StartRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let digest_of = json!({ "entity": request.entity, "record_id": request.record_id, "vars": request.vars });
    let once = Once::of(&headers, &format!("start {key}"), &digest_of)?;
    let step = Start { runtime: &runtime, actor: &caller.actor, key: &key, request: &request };
    perform(&runtime, &caller.actor, once, &step).await
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OfRecord {
    entity: String,
    record_id: String,
}

/// The instances of a record, the newest first.
#[utoipa::path(
    get, path = "/api/process-instances", tag = "processes", params(OfRecord),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn list_instances(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Query(of): Query<OfRecord>,
) -> Result<Json<Value>> {
    let items = runtime.processes.instances_of(&caller.actor, &of.entity, &of.record_id).await?;
    Ok(Json(json!({ "items": serde_json::to_value(items).map_err(Problem::internal)? })))
}

/// One instance: its picture, the path taken, what comes next.
#[utoipa::path(
    get, path = "/api/process-instances/{id}", tag = "processes", params(("id" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
) -> Result<Json<Value>> {
    let instance = runtime.processes.instance(&caller.actor, &id).await?;
    Ok(Json(serde_json::to_value(instance).map_err(Problem::internal)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawRequest {
    reason: String,
}

struct Withdraw<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    id: &'a str,
    reason: &'a str,
}

#[async_trait]
impl Step for Withdraw<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        self.runtime.processes.withdraw(tx, self.actor, self.id, self.reason).await?;
        Answer::ok(json!({ "id": self.id }))
    }
}

/// Withdraws a running case (撤回).
#[utoipa::path(
    post, path = "/api/process-instances/{id}/withdraw", tag = "processes", params(("id" = String, Path)),
    request_body = WithdrawRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem)),
)]
pub async fn withdraw_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<WithdrawRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let once = Once::of(&headers, &format!("withdraw {id}"), &json!({ "reason": request.reason }))?;
    let step = Withdraw { runtime: &runtime, actor: &caller.actor, id: &id, reason: &request.reason };
    perform(&runtime, &caller.actor, once, &step).await
}

/// A message for whoever waits for it.
#[derive(Deserialize, serde::Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRequest {
    /// Name of the message.
    message: String,
    /// The record it is about; a process that begins by the message starts on it.
    entity: String,
    record_id: String,
    /// What the message is told apart by, if not by the record.
    #[serde(default)]
    key: Option<String>,
    /// Variables that it brings.
    #[serde(default)]
    #[schema(value_type = Object)]
    vars: Object,
}

struct Message<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    request: &'a MessageRequest,
}

#[async_trait]
impl Step for Message<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let MessageRequest { message, entity, record_id, key, vars } = self.request;
        Right::ProcessEvents.require(&self.runtime.catalog.load(), self.actor)?;
        self.runtime.records.read_in(tx, self.actor, entity, record_id).await?;
        let (key, record) = (key.as_ref().unwrap_or(record_id), Some((entity.as_str(), record_id.as_str())));
        let told = self.runtime.processes.tell(tx, self.actor, message, key, record, vars.clone()).await?;
        Answer::ok(json!({ "told": told }))
    }
}

/// Brings a message to the processes that wait for it, or starts those that begin by it; 409 `nobody_waits`.
#[utoipa::path(
    post, path = "/api/processes/messages", tag = "processes", request_body = MessageRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 409, body = Problem)),
)]
pub async fn send_message(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<MessageRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let once = Once::of(&headers, "process message", &json!(request))?;
    let step = Message { runtime: &runtime, actor: &caller.actor, request: &request };
    perform(&runtime, &caller.actor, once, &step).await
}

/// A signal for all who wait for it.
#[derive(Deserialize, serde::Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalRequest {
    /// Name of the signal.
    signal: String,
    /// Variables that it brings.
    #[serde(default)]
    #[schema(value_type = Object)]
    vars: Object,
}

struct Signal<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    request: &'a SignalRequest,
}

#[async_trait]
impl Step for Signal<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        Right::ProcessEvents.require(&self.runtime.catalog.load(), self.actor)?;
        let SignalRequest { signal, vars } = self.request;
        let told = self.runtime.processes.signal_all(tx, self.actor, signal, vars.clone()).await?;
        Answer::ok(json!({ "told": told }))
    }
}

/// Tells a signal to all who wait for it, of whatever record; how many there are. Each takes it in by itself.
#[utoipa::path(
    post, path = "/api/processes/signals", tag = "processes", request_body = SignalRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn send_signal(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    body: std::result::Result<Json<SignalRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let once = Once::of(&headers, "process signal", &json!(request))?;
    let step = Signal { runtime: &runtime, actor: &caller.actor, request: &request };
    perform(&runtime, &caller.actor, once, &step).await
}
