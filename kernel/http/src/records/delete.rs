use std::sync::Arc;

use anju_runtime::{Runtime, records::Actor, store::Tx};
use async_trait::async_trait;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::Value;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    records::required_version,
    step::{Answer, Once, Step, perform},
};

struct Delete<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    entity: &'a str,
    id: &'a str,
    version: i64,
}

#[async_trait]
impl Step for Delete<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let version = Some(self.version);
        self.runtime.records.delete(tx, self.actor, self.entity, self.id, version, None).await?;
        Ok(Answer { status: StatusCode::NO_CONTENT, body: Value::Null })
    }
}

/// Removes a record from view; history and audit keep it.
#[utoipa::path(
    delete, path = "/api/records/{entity}/{id}", tag = "records",
    params(("entity" = String, Path), ("id" = String, Path), ("If-Match" = String, Header, description = "version")),
    responses((status = 204), (status = 409, body = Problem), (status = 403, body = Problem)),
)]
pub async fn delete_record(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path((entity, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Answer> {
    let version = required_version(&headers)?;
    let once = Once::of(&headers, &format!("delete {entity} {id} {version}"), &Value::Null)?;
    let step = Delete { runtime: &runtime, actor: &caller.actor, entity: &entity, id: &id, version };
    perform(&runtime, &caller.actor, once, &step).await
}
