//! Calls that leave after a commit: as jobs, tried again, waited for, and ended in one transaction with what
//! their answer leads to.

use anju_crypto::Place;
use anju_decisions::Expression;
use anju_definitions::{Deferred, Retry};
use anju_store::{Job, NewJob, Tx};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    CallError, Connectors, Error, HandlerError, Object, Result, connectors::Found, log::without_personal_data,
};

/// Jobs that make a call.
pub const CALL_JOB: &str = "connector.call";
/// Jobs that fetch an answer promised for later.
pub const POLL_JOB: &str = "connector.poll";

/// Attempts are counted here, not by the store, so that a lost worker cannot end a call without its reply.
const STORE_ATTEMPTS_MAX: u32 = i32::MAX as u32;
/// How often a handler that fails is tried after the call itself has its end.
const HANDLER_ATTEMPTS_MAX: i64 = 20;
/// The same for a result that was fetched, in hours after the wait for it would have ended.
const HANDLER_HOURS_MAX: u32 = 24;
const HANDLER_WAIT: SignedDuration = SignedDuration::from_secs(5);
const HANDLER_WAIT_LONGEST: SignedDuration = SignedDuration::from_mins(10);

/// What is to be done with the answer: a command of an application and values it gets along with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub command: String,
    pub payload: Value,
}

/// Takes answers into the platform.
#[async_trait]
pub trait ReplyHandler: Send + Sync {
    /// Does what the reply asks for in the transaction that also ends the job. When it fails, all of it is
    /// undone and tried again later; it must therefore change nothing but through `tx`.
    async fn reply(
        &self,
        tx: &mut Tx,
        call: &str,
        reply: &Reply,
        outcome: Result<&Value, &CallError>,
    ) -> Result<(), HandlerError>;
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobOutcome {
    /// Answered and taken in.
    Answered,
    /// Failed for good, and that was taken in.
    Failed(CallError),
    /// Accepted by the other side, which answers later.
    Deferred,
    /// Tried again at that time.
    Again(Timestamp),
    /// Another worker has it, or it was cancelled.
    LeaseLost,
}

/// A job's payload. Values and reply are sealed: they name people.
#[derive(Serialize, Deserialize)]
struct Payload {
    call: String,
    operation: String,
    sealed: String,
    /// For polling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted_ms: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    values: Object,
    reply: Option<Reply>,
    /// The receipt of a call answered later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<Value>,
}

impl Connectors {
    /// Makes the call after the transaction commits; its id, which is also its idempotency key.
    ///
    /// # Errors
    /// [`Error::Unknown`] when no connector has the operation.
    pub async fn request(
        &self,
        tx: &mut Tx,
        operation: &str,
        values: Object,
        reply: Option<Reply>,
    ) -> Result<String> {
        if self.find(operation).is_none() {
            return Err(Error::Unknown(operation.to_owned()));
        }
        let call = self.new_id();
        let content = Content { values, reply, receipt: None };
        self.enqueue(tx, CALL_JOB, &call, operation, &content, None).await?;
        Ok(call)
    }

    /// Does a leased job of kind [`CALL_JOB`] or [`POLL_JOB`]. The lease must be longer than the connector's time.
    pub async fn handle_job(&self, job: &Job, handler: &dyn ReplyHandler) -> Result<JobOutcome> {
        let (payload, content) = self.opened(job)?;
        let step = Step { connectors: self, job, payload, content, handler };
        let outcome = match job.kind.as_str() {
            POLL_JOB => step.poll().await,
            _ => step.call().await,
        };
        match outcome {
            Err(Error::Store(anju_store::Error::LeaseLost(_))) => Ok(JobOutcome::LeaseLost),
            other => other,
        }
    }

    async fn enqueue(
        &self,
        tx: &mut Tx,
        kind: &str,
        call: &str,
        operation: &str,
        content: &Content,
        accepted: Option<(Timestamp, &Deferred)>,
    ) -> Result<()> {
        let clear = serde_json::to_vec(content).map_err(|_| Error::Damaged(call.to_owned()))?;
        let payload = Payload {
            call: call.to_owned(),
            operation: operation.to_owned(),
            sealed: BASE64_STANDARD.encode(self.keyring.seal(&place(call), &clear)?),
            accepted_ms: accepted.map(|(at, _)| at.as_millisecond()),
        };
        let now = self.clock.now();
        let job = NewJob {
            kind: kind.to_owned(),
            key: Some(call.to_owned()),
            payload: json!(payload),
            run_at: accepted.map_or(now, |(at, deferred)| later(at, deferred.every_ms)),
            attempts_max: STORE_ATTEMPTS_MAX,
            created_by: "system".to_owned(),
            at: now,
        };
        tx.enqueue(&job).await?;
        Ok(())
    }

    fn opened(&self, job: &Job) -> Result<(Payload, Content)> {
        let damaged = || Error::Damaged(job.id.clone());
        let payload: Payload = serde_json::from_value(job.payload.clone()).map_err(|_| damaged())?;
        let sealed = BASE64_STANDARD.decode(&payload.sealed).map_err(|_| damaged())?;
        let clear = self.keyring.open(&place(&payload.call), &sealed)?;
        let content = serde_json::from_slice(&clear).map_err(|_| damaged())?;
        Ok((payload, content))
    }
}

/// One run of one job.
struct Step<'a> {
    connectors: &'a Connectors,
    job: &'a Job,
    payload: Payload,
    content: Content,
    handler: &'a dyn ReplyHandler,
}

impl Step<'_> {
    async fn call(self) -> Result<JobOutcome> {
        let Some(found) = self.connectors.find(&self.payload.operation) else {
            return self.end(Err(self.vanished())).await;
        };
        let answer = self.connectors.attempt(&found, &self.content.values, &self.payload.call).await;
        match (answer, &found.operation.deferred) {
            (Ok(answer), Some(deferred)) => self.defer(deferred, &answer).await,
            (Err(error), _)
                if error.may_pass() && self.job.attempts < i64::from(found.connector.retry.attempts_max) =>
            {
                let wait_ms = backoff_ms(&found.connector.retry, self.job.attempts);
                self.again(wait_ms, &error.to_string()).await
            }
            (outcome, _) => self.end(outcome).await,
        }
    }

    /// The other side has accepted: from here on it is asked for the result, in a job of its own.
    async fn defer(mut self, deferred: &Deferred, answer: &Value) -> Result<JobOutcome> {
        let Some(receipt) = answer.pointer(&deferred.receipt).filter(|receipt| !receipt.is_null()).cloned()
        else {
            let why = format!("缺少回执 {}", deferred.receipt);
            return self.end(Err(CallError::Nonsense { why })).await;
        };
        self.content.receipt = Some(receipt);
        let (now, call) = (self.connectors.clock.now(), &self.payload.call);
        let mut tx = self.connectors.store.begin().await?;
        let operation = &self.payload.operation;
        self.connectors
            .enqueue(&mut tx, POLL_JOB, call, operation, &self.content, Some((now, deferred)))
            .await?;
        tx.finish_job(self.job, &json!({ "call": call, "outcome": "deferred" }), now).await?;
        tx.commit().await?;
        Ok(JobOutcome::Deferred)
    }

    async fn poll(self) -> Result<JobOutcome> {
        let Some((found, deferred)) = self.polled() else {
            return self.end(Err(self.vanished())).await;
        };
        let mut values = self.content.values.clone();
        values.insert("receipt".to_owned(), self.content.receipt.clone().unwrap_or_default());
        let answer = self.connectors.attempt(&found, &values, &self.payload.call).await;
        let error = match answer {
            Ok(answer) => match ready(&deferred, &answer) {
                Ok(true) => return self.end(Ok(answer)).await,
                Ok(false) => None,
                Err(error) => return self.end(Err(error)).await,
            },
            Err(error) if error.may_pass() => Some(error),
            Err(error) => return self.end(Err(error)).await,
        };
        if self.given_up(&deferred) {
            let never = CallError::NeverReady { hours: deferred.give_up_hours };
            return self.end(Err(error.unwrap_or(never))).await;
        }
        let why = error.map_or_else(|| "尚未反馈".to_owned(), |error| error.to_string());
        self.again(deferred.every_ms, &why).await
    }

    /// The operation that fetches the result, which is of the same connector.
    fn polled(&self) -> Option<(Found, Deferred)> {
        let asked = self.connectors.find(&self.payload.operation)?;
        let deferred = asked.operation.deferred.clone()?;
        let found = self.connectors.find(&format!("{}.{}", asked.connector.connector, deferred.poll))?;
        Some((found, deferred))
    }

    fn given_up(&self, deferred: &Deferred) -> bool {
        let waited =
            self.connectors.clock.now().as_millisecond() - self.payload.accepted_ms.unwrap_or_default();
        waited >= i64::from(deferred.give_up_hours) * 3_600_000
    }

    /// Enough tries after the call's own end: an operator has to look, and finds the job failed.
    fn handler_given_up(&self) -> bool {
        let (attempts, found) = (self.job.attempts, self.connectors.find(&self.payload.operation));
        let calls_max = found.as_ref().map_or(0, |found| i64::from(found.connector.retry.attempts_max));
        match (self.payload.accepted_ms, found.and_then(|found| found.operation.deferred)) {
            (Some(_), Some(deferred)) => {
                let patient =
                    Deferred { give_up_hours: deferred.give_up_hours + HANDLER_HOURS_MAX, ..deferred };
                self.given_up(&patient)
            }
            _ => attempts >= calls_max + HANDLER_ATTEMPTS_MAX,
        }
    }

    fn vanished(&self) -> CallError {
        CallError::Unprepared { why: format!("没有接口 {}", self.payload.operation) }
    }

    async fn again(&self, wait_ms: u64, why: &str) -> Result<JobOutcome> {
        let now = self.connectors.clock.now();
        let at = later(now, wait_ms);
        let why = without_personal_data(why, &self.content.values);
        self.connectors.store.retry_job(self.job, at, &why, now).await?;
        Ok(JobOutcome::Again(at))
    }

    /// Hands the outcome over and ends the job, both or neither.
    async fn end(&self, outcome: Result<Value, CallError>) -> Result<JobOutcome> {
        match self.hand_over(&outcome).await {
            Ok(()) => Ok(match outcome {
                Ok(_) => JobOutcome::Answered,
                Err(error) => JobOutcome::Failed(error),
            }),
            Err(NotTaken::Store(error)) => Err(error.into()),
            Err(NotTaken::Handler(error)) => self.not_taken(error).await,
        }
    }

    async fn hand_over(&self, outcome: &Result<Value, CallError>) -> Result<(), NotTaken> {
        let call = &self.payload.call;
        let mut tx = self.connectors.store.begin().await?;
        if let Some(reply) = &self.content.reply {
            self.handler.reply(&mut tx, call, reply, outcome.as_ref()).await.map_err(NotTaken::Handler)?;
        }
        let word = outcome.as_ref().map_or_else(CallError::code, |_| "answered");
        tx.finish_job(self.job, &json!({ "call": call, "outcome": word }), self.connectors.clock.now())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The answer stands, but could not be taken in: the whole step is tried again. The idempotency key keeps the
    /// other side from doing it twice.
    async fn not_taken(&self, error: HandlerError) -> Result<JobOutcome> {
        let why = without_personal_data(&error.to_string(), &self.content.values);
        tracing::error!(
            call = self.payload.call,
            operation = self.payload.operation,
            why,
            "an answer was not taken in"
        );
        if self.handler_given_up() {
            self.connectors.store.fail_job(self.job, &why, self.connectors.clock.now()).await?;
            return Ok(JobOutcome::Failed(CallError::Unprepared { why }));
        }
        let attempts = u32::try_from(self.job.attempts.clamp(1, 16)).unwrap_or(1);
        let wait = HANDLER_WAIT.saturating_mul(1 << (attempts - 1)).min(HANDLER_WAIT_LONGEST);
        self.again(u64::try_from(wait.as_millis()).unwrap_or_default(), &why).await
    }
}

/// Why an outcome was not taken in.
enum NotTaken {
    Store(anju_store::Error),
    Handler(HandlerError),
}

impl From<anju_store::Error> for NotTaken {
    fn from(error: anju_store::Error) -> Self {
        Self::Store(error)
    }
}

fn ready(deferred: &Deferred, answer: &Value) -> Result<bool, CallError> {
    let context = json!({ "answer": answer });
    let result = Expression::compile(&deferred.ready).and_then(|expression| expression.is_true(&context));
    result.map_err(|error| CallError::Unprepared { why: format!("{}：{error}", deferred.ready) })
}

fn place(call: &str) -> Place<'_> {
    Place { table: "sys_job", column: "payload", row: call }
}

/// Doubles with each attempt, from the first wait to the longest.
fn backoff_ms(retry: &Retry, attempts: i64) -> u64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 32)).unwrap_or(32);
    retry.first_wait_ms.saturating_mul(1 << doublings).min(retry.wait_max_ms)
}

fn later(at: Timestamp, ms: u64) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    at.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let retry = Retry { attempts_max: 9, first_wait_ms: 1_000, wait_max_ms: 5_000 };
        let waits: Vec<u64> = (1..=5).map(|attempt| backoff_ms(&retry, attempt)).collect();
        assert_eq!(waits, [1_000, 2_000, 4_000, 5_000, 5_000]);
        assert_eq!(backoff_ms(&retry, i64::MAX), 5_000);
    }
}
