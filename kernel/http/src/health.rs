//! `/healthz`, `/readyz`, `/metrics`.

use std::sync::Arc;

use anju_runtime::Runtime;
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = String)))]
pub async fn healthz() -> &'static str {
    "ok"
}

/// The database answers.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = String), (status = 503)))]
pub async fn readyz(State(runtime): State<Arc<Runtime>>) -> (StatusCode, &'static str) {
    match runtime.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "database")
        }
    }
}

/// Figures in the Prometheus text format: open jobs by state, damaged rows.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String), (status = 503)))]
pub async fn metrics(State(runtime): State<Arc<Runtime>>) -> (StatusCode, String) {
    match runtime.gauges().await {
        Ok(gauges) => {
            let lines: Vec<String> = gauges.iter().map(|(name, value)| format!("{name} {value}")).collect();
            (StatusCode::OK, lines.join("\n") + "\n")
        }
        Err(error) => {
            tracing::warn!(%error, "no metrics");
            (StatusCode::SERVICE_UNAVAILABLE, String::new())
        }
    }
}
