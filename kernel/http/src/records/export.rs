use std::sync::Arc;

use anju_runtime::{
    ExportFormat, ExportOrder, ExportPreview, ExportTicket, Runtime,
    definitions::{Filter, Sort},
    records::{Actor, ExportRequest, Object},
    store::Tx,
};
use async_trait::async_trait;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
};

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportBody {
    /// Which records; all the caller may export when absent.
    #[serde(default, rename = "where")]
    #[schema(value_type = Object)]
    filter: Option<Filter>,
    /// Words of a search.
    #[serde(default)]
    search: Option<String>,
    /// Fields and paths; all fields when empty.
    #[serde(default)]
    select: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    sort: Vec<Sort>,
    /// Fields to mask although the caller may see them.
    #[serde(default)]
    mask: Vec<String>,
    /// Titles of columns other than their own, by field.
    #[serde(default)]
    #[schema(value_type = Object)]
    titles: Object,
    /// `xlsx` (default), `csv` or `pdf`.
    #[serde(default = "xlsx")]
    #[schema(value_type = String)]
    format: ExportFormat,
    /// What it is for; required where approval is.
    #[serde(default)]
    purpose: String,
}

fn xlsx() -> ExportFormat {
    ExportFormat::Xlsx
}

impl ExportBody {
    fn into_order(self, entity: String) -> ExportOrder {
        let Self { filter, search, select, sort, mask, titles, format, purpose } = self;
        let request = ExportRequest { filter, search, select, sort, mask };
        ExportOrder { entity, request, titles, countdown: None, format, purpose }
    }
}

struct Ask<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    order: &'a ExportOrder,
}

#[async_trait]
impl Step for Ask<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let ticket: ExportTicket = self.runtime.request_export(tx, self.actor, self.order).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, ..Answer::ok(ticket)? })
    }
}

/// Exports a list: a job makes the file, at once or, beyond a limit, when somebody has approved it.
#[utoipa::path(
    post, path = "/api/records/{entity}/export", tag = "records",
    params(("entity" = String, Path), ("Idempotency-Key" = Option<String>, Header)),
    request_body = ExportBody,
    responses((status = 202, body = Value), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)),
)]
pub async fn export_records(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    headers: HeaderMap,
    body: std::result::Result<Json<ExportBody>, JsonRejection>,
) -> Result<Answer> {
    let Json(body) = body?;
    let digest_of = serde_json::to_value(&body).map_err(Problem::internal)?;
    let once = Once::of(&headers, &format!("export {entity}"), &digest_of)?;
    let order = body.into_order(entity);
    let step = Ask { runtime: &runtime, actor: &caller.actor, order: &order };
    perform(&runtime, &caller.actor, once, &step).await
}

/// How many rows an export would have, and whether somebody would have to approve it.
#[utoipa::path(
    post, path = "/api/records/{entity}/export/preview", tag = "records",
    params(("entity" = String, Path)), request_body = ExportBody,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn preview_export(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    body: std::result::Result<Json<ExportBody>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(body) = body?;
    let preview: ExportPreview = runtime.preview_export(&caller.actor, &body.into_order(entity)).await?;
    Ok(Json(serde_json::to_value(preview).map_err(Problem::internal)?))
}
