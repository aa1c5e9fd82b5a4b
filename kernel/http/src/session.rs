//! `/api/session`: log in, who am I, choose a post, change the password, log out.

use std::sync::Arc;

use anju_runtime::{Runtime, identity::LogInError};
use axum::{
    Json,
    extract::{FromRequestParts, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::{SESSION_COOKIE, SignedIn, ip_of, session_token},
    problem::{Problem, Result},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(log_in, who_am_i, log_out))
        .routes(routes!(choose_post))
        .routes(routes!(change_password))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    account: String,
    password: String,
    /// Second factor; not used by accounts without one.
    #[serde(default)]
    #[allow(dead_code, reason = "part of the contract; second factors come with their devices")]
    otp: Option<String>,
}

/// The peer's address, for the lock after failures.
pub struct Peer(Option<String>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> std::result::Result<Self, Problem> {
        Ok(Self(ip_of(parts)))
    }
}

/// Opens a session. Wrong account, wrong password, locked and stopped look the same.
#[utoipa::path(
    post, path = "/api/session", tag = "session", request_body = LogIn,
    responses((status = 200, body = Value), (status = 401, body = Problem), (status = 429, body = Problem)),
)]
pub async fn log_in(
    State(runtime): State<Arc<Runtime>>,
    Peer(ip): Peer,
    body: std::result::Result<Json<LogIn>, JsonRejection>,
) -> Result<Response> {
    let Json(LogIn { account, password, .. }) = body?;
    let opened = runtime.identity.log_in(&account, &password, ip.as_deref()).await;
    let session = opened.map_err(|error| match error {
        LogInError::Refused => {
            let detail = "账号或密码不正确，或账号已锁定、停用；连续失败五次将锁定三十分钟";
            Problem::new(StatusCode::UNAUTHORIZED, "log_in_refused", detail)
        }
        LogInError::Busy => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy_log_in", "登录人数较多，请稍后重试")
        }
        other => Problem::internal(other),
    })?;
    let who = runtime.identity.who_am_i(&session.actor, &session.info).await.map_err(Problem::internal)?;
    let mut response = Json(who).into_response();
    set_cookie(&mut response, &runtime, &session.token, None)?;
    Ok(response)
}

/// Who am I: posts, roles, menus, rights.
#[utoipa::path(
    get, path = "/api/session", tag = "session",
    responses((status = 200, body = Value), (status = 401, body = Problem)),
)]
pub async fn who_am_i(State(runtime): State<Arc<Runtime>>, caller: SignedIn) -> Result<Json<Value>> {
    let who = runtime.identity.who_am_i(&caller.actor, &caller.session).await.map_err(Problem::internal)?;
    Ok(Json(who))
}

/// Ends the session on the server.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204), (status = 401, body = Problem)))]
pub async fn log_out(
    State(runtime): State<Arc<Runtime>>,
    headers: HeaderMap,
    _caller: SignedIn,
) -> Result<Response> {
    if let Some(token) = session_token(&headers) {
        runtime.identity.log_out(token).await.map_err(Problem::internal)?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &runtime, "", Some(0))?;
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostChoice {
    /// Id of one of the caller's posts.
    post: String,
}

/// Works from another of one's posts.
#[utoipa::path(
    put, path = "/api/session/post", tag = "session", request_body = PostChoice,
    responses((status = 200, body = Value), (status = 403, body = Problem)),
)]
pub async fn choose_post(
    State(runtime): State<Arc<Runtime>>,
    headers: HeaderMap,
    _caller: SignedIn,
    body: std::result::Result<Json<PostChoice>, JsonRejection>,
) -> Result<Json<Value>> {
    let Json(choice) = body?;
    let token = session_token(&headers).ok_or_else(Problem::not_signed_in)?;
    runtime.identity.choose_post(token, &choice.post).await?;
    let changed = runtime.identity.actor_of(token).await.map_err(Problem::internal)?;
    let (actor, session) = changed.ok_or_else(Problem::not_signed_in)?;
    Ok(Json(runtime.identity.who_am_i(&actor, &session).await.map_err(Problem::internal)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    old_password: String,
    new_password: String,
}

/// Changes one's own password; other sessions of the account end.
#[utoipa::path(
    put, path = "/api/session/password", tag = "session", request_body = PasswordChange,
    responses((status = 204), (status = 422, body = Problem)),
)]
pub async fn change_password(
    State(runtime): State<Arc<Runtime>>,
    headers: HeaderMap,
    caller: SignedIn,
    body: std::result::Result<Json<PasswordChange>, JsonRejection>,
) -> Result<StatusCode> {
    let Json(change) = body?;
    let token = session_token(&headers).ok_or_else(Problem::not_signed_in)?;
    runtime
        .identity
        .change_password(&caller.actor, token, &change.old_password, &change.new_password)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Secure` unless people reach the platform over plain HTTP, as on one's own machine.
fn set_cookie(response: &mut Response, runtime: &Runtime, value: &str, max_age_s: Option<u32>) -> Result<()> {
    let secure = if runtime.settings.public_url.starts_with("https:") { "; Secure" } else { "" };
    let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let cookie = format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    let cookie = HeaderValue::from_str(&cookie).map_err(Problem::internal)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(())
}
