use anju_definitions::{FieldType, Storage};
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
        (_, value) if field.storage == Storage::Json => SqlValue::Text(value.to_string()),
        (_, Value::String(text)) => SqlValue::Text(text.clone()),
        (_, Value::Bool(bool)) => SqlValue::Bool(*bool),
        (_, Value::Number(number)) => number.as_i64().map_or(SqlValue::Null, SqlValue::Int),
        (_, other) => SqlValue::Text(other.to_string()),
    }
}

/// A value of the field's unsealed column in its canonical form.
pub(crate) fn of_column(field: &FieldPlan, value: SqlValue) -> Result<Value> {
    match value {
        SqlValue::Text(text) if field.storage == Storage::Json => stored_json(&text),
        value => from_column(field.kind, field.scale, value),
    }
}

/// A value of an unsealed column of single values in its canonical form.
pub(crate) fn from_column(kind: FieldType, scale: u32, value: SqlValue) -> Result<Value> {
    Ok(match (kind, value) {
        (_, SqlValue::Null) => Value::Null,
        (FieldType::Decimal, SqlValue::Int(scaled)) => Value::String(decimal::format(scaled, scale)),
        (FieldType::DateTime, SqlValue::Int(ms)) => Value::String(instant_text(ms)),
        (kind, SqlValue::Text(text)) if kind.traits().storage == Storage::Json => stored_json(&text)?,
        (_, SqlValue::Text(text)) => Value::String(text),
        (_, SqlValue::Int(int)) => Value::from(int),
        (_, SqlValue::Bool(bool)) => Value::Bool(bool),
        (_, SqlValue::Bytes(_)) => return Err(Error::Internal("sealed bytes in a clear column".to_owned())),
    })
}

fn stored_json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|cause| Error::Internal(format!("stored JSON: {cause}")))
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
    let is_text = matches!(kind.traits().storage, Storage::Text)
        // Kept as texts outside the database.
        || matches!(kind, FieldType::Decimal | FieldType::DateTime);
    if is_text {
        return Ok(Value::String(text));
    }
    serde_json::from_str(&text).map_err(|cause| Error::Internal(format!("sealed JSON: {cause}")))
}

/// RFC 3339 with Shanghai's offset; milliseconds only where there are any.
pub(crate) fn instant_text(ms: i64) -> String {
    let Ok(instant) = Timestamp::from_millisecond(ms) else { return String::new() };
    instant.display_with_offset(jiff::tz::offset(8)).to_string()
}
