//! Opening the database, and what is done outside a caller's transaction.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, Postgres};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use anju_crypto::RowKey;

use crate::build::{self, Statement};
use crate::reader::{Reader, ReaderOfMany};
use crate::row_codes::{Coding, Codings};
use crate::{
    ColumnKind, Error, Result, Row, SchemaChange, Select, TableSpec, Tx, connection, files, idempotency,
    jobs, outbox, results, row_codes, schema, sequence,
};

/// Prepared statements kept for each connection.
const STATEMENTS_CACHED_MAX: usize = 512;
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections beside those of business transactions; they are opened when first needed.
const APART_CONNECTIONS_MAX: u32 = 2;
/// How long SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer than this is tested before it is used again.
const TRUSTED_IDLE: Duration = Duration::from_secs(20);
/// How long the size of a table is believed.
const SIZES_KEPT: Duration = Duration::from_secs(60);

/// Which database is behind a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The embedded database.
    Sqlite,
    /// PostgreSQL and what speaks its protocol.
    Postgres,
}

/// Where the data lies.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// `sqlite:/path/x.db` or `postgres://user@host:port/database`.
    pub url: String,
    /// Directory of the uploaded files' contents; created if missing.
    pub files_dir: PathBuf,
    /// Readers (SQLite) or connections (PostgreSQL) at most.
    pub max_connections: u32,
    /// Largest file accepted, in bytes.
    pub file_bytes_max: u64,
    /// PostgreSQL cancels a statement that runs longer.
    pub statement_timeout: Duration,
    /// The key of the codes that authenticate rows; never in the database.
    pub row_key: RowKey,
    /// Whether tables are made and extended as specified; otherwise they are taken to be as they should.
    pub alters_tables: bool,
}

impl StoreConfig {
    /// Defaults: 4 readers or 16 connections, files up to 50 MiB, statements up to 30 s.
    pub fn new(url: impl Into<String>, files_dir: impl Into<PathBuf>, row_key: RowKey) -> Self {
        let url = url.into();
        let max_connections = if url.starts_with("sqlite:") { 4 } else { 16 };
        Self {
            url,
            files_dir: files_dir.into(),
            max_connections,
            file_bytes_max: 50 * 1024 * 1024,
            statement_timeout: Duration::from_secs(30),
            row_key,
            alters_tables: true,
        }
    }
}

/// The database and the files beside it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    pools: Pools,
    files_dir: PathBuf,
    file_bytes_max: u64,
    alters_tables: bool,
    known: RwLock<Arc<Known>>,
    /// PostgreSQL's connections for what must not wait for a business transaction, nor with one.
    apart: Option<PgPool>,
    numbers_ahead: sequence::NumbersAhead,
    /// Rows by table, and when they were counted.
    sizes: RwLock<HashMap<String, (Instant, u64)>>,
    #[cfg(feature = "testing")]
    faults: crate::faults::Faults,
}

/// Columns known never to be null, by table: SQLite can then serve a sort from an index.
pub(crate) type RequiredColumns = HashMap<String, HashSet<String>>;

/// What is known of the tables; replaced as a whole when they change.
pub struct Known {
    required: RequiredColumns,
    kept: build::Kept,
    pub(crate) codings: Codings,
    pub(crate) row_key: RowKey,
}

impl Known {
    pub(crate) fn select(&self, dialect: Dialect, select: &Select) -> Statement {
        self.kept.select(dialect, &self.required, select)
    }
}

pub(crate) enum Pools {
    /// One connection writes, several read beside it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pools {
    fn reading(&self) -> connection::Boxed<'_, connection::Pooled> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite { readers, .. } => connection::Pooled::Sqlite(readers.acquire().await?),
                Self::Postgres(pool) => connection::Pooled::Postgres(pool.acquire().await?),
            })
        })
    }

    fn begin(&self) -> connection::Boxed<'_, connection::Transaction> {
        Box::pin(async move {
            Ok(match self {
                Self::Sqlite { writer, .. } => {
                    connection::Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
                }
                Self::Postgres(pool) => connection::Transaction::Postgres(
                    pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?,
                ),
            })
        })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database (SQLite creates a missing one) and makes the kernel's own tables.
    pub async fn open(config: &StoreConfig) -> Result<Store> {
        tokio::fs::create_dir_all(&config.files_dir).await?;
        let (pools, apart) = if config.url.starts_with("sqlite:") {
            (open_sqlite(config).await?, None)
        } else if config.url.starts_with("postgres:") || config.url.starts_with("postgresql:") {
            let (pools, apart) = open_postgres(config).await?;
            (pools, Some(apart))
        } else {
            return Err(Error::Schema("the database URL must start with sqlite: or postgres:".to_owned()));
        };
        let store = Store {
            shared: Arc::new(Shared {
                pools,
                files_dir: config.files_dir.clone(),
                file_bytes_max: config.file_bytes_max,
                alters_tables: config.alters_tables,
                known: RwLock::new(Arc::new(Known {
                    required: RequiredColumns::default(),
                    kept: build::Kept::default(),
                    codings: Codings::default(),
                    row_key: config.row_key.clone(),
                })),
                apart,
                numbers_ahead: sequence::NumbersAhead::default(),
                sizes: RwLock::default(),
                #[cfg(feature = "testing")]
                faults: crate::faults::Faults::default(),
            }),
        };
        let tables = [
            outbox::table(),
            jobs::table(),
            jobs::steps::table(),
            sequence::table(),
            idempotency::table(),
            files::table(),
            results::table(),
            schema::permits_table(),
        ];
        store.sync_schema(&[row_codes::table()]).await?;
        store.sync_schema(&tables).await?;
        Ok(store)
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.shared.pools {
            Pools::Sqlite { .. } => Dialect::Sqlite,
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes the tables as specified: creates what is missing, never drops. Safe when several servers start at
    /// once; all or nothing. A column of another kind is refused with [`Error::Schema`].
    pub async fn sync_schema(&self, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
        if !self.shared.alters_tables {
            self.know_tables(tables);
            return Ok(Vec::new());
        }
        row_codes::register(self, tables).await?;
        let mut changes = schema::sync(self, tables).await?;
        self.know_tables(tables);
        changes.extend(row_codes::adopt(self, tables).await?);
        Ok(changes)
    }

    /// What [`Store::extend_schema`] would change, without changing it; [`Error::Schema`] for what it would refuse.
    pub async fn schema_changes(&self, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
        schema::changes(self, tables).await
    }

    /// As [`Store::sync_schema`], while others read and write the tables, who are not kept waiting: indexes of
    /// existing tables are built beside them. A step that fails leaves those before it done. [`Error::Unique`] when
    /// rows contradict a new unique index.
    pub async fn extend_schema(&self, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
        if !self.shared.alters_tables {
            self.know_tables(tables);
            return Ok(Vec::new());
        }
        row_codes::register(self, tables).await?;
        let mut changes = schema::extend(self, tables).await?;
        self.know_tables(tables);
        changes.extend(row_codes::adopt(self, tables).await?);
        Ok(changes)
    }

    /// Drops the unique indexes of these tables that their specification no longer has; their names.
    pub async fn drop_stale_uniques(&self, tables: &[TableSpec]) -> Result<Vec<String>> {
        schema::drop_stale_uniques(self, tables).await
    }

    /// Learns of tables that another server has brought to their specification.
    pub fn know_tables(&self, tables: &[TableSpec]) {
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut required = known.required.clone();
        for table in tables {
            let columns =
                table.columns.iter().filter(|column| !column.nullable).map(|column| column.name.clone());
            required.insert(table.name.clone(), columns.collect());
        }
        let codings = row_codes::with_tables(&known.codings, tables);
        let row_key = known.row_key.clone();
        *known = Arc::new(Known { required, kept: build::Kept::default(), codings, row_key });
    }

    /// Learns of columns that another server has added to an authenticated table.
    pub(crate) fn know_coding(&self, coding: &Arc<Coding>) {
        let is_known = |known: &Arc<Coding>| Arc::ptr_eq(known, coding) || known.columns == coding.columns;
        if self.known().coding(&coding.stem).is_some_and(is_known) {
            return;
        }
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut codings = known.codings.clone();
        if let Some(current) = codings.get_mut(&coding.stem) {
            *current = Arc::new(current.with_columns(coding.columns.iter().cloned()));
        }
        let (required, row_key) = (known.required.clone(), known.row_key.clone());
        *known = Arc::new(Known { required, kept: build::Kept::default(), codings, row_key });
    }

    /// A connection of PostgreSQL for work outside transactions; none on SQLite.
    pub(crate) async fn postgres_connection(&self) -> Result<Option<PoolConnection<Postgres>>> {
        match &self.shared.pools {
            Pools::Sqlite { .. } => Ok(None),
            Pools::Postgres(pool) => Ok(Some(pool.acquire().await?)),
        }
    }

    /// Starts a transaction. On SQLite it is the only one: waits for its turn, so never begin a second one, nor
    /// call a writing method of `Store`, while holding a `Tx`.
    pub async fn begin(&self) -> Result<Tx> {
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        Ok(Tx::new(self.clone(), self.shared.pools.begin().await?))
    }

    /// Reads committed data, each query for itself.
    pub fn reader(&self) -> Reader {
        Reader::of(self.clone())
    }

    /// As [`Store::reader`], keeping one connection for all its queries: hold it for the reads that belong together,
    /// and use nothing else of the store meanwhile.
    pub fn reader_of_many(&self) -> ReaderOfMany {
        ReaderOfMany::of(self.clone())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let statement = build::ping(self.dialect());
        self.read(statement, &[ColumnKind::Int]).await.map(drop)
    }

    /// Closes all connections after their running statements.
    pub async fn close(&self) {
        match &self.shared.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
        if let Some(apart) = &self.shared.apart {
            apart.close().await;
        }
    }

    pub(crate) fn apart(&self) -> Option<&PgPool> {
        self.shared.apart.as_ref()
    }

    pub(crate) fn numbers_ahead(&self) -> &sequence::NumbersAhead {
        &self.shared.numbers_ahead
    }

    pub(crate) fn files_dir(&self) -> &std::path::Path {
        &self.shared.files_dir
    }

    pub(crate) fn file_bytes_max(&self) -> u64 {
        self.shared.file_bytes_max
    }

    pub(crate) fn known(&self) -> Arc<Known> {
        self.shared.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// About how many rows the table has, deleted ones included; an estimate, at most a minute old.
    pub async fn rows_estimate(&self, table: &str) -> Result<u64> {
        let known = self.shared.sizes.read().unwrap_or_else(PoisonError::into_inner).get(table).copied();
        if let Some((counted, rows)) = known
            && counted.elapsed() < SIZES_KEPT
        {
            return Ok(rows);
        }
        let rows = self.read(build::rows_estimate(self.dialect(), table), &[ColumnKind::Int]).await?;
        let rows = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(0).max(0);
        let mut sizes = self.shared.sizes.write().unwrap_or_else(PoisonError::into_inner);
        sizes.insert(table.to_owned(), (Instant::now(), rows.unsigned_abs()));
        Ok(rows.unsigned_abs())
    }

    /// What a test has planned to fail.
    #[cfg(feature = "testing")]
    pub(crate) fn faults(&self) -> &crate::faults::Faults {
        &self.shared.faults
    }

    /// A connection that reads, waiting for a free one.
    pub(crate) async fn connection(&self) -> Result<connection::Pooled> {
        self.shared.pools.reading().await
    }

    pub(crate) async fn read(&self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        #[cfg(feature = "testing")]
        self.faults().before_call()?;
        self.connection().await?.executor().read(statement, kinds).await
    }
}

async fn open_sqlite(config: &StoreConfig) -> Result<Pools> {
    let options = SqliteConnectOptions::from_str(&config.url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS_CACHED_MAX);
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let writer = pool().max_connections(1).connect_with(options.clone()).await?;
    let readers =
        pool().max_connections(config.max_connections.max(1)).connect_with(options.read_only(true)).await?;
    Ok(Pools::Sqlite { writer, readers })
}

async fn open_postgres(config: &StoreConfig) -> Result<(Pools, PgPool)> {
    let statement_timeout_ms = config.statement_timeout.as_millis().to_string();
    let options = PgConnectOptions::from_str(&config.url)?
        .application_name("anju")
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        // compiling a query takes longer than what it saves in ours
        .options([("statement_timeout", statement_timeout_ms), ("jit", "off".to_owned())]);
    let pool = PgPoolOptions::new()
        .max_connections(config.max_connections.max(1))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.clone())
        .await?;
    let apart = PgPoolOptions::new().max_connections(APART_CONNECTIONS_MAX).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok((Pools::Postgres(pool), apart.connect_lazy_with(options)))
}
