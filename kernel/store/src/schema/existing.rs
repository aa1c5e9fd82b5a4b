//! What the database has already.

use std::collections::{HashMap, HashSet};

use crate::build::Statement;
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Result, Row, Tx};

/// Columns of a table by name.
pub(super) type Columns = HashMap<String, ExistingColumn>;

/// A column as it is.
pub(super) struct ExistingColumn {
    /// The database's word for its type.
    pub type_name: String,
    /// Whether it refuses absent values.
    pub required: bool,
}

/// Everything in the current schema.
#[derive(Default)]
pub(super) struct Existing {
    pub tables: HashMap<String, Columns>,
    pub indexes: HashSet<String>,
    /// Table and trigger.
    pub triggers: HashSet<(String, String)>,
}

const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" <> 0 OR c.pk <> 0 \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
const SQLITE_INDEXES: &str = "SELECT name FROM sqlite_schema WHERE type = 'index'";
/// The prefix makes the name unique in SQLite, where triggers share one name space.
const SQLITE_TRIGGERS: &str = "SELECT tbl_name, substr(name, length(tbl_name) + 2) FROM sqlite_schema \
    WHERE type = 'trigger'";

const POSTGRES_COLUMNS: &str = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
    a.attnotnull FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace";
const POSTGRES_INDEXES: &str = "SELECT relname::text FROM pg_class WHERE relkind IN ('i', 'I') \
    AND relnamespace = current_schema()::regnamespace";
const POSTGRES_TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text FROM pg_trigger t \
    JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace";

pub(super) async fn read(tx: &mut Tx) -> Result<Existing> {
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
    for row in query(tx, indexes, &[Text]).await? {
        existing.indexes.insert(row.text(0)?.to_owned());
    }
    for row in query(tx, triggers, &[Text, Text]).await? {
        existing.triggers.insert((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
    }
    Ok(existing)
}

async fn query(tx: &mut Tx, sql: &str, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
    tx.fetch(Statement::new(sql.to_owned(), Vec::new()), kinds).await
}
