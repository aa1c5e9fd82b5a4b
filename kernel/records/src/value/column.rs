use anju_definitions::FieldType;
use anju_store::SqlValue;
use jiff::Timestamp;
use serde_json::Value;

use super::{decimal, instant_ms, scaled_number};
use crate::{Error, Result, plan::FieldPlan};

/// A canonical value as it lies in its (unsealed) column.
pub(crate) fn to_column(field: &FieldPlan, value: &Value) -> SqlValue {
    match (field.kind, value) {
        (_, Value::Null) => SqlValue::Null,
        (FieldType::Decimal, value) => {
            scaled_number(value, field.scale).map_or(SqlValue::Null, SqlValue::Int)
        }
        (FieldType::DateTime, Value::String(text)) => instant_ms(text).map_or(SqlValue::Null, SqlValue::Int),
        (FieldType::MultiChoice | FieldType::Json, value) => SqlValue::Text(value.to_string()),
        (_, Value::String(text)) => SqlValue::Text(text.clone()),
        (_, Value::Bool(bool)) => SqlValue::Bool(*bool),
        (_, Value::Number(number)) => number.as_i64().map_or(SqlValue::Null, SqlValue::Int),
        (_, other) => SqlValue::Text(other.to_string()),
    }
}

/// A value of an unsealed column in its canonical form.
pub(crate) fn from_column(kind: FieldType, scale: u32, value: SqlValue) -> Result<Value> {
    Ok(match (kind, value) {
        (_, SqlValue::Null) => Value::Null,
        (FieldType::Decimal, SqlValue::Int(scaled)) => Value::String(decimal::format(scaled, scale)),
        (FieldType::DateTime, SqlValue::Int(ms)) => Value::String(instant_text(ms)),
        (FieldType::MultiChoice | FieldType::Json, SqlValue::Text(text)) => {
            serde_json::from_str(&text).map_err(|cause| Error::Internal(format!("stored JSON: {cause}")))?
        }
        (_, SqlValue::Text(text)) => Value::String(text),
        (_, SqlValue::Int(int)) => Value::from(int),
        (_, SqlValue::Bool(bool)) => Value::Bool(bool),
        (_, SqlValue::Bytes(_)) => return Err(Error::Internal("sealed bytes in a clear column".to_owned())),
    })
}

/// What is sealed, and what the blind index is made of: the text itself, or the JSON of anything else.
pub(crate) fn clear_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Back from what was sealed.
pub(crate) fn from_clear_text(kind: FieldType, text: String) -> Result<Value> {
    match kind {
        FieldType::Integer
        | FieldType::Money
        | FieldType::Boolean
        | FieldType::MultiChoice
        | FieldType::Json => {
            serde_json::from_str(&text).map_err(|cause| Error::Internal(format!("sealed JSON: {cause}")))
        }
        _ => Ok(Value::String(text)),
    }
}

/// RFC 3339 with Shanghai's offset; milliseconds only where there are any.
pub(crate) fn instant_text(ms: i64) -> String {
    let Ok(instant) = Timestamp::from_millisecond(ms) else { return String::new() };
    instant.display_with_offset(jiff::tz::offset(8)).to_string()
}
