//! What both databases must do alike.

mod aggregates;
mod bounds;
mod bulk;
mod concurrency;
mod conditions;
mod crud;
mod files;
mod idempotency;
mod jobs;
mod load;
mod online;
mod order;
mod outbox;
mod results;
mod row_codes;
mod schema;
mod sole_use;
mod tokens;

use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, ColumnRef, IndexSpec, Select, SqlValue, Store, TableSpec};
use jiff::Timestamp;

/// A table with every kind of column.
fn unit_table() -> TableSpec {
    TableSpec::new("supply_unit")
        .column("id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .nullable("code", ColumnKind::Text)
        .nullable("rent", ColumnKind::Int)
        .nullable("vacant", ColumnKind::Bool)
        .nullable("sealed", ColumnKind::Bytes)
        .nullable("project", ColumnKind::Text)
        .nullable("deleted_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::unique_on(["project", "code"]).live_only())
        .index(IndexSpec::on(["rent"]))
}

async fn with_units(db: &TestDatabase) -> &Store {
    db.store().sync_schema(&[unit_table()]).await.expect("the table is made");
    db.store()
}

/// Inserts and commits one unit.
async fn add_unit(store: &Store, id: &str, values: Vec<(&str, SqlValue)>) {
    let mut tx = store.begin().await.unwrap();
    let mut row = vec![("id", id.into()), ("version", 1.into())];
    row.extend(values);
    tx.insert("supply_unit", row).await.unwrap();
    tx.commit().await.unwrap();
}

fn unit(column: &str) -> ColumnRef {
    ColumnRef::new("supply_unit", column)
}

fn unit_ids() -> Select {
    Select::from("supply_unit").column("id", ColumnKind::Text)
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).expect("within range")
}
