//! Calls to outside systems, described as data by `Connector` definitions.
//!
//! It knows how an operation and its values become an HTTP request, when an answer is understood (time, size,
//! form; agencies of the city answer `{code, msg, data}`, and a code other than `"0"` is their refusal), how
//! often to try again, and how to wait for an answer that comes days later. A call made from a transaction
//! leaves after its commit, as a job whose values are sealed; every attempt carries the same idempotency key
//! and is written to `sys_call` without personal data.
//!
//! It never decides what an answer means: that is the [`ReplyHandler`]'s, in one transaction with the end of the
//! job. It never follows redirects, never reads more than [`ANSWER_BYTES_MAX`], never uses a proxy from the
//! environment.

mod check;
mod connectors;
mod error;
mod log;
mod prepare;
mod queue;
mod shape;
mod transport;

pub use check::check;
pub use connectors::Connectors;
pub use error::{CallError, Error, HandlerError, Result};
pub use log::tables;
pub use queue::{CALL_JOB, JobOutcome, POLL_JOB, Reply, ReplyHandler};
pub use shape::Shape;
pub use transport::ANSWER_BYTES_MAX;

/// JSON object: the values of a call by name.
pub type Object = serde_json::Map<String, serde_json::Value>;
