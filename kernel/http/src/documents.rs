//! `/api/documents`: previews for caseworkers, verification for everybody.

use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::header,
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
};

const CODE_LENGTH_MAX: usize = 64;

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(render_document)).routes(routes!(verify_document))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderRequest {
    /// The record it is made from.
    record_id: String,
}

/// A preview as PDF: no number, no seal.
#[utoipa::path(
    post, path = "/api/documents/{key}/render", tag = "documents", params(("key" = String, Path)),
    request_body = RenderRequest,
    responses((status = 200, description = "PDF", content_type = "application/pdf"), (status = 403, body = Problem), (status = 404, body = Problem)),
)]
pub async fn render_document(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(key): Path<String>,
    body: std::result::Result<Json<RenderRequest>, JsonRejection>,
) -> Result<impl IntoResponse> {
    let Json(request) = body?;
    let catalog = runtime.catalog.load_full();
    let allowed = caller
        .actor
        .roles
        .iter()
        .filter_map(|role| catalog.role(role))
        .any(|role| role.documents.contains(&key));
    if !allowed {
        return Err(Problem::forbidden("没有生成该文书的权限"));
    }
    let pdf = runtime.preview_document(&caller.actor, &key, &request.record_id).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf"), (header::CACHE_CONTROL, "private, no-store")], pdf))
}

/// Verifies a sealed document by the code in its QR: masked facts, state, signature. Open to everybody.
#[utoipa::path(
    get, path = "/api/documents/sealed/{code}", tag = "documents", params(("code" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn verify_document(
    State(runtime): State<Arc<Runtime>>,
    Path(code): Path<String>,
) -> Result<Json<Value>> {
    if code.len() > CODE_LENGTH_MAX {
        return Err(Problem::not_found());
    }
    let sealed = runtime.sealed_document(&code).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(serde_json::to_value(sealed).map_err(Problem::internal)?))
}
