//! Bringing the database's tables to their specification.

mod append_only;
mod ddl;
mod existing;
mod names;
mod online;
mod plan;
mod rewrite;

pub use rewrite::Rescale;

pub(crate) use append_only::{guarded, permits_table, unguarded};
pub(crate) use existing::columns_of;
pub(crate) use online::extend;

use std::collections::BTreeSet;
use std::time::Duration;

use plan::{Planned, plan};

use crate::build::Statement;
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Error, Result, SchemaChange, Store, TableSpec, Tx};

/// How long one waits between attempts to get the lock of schema changes, and how often.
const LOCK_WAIT: Duration = Duration::from_millis(50);
const LOCK_ATTEMPTS_MAX: u32 = 2_400;

/// One transaction under a lock: SQLite's write lock, PostgreSQL's advisory lock.
pub(crate) async fn sync(store: &Store, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
    names::check(tables)?;
    let mut tx = begin_alone(store).await?;
    let existing = existing::read(&mut tx).await?;
    let planned = plan(tx.dialect(), &existing, tables)?;
    for step in &planned {
        run(&mut tx, step, &existing).await?;
    }
    tx.commit().await?;
    Ok(planned.iter().map(Planned::change).collect())
}

/// What [`sync`] and [`extend`] would change; [`Error::Schema`] for what they would refuse.
pub(crate) async fn changes(store: &Store, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
    names::check(tables)?;
    let mut tx = store.begin().await?;
    let existing = existing::read(&mut tx).await?;
    let planned = plan(tx.dialect(), &existing, tables)?;
    tx.rollback().await?;
    Ok(planned.iter().map(Planned::change).collect())
}

/// Unique indexes on the tables that their specification no longer wants: they would go on refusing rows.
pub(crate) async fn drop_stale_uniques(store: &Store, tables: &[TableSpec]) -> Result<Vec<String>> {
    let mut tx = store.begin().await?;
    let existing = existing::read(&mut tx).await?;
    let stale = plan::stale_uniques(&existing, tables);
    tx.rollback().await?;
    for index in &stale {
        online::drop_index(store, index).await?;
    }
    Ok(stale)
}

/// Drops all indexes of the tables but their primary keys.
pub(crate) async fn drop_indexes_of(store: &Store, tables: &BTreeSet<&str>) -> Result<()> {
    let mut tx = begin_alone(store).await?;
    let existing = existing::read(&mut tx).await?;
    for (name, index) in &existing.indexes {
        if tables.contains(index.table.as_str()) {
            tx.run(ddl::drop_index(name)).await?;
        }
    }
    tx.commit().await
}

/// A transaction during which nobody else changes the schema.
async fn begin_alone(store: &Store) -> Result<Tx> {
    for _ in 0..LOCK_ATTEMPTS_MAX {
        let mut tx = store.begin().await?;
        if tx.dialect() == Dialect::Sqlite {
            return Ok(tx);
        }
        if is_granted(&mut tx, ddl::TRY_LOCK).await? {
            tx.run(ddl::NO_TIMEOUT.to_owned()).await?;
            return Ok(tx);
        }
        tx.rollback().await?;
        tokio::time::sleep(LOCK_WAIT).await;
    }
    Err(Error::Retry("another server has been changing the schema for long".to_owned()))
}

async fn is_granted(source: &mut dyn Source, lock: &str) -> Result<bool> {
    let statement = Statement::new(lock.to_owned(), Vec::new());
    let rows = source.fetch(statement, &[ColumnKind::Bool]).await?;
    rows.first().map_or(Ok(false), |row| row.bool(0))
}

/// Carries one step out within a transaction.
async fn run(tx: &mut Tx, step: &Planned<'_>, existing: &existing::Existing) -> Result<()> {
    let dialect = tx.dialect();
    match step {
        Planned::Create(table) => tx.run(ddl::create_table(dialect, table)).await,
        Planned::Column { table, column } => tx.run(ddl::add_column(dialect, table, column)).await,
        Planned::Index { table, index, name, .. } => {
            if existing.broken_indexes.contains(name) {
                tx.run(ddl::drop_index(name)).await?;
            }
            tx.run(ddl::create_index(dialect, table, index, name, "")).await
        }
        Planned::Protect(table) => tx.run(append_only::protect(dialect, table, existing)).await,
    }
}

/// The name of a table's next form, when what its columns mean changes: statements that still mean the old form
/// then find no table, rather than reading it wrongly. Generation 1 is the table's own name.
pub fn generation_name(stem: &str, generation: u32) -> String {
    if generation <= 1 { stem.to_owned() } else { format!("{stem}{GENERATION_MARK}{generation}") }
}

/// Separates a table's name from its generation; no name has two underscores in a row by itself.
const GENERATION_MARK: &str = "__";

/// The name without its generation: indexes keep their names through all of them.
pub(crate) fn stem(table: &str) -> &str {
    table.split_once(GENERATION_MARK).map_or(table, |(stem, _)| stem)
}

fn refused(message: impl Into<String>) -> Error {
    Error::Schema(message.into())
}
