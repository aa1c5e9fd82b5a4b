//! Values as they lie in columns, and rows of them.

use crate::{Error, Result};

/// One column's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SqlValue {
    /// Absent.
    Null,
    /// Text, compared bytewise on both databases.
    Text(String),
    /// Whole number; also money in fen, scaled decimals and instants in ms.
    Int(i64),
    /// Truth value.
    Bool(bool),
    /// Raw bytes.
    Bytes(Vec<u8>),
}

impl SqlValue {
    /// Whether the value is absent.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<String> for SqlValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&str> for SqlValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<&String> for SqlValue {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<i64> for SqlValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<i32> for SqlValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}
impl From<u32> for SqlValue {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}
impl From<bool> for SqlValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<Vec<u8>> for SqlValue {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}
impl From<&[u8]> for SqlValue {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
impl<const N: usize> From<[u8; N]> for SqlValue {
    fn from(value: [u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}
/// Milliseconds since the epoch.
impl From<jiff::Timestamp> for SqlValue {
    fn from(value: jiff::Timestamp) -> Self {
        Self::Int(value.as_millisecond())
    }
}
impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// TEXT, bytewise order.
    Text,
    /// 64 bit whole number.
    Int,
    /// Truth value; 0 or 1 in SQLite.
    Bool,
    /// Raw bytes.
    Bytes,
    /// Whole number given by the database, growing; must be the only primary key column.
    Serial,
}

/// One row: the values in the order of the query's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub(crate) Vec<SqlValue>);

impl Row {
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value at `i`; `Null` past the end.
    pub fn value(&self, i: usize) -> &SqlValue {
        self.0.get(i).unwrap_or(&SqlValue::Null)
    }

    /// All values.
    pub fn values(&self) -> &[SqlValue] {
        &self.0
    }

    /// All values, owned.
    pub fn into_values(self) -> Vec<SqlValue> {
        self.0
    }

    /// Moves the value at `i` out, leaving `Null`.
    pub fn take(&mut self, i: usize) -> SqlValue {
        self.0.get_mut(i).map_or(SqlValue::Null, |value| std::mem::replace(value, SqlValue::Null))
    }

    /// The text at `i`; an error if it is absent or of another kind.
    pub fn text(&self, i: usize) -> Result<&str> {
        self.opt_text(i)?.ok_or_else(|| absent(i))
    }

    /// The text at `i`, if any.
    pub fn opt_text(&self, i: usize) -> Result<Option<&str>> {
        match self.value(i) {
            SqlValue::Null => Ok(None),
            SqlValue::Text(text) => Ok(Some(text)),
            other => Err(unexpected(i, "text", other)),
        }
    }

    /// The whole number at `i`; an error if it is absent or of another kind.
    pub fn int(&self, i: usize) -> Result<i64> {
        self.opt_int(i)?.ok_or_else(|| absent(i))
    }

    /// The whole number at `i`, if any.
    pub fn opt_int(&self, i: usize) -> Result<Option<i64>> {
        match self.value(i) {
            SqlValue::Null => Ok(None),
            SqlValue::Int(int) => Ok(Some(*int)),
            other => Err(unexpected(i, "a whole number", other)),
        }
    }

    /// The truth value at `i`; an error if it is absent or of another kind.
    pub fn bool(&self, i: usize) -> Result<bool> {
        self.opt_bool(i)?.ok_or_else(|| absent(i))
    }

    /// The truth value at `i`, if any.
    pub fn opt_bool(&self, i: usize) -> Result<Option<bool>> {
        match self.value(i) {
            SqlValue::Null => Ok(None),
            SqlValue::Bool(bool) => Ok(Some(*bool)),
            other => Err(unexpected(i, "a truth value", other)),
        }
    }

    /// The bytes at `i`; an error if they are absent or of another kind.
    pub fn bytes(&self, i: usize) -> Result<&[u8]> {
        self.opt_bytes(i)?.ok_or_else(|| absent(i))
    }

    /// The bytes at `i`, if any.
    pub fn opt_bytes(&self, i: usize) -> Result<Option<&[u8]>> {
        match self.value(i) {
            SqlValue::Null => Ok(None),
            SqlValue::Bytes(bytes) => Ok(Some(bytes)),
            other => Err(unexpected(i, "bytes", other)),
        }
    }
}

fn absent(i: usize) -> Error {
    Error::Database(format!("column {i} of the row is absent"))
}

fn unexpected(i: usize, wanted: &str, found: &SqlValue) -> Error {
    let kind = match found {
        SqlValue::Null => "nothing",
        SqlValue::Text(_) => "text",
        SqlValue::Int(_) => "a whole number",
        SqlValue::Bool(_) => "a truth value",
        SqlValue::Bytes(_) => "bytes",
    };
    Error::Database(format!("column {i} of the row holds {kind}, not {wanted}"))
}
