//! What administrators of processes do to running instances, each with a reason.

use super::{
    Actor, Answer, Arc, Deserialize, HeaderMap, Json, JsonRejection, Once, OpenApiRouter, Path, Problem,
    Result, Runtime, SignedIn, State, Step, ToSchema, Tx, async_trait, json, perform, routes,
};

pub(super) fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(suspend_instance))
        .routes(routes!(resume_instance))
        .routes(routes!(terminate_instance))
        .routes(routes!(jump_instance))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonRequest {
    reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JumpRequest {
    /// BPMN id of the activity to go to.
    element: String,
    /// Where it stands, when it stands at several places.
    #[serde(default)]
    from: Option<String>,
    reason: String,
}

enum Deed {
    Suspend,
    Resume,
    Terminate,
    Jump { element: String, from: Option<String> },
}

struct OnInstance<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    id: &'a str,
    deed: Deed,
    reason: &'a str,
}

#[async_trait]
impl Step for OnInstance<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let Self { actor, id, reason, .. } = self;
        let processes = &self.runtime.processes;
        match &self.deed {
            Deed::Suspend => processes.suspend(tx, actor, id, reason).await?,
            Deed::Resume => processes.resume(tx, actor, id, reason).await?,
            Deed::Terminate => processes.terminate_by_hand(tx, actor, id, reason).await?,
            Deed::Jump { element, from } => {
                processes.jump(tx, actor, id, from.as_deref(), element, reason).await?;
            }
        }
        Answer::ok(json!({ "id": id }))
    }
}

async fn on_instance(
    runtime: &Arc<Runtime>,
    caller: &SignedIn,
    once: Option<Once>,
    id: &str,
    (deed, reason): (Deed, &str),
) -> Result<Answer> {
    let step = OnInstance { runtime, actor: &caller.actor, id, deed, reason };
    perform(runtime, &caller.actor, once, &step).await
}

/// Suspends an instance: nothing can be done in it, its clocks stand still (挂起).
#[utoipa::path(
    post, path = "/api/process-instances/{id}/suspend", tag = "processes", params(("id" = String, Path)),
    request_body = ReasonRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn suspend_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ReasonRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(ReasonRequest { reason }) = body?;
    let once = Once::of(&headers, &format!("suspend {id}"), &json!({ "reason": reason }))?;
    on_instance(&runtime, &caller, once, &id, (Deed::Suspend, &reason)).await
}

/// Lets a suspended instance go on; days allowed move by the time it was suspended (恢复).
#[utoipa::path(
    post, path = "/api/process-instances/{id}/resume", tag = "processes", params(("id" = String, Path)),
    request_body = ReasonRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn resume_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ReasonRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(ReasonRequest { reason }) = body?;
    let once = Once::of(&headers, &format!("resume {id}"), &json!({ "reason": reason }))?;
    on_instance(&runtime, &caller, once, &id, (Deed::Resume, &reason)).await
}

/// Ends an instance without effects (终止).
#[utoipa::path(
    post, path = "/api/process-instances/{id}/terminate", tag = "processes", params(("id" = String, Path)),
    request_body = ReasonRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn terminate_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ReasonRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(ReasonRequest { reason }) = body?;
    let once = Once::of(&headers, &format!("terminate {id}"), &json!({ "reason": reason }))?;
    on_instance(&runtime, &caller, once, &id, (Deed::Terminate, &reason)).await
}

/// Sends an instance to any of its activities (跳转).
#[utoipa::path(
    post, path = "/api/process-instances/{id}/jump", tag = "processes", params(("id" = String, Path)),
    request_body = JumpRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn jump_instance(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<JumpRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(JumpRequest { element, from, reason }) = body?;
    let once = Once::of(
        &headers,
        &format!("jump {id}"),
        &json!({ "element": element, "from": from, "reason": reason }),
    )?;
    on_instance(&runtime, &caller, once, &id, (Deed::Jump { element, from }, &reason)).await
}
