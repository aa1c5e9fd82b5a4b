//! Rows in and out, and what refuses them.

use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, ColumnSpec, Condition, Error, Fetch, Join, Select, SqlValue, TableSpec};

use super::{add_unit, unit, unit_ids, unit_table, with_units};

anju_store::on_both_databases!(
    every_kind_of_value_comes_back,
    absent_values_fit_every_kind_in_any_statement,
    many_rows_go_in_at_once,
    a_stale_update_changes_nothing,
    a_dropped_transaction_leaves_nothing,
    a_transaction_sees_its_own_rows_and_others_do_not,
    a_collision_names_table_and_columns,
    a_primary_key_collision_names_it_too,
    nothing_commits_after_an_error,
    deleted_rows_do_not_collide,
    serial_numbers_grow,
    joined_rows_may_be_absent,
    odd_names_are_quoted,
);

fn all_kinds() -> Select {
    Select::from("supply_unit")
        .column("code", ColumnKind::Text)
        .column("rent", ColumnKind::Int)
        .column("vacant", ColumnKind::Bool)
        .column("sealed", ColumnKind::Bytes)
}

async fn every_kind_of_value_comes_back(db: TestDatabase) {
    let store = with_units(&db).await;
    let values = vec![
        ("code", "浦东-01 'quoted' \\ %".into()),
        ("rent", i64::MIN.into()),
        ("vacant", true.into()),
        ("sealed", vec![0_u8, 255, 39].into()),
    ];
    add_unit(store, "1", values.clone()).await;
    let row = store.reader().fetch_optional(&all_kinds()).await.unwrap().unwrap();
    let expected: Vec<SqlValue> = values.into_iter().map(|(_, value)| value).collect();
    assert_eq!(row.values(), expected);
}

async fn absent_values_fit_every_kind_in_any_statement(db: TestDatabase) {
    let store = with_units(&db).await;
    let nothing = || ["code", "rent", "vacant", "sealed"].map(|name| (name, SqlValue::Null)).to_vec();
    add_unit(store, "1", nothing()).await;
    let something =
        vec![("code", "a".into()), ("rent", 5.into()), ("vacant", false.into()), ("sealed", [7].into())];
    add_unit(store, "2", something).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(
        tx.update("supply_unit", nothing(), Condition::eq("supply_unit", "id", "2")).await.unwrap(),
        1
    );
    tx.commit().await.unwrap();
    for row in store.reader().fetch_all(&all_kinds()).await.unwrap() {
        assert!(row.values().iter().all(SqlValue::is_null));
    }
}

async fn many_rows_go_in_at_once(db: TestDatabase) {
    let store = with_units(&db).await;
    let rows: Vec<Vec<SqlValue>> =
        (0..12_000).map(|i| vec![i.to_string().into(), 1.into(), i64::from(i).into()]).collect();
    let mut tx = store.begin().await.unwrap();
    tx.insert_many("supply_unit", &["id", "version", "rent"], rows).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 12_000);
    assert_eq!(store.reader().count(&unit_ids(), Some(1_000)).await.unwrap(), 1_000);
    assert_eq!(store.reader().fetch_all(&unit_ids().offset(11_990)).await.unwrap().len(), 10);
}

async fn a_stale_update_changes_nothing(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![]).await;
    let at_version = |version: i64| {
        Condition::eq("supply_unit", "id", "1").and(Condition::eq("supply_unit", "version", version))
    };
    let mut tx = store.begin().await.unwrap();
    let sets = || vec![("version", SqlValue::Int(2)), ("rent", SqlValue::Int(100))];
    assert_eq!(tx.update("supply_unit", sets(), at_version(1)).await.unwrap(), 1);
    assert_eq!(tx.update("supply_unit", sets(), at_version(1)).await.unwrap(), 0);
    assert_eq!(tx.delete("supply_unit", at_version(1)).await.unwrap(), 0);
    assert_eq!(tx.delete("supply_unit", at_version(2)).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn a_dropped_transaction_leaves_nothing(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert("supply_unit", vec![("id", "1".into()), ("version", 1.into())]).await.unwrap();
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    tx.insert("supply_unit", vec![("id", "1".into()), ("version", 1.into())]).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}

async fn a_transaction_sees_its_own_rows_and_others_do_not(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert("supply_unit", vec![("id", "1".into()), ("version", 1.into())]).await.unwrap();
    assert_eq!(tx.fetch_all(&unit_ids().for_update()).await.unwrap().len(), 1);
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 1);
}

async fn a_collision_names_table_and_columns(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![("project", "p".into()), ("code", "c".into())]).await;
    let mut tx = store.begin().await.unwrap();
    let twin = vec![("id", "2".into()), ("version", 1.into()), ("project", "p".into()), ("code", "c".into())];
    match tx.insert("supply_unit", twin).await.unwrap_err() {
        Error::Unique { table, columns } => {
            assert_eq!(table, "supply_unit");
            assert_eq!(columns, ["project", "code"]);
        }
        other => panic!("{other}"),
    }
}

async fn a_primary_key_collision_names_it_too(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![]).await;
    let mut tx = store.begin().await.unwrap();
    let twin = vec![("id", "1".into()), ("version", 1.into())];
    let error = tx.insert("supply_unit", twin).await.unwrap_err();
    assert!(
        matches!(&error, Error::Unique { table, columns } if table == "supply_unit" && columns == &["id"]),
        "{error}"
    );
}

async fn nothing_commits_after_an_error(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    tx.insert("supply_unit", vec![("id", "1".into()), ("version", 1.into())]).await.unwrap();
    tx.insert("supply_unit", vec![("id", "1".into()), ("version", 1.into())]).await.unwrap_err();
    tx.commit().await.unwrap_err();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}

async fn deleted_rows_do_not_collide(db: TestDatabase) {
    let store = with_units(&db).await;
    let same = || vec![("project", "p".into()), ("code", "c".into())];
    add_unit(store, "1", [same(), vec![("deleted_at", 5.into())]].concat()).await;
    add_unit(store, "2", same()).await;
    let live = unit_ids().filter(Condition::IsNull(unit("deleted_at")));
    assert_eq!(store.reader().count(&live, None).await.unwrap(), 1);
}

async fn serial_numbers_grow(db: TestDatabase) {
    let log = TableSpec::new("log").column("seq", ColumnKind::Serial).column("line", ColumnKind::Text);
    db.store().sync_schema(&[log.primary_key(["seq"])]).await.unwrap();
    let mut tx = db.store().begin().await.unwrap();
    let first = tx.insert_returning_serial("log", "seq", vec![("line", "a".into())]).await.unwrap();
    let second = tx.insert_returning_serial("log", "seq", vec![("line", "b".into())]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(second > first);
}

async fn joined_rows_may_be_absent(db: TestDatabase) {
    let store = with_units(&db).await;
    let project = TableSpec::new("project").column("id", ColumnKind::Text).column("name", ColumnKind::Text);
    store.sync_schema(&[project.primary_key(["id"])]).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert("project", vec![("id", "p".into()), ("name", "安居苑".into())]).await.unwrap();
    tx.commit().await.unwrap();
    add_unit(store, "1", vec![("project", "p".into())]).await;
    add_unit(store, "2", vec![("project", "gone".into())]).await;
    let on = (unit("project"), anju_store::ColumnRef::new("p1", "id"));
    let select = unit_ids()
        .join(Join { table: "project".to_owned(), alias: "p1".to_owned(), on })
        .column_of(anju_store::ColumnRef::new("p1", "name"), ColumnKind::Text)
        .order_by("id", anju_store::Direction::Ascending)
        .for_update();
    let mut tx = store.begin().await.unwrap();
    let rows = tx.fetch_all(&select).await.unwrap();
    assert_eq!(rows[0].opt_text(1).unwrap(), Some("安居苑"));
    assert_eq!(rows[1].opt_text(1).unwrap(), None);
}

async fn odd_names_are_quoted(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let evil = "rent\" = 1; DROP TABLE supply_unit; --";
    tx.update("supply_unit", vec![(evil, 1.into())], Condition::True).await.unwrap_err();
    drop(tx);
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
    let odd = ColumnSpec { name: evil.to_owned(), kind: ColumnKind::Int, nullable: true };
    store.sync_schema(&[unit_table().with_column(odd)]).await.unwrap_err();
}
