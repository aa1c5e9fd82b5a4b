use std::sync::Arc;

use anju_runtime::{
    Runtime, Selection,
    definitions::Filter,
    records::{Actor, FieldError, Object},
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionRequest {
    /// Records to act on. One is acted on at once, several by a job.
    #[serde(default)]
    ids: Vec<String>,
    /// Instead of ids: every record the filter finds for the caller.
    #[serde(default, rename = "where")]
    #[schema(value_type = Object)]
    filter: Option<Filter>,
    /// With a filter: words of a search that the records are found by as well.
    #[serde(default)]
    search: Option<String>,
    /// The action's inputs.
    #[serde(default)]
    #[schema(value_type = Object)]
    input: Object,
}

impl ActionRequest {
    fn selection(&self) -> Result<Selection> {
        match (&self.filter, self.ids.is_empty()) {
            (Some(filter), true) => {
                Ok(Selection::Found { filter: filter.clone(), search: self.search.clone() })
            }
            (None, false) => Ok(Selection::Ids(self.ids.clone())),
            _ => {
                let message = "请给出要操作的记录，或筛选条件，二者取其一";
                Err(Problem::invalid(vec![FieldError::new("ids", "count", message)]))
            }
        }
    }
}

struct Act<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    action: &'a str,
    request: &'a ActionRequest,
    selection: &'a Selection,
}

#[async_trait]
impl Step for Act<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let (runtime, input) = (self.runtime, self.request.input.clone());
        if let Selection::Ids(ids) = self.selection
            && let [id] = ids.as_slice()
        {
            let done = runtime.act(tx, self.actor, self.entity, self.action, id, input).await?;
            return Answer::ok(json!({ "items": [done] }));
        }
        let job =
            runtime.request_bulk(tx, self.actor, self.entity, self.action, self.selection, input).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, body: json!({ "job": job }) })
    }
}

/// Does an action of the entity: to one record at once, to many by a job, each record for itself unless the action
/// is done to all or none. What came of each is at `/api/jobs/{id}/items`.
#[utoipa::path(
    post, path = "/api/records/{entity}/actions/{action}", tag = "records",
    params(("entity" = String, Path), ("action" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = ActionRequest,
    responses((status = 200, body = Value), (status = 202, body = Value), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn act(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: std::result::Result<Json<ActionRequest>, JsonRejection>,
) -> Result<Answer> {
    let Json(request) = body?;
    let selection = request.selection()?;
    let digest_of = serde_json::to_value(&request).map_err(Problem::internal)?;
    let once = Once::of(&headers, &format!("act {entity} {action}"), &digest_of)?;
    let step = Act {
        runtime: &runtime,
        actor: &caller.actor,
        entity: &entity,
        action: &action,
        request: &request,
        selection: &selection,
    };
    perform(&runtime, &caller.actor, once, &step).await
}

/// How many records an action may be done to, how many not and why.
#[utoipa::path(
    post, path = "/api/records/{entity}/actions/{action}/preview", tag = "records",
    params(("entity" = String, Path), ("action" = String, Path)),
    request_body = ActionRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn preview_action(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, action)): Path<(String, String)>,
    body: std::result::Result<Json<ActionRequest>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(request) = body?;
    let selection = request.selection()?;
    let preview = runtime.preview_bulk(&caller.actor, &entity, &action, &selection).await?;
    Ok(Json(serde_json::to_value(preview).map_err(Problem::internal)?))
}
