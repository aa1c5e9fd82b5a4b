//! Many rows at once: what imports live on. PostgreSQL gets each column as one array, so that the statement stays
//! the same however many rows there are; SQLite gets rows in statements of a few fixed lengths. Either way a
//! prepared statement serves nearly every call.

use std::sync::Arc;

use crate::build::{self, Statement};
use crate::{Dialect, Error, Result, SqlValue, Tx};

/// Rows of one statement on PostgreSQL: bounds what is held twice.
const POSTGRES_ROWS_MAX: usize = 2_000;
/// Values bound to one statement on SQLite.
const SQLITE_VALUES_MAX: usize = 2_000;
/// Rows of one statement on SQLite.
const SQLITE_ROWS_MAX: usize = 100;

/// The values of one column, all of a kind.
pub(crate) enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Tx {
    /// Inserts many rows, each with one value for each column.
    pub async fn insert_many<N: AsRef<str>>(
        &mut self,
        table: &str,
        columns: &[N],
        mut rows: Vec<Vec<SqlValue>>,
    ) -> Result<()> {
        let mut columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        self.check_widths(table, columns.len(), &rows)?;
        if rows.len() == 1 {
            let row = rows.into_iter().flatten();
            return self.insert(table, columns.into_iter().zip(row).collect()).await;
        }
        self.store().known().complete(table, &mut columns, &mut rows);
        let rows_max = rows_max(self.dialect(), columns.len());
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let chunk: Vec<Vec<SqlValue>> = rows.by_ref().take(rows_max).collect();
            match self.dialect() {
                Dialect::Sqlite => {
                    let sql = build::insert_rows(table, &columns, chunk.len());
                    let values = chunk.into_iter().flatten().collect();
                    self.execute(Statement::new(sql, values)).await?;
                }
                Dialect::Postgres => self.insert_arrays(table, &columns, chunk).await?,
            }
        }
        Ok(())
    }

    /// Sets columns of many rows, each found by its keys; how many were found. A row is the values of the keys
    /// followed by those to set. [`Error::Damaged`] if one that was found does not have its code.
    pub async fn update_many<N: AsRef<str>>(
        &mut self,
        table: &str,
        keys: &[N],
        sets: &[N],
        rows: Vec<Vec<SqlValue>>,
    ) -> Result<u64> {
        let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
        let sets: Vec<&str> = sets.iter().map(AsRef::as_ref).collect();
        self.check_widths(table, keys.len() + sets.len(), &rows)?;
        let coding = self.store().known().coding(table).cloned();
        match coding {
            Some(coding) => self.update_many_coded(table, &coding, (&keys, &sets), rows).await,
            None => self.write_many(table, &keys, &sets, rows).await,
        }
    }

    /// As [`Tx::update_many`], codes being the caller's to give.
    pub(crate) async fn write_many(
        &mut self,
        table: &str,
        keys: &[&str],
        sets: &[&str],
        rows: Vec<Vec<SqlValue>>,
    ) -> Result<u64> {
        let mut found = 0;
        match self.dialect() {
            Dialect::Sqlite => {
                let sql: Arc<str> = build::update_row(table, keys, sets).into();
                for mut row in rows {
                    // the statement names what is set before what it is found by
                    row.rotate_left(keys.len());
                    found += self.execute(Statement::new(sql.clone(), row)).await?;
                }
            }
            Dialect::Postgres => {
                let mut rows = rows.into_iter().peekable();
                while rows.peek().is_some() {
                    let chunk = rows.by_ref().take(POSTGRES_ROWS_MAX).collect();
                    found += self.update_arrays(table, keys, sets, chunk).await?;
                }
            }
        }
        Ok(found)
    }

    async fn insert_arrays(&mut self, table: &str, columns: &[&str], rows: Vec<Vec<SqlValue>>) -> Result<()> {
        let count = rows.len();
        let mut names = Vec::with_capacity(columns.len());
        let mut arrays = Vec::with_capacity(columns.len());
        for (name, column) in columns.iter().zip(self.turned(columns.len(), rows)?) {
            // A column without any value has no kind, and need not be named.
            if let Some(column) = column {
                names.push(*name);
                arrays.push(column);
            }
        }
        if arrays.is_empty() {
            let message = format!("{count} rows for {table} have no value at all");
            return Err(self.fail(Error::Database(message)));
        }
        let sql = build::insert_arrays(table, &names, &arrays);
        self.execute_arrays(sql, arrays).await.map(drop)
    }

    async fn update_arrays(
        &mut self,
        table: &str,
        keys: &[&str],
        sets: &[&str],
        rows: Vec<Vec<SqlValue>>,
    ) -> Result<u64> {
        let turned = self.turned(keys.len() + sets.len(), rows)?;
        let (mut found_by, mut given, mut emptied) = (Vec::new(), Vec::new(), Vec::new());
        let mut arrays = Vec::with_capacity(turned.len());
        for (at, (name, column)) in keys.iter().chain(sets).zip(turned).enumerate() {
            match (column, at < keys.len()) {
                (Some(column), is_key) => {
                    if is_key { &mut found_by } else { &mut given }.push(*name);
                    arrays.push(column);
                }
                // Nothing equals an absent key.
                (None, true) => return Ok(0),
                (None, false) => emptied.push(*name),
            }
        }
        let sql = build::update_arrays(table, &found_by, &given, &emptied, &arrays);
        self.execute_arrays(sql, arrays).await
    }

    pub(crate) fn check_widths(&mut self, table: &str, width: usize, rows: &[Vec<SqlValue>]) -> Result<()> {
        let Some(row) = rows.iter().find(|row| row.len() != width) else { return Ok(()) };
        let message = format!("a row for {table} has {} values for {width} columns", row.len());
        Err(self.fail(Error::Database(message)))
    }

    /// Rows as columns; `None` for a column without any value.
    fn turned(&mut self, width: usize, rows: Vec<Vec<SqlValue>>) -> Result<Vec<Option<Column>>> {
        let mut columns: Vec<Vec<SqlValue>> = (0..width).map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let turned: Result<Vec<Option<Column>>> = columns.into_iter().map(column_of).collect();
        turned.map_err(|error| self.fail(error))
    }
}

fn rows_max(dialect: Dialect, columns: usize) -> usize {
    match dialect {
        Dialect::Postgres => POSTGRES_ROWS_MAX,
        Dialect::Sqlite => (SQLITE_VALUES_MAX / columns.max(1)).clamp(1, SQLITE_ROWS_MAX),
    }
}

fn column_of(values: Vec<SqlValue>) -> Result<Option<Column>> {
    macro_rules! all {
        ($kind:ident) => {
            values
                .into_iter()
                .map(|value| match value {
                    SqlValue::Null => Ok(None),
                    SqlValue::$kind(value) => Ok(Some(value)),
                    _ => Err(Error::Database("a column holds values of two kinds".to_owned())),
                })
                .collect::<Result<_>>()
                .map(|values| Some(Column::$kind(values)))
        };
    }
    match values.iter().find(|value| !value.is_null()) {
        None | Some(SqlValue::Null) => Ok(None),
        Some(SqlValue::Text(_)) => all!(Text),
        Some(SqlValue::Int(_)) => all!(Int),
        Some(SqlValue::Bool(_)) => all!(Bool),
        Some(SqlValue::Bytes(_)) => all!(Bytes),
    }
}
