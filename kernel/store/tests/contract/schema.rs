//! Tables follow their specification.

use anju_store::testing::TestDatabase;
use anju_store::{ColumnKind, Condition, Error, Fetch, IndexSpec, SchemaChange, TableSpec};

use super::{add_unit, unit_ids, unit_table, with_units};

anju_store::on_both_databases!(
    a_schema_is_made_once,
    a_schema_grows,
    a_changed_kind_is_refused_by_name,
    a_required_column_cannot_be_added_later,
    a_required_column_cannot_become_nullable,
    rows_of_an_append_only_table_stay,
    long_index_names_stay_apart,
    servers_that_start_at_once_agree,
    a_refused_schema_changes_nothing,
    bad_specifications_are_refused,
);

async fn a_schema_is_made_once(db: TestDatabase) {
    let changes = db.store().sync_schema(&[unit_table()]).await.unwrap();
    let table = "supply_unit".to_owned();
    let index = |name: &str| SchemaChange::IndexCreated { table: table.clone(), index: name.to_owned() };
    assert_eq!(
        changes,
        [
            SchemaChange::TableCreated { table: table.clone() },
            index("ux_supply_unit_project_code_live"),
            index("ix_supply_unit_rent"),
        ]
    );
    assert_eq!(db.store().sync_schema(&[unit_table()]).await.unwrap(), []);
    assert_eq!(db.another_store().await.sync_schema(&[unit_table()]).await.unwrap(), []);
}

async fn a_schema_grows(db: TestDatabase) {
    let store = with_units(&db).await;
    add_unit(store, "1", vec![]).await;
    let grown = unit_table()
        .nullable("note", ColumnKind::Text)
        .nullable("checked", ColumnKind::Bool)
        .index(IndexSpec::on(["note"]));
    let changes = store.sync_schema(&[grown]).await.unwrap();
    let table = "supply_unit".to_owned();
    let column = |name: &str| SchemaChange::ColumnAdded { table: table.clone(), column: name.to_owned() };
    let index = SchemaChange::IndexCreated { table: table.clone(), index: "ix_supply_unit_note".to_owned() };
    assert_eq!(changes, [column("note"), column("checked"), index]);
    add_unit(store, "2", vec![("note", "新".into()), ("checked", true.into())]).await;
    let noted = unit_ids().filter(Condition::eq("supply_unit", "note", "新"));
    assert_eq!(store.reader().count(&noted, None).await.unwrap(), 1);
}

fn refusal(error: Error) -> String {
    match error {
        Error::Schema(message) => message,
        other => panic!("{other}"),
    }
}

async fn a_changed_kind_is_refused_by_name(db: TestDatabase) {
    let store = with_units(&db).await;
    for (name, kind) in [
        ("rent", ColumnKind::Text),
        ("rent", ColumnKind::Bool),
        ("vacant", ColumnKind::Int),
        ("code", ColumnKind::Bytes),
        ("sealed", ColumnKind::Text),
    ] {
        let mut table = unit_table();
        for column in table.columns.iter_mut().filter(|column| column.name == name) {
            column.kind = kind;
        }
        let message = refusal(store.sync_schema(&[table]).await.unwrap_err());
        assert!(message.contains(&format!("supply_unit.{name}")), "{message}");
    }
}

async fn a_required_column_cannot_be_added_later(db: TestDatabase) {
    let store = with_units(&db).await;
    let grown = unit_table().column("must", ColumnKind::Text);
    let message = refusal(store.sync_schema(&[grown]).await.unwrap_err());
    assert!(message.contains("supply_unit.must"), "{message}");
}

async fn a_required_column_cannot_become_nullable(db: TestDatabase) {
    let store = with_units(&db).await;
    let mut table = unit_table();
    table.columns[1].nullable = true;
    let message = refusal(store.sync_schema(&[table]).await.unwrap_err());
    assert!(message.contains("supply_unit.version"), "{message}");
}

async fn rows_of_an_append_only_table_stay(db: TestDatabase) {
    let store = db.store();
    let log = || TableSpec::new("audit").column("id", ColumnKind::Text).primary_key(["id"]);
    store.sync_schema(&[log()]).await.unwrap();
    let changes = store.sync_schema(&[log().append_only()]).await.unwrap();
    assert_eq!(changes, [SchemaChange::MadeAppendOnly { table: "audit".to_owned() }]);
    assert_eq!(store.sync_schema(&[log().append_only()]).await.unwrap(), []);

    let mut tx = store.begin().await.unwrap();
    tx.insert("audit", vec![("id", "1".into())]).await.unwrap();
    tx.commit().await.unwrap();
    let refused = |result: Result<u64, Error>| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains("the rows of audit can only be added"), "{message}");
    };
    let mut tx = store.begin().await.unwrap();
    refused(tx.update("audit", vec![("id", "2".into())], Condition::True).await);
    drop(tx);
    let mut tx = store.begin().await.unwrap();
    refused(tx.delete("audit", Condition::True).await);
}

async fn long_index_names_stay_apart(db: TestDatabase) {
    let name = |i: usize| format!("a_rather_long_column_name_number_{i}");
    let mut table = TableSpec::new("a_table_with_a_rather_long_name").column("id", ColumnKind::Text);
    for i in 0..3 {
        table = table.nullable(name(i), ColumnKind::Text);
    }
    let table = table
        .primary_key(["id"])
        .index(IndexSpec::on([name(0), name(1)]))
        .index(IndexSpec::on([name(0), name(2)]))
        .index(IndexSpec::unique_on([name(0), name(2)]));
    let changes = db.store().sync_schema(std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(changes.len(), 4);
    assert!(changes.iter().all(|change| match change {
        SchemaChange::IndexCreated { index, .. } => index.len() <= 63,
        _ => true,
    }));
    assert_eq!(db.store().sync_schema(&[table]).await.unwrap(), []);
}

async fn servers_that_start_at_once_agree(db: TestDatabase) {
    let tables: Vec<TableSpec> =
        (0..5).map(|i| TableSpec { name: format!("unit_{i}"), ..unit_table() }.append_only()).collect();
    let starting = (0..4).map(|_| {
        let (config, tables) = (db.config().clone(), tables.clone());
        tokio::spawn(async move {
            let store = anju_store::Store::open(&config).await?;
            store.sync_schema(&tables).await
        })
    });
    let mut created = 0;
    for server in starting.collect::<Vec<_>>() {
        created += usize::from(!server.await.unwrap().unwrap().is_empty());
    }
    assert_eq!(created, 1, "one makes the tables, the others find them");
}

async fn a_refused_schema_changes_nothing(db: TestDatabase) {
    let store = with_units(&db).await;
    let other = TableSpec::new("other").column("id", ColumnKind::Text).primary_key(["id"]);
    let mut wrong = unit_table();
    wrong.columns[3].kind = ColumnKind::Text;
    store.sync_schema(&[other.clone(), wrong]).await.unwrap_err();
    let changes = store.sync_schema(&[other]).await.unwrap();
    assert_eq!(changes, [SchemaChange::TableCreated { table: "other".to_owned() }]);
}

async fn bad_specifications_are_refused(db: TestDatabase) {
    let table = || TableSpec::new("t").column("id", ColumnKind::Text);
    for wrong in [
        TableSpec::new("T"),
        TableSpec::new("1t"),
        TableSpec::new(""),
        TableSpec::new("t".repeat(64)),
        table().column("id", ColumnKind::Int),
        table().primary_key(["unknown"]),
        table().index(IndexSpec::on(["id"]).live_only()),
        table().column("n", ColumnKind::Serial).primary_key(["id"]),
    ] {
        refusal(db.store().sync_schema(&[wrong]).await.unwrap_err());
    }
}
