//! The text of schema changes. Names are checked before they come here; values do not occur.

use sm3::{Digest, Sm3};

use super::NAME_BYTES_MAX;
use super::existing::ExistingColumn;
use crate::{ColumnKind, ColumnSpec, Dialect, Error, IndexSpec, Result, TableSpec};

/// Held until the transaction ends; the number is ours alone ("anju" in ASCII). An index on a large table takes
/// longer than queries may.
pub(super) const LOCK: &str = "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(1634626165)";

/// Name of the trigger that refuses changes of rows.
pub(super) const APPEND_ONLY_TRIGGER: &str = "append_only_update";

pub(super) fn create_table(dialect: Dialect, table: &TableSpec) -> String {
    let serial = table.columns.iter().any(|column| column.kind == ColumnKind::Serial);
    let mut lines: Vec<String> = table.columns.iter().map(|column| define(dialect, column)).collect();
    if !table.primary_key.is_empty() && !(serial && dialect == Dialect::Sqlite) {
        lines.push(format!("PRIMARY KEY ({})", list(&table.primary_key)));
    }
    format!("CREATE TABLE \"{}\" (\n  {}\n)", table.name, lines.join(",\n  "))
}

pub(super) fn add_column(dialect: Dialect, table: &TableSpec, column: &ColumnSpec) -> String {
    format!("ALTER TABLE \"{}\" ADD COLUMN {}", table.name, define(dialect, column))
}

/// Tokens lie in PostgreSQL's inverted index; in SQLite in a narrow index that is read as a whole.
pub(super) fn create_index(dialect: Dialect, table: &TableSpec, index: &IndexSpec, name: &str) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let rows = match (index.live_only, index.deleted_only) {
        (true, _) => " WHERE \"deleted_at\" IS NULL",
        (_, true) => " WHERE \"deleted_at\" IS NOT NULL",
        _ => "",
    };
    let on = match (dialect, index.columns.last()) {
        (Dialect::Postgres, Some(tokens)) if index.tokens => {
            format!("USING gin (string_to_array(\"{tokens}\", ' '))")
        }
        _ => format!("({})", list(&index.columns)),
    };
    format!("CREATE {unique}INDEX \"{name}\" ON \"{}\" {on}{rows}", table.name)
}

/// `ix_<table>_<columns>`, `ux_…` if unique, `…_live` or `…_gone` if partial; a long one ends in its digest instead.
pub(super) fn index_name(table: &str, index: &IndexSpec) -> String {
    let prefix = match (index.unique, index.tokens) {
        (true, _) => "ux",
        (_, true) => "tx",
        _ => "ix",
    };
    let suffix = match (index.live_only, index.deleted_only) {
        (true, _) => "_live",
        (_, true) => "_gone",
        _ => "",
    };
    let name = format!("{prefix}_{table}_{}{suffix}", index.columns.join("_"));
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    // the separator tells (a, b_c) from (a_b, c)
    let whole = format!("{prefix}.{table}.{}{suffix}", index.columns.join("."));
    let digest = hex::encode(&Sm3::digest(whole)[..6]);
    let kept = NAME_BYTES_MAX - digest.len() - 1;
    format!("{}_{digest}", &name[..kept])
}

/// Triggers that refuse UPDATE and DELETE (and TRUNCATE where it exists).
pub(super) fn append_only(dialect: Dialect, table: &TableSpec) -> String {
    let table = &table.name;
    match dialect {
        Dialect::Sqlite => ["update", "delete"]
            .map(|event| {
                let upper = event.to_uppercase();
                format!(
                    "CREATE TRIGGER \"{table}_append_only_{event}\" BEFORE {upper} ON \"{table}\" \
                     BEGIN SELECT RAISE(ABORT, 'the rows of {table} can only be added'); END;"
                )
            })
            .concat(),
        Dialect::Postgres => format!(
            "CREATE OR REPLACE FUNCTION sys_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             RAISE EXCEPTION 'the rows of % can only be added', TG_TABLE_NAME; END $$;\n\
             CREATE TRIGGER {APPEND_ONLY_TRIGGER} BEFORE UPDATE OR DELETE OR TRUNCATE ON \"{table}\" \
             FOR EACH STATEMENT EXECUTE FUNCTION sys_append_only();"
        ),
    }
}

/// Refuses a column that holds something else than specified, or always wants a value that may be absent.
pub(super) fn check_kind(
    dialect: Dialect,
    place: &str,
    column: &ColumnSpec,
    found: &ExistingColumn,
) -> Result<()> {
    let wanted = type_name(dialect, column.kind);
    if !found.type_name.eq_ignore_ascii_case(wanted) {
        return Err(Error::Schema(format!(
            "the column {place} is {} in the database but should be {wanted}: a column's kind cannot change",
            found.type_name
        )));
    }
    if column.nullable && found.required {
        return Err(Error::Schema(format!(
            "the column {place} always has a value in the database but should be nullable"
        )));
    }
    Ok(())
}

fn define(dialect: Dialect, column: &ColumnSpec) -> String {
    let name = &column.name;
    let kind = type_name(dialect, column.kind);
    let rest = match (column.kind, dialect) {
        (ColumnKind::Serial, Dialect::Sqlite) => " PRIMARY KEY AUTOINCREMENT",
        (ColumnKind::Serial, Dialect::Postgres) => " GENERATED BY DEFAULT AS IDENTITY",
        (ColumnKind::Text, Dialect::Postgres) => " COLLATE \"C\"",
        _ => "",
    };
    let null = if column.nullable { "" } else { " NOT NULL" };
    format!("\"{name}\" {kind}{rest}{null}")
}

/// SQLite keeps the declared words apart, so that a change between Int and Bool is noticed there too.
fn type_name(dialect: Dialect, kind: ColumnKind) -> &'static str {
    match (kind, dialect) {
        (ColumnKind::Text, _) => "TEXT",
        (ColumnKind::Serial, Dialect::Sqlite) => "INTEGER",
        (ColumnKind::Int | ColumnKind::Serial, _) => "BIGINT",
        (ColumnKind::Bool, _) => "BOOLEAN",
        (ColumnKind::Bytes, Dialect::Sqlite) => "BLOB",
        (ColumnKind::Bytes, Dialect::Postgres) => "BYTEA",
    }
}

fn list(columns: &[String]) -> String {
    columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ")
}
