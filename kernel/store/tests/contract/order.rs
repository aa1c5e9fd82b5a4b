//! The same order on both databases.

use anju_store::testing::TestDatabase;
use anju_store::{Direction, Fetch, Select, Store};

use super::{add_unit, unit, unit_ids, with_units};

anju_store::on_both_databases!(
    absent_values_come_last_ascending_and_first_descending,
    texts_are_ordered_by_their_bytes,
    a_column_of_the_row_itself_orders_too,
);

async fn ids(store: &Store, select: &Select) -> Vec<String> {
    let rows = store.reader().fetch_all(select).await.unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

async fn absent_values_come_last_ascending_and_first_descending(db: TestDatabase) {
    let store = with_units(&db).await;
    for (id, rent) in [("1", None), ("2", Some(20)), ("3", Some(10)), ("4", None)] {
        add_unit(store, id, vec![("rent", rent.into())]).await;
    }
    let up = unit_ids().order_by("rent", Direction::Ascending).order_by("id", Direction::Ascending);
    let down = unit_ids().order_by("rent", Direction::Descending).order_by("id", Direction::Descending);
    assert_eq!(ids(store, &up).await, ["3", "2", "1", "4"]);
    assert_eq!(ids(store, &down).await, ["4", "1", "2", "3"]);
    assert_eq!(ids(store, &up.limit(2).offset(1)).await, ["2", "1"]);
}

async fn texts_are_ordered_by_their_bytes(db: TestDatabase) {
    let store = with_units(&db).await;
    let codes = ["b", "A", "a", "B", "Z-1", "Z1", "中", "一", "\u{1f600}", "\u{ffee}", ""];
    for (i, code) in codes.iter().enumerate() {
        add_unit(store, &format!("{i:02}"), vec![("code", (*code).into())]).await;
    }
    let select = Select::from("supply_unit")
        .column_of(unit("code"), anju_store::ColumnKind::Text)
        .order_by("code", Direction::Ascending);
    let mut expected = codes.to_vec();
    expected.sort_unstable();
    assert_eq!(ids(store, &select).await, expected);
}

async fn a_column_of_the_row_itself_orders_too(db: TestDatabase) {
    let store = with_units(&db).await;
    for id in ["2", "1", "3"] {
        add_unit(store, id, vec![]).await;
    }
    assert_eq!(ids(store, &unit_ids().order_by("id", Direction::Descending)).await, ["3", "2", "1"]);
}
