//! Plans told beforehand, and queries that take too long.

use std::time::Duration;

use anju_store::testing::TestDatabase;
use anju_store::{
    Aggregate, ColumnKind, ColumnRef, Condition, Direction, Error, Fetch, Join, Lock, Measure, MeasureOp,
    Select, SqlValue, Store,
};

use super::{add_unit, unit, unit_ids, with_units};

anju_store::on_both_databases!(
    a_plan_says_what_is_read_from_end_to_end,
    the_size_of_a_table_is_known,
    a_query_ends_when_its_time_is_over,
    many_may_rely_on_a_row_that_nobody_removes,
);

async fn many(db: &TestDatabase, rows: i64) -> &Store {
    let store = with_units(db).await;
    let row = |i: i64| vec![SqlValue::from(format!("{i:07}")), 1.into(), i.into(), format!("c{i}").into()];
    let mut tx = store.begin().await.unwrap();
    tx.insert_many("supply_unit", &["id", "version", "rent", "code"], (0..rows).map(row).collect())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store
}

async fn a_plan_says_what_is_read_from_end_to_end(db: TestDatabase) {
    let store = many(&db, 3_000).await;
    let mut reader = store.reader();
    let indexed = unit_ids().filter(Condition::eq("supply_unit", "rent", 7));
    let plan = reader.explain(&indexed).await.unwrap();
    assert!(plan.scanned.is_empty() && plan.steps.concat().contains("ix_supply_unit_rent"), "{plan:#?}");
    let whole = unit_ids().filter(Condition::Contains { column: unit("code"), text: "secret".to_owned() });
    let plan = reader.explain(&whole.clone().order_by("code", Direction::Ascending)).await.unwrap();
    assert_eq!(plan.scanned, ["supply_unit"], "{plan:#?}");
    assert!(!plan.steps.concat().contains("secret"), "values are not told");
    let counted = reader.explain_count(&whole, Some(10)).await.unwrap();
    assert_eq!(counted.scanned, ["supply_unit"]);
    let sum = Measure {
        op: MeasureOp::Sum,
        column: Some(unit("rent")),
        kind: ColumnKind::Int,
        alias: "sum".to_owned(),
        filter: Condition::True,
    };
    let figures = Aggregate {
        from: "supply_unit".to_owned(),
        joins: vec![],
        filter: whole.filter,
        group: vec![],
        measures: vec![sum],
        limit: None,
        within: None,
    };
    assert_eq!(reader.explain_aggregate(&figures).await.unwrap().scanned, ["supply_unit"]);
}

async fn the_size_of_a_table_is_known(db: TestDatabase) {
    let store = many(&db, 3_000).await;
    let size = store.rows_estimate("supply_unit").await.unwrap();
    // before PostgreSQL has looked for the first time it knows nothing
    assert!(matches!(size, 0 | 3_000), "{size}");
    add_unit(store, "x", vec![]).await;
    assert_eq!(store.rows_estimate("supply_unit").await.unwrap(), size, "kept for a while");
}

/// All triples of rows, in an order: far more than can be looked at in the time.
async fn a_query_ends_when_its_time_is_over(db: TestDatabase) {
    let store = many(&db, 3_000).await;
    let with = |alias: &str, to: ColumnRef| Join {
        table: "supply_unit".to_owned(),
        alias: alias.to_owned(),
        on: (to, ColumnRef::new(alias, "version")),
    };
    let mut endless = unit_ids()
        .join(with("b", unit("version")))
        .join(with("c", ColumnRef::new("b", "version")))
        .column_of(ColumnRef::new("c", "code"), ColumnKind::Text)
        .order_by("code", Direction::Ascending);
    endless.filter = Condition::Contains { column: ColumnRef::new("c", "code"), text: "c".to_owned() };
    endless.within = Some(Duration::from_millis(50));
    let mut reader = store.reader();
    assert!(matches!(reader.fetch_all(&endless).await, Err(Error::TooSlow)));
    assert!(matches!(reader.count(&endless, None).await, Err(Error::TooSlow)));
    let quick = Select { within: Some(Duration::from_secs(60)), ..unit_ids() };
    assert_eq!(reader.fetch_all(&quick).await.unwrap().len(), 3_000, "the next query has its own time");
    assert_eq!(reader.fetch_all(&unit_ids()).await.unwrap().len(), 3_000);
}

async fn many_may_rely_on_a_row_that_nobody_removes(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![]).await;
    let with = |lock| Select { lock: Some(lock), ..unit_ids() };
    if store.dialect() == anju_store::Dialect::Sqlite {
        // one transaction at a time
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.fetch_all(&with(Lock::Presence)).await.unwrap().len(), 1);
        return;
    }
    let mut first = store.begin().await.unwrap();
    let mut second = store.begin().await.unwrap();
    let mut third = store.begin().await.unwrap();
    assert_eq!(first.fetch_all(&with(Lock::Presence)).await.unwrap().len(), 1);
    assert_eq!(second.fetch_all(&with(Lock::Presence)).await.unwrap().len(), 1);
    assert_eq!(
        third.fetch_all(&with(Lock::Change)).await.unwrap().len(),
        1,
        "a change does not disturb them"
    );
    third.rollback().await.unwrap();
    let removing = {
        let store = store.clone();
        let removal = with(Lock::Removal);
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            tx.fetch_all(&removal).await.unwrap();
            tx.delete("supply_unit", Condition::eq("supply_unit", "id", "1")).await.unwrap();
            tx.commit().await.unwrap();
        })
    };
    let sets = vec![("rent", SqlValue::Int(5))];
    first.update("supply_unit", sets, Condition::eq("supply_unit", "id", "1")).await.unwrap();
    first.commit().await.unwrap();
    assert!(!removing.is_finished(), "the second still relies on it");
    second.commit().await.unwrap();
    removing.await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}
