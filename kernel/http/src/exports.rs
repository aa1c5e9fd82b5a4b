//! `/api/exports`: what the caller has exported. The files are fetched at `/api/files/{id}`.

use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{Json, extract::State};
use serde_json::{Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{actor::SignedIn, problem::Result};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(list_exports))
}

/// The caller's exports, the newest first: state, rows, the file while its term lasts.
#[utoipa::path(get, path = "/api/exports", tag = "exports", responses((status = 200, body = Value)))]
pub async fn list_exports(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    let items = runtime.exports_of(&caller.actor).await?;
    Ok(Json(json!({ "items": items })))
}
