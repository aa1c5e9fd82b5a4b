use std::{path::PathBuf, sync::Arc};

use anju_runtime::Runtime;
use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    routing::{any, get},
};
use serde_json::Value;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    services::{ServeDir, ServeFile},
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    decisions, definitions, desk, documents, exports, files, headers, health, integrity, jobs,
    problem::Problem, process_operations, processes, publishing, records, retention, schemas, session,
    structures, tasks,
};

/// How the edge is set up.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The built front end; without it only the API answers.
    pub web_dir: Option<PathBuf>,
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Anju 安居",
    description = "Housing-security platform. Errors are problem details (RFC 9457) with a stable `code`.",
    license(name = "Apache-2.0", identifier = "Apache-2.0"),
))]
struct Document;

/// All routes with their descriptions.
fn api() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(session::router())
        .merge(definitions::router())
        .merge(publishing::router())
        .merge(structures::router())
        .merge(retention::router())
        .merge(records::router())
        .merge(files::router())
        .merge(processes::router())
        .merge(process_operations::router())
        .merge(tasks::router())
        .merge(desk::router())
        .merge(decisions::router())
        .merge(documents::router())
        .merge(exports::router())
        .merge(jobs::router())
        .merge(integrity::router())
        .merge(health::router())
}

/// OpenAPI 3.1 of every route.
pub fn api_document() -> Value {
    schemas::with_queries(&api().into_openapi())
}

/// The whole edge: API, OpenAPI document, front end.
pub fn router(runtime: Arc<Runtime>, options: &ServerOptions) -> Router {
    // A form's boundary and headers come on top of the file itself.
    let body_limit =
        usize::try_from(runtime.settings.upload_bytes_max).unwrap_or(usize::MAX).saturating_add(64 * 1024);
    let (routes, document) = api().split_for_parts();
    let catalog = runtime.catalog.clone();
    let document = schemas::with_queries(&document);
    let routes = routes
        .route("/api/openapi.json", get(move || async move { Json(document) }))
        .route("/api/{*rest}", any(|| async { Problem::not_found() }))
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "该地址不支持此操作")
        })
        .with_state(runtime);
    let routes = match &options.web_dir {
        Some(folder) => {
            let page = ServeFile::new(folder.join("index.html"));
            routes.fallback_service(ServeDir::new(folder).fallback(page))
        }
        None => routes.fallback(|| async { Problem::not_found() }),
    };
    routes
        .layer(middleware::map_response(move |response| headers::with_version(response, catalog.clone())))
        .layer(DefaultBodyLimit::max(body_limit))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(headers::secure))
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem::internal("a handler panicked"))
        }))
}
