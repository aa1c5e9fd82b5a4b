//! One request over HTTP, bounded in time and size, and the judgement of its answer.

use std::{sync::Arc, time::Duration};

use anju_definitions::Method;
use async_trait::async_trait;
use reqwest::{Client, redirect::Policy};
use serde_json::Value;

use crate::{CallError, Shape, prepare::Prepared};

/// Longest answer that is read.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// HTTP status, when an answer began at all.
    pub status: Option<u16>,
    pub result: Result<Value, CallError>,
}

/// The network. A trait object also keeps the client's deep types out of every future that holds the platform:
/// whoever compiles one would have to prove anew that they may cross threads.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the request and reads the whole answer within `timeout_ms`.
    async fn attempt(
        &self,
        request: &Prepared,
        shape: &Shape,
        idempotency_key: &str,
        timeout_ms: u64,
    ) -> Attempt;
}

/// A client that goes nowhere but where it is sent.
pub fn http() -> reqwest::Result<Arc<dyn Transport>> {
    Ok(Arc::new(Http(Client::builder().redirect(Policy::none()).no_proxy().user_agent("anju").build()?)))
}

struct Http(Client);

#[async_trait]
impl Transport for Http {
    async fn attempt(
        &self,
        request: &Prepared,
        shape: &Shape,
        idempotency_key: &str,
        timeout_ms: u64,
    ) -> Attempt {
        bounded(&self.0, request, shape, idempotency_key, timeout_ms).await
    }
}

async fn bounded(
    client: &Client,
    request: &Prepared,
    shape: &Shape,
    idempotency_key: &str,
    timeout_ms: u64,
) -> Attempt {
    let mut status = None;
    let exchange = exchange(client, request, idempotency_key, &mut status);
    let result = match tokio::time::timeout(Duration::from_millis(timeout_ms), exchange).await {
        Ok(answer) => answer.and_then(|bytes| judge(&bytes, shape)),
        Err(_) => Err(CallError::Timeout { timeout_ms }),
    };
    Attempt { status, result }
}

async fn exchange(
    client: &Client,
    request: &Prepared,
    idempotency_key: &str,
    status: &mut Option<u16>,
) -> Result<Vec<u8>, CallError> {
    let mut outgoing = match request.method {
        Method::Get => client.get(&request.url),
        Method::Post => client.post(&request.url).header("Idempotency-Key", idempotency_key),
        Method::Put => client.put(&request.url).header("Idempotency-Key", idempotency_key),
    };
    if let Some(body) = &request.body {
        outgoing = outgoing.json(body);
    }
    let mut response = outgoing.send().await.map_err(|error| broken(&error))?;
    *status = Some(response.status().as_u16());
    if !response.status().is_success() {
        return Err(CallError::Refused(response.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::Nonsense { why: format!("超过 {ANSWER_BYTES_MAX} 字节") });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn broken(error: &reqwest::Error) -> CallError {
    if error.is_builder() {
        return CallError::Unprepared { why: "接口地址不合规".to_owned() };
    }
    CallError::Unreachable
}

/// An agency's refusal comes first: it need not have the shape of a good answer.
fn judge(bytes: &[u8], shape: &Shape) -> Result<Value, CallError> {
    let answer: Value =
        serde_json::from_slice(bytes).map_err(|_| CallError::Nonsense { why: "不是 JSON".to_owned() })?;
    if let (Some(code), Some(msg)) = (answer["code"].as_str(), answer["msg"].as_str())
        && code != "0"
    {
        return Err(CallError::Agency { code: code.to_owned(), msg: msg.to_owned() });
    }
    shape.check(&answer).map_err(|why| CallError::Nonsense { why })?;
    Ok(answer)
}
