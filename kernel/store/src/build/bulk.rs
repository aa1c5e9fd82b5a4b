//! Statements for many rows. Their text is put together by hand: an expression for each of thousands of values
//! would cost more than the database's own work.

use super::quote;
use crate::bulk::Column;

/// `INSERT INTO t (a, b) VALUES (?, ?), …` for so many rows.
pub(crate) fn insert_rows(table: &str, columns: &[&str], rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let mut sql = insert_into(table, columns);
    sql.push_str("VALUES ");
    for index in 0..rows {
        if index > 0 {
            sql.push_str(", ");
        }
        sql.push_str(&row);
    }
    sql
}

/// `UPDATE t SET b = ? WHERE a = ?`
pub(crate) fn update_row(table: &str, keys: &[&str], sets: &[&str]) -> String {
    let equal = |name: &&str| format!("{} = ?", quoted(name));
    let set: Vec<String> = sets.iter().map(equal).collect();
    let found: Vec<String> = keys.iter().map(equal).collect();
    format!("UPDATE {} SET {} WHERE {}", quoted(table), set.join(", "), found.join(" AND "))
}

/// `INSERT INTO t (a, b) SELECT * FROM UNNEST($1::TEXT[], $2::BIGINT[])`
pub(crate) fn insert_arrays(table: &str, columns: &[&str], arrays: &[Column]) -> String {
    format!("{}SELECT * FROM {}", insert_into(table, columns), unnest(arrays))
}

/// `UPDATE t SET b = v.c2, c = NULL FROM UNNEST(…) AS v (c1, c2) WHERE t.a = v.c1`
pub(crate) fn update_arrays(
    table: &str,
    keys: &[&str],
    given: &[&str],
    emptied: &[&str],
    arrays: &[Column],
) -> String {
    let table = quoted(table);
    let value = |at: usize| format!("v.c{}", at + 1);
    let mut sets: Vec<String> =
        (keys.len()..).zip(given).map(|(at, name)| format!("{} = {}", quoted(name), value(at))).collect();
    sets.extend(emptied.iter().map(|name| format!("{} = NULL", quoted(name))));
    let found: Vec<String> = keys
        .iter()
        .enumerate()
        .map(|(at, name)| format!("{table}.{} = {}", quoted(name), value(at)))
        .collect();
    let names: Vec<String> = (1..=arrays.len()).map(|at| format!("c{at}")).collect();
    format!(
        "UPDATE {table} SET {} FROM {} AS v ({}) WHERE {}",
        sets.join(", "),
        unnest(arrays),
        names.join(", "),
        found.join(" AND ")
    )
}

/// `COPY t (a, b) FROM STDIN`
pub(crate) fn copy_from_stdin(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    format!("COPY {} ({}) FROM STDIN", quoted(table), columns.join(", "))
}

fn insert_into(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    format!("INSERT INTO {} ({}) ", quoted(table), columns.join(", "))
}

fn unnest(arrays: &[Column]) -> String {
    let cast = |(at, array): (usize, &Column)| {
        let kind = match array {
            Column::Text(_) => "TEXT",
            Column::Int(_) => "BIGINT",
            Column::Bool(_) => "BOOLEAN",
            Column::Bytes(_) => "BYTEA",
        };
        format!("${}::{kind}[]", at + 1)
    };
    let arrays: Vec<String> = arrays.iter().enumerate().map(cast).collect();
    format!("UNNEST({})", arrays.join(", "))
}

fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    quote(&mut text, name);
    text
}
