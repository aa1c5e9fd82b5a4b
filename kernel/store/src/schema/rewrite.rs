//! Changes of what the stored values mean. They happen in one transaction with the table to itself, and give the
//! table another name, so that no statement made for the old meaning can be carried out afterwards.

use sea_query::{Alias, Expr, ExprTrait, UpdateStatement};

use super::{ddl, generation_name, names};
use crate::build::{self, Statement};
use crate::{Dialect, Result, Tx};

/// How the whole numbers of a column become those of another scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rescale {
    /// More places: each value times this.
    Multiply(i64),
    /// Fewer places: each value divided by this; the caller has made sure that all are multiples of it.
    Divide(i64),
}

impl Tx {
    /// Waits at most `wait_ms` for nobody else to use the table, and keeps it until the transaction ends. Others queue
    /// behind whoever waits, hence the limit; [`crate::Error::Retry`] when it is reached.
    pub async fn have_table_alone(&mut self, table: &str, wait_ms: u32) -> Result<()> {
        names::check_name(table)?;
        if self.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let lock = format!("LOCK TABLE \"{table}\" IN ACCESS EXCLUSIVE MODE");
        self.run(format!("SET LOCAL lock_timeout = '{wait_ms}ms';\n{lock}")).await
    }

    /// Brings a column of whole numbers to another scale; how many rows had a value. The table should be had alone.
    pub async fn rescale(&mut self, table: &str, column: &str, scale: Rescale) -> Result<u64> {
        let coding = self.store().known().coding(table).cloned();
        if let Some(coding) = coding {
            return self.rescale_coded(table, &coding, column, scale).await;
        }
        let statement = rescaled(self.dialect(), table, column, scale);
        self.execute(statement).await
    }

    /// Gives a table the name of its next generation; the name. The table should be had alone.
    pub async fn advance_generation(&mut self, stem: &str, from: u32) -> Result<String> {
        let (old, new) = (generation_name(stem, from), generation_name(stem, from + 1));
        names::check_name(&new)?;
        self.run(ddl::rename_table(&old, &new)).await?;
        Ok(new)
    }
}

fn rescaled(dialect: Dialect, table: &str, column: &str, scale: Rescale) -> Statement {
    let column = || Alias::new(column);
    let value = match scale {
        Rescale::Multiply(by) => Expr::col(column()).mul(Expr::val(by)),
        Rescale::Divide(by) => Expr::col(column()).div(Expr::val(by)),
    };
    let mut query = UpdateStatement::new();
    query.table(Alias::new(table)).value(column(), value).and_where(Expr::col(column()).is_not_null());
    build::render(dialect, &query)
}
