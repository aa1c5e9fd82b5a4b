//! From a request to an `Actor`: the session cookie, the CSRF token of unsafe methods, or the public.

use std::{net::SocketAddr, sync::Arc};

use anju_runtime::{Runtime, identity::SessionInfo, records::Actor};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, Method, header, request::Parts},
};

use crate::problem::Problem;

pub const SESSION_COOKIE: &str = "anju_session";
const CSRF_HEADER: &str = "x-csrf-token";

/// Somebody signed in.
pub struct SignedIn {
    pub actor: Actor,
    pub session: SessionInfo,
}

/// Somebody signed in, or the public.
pub struct Caller(pub Actor);

impl FromRequestParts<Arc<Runtime>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, runtime: &Arc<Runtime>) -> Result<Self, Problem> {
        signed_in(parts, runtime).await?.ok_or_else(Problem::not_signed_in)
    }
}

impl FromRequestParts<Arc<Runtime>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, runtime: &Arc<Runtime>) -> Result<Self, Problem> {
        // A public page sends the cookie of somebody signed in, but not their token: it is served as public.
        if !is_safe(parts) && parts.headers.get(CSRF_HEADER).is_none() {
            return Ok(Self(Actor::public(ip_of(parts).as_deref())));
        }
        let actor = match signed_in(parts, runtime).await? {
            Some(signed_in) => signed_in.actor,
            None => Actor::public(ip_of(parts).as_deref()),
        };
        Ok(Self(actor))
    }
}

async fn signed_in(parts: &Parts, runtime: &Arc<Runtime>) -> Result<Option<SignedIn>, Problem> {
    let Some(token) = session_token(&parts.headers) else { return Ok(None) };
    let Some((mut actor, session)) = runtime.identity.actor_of(token).await.map_err(Problem::internal)?
    else {
        return Ok(None);
    };
    let given = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    if !is_safe(parts) && given != Some(session.csrf.as_str()) {
        return Err(Problem::forbidden("页面已过期，请刷新后重试"));
    }
    if session.must_change_password && !may_before_password_change(parts) {
        return Err(Problem::new(
            axum::http::StatusCode::FORBIDDEN,
            "password_change_required",
            "首次登录或密码已重置，请先修改密码",
        ));
    }
    actor.ip = ip_of(parts);
    Ok(Some(SignedIn { actor, session }))
}

fn is_safe(parts: &Parts) -> bool {
    matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// With an initial password only the session itself may be used.
fn may_before_password_change(parts: &Parts) -> bool {
    parts.uri.path().starts_with("/api/session")
}

pub fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

/// Address of the peer. Forwarded headers are not believed: a proxy in front is configured, not guessed.
pub fn ip_of(parts: &Parts) -> Option<String> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string())
}
