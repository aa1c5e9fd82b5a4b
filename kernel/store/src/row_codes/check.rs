//! Reading rows with their codes. The databases are asked for exactly what lies in them: SQLite would read a text as a
//! number, or 3 as true, without a word.

use std::sync::Arc;

use super::Coding;
use crate::build::{self, CodedRows};
use crate::fetch::Source;
use crate::schema::columns_of;
use crate::{ColumnKind, Condition, Dialect, Error, Result, Row, SqlValue, Store};

/// A row as it lies in the database.
pub(crate) struct Judged {
    /// The values of the coding's columns; `None` if one of them is none that the platform writes.
    pub values: Option<Vec<SqlValue>>,
    /// Its code.
    pub code: SqlValue,
    /// Values of the primary key.
    pub key: Vec<SqlValue>,
    /// Whether the code is that of the values.
    pub sound: bool,
    position: Vec<SqlValue>,
}

/// Where a walk over a table has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPosition(pub(super) Vec<SqlValue>);

/// Some rows of a table, each with whether it is what the platform wrote.
#[derive(Debug, Clone)]
pub struct CheckedRows {
    /// Columns of the rows; the code and a number that the database gives are left out.
    pub columns: Arc<Vec<(String, ColumnKind)>>,
    /// In the order of the walk.
    pub rows: Vec<CheckedRow>,
    /// From where the walk goes on; `None` at its end.
    pub next: Option<RowPosition>,
}

/// A row that was held against its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRow {
    /// The values of its primary key, separated by `/`.
    pub key: String,
    /// Whether the row is what the platform wrote.
    pub sound: bool,
    /// Its values in the order of the columns; none if it is not sound.
    pub values: Vec<SqlValue>,
}

impl Store {
    /// Names of the authenticated tables, in order.
    pub fn authenticated_tables(&self) -> Vec<String> {
        let known = self.known();
        let mut tables: Vec<String> = known.codings.values().map(|coding| coding.table.clone()).collect();
        tables.sort();
        tables
    }

    /// Holds up to `limit` rows of an authenticated table against their codes. A row that is changed by the platform
    /// meanwhile is seen as it was or as it is. [`Error::NotFound`] for a table that is not authenticated.
    pub async fn check_rows(
        &self,
        table: &str,
        after: Option<&RowPosition>,
        limit: u64,
    ) -> Result<CheckedRows> {
        let coding = self.known().coding(table).cloned().ok_or(Error::NotFound)?;
        let wanted = CodedRows {
            table,
            filter: &Condition::True,
            after: after.map(|position| position.0.as_slice()),
            limit: Some(limit),
            lock: false,
        };
        let (coding, rows) = judged(&mut self.reader(), &coding, &wanted).await?;
        self.know_coding(&coding);
        let full = rows.len() as u64 == limit;
        let next = rows.last().filter(|_| full).map(|row| RowPosition(row.position.clone()));
        let checked = |row: Judged| CheckedRow {
            key: row.label(),
            sound: row.sound,
            values: row.values.filter(|_| row.sound).unwrap_or_default(),
        };
        Ok(CheckedRows {
            columns: Arc::new(coding.columns.clone()),
            rows: rows.into_iter().map(checked).collect(),
            next,
        })
    }
}

impl Judged {
    /// The values of the key, for people.
    pub fn label(&self) -> String {
        Self::label_of(&self.key)
    }

    pub(crate) fn label_of(key: &[SqlValue]) -> String {
        let one = |value: &SqlValue| match value {
            SqlValue::Null => String::new(),
            SqlValue::Text(text) => text.clone(),
            SqlValue::Int(int) => int.to_string(),
            SqlValue::Bool(bool) => bool.to_string(),
            SqlValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        key.iter().map(one).collect::<Vec<_>>().join("/")
    }

    /// Where a walk goes on after this row.
    pub fn position(&self) -> &[SqlValue] {
        &self.position
    }
}

/// The rows wanted, held against their codes. Should one not be sound, the table is asked whether it has columns that
/// are not known here: another server may have added them.
pub(crate) async fn judged<S: Source + ?Sized>(
    source: &mut S,
    coding: &Arc<Coding>,
    wanted: &CodedRows<'_>,
) -> Result<(Arc<Coding>, Vec<Judged>)> {
    let rows = read(source, coding, wanted).await?;
    if rows.iter().all(|row| row.sound) {
        return Ok((coding.clone(), rows));
    }
    let columns = columns_of(source, wanted.table).await?;
    let fresh = coding.with_columns(columns);
    if fresh == **coding {
        return Ok((coding.clone(), rows));
    }
    let fresh = Arc::new(fresh);
    let rows = read(source, &fresh, wanted).await?;
    Ok((fresh, rows))
}

async fn read<S: Source + ?Sized>(
    source: &mut S,
    coding: &Arc<Coding>,
    wanted: &CodedRows<'_>,
) -> Result<Vec<Judged>> {
    let (dialect, known) = (source.dialect(), source.known());
    let statement = build::coded_rows(dialect, coding, wanted);
    let rows = source.fetch(statement, &build::coded_kinds(dialect, coding)).await?;
    rows.into_iter()
        .map(|row| {
            let mut row = decoded(dialect, coding, row)?;
            let is_right = |values: &Vec<SqlValue>| row.code == coding.code_of(&known.row_key, values);
            row.sound = row.values.as_ref().is_some_and(is_right);
            Ok(row)
        })
        .collect()
}

/// The columns of [`build::coded_rows`]: those of the coding, the code, the number of the database if there is one, and
/// on SQLite the row's number and the storage classes.
fn decoded(dialect: Dialect, coding: &Coding, mut row: Row) -> Result<Judged> {
    let width = coding.columns.len();
    let serial = coding.serial.as_ref().map(|_| row.take(width + 1));
    let key_of = |row: &Row, name: &String| match &serial {
        Some(value) if coding.serial.as_ref() == Some(name) => value.clone(),
        _ => match coding.columns.iter().position(|(column, _)| column == name) {
            Some(at) => row.value(at).clone(),
            None => SqlValue::Null,
        },
    };
    let raw_key: Vec<SqlValue> = coding.key.iter().map(|name| key_of(&row, name)).collect();
    let code = row.take(width);
    if dialect == Dialect::Postgres {
        let mut values = row.into_values();
        values.truncate(width);
        let position = raw_key.clone();
        return Ok(Judged { values: Some(values), code, key: raw_key, sound: false, position });
    }
    let at = width + 1 + usize::from(serial.is_some());
    let position = vec![row.take(at)];
    let classes = row.text(at + 1)?.as_bytes().to_vec();
    let mut values = row.into_values();
    values.truncate(width);
    let kinds = coding.columns.iter().map(|(_, kind)| *kind);
    let exact: Option<Vec<SqlValue>> =
        kinds.zip(&classes).zip(values).map(|((kind, class), value)| exact(kind, *class, value)).collect();
    let code_class = classes.get(width).copied().unwrap_or_default();
    let code = exact_code(code_class, code);
    let key = match &exact {
        Some(values) => {
            let values = Row(values.clone());
            coding.key.iter().map(|name| key_of(&values, name)).collect()
        }
        None => raw_key,
    };
    Ok(Judged { values: exact, code, key, sound: false, position })
}

/// A value as the platform writes it into a column of SQLite, which holds whatever it is given; `None` for others.
fn exact(kind: ColumnKind, class: u8, value: SqlValue) -> Option<SqlValue> {
    match (kind, class, value) {
        (_, b'n', _) => Some(SqlValue::Null),
        (ColumnKind::Text, b't', SqlValue::Bytes(bytes)) => String::from_utf8(bytes).ok().map(SqlValue::Text),
        (ColumnKind::Int | ColumnKind::Serial, b'i', value @ SqlValue::Int(_)) => Some(value),
        (ColumnKind::Bool, b'i', SqlValue::Int(int @ (0 | 1))) => Some(SqlValue::Bool(int == 1)),
        (ColumnKind::Bytes, b'b', value @ SqlValue::Bytes(_)) => Some(value),
        _ => None,
    }
}

fn exact_code(class: u8, code: SqlValue) -> SqlValue {
    exact(ColumnKind::Bytes, class, code).unwrap_or(SqlValue::Null)
}

/// Which rows within a condition are not what the platform wrote: the values of their keys.
pub(crate) async fn damaged<S: Source + ?Sized>(
    source: &mut S,
    table: &str,
    filter: &Condition,
) -> Result<Vec<String>> {
    let Some(coding) = source.known().coding(table).cloned() else { return Ok(Vec::new()) };
    let wanted = CodedRows { table, filter, after: None, limit: None, lock: false };
    let (_, rows) = judged(source, &coding, &wanted).await?;
    Ok(rows.iter().filter(|row| !row.sound).map(Judged::label).collect())
}
