//! Extending tables that others use at this moment, without keeping them waiting.
//!
//! On SQLite there is one writer, readers are never disturbed, and one transaction does it all. On PostgreSQL:
//! - new tables, nobody's yet, are made in one transaction;
//! - a new nullable column is a change of the catalogue only, but needs the table for an instant: it is asked for
//!   with a short `lock_timeout` and tried again, since whoever waits for a table makes all others queue behind;
//! - indexes of existing tables are built `CONCURRENTLY`, outside any transaction, and those that break off are
//!   removed and begun anew.
//!
//! So a step that fails leaves the earlier ones behind. That does no harm: they only add, and are found done the next
//! time.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::Postgres;

use super::existing::{self, Existing};
use super::plan::{Planned, plan};
use super::{LOCK_ATTEMPTS_MAX, LOCK_WAIT, append_only, ddl, is_granted, names};
use crate::build::Statement;
use crate::connection::Executor;
use crate::fetch::Source;
use crate::store::Known;
use crate::{ColumnKind, Dialect, Error, Result, Row, SchemaChange, Store, TableSpec};

/// How long a change of a table in use waits for it, and how often it is tried.
const TABLE_WAIT_MS: u32 = 200;
const TABLE_ATTEMPTS_MAX: u32 = 150;
const TABLE_PAUSE: Duration = Duration::from_millis(100);
/// Longest that building one index may take.
const INDEX_TIMEOUT_S: u32 = 3_600;

pub(crate) async fn extend(store: &Store, tables: &[TableSpec]) -> Result<Vec<SchemaChange>> {
    let Some(connection) = store.postgres_connection().await? else {
        return super::sync(store, tables).await;
    };
    names::check(tables)?;
    let mut session = Session::begin(store, connection).await?;
    let existing = existing::read(&mut session).await?;
    let planned = plan(Dialect::Postgres, &existing, tables)?;
    let (together, singly): (Vec<_>, Vec<_>) = planned.iter().partition(|step| is_unused(step, &existing));
    session.in_one_transaction(&together, &existing).await?;
    for step in singly {
        session.change_in_use(step, &existing).await?;
    }
    Ok(planned.iter().map(Planned::change).collect())
}

/// Drops an index without keeping others waiting.
pub(super) async fn drop_index(store: &Store, name: &str) -> Result<()> {
    match store.postgres_connection().await? {
        Some(connection) => {
            let mut session = Session::begin(store, connection).await?;
            session.run(ddl::drop_index_concurrently(name)).await
        }
        None => {
            let mut tx = store.begin().await?;
            tx.run(ddl::drop_index(name)).await?;
            tx.commit().await
        }
    }
}

/// Whether the step concerns a table that is only being made.
fn is_unused(step: &Planned<'_>, existing: &Existing) -> bool {
    match step {
        Planned::Create(_) => true,
        Planned::Column { .. } => false,
        Planned::Index { fresh, .. } => *fresh,
        Planned::Protect(table) => !existing.tables.contains_key(&table.name),
    }
}

/// The one connection that changes the schema; its lock ends with it, so it is never given back to the pool.
struct Session<'s> {
    store: &'s Store,
    connection: PoolConnection<Postgres>,
}

impl<'s> Session<'s> {
    async fn begin(store: &'s Store, mut connection: PoolConnection<Postgres>) -> Result<Self> {
        connection.close_on_drop();
        let mut session = Self { store, connection };
        for _ in 0..LOCK_ATTEMPTS_MAX {
            if is_granted(&mut session, ddl::TRY_SESSION_LOCK).await? {
                session.run(format!("SET statement_timeout = '{INDEX_TIMEOUT_S}s'")).await?;
                return Ok(session);
            }
            tokio::time::sleep(LOCK_WAIT).await;
        }
        Err(Error::Retry("another server has been changing the schema for long".to_owned()))
    }

    async fn run(&mut self, sql: String) -> Result<()> {
        #[cfg(feature = "testing")]
        self.store.faults().before_call()?;
        Executor::Postgres(&mut self.connection).run(sql).await
    }

    /// All or nothing.
    async fn transaction(&mut self, sql: String) -> Result<()> {
        let done = self.run(format!("BEGIN;\n{sql};\nCOMMIT")).await;
        if done.is_err() {
            self.run("ROLLBACK".to_owned()).await?;
        }
        done
    }

    async fn in_one_transaction(&mut self, steps: &[&Planned<'_>], existing: &Existing) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = steps.iter().map(|step| text(step, existing, "")).collect();
        self.transaction(texts.join(";\n")).await
    }

    async fn change_in_use(&mut self, step: &Planned<'_>, existing: &Existing) -> Result<()> {
        if let Planned::Index { name, .. } = step {
            return self.build_index(step, name, existing).await;
        }
        let sql = format!("SET LOCAL lock_timeout = '{TABLE_WAIT_MS}ms';\n{}", text(step, existing, ""));
        for _ in 0..TABLE_ATTEMPTS_MAX {
            match self.transaction(sql.clone()).await {
                Err(Error::Retry(_)) => tokio::time::sleep(TABLE_PAUSE).await,
                other => return other,
            }
        }
        Err(Error::Retry("a table that has to be changed was in use for long".to_owned()))
    }

    /// A unique index that rows contradict is [`Error::Unique`].
    async fn build_index(&mut self, step: &Planned<'_>, name: &str, existing: &Existing) -> Result<()> {
        if existing.broken_indexes.contains(name) {
            self.run(ddl::drop_index_concurrently(name)).await?;
        }
        let built = self.run(text(step, existing, "CONCURRENTLY ")).await;
        if built.is_err() {
            self.run(ddl::drop_index_concurrently(name)).await?;
        }
        built
    }
}

fn text(step: &Planned<'_>, existing: &Existing, how: &str) -> String {
    match step {
        Planned::Create(table) => ddl::create_table(Dialect::Postgres, table),
        Planned::Column { table, column } => ddl::add_column(Dialect::Postgres, table, column),
        Planned::Index { table, index, name, .. } => {
            ddl::create_index(Dialect::Postgres, table, index, name, how)
        }
        Planned::Protect(table) => append_only::protect(Dialect::Postgres, table, existing),
    }
}

#[async_trait::async_trait]
impl Source for Session<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn known(&self) -> Arc<Known> {
        self.store.known()
    }

    async fn fetch(&mut self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>> {
        #[cfg(feature = "testing")]
        self.store.faults().before_call()?;
        Executor::Postgres(&mut self.connection).fetch_all(statement, kinds).await
    }
}
