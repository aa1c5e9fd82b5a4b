//! What has to be done so that the tables are as specified.

use std::collections::HashSet;

use super::existing::{Existing, ExistingIndex};
use super::{append_only, ddl, refused, stem};
use crate::{ColumnSpec, Dialect, IndexSpec, Result, SchemaChange, TableSpec};

/// One step towards the specification.
#[derive(Debug)]
pub(super) enum Planned<'a> {
    Create(&'a TableSpec),
    Column {
        table: &'a TableSpec,
        column: &'a ColumnSpec,
    },
    Index {
        table: &'a TableSpec,
        index: &'a IndexSpec,
        name: String,
        /// The table is created by an earlier step, so nobody uses it yet.
        fresh: bool,
    },
    Protect(&'a TableSpec),
}

impl Planned<'_> {
    pub(super) fn change(&self) -> SchemaChange {
        match self {
            Self::Create(table) => SchemaChange::TableCreated { table: table.name.clone() },
            Self::Column { table, column } => {
                SchemaChange::ColumnAdded { table: table.name.clone(), column: column.name.clone() }
            }
            Self::Index { table, name, .. } => {
                SchemaChange::IndexCreated { table: table.name.clone(), index: name.clone() }
            }
            Self::Protect(table) => SchemaChange::MadeAppendOnly { table: table.name.clone() },
        }
    }
}

/// The steps in their order; an error for a table that cannot be made what it should be.
pub(super) fn plan<'a>(
    dialect: Dialect,
    existing: &Existing,
    tables: &'a [TableSpec],
) -> Result<Vec<Planned<'a>>> {
    let mut steps = Vec::new();
    for table in tables {
        let found = existing.tables.get(&table.name);
        match found {
            None => steps.push(Planned::Create(table)),
            Some(columns) => {
                for column in &table.columns {
                    let place = format!("{}.{}", table.name, column.name);
                    match columns.get(&column.name) {
                        Some(found) => ddl::check_kind(dialect, &place, column, found)?,
                        None if !column.nullable => {
                            return Err(refused(format!(
                                "the column {place} is new in an existing table, so it must be nullable"
                            )));
                        }
                        None => steps.push(Planned::Column { table, column }),
                    }
                }
            }
        }
        let mut done = HashSet::new();
        for index in &table.indexes {
            let name = ddl::index_name(&table.name, index);
            if !existing.indexes.contains_key(&name) && done.insert(name.clone()) {
                steps.push(Planned::Index { table, index, name, fresh: found.is_none() });
            }
        }
        if append_only::is_missing(table, existing) {
            steps.push(Planned::Protect(table));
        }
    }
    Ok(steps)
}

/// Names of unique indexes of the specified tables that the specification does not have.
pub(super) fn stale_uniques(existing: &Existing, tables: &[TableSpec]) -> Vec<String> {
    let wanted: HashSet<String> = tables
        .iter()
        .flat_map(|table| table.indexes.iter().map(|index| ddl::index_name(&table.name, index)))
        .collect();
    let ours: HashSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let is_stale = |name: &str, index: &ExistingIndex| {
        let own_name = format!("ux_{}_", stem(&index.table));
        index.unique
            && ours.contains(index.table.as_str())
            && name.starts_with(&own_name)
            && !wanted.contains(name)
    };
    let mut stale: Vec<String> = existing
        .indexes
        .iter()
        .filter(|(name, index)| is_stale(name, index))
        .map(|(name, _)| name.clone())
        .collect();
    stale.sort();
    stale
}
