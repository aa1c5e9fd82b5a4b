//! Both databases straight through sqlx, opened as the platform opens them.

use std::{str::FromStr, time::Duration};

use anyhow::bail;
use sqlx::{
    Arguments, Column as _, PgConnection, PgPool, Row as _, SqliteConnection, SqlitePool, TypeInfo,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow, Postgres},
    sqlite::{
        Sqlite, SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};

/// As the platform has it.
const STATEMENTS_CACHED_MAX: usize = 512;

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Bool,
    Bytes,
}

pub enum Database {
    /// One connection writes, several read beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A connection for reading.
pub enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

pub enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A borrowed connection.
pub enum Executor<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// What a query found.
pub enum Rows {
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

impl Database {
    pub async fn open(url: &str, connections: u32) -> anyhow::Result<Self> {
        if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(5))
                .statement_cache_capacity(STATEMENTS_CACHED_MAX);
            let pool =
                || SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
            let writer = pool().max_connections(1).connect_with(options.clone()).await?;
            let readers = pool().max_connections(connections).connect_with(options.read_only(true)).await?;
            return Ok(Self::Sqlite { writer, readers });
        }
        let options = PgConnectOptions::from_str(url)?.statement_cache_capacity(STATEMENTS_CACHED_MAX);
        let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
        Ok(Self::Postgres(pool.connect_with(options).await?))
    }

    pub async fn reader(&self) -> anyhow::Result<Reader> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Reader::Sqlite(readers.acquire().await?),
            Self::Postgres(pool) => Reader::Postgres(pool.acquire().await?),
        })
    }

    pub async fn begin(&self) -> anyhow::Result<Transaction> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => {
                Transaction::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?)
            }
        })
    }

    /// Which database, and what it does for durability.
    pub async fn settings(&self) -> anyhow::Result<String> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writer).await?;
                let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writer).await?;
                format!("SQLite (journal_mode={mode}, synchronous={synchronous})")
            }
            Self::Postgres(pool) => {
                let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(pool).await?;
                let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(pool).await?;
                let commit: String = sqlx::query_scalar("SHOW synchronous_commit").fetch_one(pool).await?;
                format!("PostgreSQL {version} (fsync={fsync}, synchronous_commit={commit})")
            }
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Reader {
    pub fn executor(&mut self) -> Executor<'_> {
        match self {
            Self::Sqlite(connection) => Executor::Sqlite(connection),
            Self::Postgres(connection) => Executor::Postgres(connection),
        }
    }
}

impl Transaction {
    pub fn executor(&mut self) -> Executor<'_> {
        match self {
            Self::Sqlite(transaction) => Executor::Sqlite(transaction),
            Self::Postgres(transaction) => Executor::Postgres(transaction),
        }
    }

    pub async fn commit(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await?,
            Self::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

impl Executor<'_> {
    pub async fn execute(self, sql: &'static str, values: Vec<Cell>) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                sqlx::query_with(sql, sqlite_arguments(values)?).execute(connection).await?;
            }
            Self::Postgres(connection) => {
                sqlx::query_with(sql, postgres_arguments(values)?).execute(connection).await?;
            }
        }
        Ok(())
    }

    pub async fn fetch(self, sql: &'static str, values: Vec<Cell>) -> anyhow::Result<Rows> {
        Ok(match self {
            Self::Sqlite(connection) => {
                Rows::Sqlite(sqlx::query_with(sql, sqlite_arguments(values)?).fetch_all(connection).await?)
            }
            Self::Postgres(connection) => Rows::Postgres(
                sqlx::query_with(sql, postgres_arguments(values)?).fetch_all(connection).await?,
            ),
        })
    }
}

impl Rows {
    pub fn len(&self) -> usize {
        match self {
            Self::Sqlite(rows) => rows.len(),
            Self::Postgres(rows) => rows.len(),
        }
    }

    /// What the columns hold; there must be a row.
    pub fn kinds(&self) -> anyhow::Result<Vec<Kind>> {
        let names: Vec<String> = match self {
            Self::Sqlite(rows) => {
                let columns = rows.first().map(|row| row.columns()).unwrap_or_default();
                columns.iter().map(|column| column.type_info().name().to_owned()).collect()
            }
            Self::Postgres(rows) => {
                let columns = rows.first().map(|row| row.columns()).unwrap_or_default();
                columns.iter().map(|column| column.type_info().name().to_owned()).collect()
            }
        };
        names.iter().map(|name| kind(name)).collect()
    }

    pub fn cell(&self, row: usize, column: usize, kind: Kind) -> anyhow::Result<Cell> {
        match self {
            Self::Sqlite(rows) => sqlite_cell(&rows[row], column, kind),
            Self::Postgres(rows) => postgres_cell(&rows[row], column, kind),
        }
    }

    /// One row as a JSON object. `columns` are the names, quoted and with their colon.
    pub fn write(&self, row: usize, columns: &[(String, Kind)], out: &mut Vec<u8>) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(rows) => write_sqlite(&rows[row], columns, out),
            Self::Postgres(rows) => write_postgres(&rows[row], columns, out),
        }
    }
}

fn kind(name: &str) -> anyhow::Result<Kind> {
    Ok(match name {
        "TEXT" => Kind::Text,
        "INTEGER" | "BIGINT" | "INT8" => Kind::Int,
        "BOOLEAN" | "BOOL" => Kind::Bool,
        "BLOB" | "BYTEA" => Kind::Bytes,
        other => bail!("a column of the unknown type {other}"),
    })
}

/// Sealed values say nothing to a handler without keys; the platform shows a mask of about this length.
pub const SEALED: &[u8] = b"\"***************\"";

macro_rules! on_database {
    ($arguments_of:ident, $arguments:ty, $cell:ident, $write:ident, $row:ty) => {
        fn $arguments_of(values: Vec<Cell>) -> anyhow::Result<$arguments> {
            let mut arguments = <$arguments>::default();
            arguments.reserve(values.len(), values.len() * 16);
            for value in values {
                let added = match value {
                    Cell::Text(value) => arguments.add(value),
                    Cell::Int(value) => arguments.add(value),
                    Cell::Bool(value) => arguments.add(value),
                    Cell::Bytes(value) => arguments.add(value),
                };
                added.map_err(|error| anyhow::anyhow!("{error}"))?;
            }
            Ok(arguments)
        }

        fn $cell(row: &$row, column: usize, kind: Kind) -> anyhow::Result<Cell> {
            Ok(match kind {
                Kind::Text => Cell::Text(row.try_get_unchecked(column)?),
                Kind::Int => Cell::Int(row.try_get_unchecked(column)?),
                Kind::Bool => Cell::Bool(row.try_get_unchecked(column)?),
                Kind::Bytes => Cell::Bytes(row.try_get_unchecked(column)?),
            })
        }

        fn $write(row: &$row, columns: &[(String, Kind)], out: &mut Vec<u8>) -> anyhow::Result<()> {
            for (at, (name, kind)) in columns.iter().enumerate() {
                out.push(if at == 0 { b'{' } else { b',' });
                out.extend_from_slice(name.as_bytes());
                match kind {
                    Kind::Text => {
                        serde_json::to_writer(&mut *out, &row.try_get_unchecked::<Option<&str>, _>(at)?)?
                    }
                    Kind::Int => {
                        serde_json::to_writer(&mut *out, &row.try_get_unchecked::<Option<i64>, _>(at)?)?
                    }
                    Kind::Bool => {
                        serde_json::to_writer(&mut *out, &row.try_get_unchecked::<Option<bool>, _>(at)?)?
                    }
                    Kind::Bytes => match row.try_get_unchecked::<Option<&[u8]>, _>(at)? {
                        Some(_) => out.extend_from_slice(SEALED),
                        None => out.extend_from_slice(b"null"),
                    },
                }
            }
            out.push(b'}');
            Ok(())
        }
    };
}

on_database!(sqlite_arguments, SqliteArguments, sqlite_cell, write_sqlite, SqliteRow);
on_database!(postgres_arguments, PgArguments, postgres_cell, write_postgres, PgRow);
