//! The opaque cursor of keyset pages: the sort keys of the last record shown, and its id.

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Operator, Row, SqlValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{Error, Result};

/// One key of an order.
pub(crate) struct SortKey {
    pub column: ColumnRef,
    pub kind: ColumnKind,
    pub direction: Direction,
    /// Where the key stands among the columns of the query.
    pub at: usize,
}

/// The cursor after a row.
pub(crate) fn write(keys: &[SortKey], row: &Row) -> String {
    let mut values = vec![Value::from(signature(keys))];
    values.extend(keys.iter().map(|key| match row.value(key.at) {
        SqlValue::Text(text) => Value::from(text.as_str()),
        SqlValue::Int(int) => Value::from(*int),
        SqlValue::Bool(bool) => Value::from(*bool),
        SqlValue::Null | SqlValue::Bytes(_) => Value::Null,
    }));
    URL_SAFE_NO_PAD.encode(Value::Array(values).to_string())
}

/// The rows after a cursor, in two parts that an index serves each: no database finds `a > x or a is null` by one.
pub(crate) struct After {
    pub near: Condition,
    /// Rows that come after all of `near`.
    pub far: Option<Condition>,
}

/// The rows after a cursor.
pub(crate) fn after(keys: &[SortKey], cursor: &str) -> Result<After> {
    let wrong = || Error::invalid("page.after", "format", "翻页标记无效，请从第一页重新查询");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let stored: Vec<Value> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let (first, stored) = stored.split_first().ok_or_else(wrong)?;
    if first.as_str() != Some(&signature(keys)) || stored.len() != keys.len() {
        return Err(wrong());
    }
    let values: Option<Vec<SqlValue>> =
        keys.iter().zip(stored).map(|(key, value)| key_value(key, value)).collect();
    let values = values.ok_or_else(wrong)?;
    let (Some(key), Some(value)) = (keys.first(), values.first()) else { return Err(wrong()) };
    let (bound, far) = split(key, value);
    Ok(After { near: bound.and(later(keys, &values)), far })
}

/// What bounds the rows of the first key's kind, absent or present, and whether those of the other come later.
fn split(key: &SortKey, value: &SqlValue) -> (Condition, Option<Condition>) {
    let column = || key.column.clone();
    let never_absent = matches!(key.column.column.as_str(), "id" | "created_at" | "updated_at");
    match (key.direction, value) {
        (Direction::Ascending, SqlValue::Null) => (Condition::IsNull(column()), None),
        (Direction::Descending, SqlValue::Null) => {
            (Condition::IsNull(column()), Some(Condition::NotNull(column())))
        }
        (Direction::Ascending, value) => {
            let bound = Condition::compare(column(), Operator::Ge, value.clone());
            (bound, (!never_absent).then(|| Condition::IsNull(column())))
        }
        (Direction::Descending, value) => (Condition::compare(column(), Operator::Le, value.clone()), None),
    }
}

/// Rows that come later by one of the keys, and are equal in those before it.
fn later(keys: &[SortKey], values: &[SqlValue]) -> Condition {
    let mut ways = Vec::with_capacity(keys.len());
    let mut equal: Vec<Condition> = Vec::new();
    for (at, (key, value)) in keys.iter().zip(values).enumerate() {
        let beyond = if at == 0 { beyond_present(key, value) } else { beyond(key, value) };
        if let Some(beyond) = beyond {
            let mut all = equal.clone();
            all.push(beyond);
            ways.push(Condition::All(all));
        }
        let value = value.clone();
        equal.push(Condition::Compare { column: key.column.clone(), op: Operator::Eq, value });
    }
    Condition::Any(ways)
}

/// Rows whose key comes later and is present as the cursor's is.
fn beyond_present(key: &SortKey, value: &SqlValue) -> Option<Condition> {
    let op = match key.direction {
        Direction::Ascending => Operator::Gt,
        Direction::Descending => Operator::Lt,
    };
    (!value.is_null()).then(|| Condition::compare(key.column.clone(), op, value.clone()))
}

/// Rows whose key comes later. Absent values come last ascending and first descending.
fn beyond(key: &SortKey, value: &SqlValue) -> Option<Condition> {
    let compare = |op| Condition::Compare { column: key.column.clone(), op, value: value.clone() };
    match (key.direction, value) {
        (Direction::Ascending, SqlValue::Null) => None,
        (Direction::Descending, SqlValue::Null) => Some(Condition::NotNull(key.column.clone())),
        (Direction::Ascending, _) if key.column.column == "id" => Some(compare(Operator::Gt)),
        (Direction::Ascending, _) => {
            Some(Condition::Any(vec![compare(Operator::Gt), Condition::IsNull(key.column.clone())]))
        }
        (Direction::Descending, _) => Some(compare(Operator::Lt)),
    }
}

fn key_value(key: &SortKey, value: &Value) -> Option<SqlValue> {
    Some(match (key.kind, value) {
        (_, Value::Null) => SqlValue::Null,
        (ColumnKind::Text, Value::String(text)) => SqlValue::Text(text.clone()),
        (ColumnKind::Int, Value::Number(number)) => SqlValue::Int(number.as_i64()?),
        (ColumnKind::Bool, Value::Bool(bool)) => SqlValue::Bool(*bool),
        _ => return None,
    })
}

/// A cursor belongs to the order it was made for.
fn signature(keys: &[SortKey]) -> String {
    let mut text = String::new();
    for key in keys {
        text.push_str(&key.column.table);
        text.push('.');
        text.push_str(&key.column.column);
        text.push(if key.direction == Direction::Ascending { '+' } else { '-' });
    }
    anju_crypto::sm3_hex(text.as_bytes())[..16].to_owned()
}
