//! Transactions.

use std::sync::Arc;

use crate::build::{self, Statement};
use crate::bulk::Column;
use crate::connection::Transaction;
use crate::fetch::Source;
use crate::load::Messages;
use crate::store::Known;
use crate::{ColumnKind, Condition, Dialect, Error, Result, Row, SqlValue, Store};

/// One transaction: everything done through it is committed together, or not at all when it is dropped.
///
/// After the first error nothing of it can be committed any more, as PostgreSQL has it; SQLite is held to the same.
pub struct Tx {
    store: Store,
    transaction: Transaction,
    failed: bool,
    /// The permit to erase that this transaction has, to be given back before it commits.
    pub(crate) erasure: Option<String>,
}

impl Tx {
    pub(crate) fn new(store: Store, transaction: Transaction) -> Self {
        Self { store, transaction, failed: false, erasure: None }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    pub(crate) fn files_dir(&self) -> &std::path::Path {
        self.store.files_dir()
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Inserts one row.
    pub async fn insert<N: AsRef<str>>(&mut self, table: &str, values: Vec<(N, SqlValue)>) -> Result<()> {
        let (columns, mut row) = split(values);
        let mut columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        self.store.known().complete(table, &mut columns, std::slice::from_mut(&mut row));
        let statement = build::insert(self.dialect(), table, &columns, row, None);
        self.execute(statement).await.map(drop)
    }

    /// Inserts one row; the number the database gave to the column `serial`.
    pub async fn insert_returning_serial<N: AsRef<str>>(
        &mut self,
        table: &str,
        serial: &str,
        values: Vec<(N, SqlValue)>,
    ) -> Result<i64> {
        let (columns, mut row) = split(values);
        let mut columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        self.store.known().complete(table, &mut columns, std::slice::from_mut(&mut row));
        let statement = build::insert(self.dialect(), table, &columns, row, Some(serial));
        let rows = self.fetch(statement, &[ColumnKind::Serial]).await?;
        rows.first().ok_or(Error::NotFound)?.int(0)
    }

    /// Sets columns of the rows found; how many there were. [`Error::Damaged`] if one of them does not have its code.
    /// Rows of authenticated tables are read first, all at once: the filter must not find more than a batch.
    pub async fn update<N: AsRef<str>>(
        &mut self,
        table: &str,
        sets: Vec<(N, SqlValue)>,
        filter: Condition,
    ) -> Result<u64> {
        let coding = self.store.known().coding(table).cloned();
        if let Some(coding) = coding {
            let (names, values) = split(sets);
            let sets = names.iter().map(AsRef::as_ref).zip(values).collect();
            return self.update_coded(table, &coding, sets, &filter).await;
        }
        let statement = build::update(self.dialect(), table, sets, &filter);
        self.execute(statement).await
    }

    /// Deletes the rows found; how many there were.
    pub async fn delete(&mut self, table: &str, filter: Condition) -> Result<u64> {
        let statement = build::delete(self.dialect(), table, &filter);
        self.execute(statement).await
    }

    /// Makes everything durable.
    pub async fn commit(mut self) -> Result<()> {
        if !self.failed {
            self.end_erasure().await?;
        }
        if self.failed {
            self.transaction.rollback().await?;
            return Err(Error::Database("a transaction with an error in it cannot be committed".to_owned()));
        }
        #[cfg(feature = "testing")]
        self.store.faults().before_call()?;
        self.transaction.commit().await?;
        #[cfg(feature = "testing")]
        self.store.faults().after_commit()?;
        Ok(())
    }

    /// Undoes everything.
    pub async fn rollback(self) -> Result<()> {
        #[cfg(feature = "testing")]
        self.store.faults().before_call()?;
        self.transaction.rollback().await
    }

    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64> {
        #[cfg(feature = "testing")]
        self.strike()?;
        let result = self.transaction.executor().execute(statement).await;
        result.map_err(|error| self.fail(error))
    }

    pub(crate) async fn execute_arrays(&mut self, sql: String, arrays: Vec<Column>) -> Result<u64> {
        #[cfg(feature = "testing")]
        self.strike()?;
        let result = self.transaction.executor().execute_arrays(sql, arrays).await;
        result.map_err(|error| self.fail(error))
    }

    pub(crate) async fn copy_in(&mut self, sql: String, messages: Messages) -> Result<u64> {
        #[cfg(feature = "testing")]
        self.strike()?;
        let result = self.transaction.executor().copy_in(sql, messages).await;
        result.map_err(|error| self.fail(error))
    }

    pub(crate) async fn run(&mut self, sql: String) -> Result<()> {
        #[cfg(feature = "testing")]
        self.strike()?;
        let result = self.transaction.executor().run(sql).await;
        result.map_err(|error| self.fail(error))
    }

    /// Fails when a test has planned it; like any error, it ends the transaction.
    #[cfg(feature = "testing")]
    fn strike(&mut self) -> Result<()> {
        let planned = self.store.faults().before_call();
        planned.map_err(|error| self.fail(error))
    }

    /// Keeps the transaction from being committed.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.failed = true;
        error
    }
}

#[async_trait::async_trait]
impl Source for Tx {
    fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    fn known(&self) -> Arc<Known> {
        self.store.known()
    }

    async fn fetch(&mut self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        #[cfg(feature = "testing")]
        self.strike()?;
        let result = self.transaction.executor().fetch_all(statement, kinds).await;
        result.map_err(|error| self.fail(error))
    }
}

fn split<N>(values: Vec<(N, SqlValue)>) -> (Vec<N>, Vec<SqlValue>) {
    values.into_iter().unzip()
}
