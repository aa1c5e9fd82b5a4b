//! Headers that every answer carries.

use anju_runtime::definitions::SharedCatalog;
use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// No inline script, no eval, nothing from elsewhere. Styles are inline because the component library
/// computes them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data: blob:; font-src 'self' data:; frame-src 'self' blob:; object-src 'self' blob:; \
    worker-src 'self' blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'";

/// Version of the definitions in force: when it changes, a client's copies of menus and pages are old.
const DEFINITIONS: HeaderName = HeaderName::from_static("x-definitions");
/// Enough characters of a version to tell two apart.
const VERSION_LENGTH: usize = 16;

/// Tells the client which definitions the answer was made with.
pub async fn with_version(mut response: Response, catalog: SharedCatalog) -> Response {
    let version = catalog.load().version.chars().take(VERSION_LENGTH).collect::<String>();
    if let Ok(version) = HeaderValue::from_str(&version) {
        response.headers_mut().insert(DEFINITIONS, version);
    }
    response
}

pub async fn secure(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
