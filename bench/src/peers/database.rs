//! What is done to the databases behind the systems' backs, alike for all.

use anyhow::Context;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::system::{Place, System};

/// An empty database for each.
pub async fn create(place: &Place, names: &[&str]) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&place.database_url("postgres")).await?;
    for name in names {
        let statement = format!("CREATE DATABASE {name}");
        connection.execute(sqlx::AssertSqlSafe(statement)).await.with_context(|| (*name).to_owned())?;
    }
    Ok(())
}

/// What a system does not index by itself.
pub async fn index(place: &Place, system: &System) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&place.database_url(system.name)).await?;
    for columns in system.indexes_missing {
        let statement = format!("CREATE INDEX ON {} ({columns})", system.table);
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    Ok(())
}

/// Statistics, so that nobody is measured while PostgreSQL gathers them.
pub async fn settle(place: &Place, system: &System) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(&place.database_url(system.name)).await?;
    connection.execute("VACUUM ANALYZE").await?;
    Ok(())
}

/// Tenancies that are really there.
pub async fn count(place: &Place, system: &System) -> anyhow::Result<u32> {
    let mut connection = PgConnection::connect(&place.database_url(system.name)).await?;
    let statement = format!("SELECT count(*) FROM {}", system.table);
    let row = connection.fetch_one(sqlx::AssertSqlSafe(statement)).await?;
    Ok(u32::try_from(row.get::<i64, _>(0))?)
}

/// Which PostgreSQL, and how durable it is.
pub async fn settings(place: &Place) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(&place.database_url("postgres")).await?;
    let mut settings = Vec::new();
    for name in ["server_version", "fsync", "synchronous_commit"] {
        let row = connection.fetch_one(sqlx::AssertSqlSafe(format!("SHOW {name}"))).await?;
        settings.push(format!("{name} {}", row.get::<String, _>(0)));
    }
    Ok(format!("PostgreSQL: {}", settings.join(", ")))
}
