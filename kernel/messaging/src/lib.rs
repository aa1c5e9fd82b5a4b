//! Messages to people. The text comes from a `Message` definition and the record it is about; an SMS becomes a
//! record `platform.sms_message` and a call of `platform.sms.send`, both in the caller's transaction, so that a
//! message leaves if and only if the step that caused it is committed. The carrier's answers come back through
//! [`Messaging::take_reply`] and move the record's state: queued, sent, delivered or failed.
//!
//! It knows one entity and one connector by name. It never decides whether somebody is to be told something:
//! that is a definition's.

mod error;
mod messaging;
mod text;

pub use error::{Error, Result};
pub use messaging::{Messaging, SMS_ENTITY};
