//! A business step: one transaction, done once per idempotency key, tried again when the database asks.

use std::sync::Arc;

use anju_runtime::{
    PublishError, Published, RequestKey, Runtime,
    crypto::sm3_hex,
    records::Actor,
    store::{Claim, Remembered, Tx},
};
use async_trait::async_trait;
use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::{
    current::refresh,
    problem::{Problem, Result},
};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const KEY_LENGTH_MAX: usize = 200;
const ATTEMPTS_MAX: u32 = 6;

/// What a step answers.
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    pub fn ok(body: impl serde::Serialize) -> Result<Self> {
        Ok(Self { status: StatusCode::OK, body: serde_json::to_value(body).map_err(Problem::internal)? })
    }

    pub fn created(body: impl serde::Serialize) -> Result<Self> {
        Ok(Self { status: StatusCode::CREATED, ..Self::ok(body)? })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self.status == StatusCode::NO_CONTENT {
            return self.status.into_response();
        }
        (self.status, Json(self.body)).into_response()
    }
}

/// The work of one request inside its transaction.
#[async_trait]
pub trait Step: Send + Sync {
    async fn run(&self, tx: &mut Tx) -> Result<Answer>;
}

/// The caller's idempotency key with a digest of what was asked.
pub struct Once {
    key: String,
    request_digest: String,
}

impl Once {
    /// `None` when the caller gave no key.
    pub fn of(headers: &HeaderMap, route: &str, body: &Value) -> Result<Option<Self>> {
        let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
        let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH_MAX);
        let key = key.ok_or_else(|| Problem::bad_request("bad_idempotency_key", "Idempotency-Key 不合规"))?;
        let request_digest = sm3_hex(format!("{route}\n{body}").as_bytes());
        Ok(Some(Self { key: key.to_owned(), request_digest }))
    }

    /// The key of one of several things that are done by one request.
    pub fn of_item(self, item: &str) -> Self {
        Self { key: format!("{} {item}", self.key), ..self }
    }

    /// For publications, which remember their answer themselves.
    pub fn request_key(&self) -> RequestKey {
        RequestKey { key: self.key.clone(), request_digest: self.request_digest.clone() }
    }

    /// The earlier answer, if it was the same request.
    fn repeated(&self, earlier: Remembered) -> Result<Answer> {
        if earlier.request_digest != self.request_digest {
            let detail = "同一个 Idempotency-Key 已用于另一个请求";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
        }
        let status = StatusCode::from_u16(earlier.status).unwrap_or(StatusCode::OK);
        Ok(Answer { status, body: earlier.body })
    }
}

/// The answer to a publication: the earlier one, if it was asked for again.
pub fn published(
    once: Option<&Once>,
    outcome: std::result::Result<Published, PublishError>,
) -> Result<Answer> {
    match (outcome, once) {
        (Err(PublishError::Repeated(earlier)), Some(once)) => once.repeated(earlier),
        (outcome, _) => Answer::ok(outcome?),
    }
}

/// Runs the step in a transaction of its own and commits it with its remembered answer.
pub async fn perform(
    runtime: &Arc<Runtime>,
    actor: &Actor,
    once: Option<Once>,
    step: &dyn Step,
) -> Result<Answer> {
    let mut attempt = 1;
    loop {
        match try_once(runtime, actor, once.as_ref(), step).await {
            Err(problem) if problem.is_retry() && attempt < ATTEMPTS_MAX => {
                attempt += 1;
                if problem.is_outdated() {
                    refresh(runtime).await;
                }
            }
            outcome => return outcome,
        }
    }
}

async fn try_once(
    runtime: &Arc<Runtime>,
    actor: &Actor,
    once: Option<&Once>,
    step: &dyn Step,
) -> Result<Answer> {
    let mut tx = runtime.store.begin().await?;
    let account = &actor.account_id;
    if let Some(once) = once
        && let Claim::Repeated(earlier) =
            tx.claim(&once.key, account, &once.request_digest, runtime.clock.now()).await?
    {
        return once.repeated(earlier);
    }
    let answer = step.run(&mut tx).await?;
    if let Some(once) = once {
        tx.answer(&once.key, account, answer.status.as_u16(), &answer.body).await?;
    }
    tx.commit().await?;
    Ok(answer)
}
