//! A captured SELECT, ready to be replayed with other values.

use anyhow::{Context, ensure};

use super::database::{Cell, Executor, Kind, Rows};
use crate::statement;

/// What the placeholders of reads stand for.
pub struct Scope<'a> {
    /// The record asked for.
    pub id: &'a str,
    /// The operator whose cases the caller sees.
    pub operator: &'a str,
    /// The state asked for.
    pub status: &'a str,
}

pub struct Select {
    pub table: String,
    sql: &'static str,
    /// What each placeholder stands behind.
    places: Vec<String>,
    /// Names in quotes with their colon, and what they hold.
    columns: Vec<(String, Kind)>,
}

impl Select {
    /// Runs the statement once to learn the kinds of its columns; it must find something.
    pub async fn prepare(sql: &str, executor: Executor<'_>, scope: &Scope<'_>) -> anyhow::Result<Self> {
        // As good as a literal in a handler's code: prepared once, never given back.
        let sql: &'static str = sql.to_owned().leak();
        let table = statement::table(sql)?.to_owned();
        let names = statement::selected(sql, &table)?;
        let mut select = Self { table, sql, places: statement::placeholders(sql), columns: Vec::new() };
        let kinds = select.rows(executor, scope).await?.kinds()?;
        ensure!(kinds.len() == names.len(), "{} columns found instead of {}", kinds.len(), names.len());
        select.columns = names.iter().map(|name| format!("\"{name}\":")).zip(kinds).collect();
        Ok(select)
    }

    pub async fn rows(&self, executor: Executor<'_>, scope: &Scope<'_>) -> anyhow::Result<Rows> {
        let values = self.places.iter().map(|place| bound(place, scope));
        executor.fetch(self.sql, values.collect::<anyhow::Result<_>>()?).await
    }

    pub fn write(&self, rows: &Rows, row: usize, out: &mut Vec<u8>) -> anyhow::Result<()> {
        rows.write(row, &self.columns, out)
    }

    /// All rows, or the first `most`, as a JSON array.
    pub fn write_all(&self, rows: &Rows, most: usize, out: &mut Vec<u8>) -> anyhow::Result<()> {
        out.push(b'[');
        for row in 0..rows.len().min(most) {
            if row > 0 {
                out.push(b',');
            }
            self.write(rows, row, out)?;
        }
        out.push(b']');
        Ok(())
    }
}

fn bound(place: &str, scope: &Scope<'_>) -> anyhow::Result<Cell> {
    let text = |text: &str| Cell::Text(Some(text.to_owned()));
    let value = match place {
        "id =" | "case IN" => text(scope.id),
        "operator =" => text(scope.operator),
        "status =" => text(scope.status),
        "status <>" => text("deleted"),
        "housing_kind =" => text("public_rental"),
        "LIMIT" => Cell::Int(Some(super::PAGE as i64 + 1)),
        "OFFSET" => Cell::Int(Some(0)),
        _ => return Err(anyhow::anyhow!("nothing is known to bind behind `{place}`")),
    };
    Ok(value)
}

/// The child table's name in the answer.
pub fn list_name(table: &str) -> anyhow::Result<String> {
    let singular = table.strip_prefix("eligibility_").context("a child table of another application")?;
    Ok(format!("{singular}s"))
}
