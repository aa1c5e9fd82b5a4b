//! Records that were changed past the platform, what their sealed values are found by (B-10).

use anju_records::{Error, Flaw};
use anju_store::{ColumnKind, Condition, Fetch, Select, SqlValue, on_both_databases, testing::TestDatabase};
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    a41_codes_indexes_sealed_values_and_tokens_are_compared,
    a41_what_records_do_keeps_their_rows_sound,
    b10_a_guessable_value_has_no_index_and_is_not_searched,
    b10_look_ups_are_written_down_and_limited,
    b10_no_repeated_number_is_missed_however_it_was_typed,
);

const TABLE: &str = "bureau_case";

/// Flaws of all records, in the order of the tables.
async fn flaws(bureau: &Bureau) -> Vec<(String, String, Flaw, Option<String>)> {
    let mut found = Vec::new();
    for table in bureau.records.store().authenticated_tables() {
        let inspected = bureau.records.inspect_rows(&table, None, 1_000).await.unwrap();
        assert!(inspected.next.is_none());
        found.extend(inspected.damaged.into_iter().map(|one| (table.clone(), one.key, one.flaw, one.field)));
    }
    found
}

/// Sets a column as this crate never would, with a right code.
async fn set(bureau: &Bureau, id: &str, column: &str, value: SqlValue) {
    let mut tx = bureau.records.store().begin().await.unwrap();
    tx.update(TABLE, vec![(column, value)], Condition::eq(TABLE, "id", id)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn column(bureau: &Bureau, id: &str, column: &str) -> SqlValue {
    let select = Select::from(TABLE).column(column, ColumnKind::Bytes).filter(Condition::eq(TABLE, "id", id));
    let row = bureau.records.store().reader().fetch_optional(&select).await.unwrap();
    row.expect("a row").value(0).clone()
}

async fn a41_codes_indexes_sealed_values_and_tokens_are_compared(db: TestDatabase) {
    let bureau = bureau(db).await;
    let one = bureau.a_case(json!({})).await.id;
    let other = bureau.a_case(json!({"name": "李四", "id_no": OTHER_ID_NO})).await.id;
    while {
        let mut tx = bureau.records.store().begin().await.unwrap();
        let more = bureau.records.refresh_search(&mut tx).await.unwrap().is_some();
        tx.commit().await.unwrap();
        more
    } {}
    assert_eq!(flaws(&bureau).await, []);
    // A sealed value of another row, with its index: in its own place it opens, here it does not.
    let (sealed, index) =
        (column(&bureau, &other, "id_no").await, column(&bureau, &other, "id_no_bix").await);
    let (own, own_index) = (column(&bureau, &one, "id_no").await, column(&bureau, &one, "id_no_bix").await);
    set(&bureau, &one, "id_no", sealed).await;
    let expect =
        |flaw, field: Option<&str>| vec![(TABLE.to_owned(), one.clone(), flaw, field.map(str::to_owned))];
    assert_eq!(flaws(&bureau).await, expect(Flaw::Sealed, Some("id_no")));
    set(&bureau, &one, "id_no", own).await;
    assert_eq!(flaws(&bureau).await, []);
    set(&bureau, &other, "id_no_bix", SqlValue::Bytes(vec![1; 16])).await;
    set(&bureau, &one, "id_no_bix", index).await;
    let found = flaws(&bureau).await;
    assert!(found.len() == 2 && found.iter().all(|(_, _, flaw, _)| *flaw == Flaw::Index), "{found:?}");
    set(&bureau, &one, "id_no_bix", own_index).await;
    set(&bureau, &one, "phone_bix", SqlValue::Null).await;
    assert!(flaws(&bureau).await.contains(&expect(Flaw::Index, Some("phone"))[0]));
    bureau.database.past_the_platform("UPDATE bureau_case SET deposit = 12").await;
    let found = flaws(&bureau).await;
    assert!(found.len() == 2 && found.iter().all(|(_, _, flaw, _)| *flaw == Flaw::Code), "{found:?}");
    let damaged =
        bureau.records.damaged_records(&mut bureau.records.store().reader(), CASE, "id", &one).await;
    assert_eq!(damaged.unwrap(), [one]);
}

async fn a41_what_records_do_keeps_their_rows_sound(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{"name": "甲", "id_no": OTHER_ID_NO}, {"name": "乙"}]);
    let record = bureau.a_case(json!({"income": 5, "members": members})).await;
    let changes = json!({"phone": null, "rooms": 2, "members": [{"name": "丙"}]});
    let changed = bureau.patch(&system(), &record, changes).await.unwrap();
    bureau.delete(&system(), &changed).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.restore(&mut tx, &system(), CASE, &record.id, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(flaws(&bureau).await, []);
    // A damaged one is not changed, deleted with a trace, or covered up.
    bureau.database.past_the_platform("UPDATE bureau_case SET deposit = 12").await;
    let refused = bureau.patch(&system(), &changed, json!({"rooms": 3})).await;
    assert!(refused.is_err());
    let current = bureau.records.read(&system(), CASE, &record.id).await.unwrap();
    let refused = bureau.patch(&system(), &current, json!({"rooms": 3})).await;
    assert!(matches!(refused, Err(Error::Store(anju_store::Error::Damaged { .. }))), "{refused:?}");
}

async fn b10_a_guessable_value_has_no_index_and_is_not_searched(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({"income": 5})).await;
    bureau.a_case(json!({"name": "李四", "id_no": OTHER_ID_NO})).await;
    let columns = anju_records::tables(&catalog()).unwrap();
    let case = columns.iter().find(|table| table.name == TABLE).expect("the cases' table");
    let names: Vec<&str> = case.columns.iter().map(|column| column.name.as_str()).collect();
    assert!(names.contains(&"income") && !names.contains(&"income_bix") && names.contains(&"phone_bix"));
    let by =
        |op: &str, value: serde_json::Value| json!({"where": {"field": "income", "op": op, "value": value}});
    for (op, value) in
        [("eq", json!(5)), ("ne", json!(5)), ("in", json!([5])), ("not_in", json!([5])), ("gt", json!(1))]
    {
        let refused = bureau.list(&city(), by(op, value)).await;
        let Err(Error::Invalid(faults)) = refused else { panic!("{op} found something") };
        assert_eq!((faults[0].field.as_str(), faults[0].code.as_str()), ("income", "operator"));
    }
    let given = json!({"where": {"field": "income", "op": "not_null"}});
    assert_eq!(bureau.names(&city(), given).await, ["张三"]);
}

async fn entries(bureau: &Bureau, result: &str) -> Vec<String> {
    let select = Select::from("sys_audit")
        .column("reason", ColumnKind::Text)
        .filter(Condition::eq("sys_audit", "event", "record.looked_up"))
        .filter(Condition::eq("sys_audit", "result", result))
        .order_by("seq", anju_store::Direction::Ascending);
    let rows = bureau.records.store().reader().fetch_all(&select).await.unwrap();
    rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect()
}

async fn b10_look_ups_are_written_down_and_limited(db: TestDatabase) {
    let mut bureau = bureau(db).await;
    let limits = anju_records::QueryLimits { lookups_per_hour: 5, ..Default::default() };
    bureau.records = bureau.records.clone().with_limits(limits);
    bureau.a_case(json!({})).await;
    let by = |field: &str, value: &str| json!({"where": {"field": field, "op": "eq", "value": value}});
    bureau.list(&system(), by("id_no", ID_NO)).await.unwrap();
    bureau.list(&city(), by("name", "张三")).await.unwrap();
    assert!(entries(&bureau, "done").await.is_empty(), "neither the platform nor names are counted");
    bureau.list(&city(), by("id_no", ID_NO)).await.unwrap();
    let nested = json!({"where": {"and": [
        {"field": "phone", "op": "in", "value": [PHONE, "13900139000"]},
        {"has": "members", "where": {"field": "id_no", "op": "eq", "value": OTHER_ID_NO}},
    ]}});
    bureau.list(&city(), nested).await.unwrap();
    let expected = ["证件号码", "电话", "电话", "证件号码"].map(|title| format!("按完整的{title}查询"));
    assert_eq!(entries(&bureau, "done").await, expected);
    // One is left; two are refused, and figures are counted like lists.
    let two = json!({"where": {"field": "id_no", "op": "in", "value": [ID_NO, OTHER_ID_NO]}});
    let Err(Error::TooMuch { message }) = bureau.list(&city(), two).await else { panic!("six of five") };
    assert!(message.contains("每小时最多 5 个"), "{message}");
    let figures = serde_json::from_value(by("members.id_no", ID_NO)).unwrap();
    bureau.records.aggregate(&city(), CASE, &figures).await.unwrap();
    assert!(bureau.records.aggregate(&city(), CASE, &figures).await.is_err());
    assert_eq!((entries(&bureau, "done").await.len(), entries(&bureau, "refused").await.len()), (5, 2));
    bureau.clock.advance(jiff::SignedDuration::from_mins(61));
    bureau.list(&city(), by("id_no", ID_NO)).await.unwrap();
}

async fn b10_no_repeated_number_is_missed_however_it_was_typed(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    for typed in [
        "11010519491231002x",
        " 11010519491231002X ",
        "１１０１０５１９４９１２３１００２ｘ",
        "110105 19491231 002X",
    ] {
        let again = bureau.create(&system(), CASE, case(json!({"id_no": typed}))).await;
        let Err(Error::Invalid(faults)) = again else { panic!("{typed:?} is another person") };
        assert_eq!(faults[0].code, "duplicate", "{typed:?}: {faults:?}");
    }
}
