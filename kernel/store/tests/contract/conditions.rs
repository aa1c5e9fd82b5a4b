//! Which rows conditions find.

use anju_store::testing::TestDatabase;
use anju_store::{ColumnRef, Condition, Direction, Fetch, Operator, Select, SqlValue, Store};

use super::{add_unit, unit, unit_ids, with_units};

anju_store::on_both_databases!(
    comparisons_find_the_same_rows,
    sets_and_ranges_find_the_same_rows,
    rows_of_values_find_the_same_rows,
    texts_are_taken_literally,
    prefixes_are_exact,
    sub_queries_see_the_outer_row,
    a_day_ends_at_midnight_in_shanghai,
);

async fn found(store: &Store, condition: Condition) -> Vec<String> {
    let select = unit_ids().filter(condition).order_by("id", Direction::Ascending);
    let rows = store.reader().fetch_all(&select).await.unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

/// Rents 10, 20, 30 and none.
async fn rents(db: &TestDatabase) -> &Store {
    let store = with_units(db).await;
    for (id, rent) in [("1", Some(10)), ("2", Some(20)), ("3", Some(30)), ("4", None)] {
        add_unit(store, id, vec![("rent", rent.into()), ("vacant", (id == "1").into())]).await;
    }
    store
}

async fn comparisons_find_the_same_rows(db: TestDatabase) {
    use Operator::{Eq, Ge, Gt, Le, Lt, Ne};
    let store = rents(&db).await;
    let rent = |op| Condition::compare(unit("rent"), op, 20);
    assert_eq!(found(store, rent(Eq)).await, ["2"]);
    assert_eq!(found(store, rent(Ne)).await, ["1", "3"]);
    assert_eq!(found(store, rent(Lt)).await, ["1"]);
    assert_eq!(found(store, rent(Le)).await, ["1", "2"]);
    assert_eq!(found(store, rent(Gt)).await, ["3"]);
    assert_eq!(found(store, rent(Ge)).await, ["2", "3"]);
    assert_eq!(found(store, Condition::Not(Box::new(rent(Eq)))).await, ["1", "3"]);
    let nothing = |op| Condition::compare(unit("rent"), op, SqlValue::Null);
    assert_eq!(found(store, nothing(Eq)).await, ["4"]);
    assert_eq!(found(store, nothing(Ne)).await, ["1", "2", "3"]);
    assert!(found(store, nothing(Ge)).await.is_empty());
    assert_eq!(found(store, Condition::compare(unit("vacant"), Eq, true)).await, ["1"]);
    assert_eq!(found(store, Condition::compare(unit("vacant"), Ne, true)).await, ["2", "3", "4"]);
    assert_eq!(found(store, Condition::ColumnsEqual(unit("rent"), unit("rent"))).await, ["1", "2", "3"]);
}

async fn sets_and_ranges_find_the_same_rows(db: TestDatabase) {
    let store = rents(&db).await;
    let values = || vec![SqlValue::Int(10), SqlValue::Int(30)];
    let (column, none) = (unit("rent"), vec![]);
    assert_eq!(found(store, Condition::In { column: column.clone(), values: values() }).await, ["1", "3"]);
    assert_eq!(found(store, Condition::NotIn { column: column.clone(), values: values() }).await, ["2"]);
    assert!(found(store, Condition::In { column: column.clone(), values: none.clone() }).await.is_empty());
    assert_eq!(found(store, Condition::NotIn { column: column.clone(), values: none }).await.len(), 4);
    let between = Condition::Between { column: column.clone(), low: 20.into(), high: 30.into() };
    assert_eq!(found(store, between.clone()).await, ["2", "3"]);
    assert_eq!(found(store, Condition::Not(Box::new(between))).await, ["1"]);
    assert_eq!(found(store, Condition::IsNull(column.clone())).await, ["4"]);
    assert_eq!(found(store, Condition::NotNull(column.clone())).await, ["1", "2", "3"]);
    let either = Condition::Any(vec![Condition::eq("supply_unit", "rent", 10), Condition::IsNull(column)]);
    let both = Condition::All(vec![either.clone(), Condition::eq("supply_unit", "vacant", true)]);
    assert_eq!(found(store, either).await, ["1", "4"]);
    assert_eq!(found(store, both.clone()).await, ["1"]);
    assert!(found(store, both.and(Condition::False)).await.is_empty());
    assert_eq!(found(store, Condition::All(vec![])).await.len(), 4);
    assert!(found(store, Condition::Any(vec![])).await.is_empty());
}

async fn rows_of_values_find_the_same_rows(db: TestDatabase) {
    let store = rents(&db).await;
    let given = |rows: &[(&str, i64)]| Condition::RowIn {
        columns: vec![unit("id"), unit("rent")],
        rows: rows.iter().map(|(id, rent)| vec![(*id).into(), (*rent).into()]).collect(),
    };
    let some = given(&[("1", 10), ("2", 10), ("3", 30), ("3", 30), ("4", 10)]);
    assert_eq!(found(store, some.clone()).await, ["1", "3"]);
    assert_eq!(found(store, some.and(Condition::eq("supply_unit", "rent", 30))).await, ["3"]);
    assert!(found(store, given(&[])).await.is_empty());
    let vacant = Condition::RowIn { columns: vec![unit("vacant")], rows: vec![vec![true.into()]] };
    assert_eq!(found(store, vacant).await, ["1"]);
}

async fn texts_are_taken_literally(db: TestDatabase) {
    let store = with_units(&db).await;
    for (id, code) in
        [("1", "50% off"), ("2", "50 off"), ("3", "a_b"), ("4", "aXb"), ("5", "c:\\d"), ("6", "静安É")]
    {
        add_unit(store, id, vec![("code", code.into())]).await;
    }
    let contains = |text: &str| Condition::Contains { column: unit("code"), text: text.to_owned() };
    assert_eq!(found(store, contains("0%")).await, ["1"]);
    assert_eq!(found(store, contains("a_b")).await, ["3"]);
    assert_eq!(found(store, contains("\\")).await, ["5"]);
    assert_eq!(found(store, contains("静安")).await, ["6"]);
    assert_eq!(found(store, contains("AXB")).await, ["4"], "ASCII letters match in both cases");
    assert!(found(store, contains("静安é")).await.is_empty(), "others do not");
    assert_eq!(found(store, contains("")).await.len(), 6);
    assert!(found(store, contains("' OR 1=1 --")).await.is_empty());
}

async fn prefixes_are_exact(db: TestDatabase) {
    let store = with_units(&db).await;
    for (id, code) in
        [("1", "310115"), ("2", "310115001"), ("3", "310116"), ("4", "A%"), ("5", "aX"), ("6", "浦东")]
    {
        add_unit(store, id, vec![("code", code.into())]).await;
    }
    let starts = |text: &str| Condition::StartsWith { column: unit("code"), text: text.to_owned() };
    assert_eq!(found(store, starts("310115")).await, ["1", "2"]);
    assert_eq!(found(store, starts("a")).await, ["5"]);
    assert_eq!(found(store, starts("A%")).await, ["4"]);
    assert_eq!(found(store, starts("浦")).await, ["6"]);
    assert_eq!(found(store, starts("")).await.len(), 6);
}

async fn sub_queries_see_the_outer_row(db: TestDatabase) {
    let store = rents(&db).await;
    store
        .sync_schema(&[anju_store::TableSpec::new("visit")
            .column("id", anju_store::ColumnKind::Text)
            .column("unit", anju_store::ColumnKind::Text)
            .primary_key(["id"])])
        .await
        .unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert("visit", vec![("id", "v".into()), ("unit", "2".into())]).await.unwrap();
    tx.commit().await.unwrap();
    let same = Condition::ColumnsEqual(ColumnRef::new("visit", "unit"), unit("id"));
    let visited = Condition::Exists(Box::new(Select::from("visit").filter(same)));
    assert_eq!(found(store, visited.clone()).await, ["2"]);
    assert_eq!(found(store, Condition::Not(Box::new(visited))).await, ["1", "3", "4"]);
}

async fn a_day_ends_at_midnight_in_shanghai(db: TestDatabase) {
    let store = with_units(&db).await;
    // The 25th of November 2026 begins.
    let midnight: i64 = 1_795_536_000_000;
    let units = [
        ("1", Some(midnight - 1), Some("2026-11-24")),
        ("2", Some(midnight), Some("2026-11-24")),
        ("3", Some(midnight), Some("2026-11-25")),
        ("4", None, Some("2026-11-24")),
        ("5", Some(midnight), None),
    ];
    for (id, rent, code) in units {
        add_unit(store, id, vec![("rent", rent.into()), ("code", code.into())]).await;
    }
    let late = Condition::DayAfter { at: unit("rent"), day: unit("code") };
    assert_eq!(found(store, late.clone()).await, ["2"]);
    assert_eq!(found(store, Condition::Not(Box::new(late))).await, ["1", "3"]);
}
