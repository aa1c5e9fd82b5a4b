//! Rows found by tokens of a text.

use anju_store::testing::TestDatabase;
use anju_store::{
    ColumnKind, ColumnRef, Condition, Direction, Fetch, IndexSpec, Select, SqlValue, Store, TableSpec,
};

anju_store::on_both_databases!(
    tokens_are_found_where_they_stand_together,
    deleted_rows_are_not_found_by_tokens,
    an_index_serves_tokens,
);

async fn with_houses(db: &TestDatabase) -> &Store {
    let house = TableSpec::new("house")
        .column("id", ColumnKind::Text)
        .nullable("words", ColumnKind::Text)
        .nullable("note", ColumnKind::Text)
        .nullable("deleted_at", ColumnKind::Int)
        .primary_key(["id"])
        .index(IndexSpec::of_tokens("id", "words").live_only());
    db.store().sync_schema(std::slice::from_ref(&house)).await.unwrap();
    assert!(db.store().sync_schema(&[house]).await.unwrap().is_empty(), "nothing is left to do");
    db.store()
}

async fn add(store: &Store, id: &str, words: Option<&str>, deleted_at: Option<i64>) {
    let mut tx = store.begin().await.unwrap();
    let row = vec![("id", id.into()), ("words", words.into()), ("deleted_at", deleted_at.into())];
    tx.insert("house", row).await.unwrap();
    tx.commit().await.unwrap();
}

fn words() -> ColumnRef {
    ColumnRef::new("house", "words")
}

fn phrases(tokens: &[&[&str]]) -> Vec<Vec<String>> {
    tokens.iter().map(|phrase| phrase.iter().map(|token| (*token).to_owned()).collect()).collect()
}

fn live(condition: Condition) -> Select {
    Select::from("house")
        .column("id", ColumnKind::Text)
        .filter(Condition::IsNull(ColumnRef::new("house", "deleted_at")))
        .filter(condition)
        .order_by("id", Direction::Ascending)
}

/// Ids of live rows with the phrases: the same whichever way they are looked for.
async fn found(store: &Store, tokens: &[&[&str]]) -> Vec<String> {
    let mut reader = store.reader();
    let looked_up = reader.ids_with_tokens(&words(), &phrases(tokens), 100).await.unwrap();
    let by_index =
        live(Condition::OneOfFew { column: ColumnRef::new("house", "id"), ids: looked_up.clone() });
    let in_rows = live(Condition::Tokens { column: words(), phrases: phrases(tokens) });
    let mut ids = Vec::new();
    for select in [by_index, in_rows] {
        let rows = reader.fetch_all(&select).await.unwrap();
        ids.push(rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect::<Vec<_>>());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(looked_up.len(), ids[0].len());
    ids.swap_remove(0)
}

async fn tokens_are_found_where_they_stand_together(db: TestDatabase) {
    let store = with_houses(&db).await;
    for (id, words) in [
        ("1", Some("张三 三丰 | 静安 安路")),
        ("2", Some("张三 | 三丰")),
        ("3", Some("三丰 张三")),
        ("4", Some("%_ \\' \"; --")),
        ("5", Some("")),
        ("6", None),
    ] {
        add(store, id, words, None).await;
    }
    assert_eq!(found(store, &[&["张三", "三丰"]]).await, ["1"]);
    assert_eq!(found(store, &[&["张三"]]).await, ["1", "2", "3"]);
    assert_eq!(found(store, &[&["张三"], &["三丰"]]).await, ["1", "2", "3"]);
    assert_eq!(found(store, &[&["张三"], &["静安", "安路"]]).await, ["1"]);
    assert_eq!(found(store, &[&["\\'", "\";"]]).await, ["4"]);
    assert!(found(store, &[&["%"]]).await.is_empty());
    assert!(found(store, &[&["三张"]]).await.is_empty());
    assert!(found(store, &[&["三丰", "张三", "三丰"]]).await.is_empty());
    let mut reader = store.reader();
    assert_eq!(
        reader.ids_with_tokens(&words(), &phrases(&[&["张三"]]), 2).await.unwrap().len(),
        2,
        "up to the limit"
    );
}

async fn deleted_rows_are_not_found_by_tokens(db: TestDatabase) {
    let store = with_houses(&db).await;
    add(store, "1", Some("张三"), None).await;
    add(store, "2", Some("张三"), Some(5)).await;
    assert_eq!(found(store, &[&["张三"]]).await, ["1"]);
    let anywhere = Select {
        filter: Condition::Tokens { column: words(), phrases: phrases(&[&["张三"]]) },
        ..live(Condition::True)
    };
    assert_eq!(
        store.reader().fetch_all(&anywhere).await.unwrap().len(),
        2,
        "in the rows themselves they are"
    );
}

async fn an_index_serves_tokens(db: TestDatabase) {
    let store = with_houses(&db).await;
    let mut tx = store.begin().await.unwrap();
    let rows = (0..4_000).map(|i| {
        vec![SqlValue::from(format!("{i:05}")), format!("张{i} {i}丰").into(), "x".repeat(500).into()]
    });
    tx.insert_many("house", &["id", "words", "note"], rows.collect()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(found(store, &[&["张77", "77丰"]]).await, ["00077"]);
    let wanted = phrases(&[&["张77", "77丰"]]);
    let plan = store.reader().explain_ids_with_tokens(&words(), &wanted, 100).await.unwrap();
    assert!(plan.steps.iter().any(|step| step.contains("tx_house_id_words_live")), "{plan:#?}");
}
