//! One connection of either database: binding, running, decoding.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgRow, PgTypeInfo, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Type};

use crate::build::Statement;
use crate::bulk::Column;
use crate::load::Messages;
use crate::{ColumnKind, Error, Result, Row, SqlValue};

/// The driver's futures are boxed here, so that no crate above has to prove anew that they may cross threads: that
/// took most of the compile time of whoever calls the kernel.
pub(crate) type Boxed<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;

/// An open transaction of either database.
pub enum Transaction {
    /// SQLite's.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// PostgreSQL's.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) fn executor(&mut self) -> Executor<'_> {
        match self {
            Self::Sqlite(transaction) => Executor::Sqlite(transaction),
            Self::Postgres(transaction) => Executor::Postgres(transaction),
        }
    }

    pub(crate) fn commit(self) -> Boxed<'static, ()> {
        Box::pin(async move {
            match self {
                Self::Sqlite(transaction) => transaction.commit().await?,
                Self::Postgres(transaction) => transaction.commit().await?,
            }
            Ok(())
        })
    }

    pub(crate) fn rollback(self) -> Boxed<'static, ()> {
        Box::pin(async move {
            match self {
                Self::Sqlite(transaction) => transaction.rollback().await?,
                Self::Postgres(transaction) => transaction.rollback().await?,
            }
            Ok(())
        })
    }
}

/// A connection out of the pool of either database.
pub(crate) enum Pooled {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Pooled {
    pub(crate) fn executor(&mut self) -> Executor<'_> {
        match self {
            Self::Sqlite(connection) => Executor::Sqlite(connection),
            Self::Postgres(connection) => Executor::Postgres(connection),
        }
    }
}

/// A borrowed connection of either database.
pub(crate) enum Executor<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl<'c> Executor<'c> {
    /// Runs a statement; the number of rows it changed.
    pub(crate) fn execute(self, statement: Statement) -> Boxed<'c, u64> {
        Box::pin(async move {
            let Statement { sql, values, .. } = statement;
            let sql = AssertSqlSafe(sql);
            Ok(match self {
                Self::Sqlite(connection) => {
                    let query = sqlx::query_with(sql, sqlite_arguments(values)?);
                    query.execute(connection).await?.rows_affected()
                }
                Self::Postgres(connection) => {
                    let query = sqlx::query_with(sql, postgres_arguments(values)?);
                    query.execute(connection).await?.rows_affected()
                }
            })
        })
    }

    /// Runs a statement whose parameters are whole columns; the number of rows it changed.
    pub(crate) fn execute_arrays(self, sql: String, arrays: Vec<Column>) -> Boxed<'c, u64> {
        Box::pin(async move {
            let Self::Postgres(connection) = self else {
                return Err(Error::Database("only PostgreSQL knows arrays".to_owned()));
            };
            let query = sqlx::query_with(AssertSqlSafe(sql), array_arguments(arrays)?);
            Ok(query.execute(connection).await?.rows_affected())
        })
    }

    /// Runs a `COPY … FROM STDIN` with what it reads; the number of rows.
    pub(crate) fn copy_in(self, sql: String, messages: Messages) -> Boxed<'c, u64> {
        Box::pin(async move {
            let Self::Postgres(connection) = self else {
                return Err(Error::Database("only PostgreSQL knows COPY".to_owned()));
            };
            let mut copy = connection.copy_in_raw(&sql).await?;
            for message in messages {
                copy.send(message?).await?;
            }
            Ok(copy.finish().await?)
        })
    }

    /// Runs a query; its columns are decoded as `kinds`.
    pub(crate) fn fetch_all<'r>(self, statement: Statement, kinds: &'r [ColumnKind]) -> Boxed<'r, Vec<Row>>
    where
        'c: 'r,
    {
        Box::pin(async move {
            let Statement { sql, values, .. } = statement;
            let sql = AssertSqlSafe(sql);
            match self {
                Self::Sqlite(connection) => {
                    let rows = sqlx::query_with(sql, sqlite_arguments(values)?).fetch_all(connection).await?;
                    rows.iter().map(|row| sqlite_row(row, kinds)).collect()
                }
                Self::Postgres(connection) => {
                    let rows =
                        sqlx::query_with(sql, postgres_arguments(values)?).fetch_all(connection).await?;
                    rows.iter().map(|row| postgres_row(row, kinds)).collect()
                }
            }
        })
    }

    /// As [`Executor::fetch_all`], outside a transaction, in the time the statement has.
    pub(crate) async fn read(self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        match statement.within {
            Some(within) => self.fetch_within(statement, kinds, within).await,
            None => self.fetch_all(statement, kinds).await,
        }
    }

    /// As [`Executor::fetch_all`], outside a transaction; the database gives up after `within`.
    async fn fetch_within(
        self,
        statement: Statement,
        kinds: &[ColumnKind],
        within: Duration,
    ) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(connection) => {
                let watch = Watch::set(connection, within).await?;
                let rows = Executor::Sqlite(&mut *connection).fetch_all(statement, kinds).await;
                drop(watch);
                connection.lock_handle().await?.remove_progress_handler();
                rows
            }
            Self::Postgres(connection) => {
                // one message for both
                let limited = format!("BEGIN; SET LOCAL statement_timeout = {}", within.as_millis());
                let begun = sqlx::Connection::begin_with(connection, AssertSqlSafe(limited));
                let mut transaction = begun.await?;
                let rows = Executor::Postgres(&mut transaction).fetch_all(statement, kinds).await?;
                transaction.commit().await?;
                Ok(rows)
            }
        }
    }

    /// Runs statements without parameters or results, as schema changes are.
    pub(crate) fn run(self, sql: String) -> Boxed<'c, ()> {
        Box::pin(async move {
            let query = sqlx::raw_sql(AssertSqlSafe(sql));
            match self {
                Self::Sqlite(connection) => query.execute(connection).await.map(drop)?,
                Self::Postgres(connection) => query.execute(connection).await.map(drop)?,
            }
            Ok(())
        })
    }
}

/// Interrupts a query of SQLite that runs past its time. Should the query be abandoned, the next one on the connection
/// is not interrupted in its place.
struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Steps of SQLite's machine between two looks at the time: some tenths of a millisecond.
    const STEPS: i32 = 20_000;

    async fn set(connection: &mut SqliteConnection, within: Duration) -> Result<Self> {
        let watched = Arc::new(AtomicBool::new(true));
        let still = watched.clone();
        let end = Instant::now() + within;
        let goes_on = move || !still.load(Ordering::Relaxed) || Instant::now() < end;
        connection.lock_handle().await?.set_progress_handler(Self::STEPS, goes_on);
        Ok(Self(watched))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn sqlite_arguments(values: Vec<SqlValue>) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            SqlValue::Null => arguments.add(None::<i64>),
            SqlValue::Text(value) => arguments.add(value),
            SqlValue::Int(value) => arguments.add(value),
            SqlValue::Bool(value) => arguments.add(value),
            SqlValue::Bytes(value) => arguments.add(value),
        }
        .map_err(|error| Error::Database(error.to_string()))?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<SqlValue>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    arguments.reserve(values.len(), values.len() * 16);
    for value in values {
        match value {
            SqlValue::Null => arguments.add(UntypedNull),
            SqlValue::Text(value) => arguments.add(value),
            SqlValue::Int(value) => arguments.add(value),
            SqlValue::Bool(value) => arguments.add(value),
            SqlValue::Bytes(value) => arguments.add(value),
        }
        .map_err(|error| Error::Database(error.to_string()))?;
    }
    Ok(arguments)
}

fn array_arguments(arrays: Vec<Column>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for array in arrays {
        match array {
            Column::Text(values) => arguments.add(values),
            Column::Int(values) => arguments.add(values),
            Column::Bool(values) => arguments.add(values),
            Column::Bytes(values) => arguments.add(values),
        }
        .map_err(|error| Error::Database(error.to_string()))?;
    }
    Ok(arguments)
}

/// NULL whose type PostgreSQL infers from its place: a null bound as text is refused by a BIGINT column.
struct UntypedNull;

impl Type<Postgres> for UntypedNull {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for UntypedNull {
    fn encode_by_ref(
        &self,
        _buffer: &mut PgArgumentBuffer,
    ) -> std::result::Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        Ok(sqlx::encode::IsNull::Yes)
    }
}

macro_rules! decode_row {
    ($name:ident, $row:ty) => {
        fn $name(row: &$row, kinds: &[ColumnKind]) -> Result<Row> {
            use sqlx::Row as _;
            let mut values = Vec::with_capacity(kinds.len());
            for (i, kind) in kinds.iter().enumerate() {
                values.push(match kind {
                    ColumnKind::Text => {
                        row.try_get_unchecked::<Option<String>, _>(i)?.map_or(SqlValue::Null, SqlValue::Text)
                    }
                    ColumnKind::Int | ColumnKind::Serial => {
                        row.try_get_unchecked::<Option<i64>, _>(i)?.map_or(SqlValue::Null, SqlValue::Int)
                    }
                    ColumnKind::Bool => {
                        row.try_get_unchecked::<Option<bool>, _>(i)?.map_or(SqlValue::Null, SqlValue::Bool)
                    }
                    ColumnKind::Bytes => row
                        .try_get_unchecked::<Option<Vec<u8>>, _>(i)?
                        .map_or(SqlValue::Null, SqlValue::Bytes),
                });
            }
            Ok(Row(values))
        }
    };
}

decode_row!(sqlite_row, SqliteRow);
decode_row!(postgres_row, PgRow);
