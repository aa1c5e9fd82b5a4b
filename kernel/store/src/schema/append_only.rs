//! Triggers that refuse to change or delete rows: for good (the audit log), or unless the transaction has a permit
//! to erase (histories, once a term of retention has ended).

use super::existing::Existing;
use crate::{ColumnKind, Dialect, Result, SqlValue, TableSpec, Tx};

/// Name of the trigger that refuses every change.
const STRICT: &str = "append_only_update";
/// Name of the trigger that refuses a change without a permit.
const ERASABLE: &str = "erasable_update";
/// A row in here, never committed, is a transaction's permit: no other transaction sees it.
const PERMITS: &str = "sys_erasure_permit";

pub(crate) fn permits_table() -> TableSpec {
    TableSpec::new(PERMITS).column("id", ColumnKind::Text).primary_key(["id"])
}

pub(super) fn is_missing(table: &TableSpec, existing: &Existing) -> bool {
    let trigger = if table.erasable { ERASABLE } else { STRICT };
    table.append_only && !has(existing, table, trigger)
}

fn has(existing: &Existing, table: &TableSpec, trigger: &str) -> bool {
    existing.triggers.contains(&(table.name.clone(), trigger.to_owned()))
}

pub(super) fn protect(dialect: Dialect, table: &TableSpec, existing: &Existing) -> String {
    let replaced = match table.erasable && has(existing, table, STRICT) {
        true => drop_strict(dialect, &table.name),
        false => String::new(),
    };
    let made = match (dialect, table.erasable) {
        (Dialect::Sqlite, erasable) => sqlite(&table.name, erasable),
        (Dialect::Postgres, false) => postgres_strict(&table.name),
        (Dialect::Postgres, true) => postgres_erasable(&table.name),
    };
    replaced + &made
}

/// Lets the rows of a table that is never erased be changed, until [`guarded`] is run.
pub(crate) fn unguarded(dialect: Dialect, table: &str) -> String {
    drop_strict(dialect, table)
}

/// The end of [`unguarded`].
pub(crate) fn guarded(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => sqlite(table, false),
        Dialect::Postgres => postgres_strict(table),
    }
}

fn sqlite(table: &str, erasable: bool) -> String {
    let (prefix, unless) = match erasable {
        true => ("erasable", format!("WHEN NOT EXISTS (SELECT 1 FROM \"{PERMITS}\") ")),
        false => ("append_only", String::new()),
    };
    ["update", "delete"]
        .map(|event| {
            let upper = event.to_uppercase();
            format!(
                "CREATE TRIGGER \"{table}_{prefix}_{event}\" BEFORE {upper} ON \"{table}\" {unless}\
                 BEGIN SELECT RAISE(ABORT, 'the rows of {table} can only be added'); END;"
            )
        })
        .concat()
}

fn postgres_strict(table: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION sys_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'the rows of % can only be added', TG_TABLE_NAME; END $$;\n\
         CREATE TRIGGER {STRICT} BEFORE UPDATE OR DELETE OR TRUNCATE ON \"{table}\" \
         FOR EACH STATEMENT EXECUTE FUNCTION sys_append_only();"
    )
}

fn postgres_erasable(table: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION sys_erasable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF TG_OP = 'TRUNCATE' OR NOT EXISTS (SELECT 1 FROM \"{PERMITS}\") THEN \
         RAISE EXCEPTION 'the rows of % can only be added', TG_TABLE_NAME; END IF; RETURN NULL; END $$;\n\
         CREATE TRIGGER {ERASABLE} BEFORE UPDATE OR DELETE OR TRUNCATE ON \"{table}\" \
         FOR EACH STATEMENT EXECUTE FUNCTION sys_erasable();"
    )
}

fn drop_strict(dialect: Dialect, table: &str) -> String {
    match dialect {
        Dialect::Sqlite => ["update", "delete"]
            .map(|event| format!("DROP TRIGGER \"{table}_append_only_{event}\";"))
            .concat(),
        Dialect::Postgres => format!("DROP TRIGGER {STRICT} ON \"{table}\";\n"),
    }
}

impl Tx {
    /// Lets this transaction, and no other, change and delete rows of erasable tables; ends with it.
    pub async fn permit_erasure(&mut self) -> Result<()> {
        if self.erasure.is_some() {
            return Ok(());
        }
        let id = crate::id::unguessable()?;
        self.insert(PERMITS, vec![("id", SqlValue::from(id.as_str()))]).await?;
        self.erasure = Some(id);
        Ok(())
    }

    /// Gives the permit back, so that it is never committed.
    pub(crate) async fn end_erasure(&mut self) -> Result<()> {
        let Some(id) = self.erasure.take() else { return Ok(()) };
        self.delete(PERMITS, crate::Condition::eq(PERMITS, "id", id)).await.map(drop)
    }
}
