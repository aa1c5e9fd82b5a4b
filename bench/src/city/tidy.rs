//! What an import leaves behind goes again, so that the next run measures the same city.

use anju_crypto::{Keyring, OsRandom};
use anju_store::{Condition, Store, StoreConfig};
use sqlx::PgPool;

/// Rooms of the import begin like this; no room of the city does.
pub const ROOM: &str = "bench-";
/// Records deleted by one statement.
const BATCH: usize = 1_000;

/// Removes imported units with their histories and events; says how many.
///
/// Not all goes: the audit log refuses to lose rows, and keeps one for each unit. Nothing that is measured reads it. The
/// order of the import, its file and the numbers it drew stay as any other's do, a few rows for a run.
pub async fn remove_imported(url: &str, database: &PgPool) -> anyhow::Result<String> {
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM supply_unit WHERE room_no LIKE $1 || '%'")
        .bind(ROOM)
        .fetch_all(database)
        .await?;
    if ids.is_empty() {
        return Ok("no imported units".to_owned());
    }
    let files = tempfile::tempdir()?;
    // Rows are only deleted: no code is made or checked, so any key will do.
    let keys = Keyring::open_or_create(&files.path().join("keys"), &OsRandom)?;
    let mut config = StoreConfig::new(url, files.path(), keys.row_key()?);
    config.alters_tables = false;
    let store = Store::open(&config).await?;
    let mut tx = store.begin().await?;
    tx.permit_erasure().await?;
    for batch in ids.chunks(BATCH) {
        for (table, column) in
            [("sys_history", "record_id"), ("sys_outbox", "record_id"), ("supply_unit", "id")]
        {
            tx.delete(table, Condition::is_in(table, column, batch.iter().map(String::as_str))).await?;
        }
    }
    tx.commit().await?;
    store.close().await;
    // The next run shall neither meet the dead rows nor their removal.
    for statement in ["VACUUM ANALYZE supply_unit", "VACUUM ANALYZE sys_history", "VACUUM ANALYZE sys_outbox"]
    {
        sqlx::query(statement).execute(database).await?;
    }
    Ok(format!("{} imported units removed; their rows of the audit log stay, which only grows", ids.len()))
}
