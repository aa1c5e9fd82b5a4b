//! `/api/decisions`: evaluating a decision with given input, e.g. as a pre-check.

use std::sync::Arc;

use anju_runtime::{Runtime, decisions};
use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(evaluate_decision))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluateRequest {
    #[schema(value_type = Object)]
    input: Value,
}

/// Result, matched rows with their inputs, and the version of the decision.
#[utoipa::path(
    post, path = "/api/decisions/{key}/evaluate", tag = "decisions", params(("key" = String, Path)),
    request_body = EvaluateRequest,
    responses((status = 200, body = Value), (status = 403, body = Problem), (status = 422, body = Problem)),
)]
pub async fn evaluate_decision(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(key): Path<String>,
    body: std::result::Result<Json<EvaluateRequest>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(request) = body?;
    let catalog = runtime.catalog.load();
    let allowed = caller
        .actor
        .roles
        .iter()
        .filter_map(|role| catalog.role(role))
        .any(|role| role.decisions.contains(&key));
    if !allowed {
        return Err(Problem::forbidden("没有使用该判定的权限"));
    }
    let outcome = runtime.decisions().decide(&key, &request.input).map_err(|error| match error {
        decisions::Error::UnknownDecision(_) => Problem::not_found(),
        other => Problem::new(
            axum::http::StatusCode::UNPROCESSABLE_ENTITY,
            "decision_failed",
            format!("无法判定：{other}"),
        ),
    })?;
    Ok(Json(serde_json::to_value(outcome).map_err(Problem::internal)?))
}
