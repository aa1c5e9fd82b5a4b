//! Bringing the database's tables to their specification.

mod ddl;
mod existing;

use std::collections::HashSet;

use crate::{ColumnKind, Dialect, Error, Result, SchemaChange, Store, TableSpec, Tx};

/// Longest name PostgreSQL keeps, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// One transaction under a lock: SQLite's write lock, PostgreSQL's advisory lock.
pub(crate) async fn sync(store: &Store, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
    check_names(tables)?;
    let mut tx = store.begin().await?;
    if tx.dialect() == Dialect::Postgres {
        tx.run(ddl::LOCK.to_owned()).await?;
    }
    let mut changes = Vec::new();
    let existing = existing::read(&mut tx).await?;
    for table in tables {
        match existing.tables.get(&table.name) {
            None => {
                tx.run(ddl::create_table(tx.dialect(), table)).await?;
                changes.push(SchemaChange::TableCreated { table: table.name.clone() });
            }
            Some(columns) => add_columns(&mut tx, table, columns, &mut changes).await?,
        }
        add_indexes(&mut tx, table, &existing.indexes, &mut changes).await?;
        protect(&mut tx, table, &existing.triggers, &mut changes).await?;
    }
    tx.commit().await?;
    Ok(changes)
}

async fn add_columns(
    tx: &mut Tx,
    table: &TableSpec,
    existing: &existing::Columns,
    changes: &mut Vec<SchemaChange>,
) -> Result<()> {
    for column in &table.columns {
        let place = format!("{}.{}", table.name, column.name);
        match existing.get(&column.name) {
            Some(found) => ddl::check_kind(tx.dialect(), &place, column, found)?,
            None if !column.nullable => {
                return Err(Error::Schema(format!(
                    "the column {place} is new in an existing table, so it must be nullable"
                )));
            }
            None => {
                tx.run(ddl::add_column(tx.dialect(), table, column)).await?;
                changes.push(SchemaChange::ColumnAdded {
                    table: table.name.clone(),
                    column: column.name.clone(),
                });
            }
        }
    }
    Ok(())
}

async fn add_indexes(
    tx: &mut Tx,
    table: &TableSpec,
    existing: &HashSet<String>,
    changes: &mut Vec<SchemaChange>,
) -> Result<()> {
    let mut done = HashSet::new();
    for index in &table.indexes {
        let name = ddl::index_name(&table.name, index);
        if existing.contains(&name) || !done.insert(name.clone()) {
            continue;
        }
        tx.run(ddl::create_index(tx.dialect(), table, index, &name)).await?;
        changes.push(SchemaChange::IndexCreated { table: table.name.clone(), index: name });
    }
    Ok(())
}

async fn protect(
    tx: &mut Tx,
    table: &TableSpec,
    existing: &HashSet<(String, String)>,
    changes: &mut Vec<SchemaChange>,
) -> Result<()> {
    if !table.append_only || existing.contains(&(table.name.clone(), ddl::APPEND_ONLY_TRIGGER.to_owned())) {
        return Ok(());
    }
    tx.run(ddl::append_only(tx.dialect(), table)).await?;
    changes.push(SchemaChange::MadeAppendOnly { table: table.name.clone() });
    Ok(())
}

fn check_names(tables: &[TableSpec]) -> Result<()> {
    for table in tables {
        check_name(&table.name)?;
        let columns: HashSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        if columns.len() != table.columns.len() {
            return Err(Error::Schema(format!("the table {} has two columns of one name", table.name)));
        }
        for column in &table.columns {
            check_name(&column.name)?;
            let alone = table.primary_key.len() == 1 && table.primary_key[0] == column.name;
            if column.kind == ColumnKind::Serial && !alone {
                let place = format!("{}.{}", table.name, column.name);
                return Err(Error::Schema(format!(
                    "the serial column {place} must be the whole primary key"
                )));
            }
        }
        let indexed = table.indexes.iter().flat_map(|index| {
            let deleted_at = (index.live_only || index.deleted_only).then_some("deleted_at");
            index.columns.iter().map(String::as_str).chain(deleted_at)
        });
        for name in table.primary_key.iter().map(String::as_str).chain(indexed) {
            if !columns.contains(name) {
                return Err(Error::Schema(format!(
                    "a key of {} names the unknown column {name}",
                    table.name
                )));
            }
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<()> {
    let well_formed = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if well_formed && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err(Error::Schema(format!("{name:?} cannot be the name of a table or column")))
}
