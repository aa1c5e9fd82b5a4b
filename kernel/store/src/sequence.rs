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
        let rows = self.fetch(next(self.dialect(), sequence, period), &[ColumnKind::Int]).await?;
        rows.first().ok_or(Error::NotFound)?.int(0)
    }
}

fn next(dialect: Dialect, sequence: &str, period: &str) -> Statement {
    let value = || Alias::new("value");
    let mut advance = OnConflict::columns(["sequence", "period"].map(Alias::new));
    advance.value(value(), Expr::col((Alias::new(TABLE), value())).add(Expr::val(1_i64)));
    let mut query = InsertStatement::new();
    query
        .into_table(Alias::new(TABLE))
        .columns(["sequence", "period", "value"].map(Alias::new))
        .values_panic([Expr::val(sequence), Expr::val(period), Expr::val(1_i64)])
        .on_conflict(advance)
        .returning_col(value());
    build::render(dialect, &query)
}
