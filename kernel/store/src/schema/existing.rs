//! What the database has already.

use std::collections::{HashMap, HashSet};

use crate::build::Statement;
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Result, Row};

/// Columns of a table by name.
pub(super) type Columns = HashMap<String, ExistingColumn>;

/// A column as it is.
pub(super) struct ExistingColumn {
    /// The database's word for its type.
    pub type_name: String,
    /// Whether it refuses absent values.
    pub required: bool,
}

/// An index that was created as such.
pub(super) struct ExistingIndex {
    pub table: String,
    pub unique: bool,
}

/// Everything in the current schema.
#[derive(Default)]
pub(super) struct Existing {
    pub tables: HashMap<String, Columns>,
    pub indexes: HashMap<String, ExistingIndex>,
    /// Left behind by a creation that broke off: they serve nobody.
    pub broken_indexes: HashSet<String>,
    /// Table and trigger.
    pub triggers: HashSet<(String, String)>,
}

const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" <> 0 OR c.pk <> 0 \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
const SQLITE_INDEXES: &str = "SELECT i.tbl_name, i.name, l.\"unique\" <> 0, 1 FROM sqlite_schema i \
    JOIN pragma_index_list(i.tbl_name) l ON l.name = i.name WHERE i.type = 'index' AND i.sql IS NOT NULL";
/// The prefix makes the name unique in SQLite, where triggers share one name space.
const SQLITE_TRIGGERS: &str = "SELECT tbl_name, substr(name, length(tbl_name) + 2) FROM sqlite_schema \
    WHERE type = 'trigger'";

const POSTGRES_COLUMNS: &str = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
    a.attnotnull FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace";
const POSTGRES_INDEXES: &str = "SELECT t.relname::text, c.relname::text, i.indisunique, i.indisvalid FROM pg_index i \
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
    WHERE NOT i.indisprimary AND c.relnamespace = current_schema()::regnamespace";
const POSTGRES_TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text FROM pg_trigger t \
    JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace";

pub(super) async fn read(tx: &mut dyn Source) -> Result<Existing> {
    use ColumnKind::{Bool, Text};
    let (columns, indexes, triggers) = match tx.dialect() {
        Dialect::Sqlite => (SQLITE_COLUMNS, SQLITE_INDEXES, SQLITE_TRIGGERS),
        Dialect::Postgres => (POSTGRES_COLUMNS, POSTGRES_INDEXES, POSTGRES_TRIGGERS),
    };
    let mut existing = Existing::default();
    for row in query(tx, columns, &[Text, Text, Text, Bool]).await? {
        let column = ExistingColumn { type_name: row.text(2)?.to_owned(), required: row.bool(3)? };
        existing.tables.entry(row.text(0)?.to_owned()).or_default().insert(row.text(1)?.to_owned(), column);
    }
    for row in query(tx, indexes, &[Text, Text, Bool, Bool]).await? {
        let name = row.text(1)?.to_owned();
        if row.bool(3)? {
            let index = ExistingIndex { table: row.text(0)?.to_owned(), unique: row.bool(2)? };
            existing.indexes.insert(name, index);
        } else {
            existing.broken_indexes.insert(name);
        }
    }
    for row in query(tx, triggers, &[Text, Text]).await? {
        existing.triggers.insert((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    }
    Ok(existing)
}

const SQLITE_COLUMNS_OF: &str = "SELECT name, type FROM pragma_table_info(?)";
const POSTGRES_COLUMNS_OF: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_class c \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND c.relname = $1";

/// The columns of a table as they are; none if there is no such table.
pub(crate) async fn columns_of<S: Source + ?Sized>(
    source: &mut S,
    table: &str,
) -> Result<Vec<(String, ColumnKind)>> {
    let sql = match source.dialect() {
        Dialect::Sqlite => SQLITE_COLUMNS_OF,
        Dialect::Postgres => POSTGRES_COLUMNS_OF,
    };
    let statement = Statement::new(sql.to_owned(), vec![table.into()]);
    let rows = source.fetch(statement, &[ColumnKind::Text, ColumnKind::Text]).await?;
    rows.iter()
        .map(|row| {
            let kind = match row.text(1)?.to_ascii_lowercase().as_str() {
                "bigint" | "integer" => ColumnKind::Int,
                "boolean" => ColumnKind::Bool,
                "blob" | "bytea" => ColumnKind::Bytes,
                _ => ColumnKind::Text,
            };
            Ok((row.text(0)?.to_owned(), kind))
        })
        .collect()
}

async fn query(tx: &mut dyn Source, sql: &str, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
    tx.fetch(Statement::new(sql.to_owned(), Vec::new()), kinds).await
}
