//! Numbers: gapless ones, and ones that nobody waits for.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use sea_query::{Alias, Expr, ExprTrait, InsertStatement, OnConflict};

use crate::build::{self, Statement};
use crate::connection::Executor;
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Error, Result, Store, TableSpec, Tx};

const TABLE: &str = "sys_sequence";
/// Numbers taken at once where gaps are allowed.
const BLOCK: i64 = 20;

/// Numbers that were taken and not yet given, by sequence and period. Those of a server that stops are lost.
#[derive(Default)]
pub(crate) struct NumbersAhead(Mutex<HashMap<(String, String), Blocks>>);

type Blocks = VecDeque<Range<i64>>;

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
        let rows = self.fetch(next(self.dialect(), sequence, period, count), &[ColumnKind::Int]).await?;
        Ok(rows.first().ok_or(Error::NotFound)?.int(0)? - count + 1)
    }

    /// A number of a sequence in a period that nobody else gets. Nobody waits for this transaction: it keeps the
    /// number even when it is rolled back, and numbers may be missing or a little out of order. On SQLite, which
    /// has one writer at a time, the same as [`Tx::next_number`].
    pub async fn next_number_with_gaps(&mut self, sequence: &str, period: &str) -> Result<i64> {
        self.next_numbers_with_gaps(sequence, period, 1).await
    }

    /// As [`Tx::next_number_with_gaps`], so many at once; the first of them.
    pub async fn next_numbers_with_gaps(&mut self, sequence: &str, period: &str, count: u32) -> Result<i64> {
        if self.store().apart().is_none() {
            return self.next_numbers(sequence, period, count).await;
        }
        // Never through `Tx`: an error there does not touch this transaction.
        let store = self.store().clone();
        match count {
            0 | 1 => store.number_ahead(sequence, period).await,
            many => store.block(sequence, period, i64::from(many)).await,
        }
    }
}

impl Store {
    async fn number_ahead(&self, sequence: &str, period: &str) -> Result<i64> {
        let key = (sequence.to_owned(), period.to_owned());
        if let Some(number) = self.numbers_ahead().take(&key) {
            return Ok(number);
        }
        let first = self.block(sequence, period, BLOCK).await?;
        self.numbers_ahead().put(key, first + 1..first + BLOCK);
        Ok(first)
    }

    /// So many numbers at once, outside any transaction; the first of them.
    async fn block(&self, sequence: &str, period: &str, count: i64) -> Result<i64> {
        let pool = self.apart().ok_or(Error::NotFound)?;
        let mut connection = pool.acquire().await?;
        let statement = next(Dialect::Postgres, sequence, period, count);
        let rows = Executor::Postgres(&mut connection).fetch_all(statement, &[ColumnKind::Int]).await?;
        Ok(rows.first().ok_or(Error::NotFound)?.int(0)? - count + 1)
    }
}

impl NumbersAhead {
    fn take(&self, key: &(String, String)) -> Option<i64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocks = all.get_mut(key)?;
        let block = blocks.front_mut()?;
        let number = block.next();
        if block.is_empty() {
            blocks.pop_front();
        }
        if blocks.is_empty() {
            all.remove(key);
        }
        number
    }

    fn put(&self, key: (String, String), block: Range<i64>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(key).or_default().push_back(block);
    }
}

/// Moves the counter on by so many; the new value.
fn next(dialect: Dialect, sequence: &str, period: &str, by: i64) -> Statement {
    let value = || Alias::new("value");
    let mut advance = OnConflict::columns(["sequence", "period"].map(Alias::new));
    advance.value(value(), Expr::col((Alias::new(TABLE), value())).add(Expr::val(by)));
    let mut query = InsertStatement::new();
    query
        .into_table(Alias::new(TABLE))
        .columns(["sequence", "period", "value"].map(Alias::new))
        .values_panic([Expr::val(sequence), Expr::val(period), Expr::val(by)])
        .on_conflict(advance)
        .returning_col(value());
    build::render(dialect, &query)
}
