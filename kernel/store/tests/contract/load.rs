//! Rows by the stream.

use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, Direction, Error, Fetch, Row, Select, SqlValue};

use super::{unit_ids, unit_table, with_units};

anju_store::on_both_databases!(
    values_come_back_as_they_were_loaded,
    a_load_is_not_there_before_the_commit,
    a_collision_in_a_load_is_named_and_undoes_it,
    rows_of_another_width_are_not_loaded,
    indexes_are_dropped_and_made_again,
);

const COLUMNS: [&str; 6] = ["id", "version", "code", "rent", "vacant", "sealed"];

/// Texts that mean something to a stream of rows, and what a text may not be mistaken for.
const NASTY: [&str; 16] = [
    "",
    "\\",
    "\\N",
    "\\.",
    "\t",
    "\n",
    "\r\n",
    "a\tb\\tc",
    "\"quoted\", 'twice'",
    "NULL",
    "null",
    "安居🏠",
    "\u{feff}",
    "\\x41",
    " leading and trailing ",
    "\u{1}\u{b}\u{7f}",
];

fn nasty_rows() -> Vec<Vec<SqlValue>> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut rows: Vec<Vec<SqlValue>> = (0i64..)
        .zip(NASTY)
        .map(|(number, text)| {
            vec![
                format!("{number:03}{text}").into(),
                number.into(),
                format!("{text}{number}").into(),
                if number % 2 == 0 { i64::MIN.into() } else { i64::MAX.into() },
                (number % 3 == 0).into(),
                SqlValue::Bytes(text.as_bytes().to_vec()),
            ]
        })
        .collect();
    rows.push(vec!["900".into(), 1.into(), SqlValue::Null, SqlValue::Null, SqlValue::Null, SqlValue::Null]);
    rows.push(vec!["901".into(), 1.into(), "x".into(), 0.into(), false.into(), SqlValue::Bytes(every_byte)]);
    rows.push(vec!["902".into(), 1.into(), "y".into(), 0.into(), true.into(), SqlValue::Bytes(Vec::new())]);
    rows
}

fn all() -> Select {
    use ColumnKind::{Bool, Bytes, Int, Text};
    let kinds = [Text, Int, Text, Int, Bool, Bytes];
    let select = Select::from("supply_unit").order_by("id", Direction::Ascending);
    COLUMNS.into_iter().zip(kinds).fold(select, |select, (name, kind)| select.column(name, kind))
}

async fn values_come_back_as_they_were_loaded(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut rows = nasty_rows();
    // More than one message of the stream.
    let long = "长\\\t".repeat(2_000);
    rows.extend((0i64..100).map(|number| {
        let id = format!("95{number:03}");
        vec![
            id.into(),
            number.into(),
            format!("{long}{number}").into(),
            1.into(),
            true.into(),
            SqlValue::Null,
        ]
    }));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.load("supply_unit", &COLUMNS, rows.clone()).await.unwrap(), rows.len() as u64);
    assert_eq!(tx.load("supply_unit", &COLUMNS, Vec::new()).await.unwrap(), 0);
    tx.commit().await.unwrap();
    store.analyze().await.unwrap();
    let found = store.reader().fetch_all(&all()).await.unwrap();
    let found: Vec<Vec<SqlValue>> = found.into_iter().map(Row::into_values).collect();
    rows.sort();
    assert!(found == rows, "every value comes back in its place");
}

async fn a_load_is_not_there_before_the_commit(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    tx.load("supply_unit", &COLUMNS, nasty_rows()).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}

async fn a_collision_in_a_load_is_named_and_undoes_it(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let mut rows = nasty_rows();
    rows.push(rows[0].clone());
    let error = tx.load("supply_unit", &COLUMNS, rows).await.unwrap_err();
    assert!(matches!(error, Error::Unique { .. }), "{error:?}");
    tx.commit().await.unwrap_err();
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}

async fn rows_of_another_width_are_not_loaded(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let rows = vec![vec!["1".into(), 1.into()], vec!["2".into()]];
    let error = tx.load("supply_unit", &["id", "version"], rows).await.unwrap_err();
    assert!(matches!(error, Error::Database(_)), "{error:?}");
}

/// SQLite holds it.
#[tokio::test]
async fn a_text_that_postgres_cannot_hold_is_refused() {
    let db = TestDatabase::postgres().await;
    let store = with_units(&db).await;
    let mut tx = store.begin().await.unwrap();
    let rows = vec![vec!["1".into(), 1.into(), "a\0b".into()]];
    tx.load("supply_unit", &["id", "version", "code"], rows).await.unwrap_err();
    tx.commit().await.unwrap_err();
    // The connection is as good as before.
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 0);
}

async fn indexes_are_dropped_and_made_again(db: TestDatabase) {
    let store = with_units(&db).await;
    let table = unit_table();
    assert!(!table.indexes.is_empty());
    store.drop_indexes(std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(store.schema_changes(std::slice::from_ref(&table)).await.unwrap().len(), table.indexes.len());
    let mut tx = store.begin().await.unwrap();
    tx.load("supply_unit", &COLUMNS, nasty_rows()).await.unwrap();
    tx.commit().await.unwrap();
    store.sync_schema(std::slice::from_ref(&table)).await.unwrap();
    assert!(store.schema_changes(&[table]).await.unwrap().is_empty());
}
