//! Creating without a kernel: the inserts the platform was seen to make, as one transaction, with the values of the
//! record it made. Ids, number and time are new each time, plain fields come from the request.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::database::{Cell, Executor, Transaction};
use crate::{requests::Exchange, statement};

const CASES: &str = "eligibility_case";
const NUMBERS: &str = "sys_sequence";
/// Digits of a case's running number.
const DIGITS: usize = 6;

/// The statements of a creation with their values.
pub struct Creation {
    number: Draw,
    inserts: Vec<Insert>,
}

/// Draws the next number.
struct Draw {
    sql: &'static str,
    values: Vec<Cell>,
    /// What stands before the running number.
    prefix: String,
}

struct Insert {
    sql: &'static str,
    returning: bool,
    table: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

struct Column {
    name: String,
    fill: Fill,
}

/// Where the value of a column comes from.
#[derive(Clone, Copy)]
enum Fill {
    /// The row's own new id.
    Id,
    /// The new record's id.
    Record,
    Number,
    Now,
    /// The request, where it has a plain value; otherwise the same as in the record that was seen.
    Given,
}

/// What is new in one creation.
struct Fresh<'a> {
    record: String,
    number: String,
    now: i64,
    given: &'a Value,
}

impl Creation {
    /// Takes the values of the record that the platform made in the exchange.
    pub async fn prepare(exchange: &Exchange, transaction: &mut Transaction) -> anyhow::Result<Self> {
        let text =
            |name: &str| exchange.answer[name].as_str().with_context(|| format!("no {name} in the answer"));
        let (id, case_no) = (text("id")?, text("case_no")?);
        let (mut number, mut inserts) = (None, Vec::new());
        for sql in exchange.statements.iter().filter(|sql| !sql.starts_with("SELECT")) {
            if statement::table(sql)? == NUMBERS {
                number = Some(Draw::prepare(sql, case_no)?);
            } else {
                inserts.push(Insert::prepare(sql, id, transaction.executor()).await?);
            }
        }
        Ok(Self { number: number.context("no number is drawn")?, inserts })
    }

    /// Creates a record; its id, and the answer as JSON.
    pub async fn run(&self, transaction: &mut Transaction, given: &Value) -> anyhow::Result<Vec<u8>> {
        let number = self.number.draw(transaction.executor()).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
        let fresh = Fresh { record: uuid::Uuid::now_v7().to_string(), number, now, given };
        let mut answer = Vec::with_capacity(2048);
        for insert in &self.inserts {
            insert.run(transaction.executor(), &fresh, &mut answer).await?;
        }
        answer.push(b'}');
        Ok(answer)
    }

    /// How many rows a creation leaves, by table and the column that holds the record's id.
    pub fn footprint(&self) -> impl Iterator<Item = (&str, &'static str, usize)> {
        self.inserts.iter().map(|insert| (insert.table.as_str(), link(&insert.columns), insert.rows.len()))
    }
}

impl Draw {
    fn prepare(sql: &str, case_no: &str) -> anyhow::Result<Self> {
        let prefix = &case_no[..case_no.len() - DIGITS];
        // `GZ`, the district, the year: the counter is the year's and the district's.
        let (district, year) = prefix.trim_start_matches("GZ").split_at(6);
        let mut values = vec![
            Cell::Text(Some("eligibility.case_no".to_owned())),
            Cell::Text(Some(format!("{year}|{district}"))),
        ];
        values.resize(statement::placeholders(sql).len(), Cell::Int(Some(1)));
        Ok(Self { sql: sql.to_owned().leak(), values, prefix: prefix.to_owned() })
    }

    async fn draw(&self, executor: Executor<'_>) -> anyhow::Result<String> {
        let rows = executor.fetch(self.sql, self.values.clone()).await?;
        let Cell::Int(Some(number)) = rows.cell(0, 0, super::database::Kind::Int)? else {
            bail!("no number")
        };
        Ok(format!("{}{number:0DIGITS$}", self.prefix))
    }
}

impl Insert {
    async fn prepare(sql: &str, id: &str, executor: Executor<'_>) -> anyhow::Result<Self> {
        ensure!(sql.starts_with("INSERT"), "a creation is not expected to execute: {sql}");
        let table = statement::table(sql)?.to_owned();
        let (names, count) = statement::inserted(sql)?;
        let is_case = table == CASES;
        let columns: Vec<Column> =
            names.into_iter().map(|name| Column { fill: fill(&name, is_case), name }).collect();
        let list: Vec<String> = columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let placeholder = if matches!(executor, Executor::Sqlite(_)) { "?" } else { "$1" };
        let order = if columns.iter().any(|column| column.name == "position") {
            " ORDER BY \"position\""
        } else {
            ""
        };
        let seen = format!(
            "SELECT {} FROM \"{table}\" WHERE \"{}\" = {placeholder}{order}",
            list.join(", "),
            link(&columns)
        );
        let found = executor.fetch(seen.leak(), vec![Cell::Text(Some(id.to_owned()))]).await?;
        ensure!(found.len() == count, "{} rows in {table} instead of {count}", found.len());
        let kinds = found.kinds()?;
        let row = |row| kinds.iter().enumerate().map(|(at, kind)| found.cell(row, at, *kind)).collect();
        let rows = (0..count).map(row).collect::<anyhow::Result<_>>()?;
        let returning = sql.contains(" RETURNING ");
        Ok(Self { sql: sql.to_owned().leak(), returning, table, columns, rows })
    }

    async fn run(
        &self,
        executor: Executor<'_>,
        fresh: &Fresh<'_>,
        answer: &mut Vec<u8>,
    ) -> anyhow::Result<()> {
        let mut values = Vec::with_capacity(self.columns.len() * self.rows.len());
        for row in &self.rows {
            values.extend(self.columns.iter().zip(row).map(|(column, cell)| column.value(cell, fresh)));
        }
        if !self.table.starts_with("sys_") {
            self.tell(&values, answer)?;
        }
        match self.returning {
            true => executor.fetch(self.sql, values).await.map(drop),
            false => executor.execute(self.sql, values).await,
        }
    }

    /// The rows as part of the answer: the record's own fields, then lists of child rows.
    fn tell(&self, values: &[Cell], answer: &mut Vec<u8>) -> anyhow::Result<()> {
        if self.table == CASES {
            return self.tell_row(values, answer);
        }
        answer.extend_from_slice(format!(",\"{}\":[", super::select::list_name(&self.table)?).as_bytes());
        for (at, row) in values.chunks(self.columns.len()).enumerate() {
            if at > 0 {
                answer.push(b',');
            }
            self.tell_row(row, answer)?;
            answer.push(b'}');
        }
        answer.push(b']');
        Ok(())
    }

    fn tell_row(&self, row: &[Cell], answer: &mut Vec<u8>) -> anyhow::Result<()> {
        for (at, (column, value)) in self.columns.iter().zip(row).enumerate() {
            answer.extend_from_slice(if at == 0 { b"{\"" } else { b",\"" });
            answer.extend_from_slice(column.name.as_bytes());
            answer.extend_from_slice(b"\":");
            match value {
                Cell::Text(value) => serde_json::to_writer(&mut *answer, value)?,
                Cell::Int(value) => serde_json::to_writer(&mut *answer, value)?,
                Cell::Bool(value) => serde_json::to_writer(&mut *answer, value)?,
                Cell::Bytes(_) => answer.extend_from_slice(super::database::SEALED),
            }
        }
        Ok(())
    }
}

impl Column {
    fn value(&self, seen: &Cell, fresh: &Fresh<'_>) -> Cell {
        match self.fill {
            Fill::Id => Cell::Text(Some(uuid::Uuid::now_v7().to_string())),
            Fill::Record => Cell::Text(Some(fresh.record.clone())),
            Fill::Number => Cell::Text(Some(fresh.number.clone())),
            Fill::Now => Cell::Int(Some(fresh.now)),
            Fill::Given => match (seen, &fresh.given[&self.name]) {
                (Cell::Text(_), Value::String(text)) => Cell::Text(Some(text.clone())),
                (Cell::Int(_), Value::Number(number)) => Cell::Int(number.as_i64()),
                (Cell::Bool(_), Value::Bool(bool)) => Cell::Bool(Some(*bool)),
                _ => seen.clone(),
            },
        }
    }
}

fn fill(column: &str, is_case: bool) -> Fill {
    match column {
        "id" if is_case => Fill::Record,
        "id" => Fill::Id,
        "record_id" | "case" => Fill::Record,
        "case_no" => Fill::Number,
        "at" | "created_at" | "updated_at" => Fill::Now,
        _ => Fill::Given,
    }
}

/// The column that holds the record's id.
fn link(columns: &[Column]) -> &'static str {
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    if has("record_id") {
        "record_id"
    } else if has("case") {
        "case"
    } else {
        "id"
    }
}
