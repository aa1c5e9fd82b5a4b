//! Loading: rows by the hundred thousand into tables that nobody uses yet. PostgreSQL takes them as one stream
//! (`COPY`), which costs it about a third of what inserts do; indexes are best dropped before and built after.

use std::collections::BTreeSet;

use crate::schema;
use crate::{Dialect, Error, Result, SqlValue, Store, TableSpec, Tx};

/// Bytes of one message of the stream.
const MESSAGE_BYTES: usize = 256 * 1024;

impl Tx {
    /// Writes many rows, each with one value for each column; how many they were. Constraints hold as they do for
    /// inserts, and nothing is there before the transaction commits.
    pub async fn load<N: AsRef<str>>(
        &mut self,
        table: &str,
        columns: &[N],
        mut rows: Vec<Vec<SqlValue>>,
    ) -> Result<u64> {
        let count = rows.len() as u64;
        if count == 0 || self.dialect() == Dialect::Sqlite {
            self.insert_many(table, columns, rows).await?;
            return Ok(count);
        }
        self.check_widths(table, columns.len(), &rows)?;
        let mut columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        self.store().known().complete(table, &mut columns, &mut rows);
        self.copy_in(crate::build::copy_from_stdin(table, &columns), Messages(rows.into_iter())).await
    }
}

impl Store {
    /// Drops the indexes of the tables, primary keys aside, until [`Store::sync_schema`] makes them again: for
    /// loading. Meanwhile nothing keeps values unique, so nobody else may use the tables.
    pub async fn drop_indexes(&self, tables: &[TableSpec]) -> Result<()> {
        let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        schema::drop_indexes_of(self, &names).await
    }

    /// Lets the database look at all tables anew, so that it plans queries by what they hold now.
    pub async fn analyze(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        if self.dialect() == Dialect::Postgres {
            tx.run("SET LOCAL statement_timeout = 0".to_owned()).await?;
        }
        tx.run("ANALYZE".to_owned()).await?;
        tx.commit().await
    }
}

/// Rows as messages of `COPY … FROM STDIN` in its text format, made one at a time.
pub(crate) struct Messages(std::vec::IntoIter<Vec<SqlValue>>);

impl Iterator for Messages {
    type Item = Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut message = Vec::with_capacity(MESSAGE_BYTES + MESSAGE_BYTES / 8);
        while message.len() < MESSAGE_BYTES {
            let Some(row) = self.0.next() else { break };
            if let Err(error) = write_row(&mut message, &row) {
                return Some(Err(error));
            }
        }
        (!message.is_empty()).then_some(Ok(message))
    }
}

fn write_row(message: &mut Vec<u8>, row: &[SqlValue]) -> Result<()> {
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            message.push(b'\t');
        }
        match value {
            SqlValue::Null => message.extend(b"\\N"),
            SqlValue::Int(value) => message.extend(value.to_string().bytes()),
            SqlValue::Bool(value) => message.push(if *value { b't' } else { b'f' }),
            SqlValue::Bytes(value) => {
                // The backslash of `\x…` is itself escaped.
                message.extend(b"\\\\x");
                message.extend(hex::encode(value).bytes());
            }
            SqlValue::Text(value) => write_text(message, value)?,
        }
    }
    message.push(b'\n');
    Ok(())
}

/// A text with what has a meaning of its own in the stream escaped.
fn write_text(message: &mut Vec<u8>, text: &str) -> Result<()> {
    for byte in text.bytes() {
        match byte {
            // The stream would carry it; PostgreSQL's texts cannot, nor do inserts let it in.
            0 => return Err(Error::Database("a text holds the character U+0000".to_owned())),
            b'\\' => message.extend(b"\\\\"),
            b'\t' => message.extend(b"\\t"),
            b'\n' => message.extend(b"\\n"),
            b'\r' => message.extend(b"\\r"),
            byte => message.push(byte),
        }
    }
    Ok(())
}
