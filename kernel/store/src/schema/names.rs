//! Names of tables and columns, and keys that name columns, before any SQL is made of them.

use std::collections::HashSet;

use super::refused;
use crate::{ColumnKind, Result, TableSpec};

/// Longest name PostgreSQL keeps, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 63;

pub(super) fn check(tables: &[TableSpec]) -> Result<()> {
    for table in tables {
        check_name(&table.name)?;
        let columns: HashSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        if columns.len() != table.columns.len() {
            return Err(refused(format!("the table {} has two columns of one name", table.name)));
        }
        for column in &table.columns {
            check_name(&column.name)?;
            let alone = table.primary_key.len() == 1 && table.primary_key[0] == column.name;
            if column.kind == ColumnKind::Serial && !alone {
                let place = format!("{}.{}", table.name, column.name);
                return Err(refused(format!("the serial column {place} must be the whole primary key")));
            }
        }
        let indexed = table.indexes.iter().flat_map(|index| {
            let deleted_at = (index.live_only || index.deleted_only).then_some("deleted_at");
            index.columns.iter().map(String::as_str).chain(deleted_at)
        });
        for name in table.primary_key.iter().map(String::as_str).chain(indexed) {
            if !columns.contains(name) {
                return Err(refused(format!("a key of {} names the unknown column {name}", table.name)));
            }
        }
    }
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<()> {
    let well_formed = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if well_formed && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err(refused(format!("{name:?} cannot be the name of a table or column")))
}
