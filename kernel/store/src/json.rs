//! JSON and instants as the kernel's tables keep them.

use jiff::Timestamp;
use serde_json::Value;

use crate::{Error, Result};

pub(crate) fn to_text(value: &Value) -> String {
    value.to_string()
}

pub(crate) fn from_text(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::Database(format!("stored JSON is damaged: {error}")))
}

pub(crate) fn instant(milliseconds: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|error| Error::Database(format!("a stored instant is damaged: {error}")))
}
