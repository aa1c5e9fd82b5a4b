//! Rows with codes: whatever the platform writes has the right one, whatever is changed past it is found.

use std::collections::BTreeSet;

use anju_store::testing::TestDatabase;
use anju_store::{
    ColumnKind, ColumnRef, Condition, Direction, Error, Fetch, IndexSpec, Operator, Rescale, SchemaChange,
    Select, SqlValue, Store, TableSpec, generation_name,
};

anju_store::on_both_databases!(
    a41_what_the_platform_writes_is_sound,
    a41_ten_thousand_changed_rows_are_found_and_no_other,
    a41_a_damaged_row_is_not_changed_further,
    a41_a_value_moved_between_rows_is_found,
    a41_rows_from_before_are_coded_once,
    a41_a_code_taken_away_is_not_given_back,
    a41_columns_that_others_add_are_no_damage,
    a41_codes_outlive_another_scale_and_name,
    a41_rows_are_found_by_the_numbers_that_the_database_gave,
);

const TABLE: &str = "supply_unit";

fn plain() -> TableSpec {
    super::unit_table()
}

fn authenticated() -> TableSpec {
    plain().authenticated()
}

fn log() -> TableSpec {
    TableSpec::new("log")
        .column("seq", ColumnKind::Serial)
        .column("line", ColumnKind::Text)
        .primary_key(["seq"])
}

const COLUMNS: [&str; 6] = ["id", "version", "code", "rent", "vacant", "sealed"];

fn row(number: i64) -> Vec<SqlValue> {
    vec![
        format!("unit-{number:05}").into(),
        1.into(),
        format!("浦东 {number} \\ ' \"").into(),
        (number % 3 != 0).then_some(number * 100).into(),
        (number % 4 != 0).then_some(number % 2 == 0).into(),
        (number % 5 != 0).then(|| vec![0_u8, 255, (number % 251) as u8]).into(),
    ]
}

async fn with_rows(db: &TestDatabase, rows: std::ops::Range<i64>) -> &Store {
    db.store().sync_schema(&[authenticated()]).await.unwrap();
    let mut tx = db.store().begin().await.unwrap();
    tx.load(TABLE, &COLUMNS, rows.map(row).collect()).await.unwrap();
    tx.commit().await.unwrap();
    db.store()
}

/// Keys of the rows that are not what the platform wrote, over all batches of a walk.
async fn damaged(store: &Store, table: &str) -> BTreeSet<String> {
    let (mut found, mut after, mut seen) = (BTreeSet::new(), None, 0);
    loop {
        let checked = store.check_rows(table, after.as_ref(), 700).await.unwrap();
        seen += checked.rows.len() as u64;
        found.extend(checked.rows.into_iter().filter(|row| !row.sound).map(|row| row.key));
        match checked.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let all = store.reader().count(&Select::from(table), None).await.unwrap();
    assert_eq!(seen, all, "the walk meets every row once");
    found
}

fn id(id: &str) -> Condition {
    Condition::eq(TABLE, "id", id)
}

async fn a41_what_the_platform_writes_is_sound(db: TestDatabase) {
    let store = with_rows(&db, 0..300).await;
    store.sync_schema(&[log().append_only().authenticated()]).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert(TABLE, vec![("version", 1.into()), ("id", "one".into()), ("vacant", true.into())])
        .await
        .unwrap();
    tx.insert_many(TABLE, &COLUMNS, (300..900).map(row).collect()).await.unwrap();
    assert_eq!(tx.update(TABLE, vec![("rent", 5.into())], id("one")).await.unwrap(), 1);
    assert_eq!(tx.update(TABLE, vec![("rent", 5.into())], id("none")).await.unwrap(), 0);
    let few = Condition::compare(ColumnRef::new(TABLE, "rent"), Operator::Lt, 10_000);
    let sets = || vec![("vacant", SqlValue::Null), ("code", "同一".into()), ("sealed", vec![9_u8].into())];
    assert!(tx.update(TABLE, sets(), few).await.unwrap() > 60);
    let changes =
        (200..400).map(|n| vec![format!("unit-{n:05}").into(), 1.into(), 2.into(), n.into()]).collect();
    let changed = tx.update_many(TABLE, &["id", "version"], &["version", "rent"], changes).await.unwrap();
    assert_eq!(changed, 200);
    let stale = vec![vec!["one".into(), 7.into(), 8.into()]];
    assert_eq!(tx.update_many(TABLE, &["id", "version"], &["version"], stale).await.unwrap(), 0);
    assert_eq!(tx.delete(TABLE, id("unit-00001")).await.unwrap(), 1);
    assert_eq!(
        tx.insert_returning_serial(
            "log",
            "seq",
            vec![("line", "a")].into_iter().map(|(n, v)| (n, v.into())).collect()
        )
        .await
        .unwrap(),
        1
    );
    tx.insert_many("log", &["line"], vec![vec!["b".into()], vec!["c".into()]]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(damaged(store, TABLE).await, BTreeSet::new());
    assert_eq!(damaged(store, "log").await, BTreeSet::new());
    assert_eq!(damaged(&db.another_store().await, "sys_row_codes").await, BTreeSet::new());
    let checked = store.check_rows(TABLE, None, 1).await.unwrap();
    assert_eq!(checked.rows[0].values.len(), checked.columns.len());
}

async fn a41_ten_thousand_changed_rows_are_found_and_no_other(db: TestDatabase) {
    let store = with_rows(&db, 0..12_000).await;
    assert_eq!(damaged(store, TABLE).await, BTreeSet::new());
    let damages = db.damage(store, TABLE, 41, |number| number % 6 != 5).await;
    assert_eq!(damages.len(), 10_000);
    let kinds: BTreeSet<(&str, &str)> = damages.iter().map(|one| (one.column.as_str(), one.how)).collect();
    assert!(kinds.len() >= 15, "{kinds:?}");
    let expected: BTreeSet<String> = damages.iter().map(|one| one.key.clone()).collect();
    let found = damaged(store, TABLE).await;
    let missed: Vec<_> = damages.iter().filter(|one| !found.contains(&one.key)).take(5).collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert_eq!(found, expected);
}

async fn a41_a_damaged_row_is_not_changed_further(db: TestDatabase) {
    let store = with_rows(&db, 0..10).await;
    db.past_the_platform("UPDATE supply_unit SET rent = 1 WHERE id = 'unit-00002'").await;
    let is_damaged = |error: Error| matches!(error, Error::Damaged { table, key } if table == TABLE && key == "unit-00002");
    let mut tx = store.begin().await.unwrap();
    assert!(is_damaged(tx.update(TABLE, vec![("version", 2.into())], id("unit-00002")).await.unwrap_err()));
    assert!(tx.commit().await.is_err());
    let mut tx = store.begin().await.unwrap();
    assert!(is_damaged(tx.update(TABLE, vec![("version", 2.into())], Condition::True).await.unwrap_err()));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    let rows = vec![vec!["unit-00001".into(), 2.into()], vec!["unit-00002".into(), 2.into()]];
    assert!(is_damaged(tx.update_many(TABLE, &["id"], &["version"], rows).await.unwrap_err()));
    drop(tx);
    assert_eq!(store.reader().damaged_rows(TABLE, id("unit-00002")).await.unwrap(), ["unit-00002"]);
    assert!(store.reader().damaged_rows(TABLE, id("unit-00003")).await.unwrap().is_empty());
    assert_eq!(damaged(store, TABLE).await, BTreeSet::from(["unit-00002".to_owned()]));
}

async fn a41_a_value_moved_between_rows_is_found(db: TestDatabase) {
    let store = with_rows(&db, 0..10).await;
    // Two rows exchange everything but their ids, codes included.
    db.past_the_platform(
        "CREATE TABLE t AS SELECT * FROM supply_unit WHERE id IN ('unit-00001', 'unit-00002');\n\
         UPDATE supply_unit SET rent = t.rent, code = t.code, vacant = t.vacant, sealed = t.sealed, row_mac = t.row_mac \
         FROM t WHERE (supply_unit.id = 'unit-00001' AND t.id = 'unit-00002') \
         OR (supply_unit.id = 'unit-00002' AND t.id = 'unit-00001');\n\
         DROP TABLE t",
    )
    .await;
    let both = BTreeSet::from(["unit-00001".to_owned(), "unit-00002".to_owned()]);
    assert_eq!(damaged(store, TABLE).await, both);
}

async fn a41_rows_from_before_are_coded_once(db: TestDatabase) {
    let store = db.store();
    let before = [
        plain(),
        log().append_only(),
        TableSpec::new("story").column("id", ColumnKind::Text).primary_key(["id"]).erasable(),
    ];
    store.sync_schema(&before).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert_many(TABLE, &COLUMNS, (0..1_200).map(row).collect()).await.unwrap();
    tx.insert_many("log", &["line"], vec![vec!["a".into()], vec!["b".into()]]).await.unwrap();
    tx.insert("story", vec![("id", "1".into())]).await.unwrap();
    tx.commit().await.unwrap();
    let after = before.map(TableSpec::authenticated);
    let changes = db.another_store().await.extend_schema(&after).await.unwrap();
    let coded: Vec<(String, u64)> = changes
        .into_iter()
        .filter_map(|change| match change {
            SchemaChange::RowsCoded { table, rows } => Some((table, rows)),
            _ => None,
        })
        .collect();
    assert_eq!(coded, [(TABLE.to_owned(), 1_200), ("log".to_owned(), 2), ("story".to_owned(), 1)]);
    assert_eq!(store.extend_schema(&after).await.unwrap(), []);
    for table in [TABLE, "log", "story"] {
        assert_eq!(damaged(store, table).await, BTreeSet::new(), "{table}");
    }
    // The log is closed again.
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update("log", vec![("line", "x".into())], Condition::True).await.is_err());
}

async fn a41_a_code_taken_away_is_not_given_back(db: TestDatabase) {
    let store = with_rows(&db, 0..10).await;
    db.past_the_platform("UPDATE supply_unit SET row_mac = NULL, rent = 7 WHERE id = 'unit-00004'").await;
    let found = BTreeSet::from(["unit-00004".to_owned()]);
    let restarted = db.another_store().await;
    restarted.sync_schema(&[authenticated()]).await.unwrap();
    assert_eq!(damaged(&restarted, TABLE).await, found);
    // Nor when what is written down of the table is taken away or changed.
    db.past_the_platform("DELETE FROM sys_row_codes WHERE table_name = 'supply_unit'").await;
    assert_eq!(db.another_store().await.sync_schema(&[authenticated()]).await.unwrap(), []);
    assert_eq!(damaged(store, TABLE).await, found);
    db.past_the_platform("UPDATE sys_row_codes SET state = 'adopting' WHERE table_name = 'supply_unit'")
        .await;
    assert_eq!(db.another_store().await.sync_schema(&[authenticated()]).await.unwrap(), []);
    assert_eq!(damaged(store, TABLE).await, found);
    assert_eq!(damaged(store, "sys_row_codes").await, BTreeSet::from([TABLE.to_owned()]));
    // Without the column every row is one that is found.
    db.past_the_platform("DELETE FROM sys_row_codes WHERE table_name = 'supply_unit'").await;
    store.sync_schema(&[authenticated()]).await.unwrap();
    db.past_the_platform("ALTER TABLE supply_unit DROP COLUMN row_mac").await;
    db.another_store().await.sync_schema(&[authenticated()]).await.unwrap();
    assert_eq!(damaged(store, TABLE).await.len(), 10);
}

async fn a41_columns_that_others_add_are_no_damage(db: TestDatabase) {
    let store = with_rows(&db, 0..10).await;
    let newer = db.another_store().await;
    newer.extend_schema(&[authenticated().nullable("note", ColumnKind::Text)]).await.unwrap();
    let mut tx = newer.begin().await.unwrap();
    tx.update(TABLE, vec![("note", "新".into())], id("unit-00003")).await.unwrap();
    tx.commit().await.unwrap();
    // A server with the earlier definitions changes the row, and one that no longer has the column does.
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.update(TABLE, vec![("rent", 9.into())], id("unit-00003")).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(damaged(&newer, TABLE).await, BTreeSet::new());
    let later = db.another_store().await;
    later.extend_schema(&[authenticated()]).await.unwrap();
    let rows = vec![vec!["unit-00003".into(), 11.into()]];
    let mut tx = later.begin().await.unwrap();
    assert_eq!(tx.update_many(TABLE, &["id"], &["rent"], rows).await.unwrap(), 1);
    tx.commit().await.unwrap();
    for store in [store, &newer, &later] {
        assert_eq!(damaged(store, TABLE).await, BTreeSet::new());
        assert!(store.reader().damaged_rows(TABLE, id("unit-00003")).await.unwrap().is_empty());
    }
}

async fn a41_codes_outlive_another_scale_and_name(db: TestDatabase) {
    let store = with_rows(&db, 0..1_300).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.rescale(TABLE, "rent", Rescale::Multiply(100)).await.unwrap(), 866);
    let next = tx.advance_generation(TABLE, 1).await.unwrap();
    assert_eq!(next, generation_name(TABLE, 2));
    // Before anybody has told the store of the new name.
    tx.update(&next, vec![("version", 9.into())], Condition::eq(next.as_str(), "id", "unit-00007"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let spec = TableSpec { name: next.clone(), ..authenticated() };
    store.extend_schema(&[spec.index(IndexSpec::on(["version"]))]).await.unwrap();
    assert!(
        store.authenticated_tables().contains(&next)
            && !store.authenticated_tables().contains(&TABLE.to_owned())
    );
    assert_eq!(damaged(store, &next).await, BTreeSet::new());
    db.past_the_platform("UPDATE supply_unit__2 SET rent = rent / 10 WHERE id = 'unit-00001'").await;
    let mut tx = store.begin().await.unwrap();
    let rescaled = tx.rescale(&next, "rent", Rescale::Divide(100)).await;
    assert!(matches!(rescaled, Err(Error::Damaged { .. })));
}

async fn a41_rows_are_found_by_the_numbers_that_the_database_gave(db: TestDatabase) {
    let store = db.store();
    store.sync_schema(&[log().authenticated()]).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.insert_many("log", &["line"], vec![vec!["a".into()], vec!["b".into()]]).await.unwrap();
    let changes = vec![vec![2.into(), "c".into()], vec![9.into(), "none".into()]];
    assert_eq!(tx.update_many("log", &["seq"], &["line"], changes).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(damaged(store, "log").await, BTreeSet::new());
    let lines = Select::from("log").column("line", ColumnKind::Text).order_by("seq", Direction::Ascending);
    let rows = store.reader().fetch_all(&lines).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>(), ["a", "c"]);
}
