//! Gapless numbers.

use sea_query::{Alias, Expr, ExprTrait, InsertStatement, OnConflict};

use crate::build::{self, Statement};
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Error, Result, TableSpec, Tx};

const TABLE: &str = "sys_sequence";

pub(crate) fn table() -> TableSpec {
    TableSpec::new(TABLE)
        .column("sequence", ColumnKind::Text)
        .column("period", ColumnKind::Text)
        .column("value", ColumnKind::Int)
        .primary_key(["sequence", "period"])
}

impl Tx {
    /// The next number of a sequence in a period (such as a year), from 1. It is gapless: a rolled back
    /// transaction gives its number back, so others that want one wait until this transaction ends.
    pub async fn next_number(&mut self, sequence: &str, period: &str) -> Result<i64> {
        self.next_numbers(sequence, period, 1).await
    }

    /// As [`Tx::next_number`], so many at once; the first of them.
    pub async fn next_numbers(&mut self, sequence: &str, period: &str, count: u32) -> Result<i64> {
        let count = i64::from(if count == 0 { 1 } else { count });
        let rows = self.fetch(advance(self.dialect(), sequence, period, count), &[ColumnKind::Int]).await?;
        Ok(rows.first().ok_or(Error::NotFound)?.int(0)? - count + 1)
    }
}

fn advance(dialect: Dialect, sequence: &str, period: &str, count: i64) -> Statement {
    let value = || Alias::new("value");
    let mut ahead = OnConflict::columns(["sequence", "period"].map(Alias::new));
    ahead.value(value(), Expr::col((Alias::new(TABLE), value())).add(Expr::val(count)));
    let mut query = InsertStatement::new();
    query
        .into_table(Alias::new(TABLE))
        .columns(["sequence", "period", "value"].map(Alias::new))
        .values_panic([Expr::val(sequence), Expr::val(period), Expr::val(count)])
        .on_conflict(ahead)
        .returning_col(value());
    build::render(dialect, &query)
}
