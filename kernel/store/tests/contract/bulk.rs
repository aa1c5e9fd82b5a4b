//! Many rows at once.

use anju_store::testing::TestDatabase;
use anju_store::{Condition, Error, Fetch, Select, SqlValue};

use super::{add_unit, unit_ids, with_units};

anju_store::on_both_databases!(
    rows_with_and_without_values_go_in_together,
    rows_without_any_value_in_a_column_go_in,
    a_collision_among_many_is_named,
    many_rows_change_at_once,
    a_column_may_be_emptied_in_many_rows,
    only_rows_found_by_all_keys_change,
    rows_of_another_width_are_refused,
    numbers_are_drawn_many_at_once,
    many_events_keep_their_order,
);

const COLUMNS: [&str; 6] = ["id", "version", "code", "rent", "vacant", "sealed"];

fn row(number: i64) -> Vec<SqlValue> {
    let odd = number % 2 == 1;
    vec![
        number.to_string().into(),
        1.into(),
        odd.then(|| format!("{{\"{number}\", NULL}} 浦东")).into(),
        odd.then_some(number).into(),
        (!odd).then_some(true).into(),
        (!odd).then(|| vec![0_u8, 34, 92]).into(),
    ]
}

async fn rows_with_and_without_values_go_in_together(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let rows: Vec<Vec<SqlValue>> = (1000..4500).map(row).collect();
    tx.insert_many("supply_unit", &COLUMNS, rows.clone()).await.unwrap();
    tx.insert_many("supply_unit", &COLUMNS, Vec::new()).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.reader().fetch_all(&all()).await.unwrap();
    let found: Vec<Vec<SqlValue>> = found.into_iter().map(anju_store::Row::into_values).collect();
    assert!(found == rows, "every value comes back in its place");
}

fn all() -> Select {
    use anju_store::ColumnKind::{Bool, Bytes, Int, Text};
    let kinds = [Text, Int, Text, Int, Bool, Bytes];
    let select = Select::from("supply_unit").order_by("id", anju_store::Direction::Ascending);
    COLUMNS.into_iter().zip(kinds).fold(select, |select, (name, kind)| select.column(name, kind))
}

async fn rows_without_any_value_in_a_column_go_in(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let rows = vec![vec!["1".into(), 1.into(), SqlValue::Null], vec!["2".into(), 1.into(), SqlValue::Null]];
    tx.insert_many("supply_unit", &["id", "version", "rent"], rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 2);
}

async fn a_collision_among_many_is_named(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "0", vec![("project", "p".into()), ("code", "7".into())]).await;
    let mut tx = store.begin().await.unwrap();
    let row = |n: i64| vec![format!("u{n}").into(), 1.into(), "p".into(), n.to_string().into()];
    let columns = ["id", "version", "project", "code"];
    let refused = tx.insert_many("supply_unit", &columns, (1..20).map(row).collect()).await;
    match refused.unwrap_err() {
        Error::Unique { table, columns } => {
            assert_eq!((table.as_str(), columns), ("supply_unit", vec!["project".into(), "code".into()]));
        }
        other => panic!("{other:?}"),
    }
    assert!(tx.commit().await.is_err());
}

async fn many_rows_change_at_once(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert_many("supply_unit", &COLUMNS, (1000..4500).map(row).collect()).await.unwrap();
    let change = |n: i64| {
        vec![n.to_string().into(), 1.into(), 2.into(), (n * 10).into(), (n % 2 == 0).then_some("new").into()]
    };
    let changes = (1000..4500).map(change).collect();
    let found =
        tx.update_many("supply_unit", &["id", "version"], &["version", "rent", "code"], changes).await;
    assert_eq!(found.unwrap(), 3500);
    tx.commit().await.unwrap();
    let found = store.reader().fetch_all(&all()).await.unwrap();
    assert_eq!(found[1].values()[..4], ["1001".into(), 2.into(), SqlValue::Null, 10_010.into()]);
    assert_eq!(found[2].values()[..4], ["1002".into(), 2.into(), "new".into(), 10_020.into()]);
}

async fn a_column_may_be_emptied_in_many_rows(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![("rent", 5.into())]).await;
    let mut tx = store.begin().await.unwrap();
    let changes = vec![vec!["1".into(), SqlValue::Null, 7.into()]];
    assert_eq!(tx.update_many("supply_unit", &["id"], &["rent", "version"], changes).await.unwrap(), 1);
    tx.commit().await.unwrap();
    let row = store.reader().fetch_optional(&all()).await.unwrap().unwrap();
    assert_eq!((row.value(1), row.value(3)), (&SqlValue::Int(7), &SqlValue::Null));
}

async fn only_rows_found_by_all_keys_change(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![]).await;
    add_unit(store, "2", vec![]).await;
    let mut tx = store.begin().await.unwrap();
    let changes = vec![vec!["1".into(), 1.into(), 9.into()], vec!["2".into(), 3.into(), 9.into()]];
    assert_eq!(tx.update_many("supply_unit", &["id", "version"], &["rent"], changes).await.unwrap(), 1);
    let nothing = vec![vec![SqlValue::Null, 1.into(), 9.into()]];
    assert_eq!(tx.update_many("supply_unit", &["id", "version"], &["rent"], nothing).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let nine = unit_ids().filter(Condition::eq("supply_unit", "rent", 9));
    assert_eq!(store.reader().count(&nine, None).await.unwrap(), 1);
}

async fn rows_of_another_width_are_refused(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.insert_many("supply_unit", &["id", "version"], vec![vec!["1".into()]]).await.is_err());
    assert!(tx.commit().await.is_err());
}

async fn numbers_are_drawn_many_at_once(db: TestDatabase) {
    let store = db.store();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.next_numbers("case_no", "2026", 10).await.unwrap(), 1);
    assert_eq!(tx.next_number("case_no", "2026").await.unwrap(), 11);
    assert_eq!(tx.next_numbers("case_no", "2026", 2).await.unwrap(), 12);
    tx.rollback().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.next_numbers("case_no", "2026", 3).await.unwrap(), 1);
}

async fn many_events_keep_their_order(db: TestDatabase) {
    let store = db.store();
    let event = |n: i64| anju_store::NewEvent {
        topic: "record.created".to_owned(),
        entity: "supply.unit".to_owned(),
        record_id: n.to_string(),
        payload: serde_json::json!({ "n": n }),
        at: super::at(n),
    };
    let events: Vec<_> = (0..3000).map(event).collect();
    let mut tx = store.begin().await.unwrap();
    tx.emit_all(&events).await.unwrap();
    tx.commit().await.unwrap();
    let pending = store.pending_events(5000).await.unwrap();
    assert!(pending.iter().map(|event| &event.record_id).eq(events.iter().map(|event| &event.record_id)));
    assert!(pending.windows(2).all(|pair| pair[0].id < pair[1].id));
}
