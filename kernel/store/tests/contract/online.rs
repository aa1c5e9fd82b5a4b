//! Tables that change while others use them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anju_store::testing::TestDatabase;
use anju_store::{
    ColumnKind, ColumnRef, Condition, Duplicates, Error, Fetch, IndexSpec, Operator, Rescale, SchemaChange,
    Store, TableSpec,
};

use super::{add_unit, unit, unit_ids, unit_table, with_units};

anju_store::on_both_databases!(
    a_preview_names_the_changes_and_makes_none,
    tables_grow_while_they_are_read_and_written,
    rows_that_contradict_a_unique_index_refuse_it_and_leave_nothing,
    a_unique_index_that_is_wanted_no_longer_goes,
    statements_for_an_earlier_generation_are_outdated,
    duplicates_are_counted_by_group,
    texts_are_measured_in_characters_and_numbers_by_their_places,
    only_a_permit_opens_an_erasable_table_and_only_to_its_transaction,
    a_table_that_was_append_only_becomes_erasable,
    turns_come_one_after_the_other,
);

fn grown() -> TableSpec {
    unit_table().nullable("note", ColumnKind::Text).index(IndexSpec::on(["note"]))
}

async fn a_preview_names_the_changes_and_makes_none(db: TestDatabase) {
    let store = with_units(&db).await;
    let other = TableSpec::new("other").column("id", ColumnKind::Text).primary_key(["id"]);
    let tables = [grown(), other];
    let expected = store.schema_changes(&tables).await.unwrap();
    assert_eq!(expected.len(), 3);
    assert_eq!(store.schema_changes(&tables).await.unwrap(), expected);
    assert_eq!(store.extend_schema(&tables).await.unwrap(), expected);
    assert_eq!(store.schema_changes(&tables).await.unwrap(), []);
    let mut wrong = grown();
    wrong.columns[3].kind = ColumnKind::Text;
    assert!(matches!(store.schema_changes(&[wrong]).await, Err(Error::Schema(_))));
}

/// Counts its own row up, and reads the whole table, until told to stop.
async fn use_table(store: Store, id: String, stop: Arc<AtomicBool>) -> i64 {
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) || written < 20 {
        let mut tx = store.begin().await.unwrap();
        let own = Condition::eq("supply_unit", "id", id.as_str());
        written += 1;
        assert_eq!(tx.update("supply_unit", vec![("rent", written.into())], own).await.unwrap(), 1);
        tx.commit().await.unwrap();
        store.reader().fetch_all(&unit_ids()).await.unwrap();
    }
    written
}

async fn tables_grow_while_they_are_read_and_written(db: TestDatabase) {
    let store = with_units(&db).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut users = Vec::new();
    for i in 0..8 {
        add_unit(store, &i.to_string(), vec![]).await;
        users.push(tokio::spawn(use_table(store.clone(), i.to_string(), stop.clone())));
    }
    let mut table = unit_table();
    for i in 0..6 {
        let name = format!("extra_{i}");
        table = table.nullable(&name, ColumnKind::Int).index(IndexSpec::on([name.as_str(), "rent"]));
        assert_eq!(store.extend_schema(std::slice::from_ref(&table)).await.unwrap().len(), 2);
    }
    stop.store(true, Ordering::Relaxed);
    for (i, user) in users.into_iter().enumerate() {
        let written = user.await.unwrap();
        let own = unit_ids().column("rent", ColumnKind::Int).filter(Condition::eq(
            "supply_unit",
            "id",
            i.to_string(),
        ));
        assert_eq!(store.reader().fetch_optional(&own).await.unwrap().unwrap().int(1).unwrap(), written);
    }
}

async fn rows_that_contradict_a_unique_index_refuse_it_and_leave_nothing(db: TestDatabase) {
    let store = with_units(&db).await;
    for id in ["1", "2"] {
        add_unit(store, id, vec![("rent", 5.into())]).await;
    }
    let strict = unit_table().index(IndexSpec::unique_on(["rent"]).live_only());
    for _ in 0..2 {
        let refused = store.extend_schema(std::slice::from_ref(&strict)).await.unwrap_err();
        assert!(matches!(&refused, Error::Unique { .. }), "{refused}");
    }
    add_unit(store, "3", vec![("rent", 5.into())]).await;
    let mut tx = store.begin().await.unwrap();
    tx.delete("supply_unit", Condition::Not(Box::new(Condition::eq("supply_unit", "id", "1"))))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.extend_schema(&[strict]).await.unwrap().len(), 1);
}

async fn a_unique_index_that_is_wanted_no_longer_goes(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut table = unit_table();
    table.indexes.retain(|index| !index.unique);
    add_unit(store, "1", vec![("project", "p".into()), ("code", "c".into())]).await;
    assert_eq!(store.drop_stale_uniques(&[unit_table()]).await.unwrap(), Vec::<String>::new());
    assert_eq!(
        store.drop_stale_uniques(&[table]).await.unwrap(),
        ["ux_supply_unit_project_code_live".to_owned()]
    );
    add_unit(store, "2", vec![("project", "p".into()), ("code", "c".into())]).await;
}

async fn statements_for_an_earlier_generation_are_outdated(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![("rent", 7.into())]).await;
    store.reader().fetch_all(&unit_ids()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.have_table_alone("supply_unit", 1_000).await.unwrap();
    assert_eq!(tx.rescale("supply_unit", "rent", Rescale::Multiply(100)).await.unwrap(), 1);
    assert_eq!(tx.advance_generation("supply_unit", 1).await.unwrap(), "supply_unit__2");
    tx.commit().await.unwrap();
    let read = store.reader().fetch_all(&unit_ids()).await.unwrap_err();
    assert!(matches!(&read, Error::Outdated(_)), "{read}");
    let mut tx = store.begin().await.unwrap();
    let written = tx.update("supply_unit", vec![("rent", 1.into())], Condition::True).await.unwrap_err();
    assert!(matches!(&written, Error::Outdated(_)), "{written}");
    drop(tx);
    let next = TableSpec { name: "supply_unit__2".to_owned(), ..unit_table() };
    assert_eq!(store.sync_schema(&[next]).await.unwrap(), [], "indexes keep their names");
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.rescale("supply_unit__2", "rent", Rescale::Divide(100)).await.unwrap(), 1);
    assert_eq!(tx.advance_generation("supply_unit", 2).await.unwrap(), "supply_unit__3");
    tx.commit().await.unwrap();
    let rent = anju_store::Select::from("supply_unit__3").column("rent", ColumnKind::Int);
    assert_eq!(store.reader().fetch_optional(&rent).await.unwrap().unwrap().int(0).unwrap(), 7);
}

async fn duplicates_are_counted_by_group(db: TestDatabase) {
    let store = with_units(&db).await;
    for (id, project, rent) in [("1", "a", 1), ("2", "a", 1), ("3", "a", 2), ("4", "b", 2), ("5", "b", 2)] {
        add_unit(store, id, vec![("project", project.into()), ("rent", rent.into())]).await;
    }
    add_unit(store, "6", vec![("project", "c".into())]).await;
    add_unit(store, "7", vec![("project", "c".into())]).await;
    let alike = |columns: &[&str], filter| Duplicates {
        from: "supply_unit".to_owned(),
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
        filter,
        at_most: 100,
    };
    let count = |wanted| async move { store.reader().duplicates(&wanted).await.unwrap() };
    assert_eq!(count(alike(&["project", "rent"], Condition::True)).await, 2);
    assert_eq!(count(alike(&["project"], Condition::True)).await, 3);
    let only_a = Condition::eq("supply_unit", "project", "a");
    assert_eq!(count(alike(&["project", "rent"], only_a)).await, 1);
    assert_eq!(count(Duplicates { at_most: 1, ..alike(&["project"], Condition::True) }).await, 1);
}

async fn texts_are_measured_in_characters_and_numbers_by_their_places(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![("code", "浦东新区".into()), ("rent", 1250.into())]).await;
    add_unit(store, "2", vec![("code", "ab".into()), ("rent", 1200.into())]).await;
    add_unit(store, "3", vec![("rent", (-1_201).into())]).await;
    let count =
        |condition| async move { store.reader().count(&unit_ids().filter(condition), None).await.unwrap() };
    let longer = |characters| Condition::LongerThan { column: unit("code"), characters };
    assert_eq!(count(longer(4)).await, 0);
    assert_eq!(count(longer(3)).await, 1);
    assert_eq!(count(longer(1)).await, 2);
    let uneven = |of| Condition::NoMultipleOf { column: unit("rent"), of };
    assert_eq!(count(uneven(100)).await, 2);
    assert_eq!(count(uneven(10)).await, 1);
    let above = Condition::compare(ColumnRef::new("supply_unit", "rent"), Operator::Gt, 0);
    assert_eq!(count(uneven(100).and(above)).await, 1);
}

fn log() -> TableSpec {
    TableSpec::new("log")
        .column("id", ColumnKind::Text)
        .nullable("text", ColumnKind::Text)
        .primary_key(["id"])
}

async fn add_entry(store: &Store, id: &str) {
    let mut tx = store.begin().await.unwrap();
    tx.insert("log", vec![("id", id)].into_iter().map(|(n, v)| (n, v.into())).collect()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn refuses_changes(store: &Store) {
    let mut tx = store.begin().await.unwrap();
    let changed = tx.update("log", vec![("text", "x".into())], Condition::True).await;
    assert!(changed.unwrap_err().to_string().contains("the rows of log can only be added"));
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete("log", Condition::True).await.is_err());
}

async fn only_a_permit_opens_an_erasable_table_and_only_to_its_transaction(db: TestDatabase) {
    let store = db.store();
    store.sync_schema(&[log().erasable()]).await.unwrap();
    assert_eq!(store.sync_schema(&[log().erasable()]).await.unwrap(), []);
    add_entry(store, "1").await;
    add_entry(store, "2").await;
    refuses_changes(store).await;
    let mut tx = store.begin().await.unwrap();
    tx.permit_erasure().await.unwrap();
    tx.permit_erasure().await.unwrap();
    assert_eq!(tx.update("log", vec![("text", "x".into())], Condition::True).await.unwrap(), 2);
    assert_eq!(tx.delete("log", Condition::eq("log", "id", "1")).await.unwrap(), 1);
    tx.commit().await.unwrap();
    refuses_changes(store).await;
    let permits = anju_store::Select::from("sys_erasure_permit").column("id", ColumnKind::Text);
    assert_eq!(store.reader().count(&permits, None).await.unwrap(), 0, "no permit is ever committed");
}

async fn a_table_that_was_append_only_becomes_erasable(db: TestDatabase) {
    let store = db.store();
    store.sync_schema(&[log().append_only()]).await.unwrap();
    add_entry(store, "1").await;
    let changes = store.sync_schema(&[log().erasable()]).await.unwrap();
    assert_eq!(changes, [SchemaChange::MadeAppendOnly { table: "log".to_owned() }]);
    refuses_changes(store).await;
    let mut tx = store.begin().await.unwrap();
    tx.permit_erasure().await.unwrap();
    assert_eq!(tx.delete("log", Condition::True).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn turns_come_one_after_the_other(db: TestDatabase) {
    let store = with_units(&db).await;
    // Each looks whether anybody has the period; only turns keep two from finding it free.
    let tasks: Vec<_> = (0..8)
        .map(|i: i32| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tx = store.begin().await.unwrap();
                tx.take_turn("period 2026").await.unwrap();
                if tx.count(&unit_ids(), None).await.unwrap() == 0 {
                    let row = vec![("id", i.to_string().into()), ("version", 1.into())];
                    tx.insert("supply_unit", row).await.unwrap();
                }
                tx.commit().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.reader().count(&unit_ids(), None).await.unwrap(), 1);
}
