use anju_records::Error;
use anju_store::{ColumnKind, Condition, Fetch, Select, on_both_databases, testing::TestDatabase};
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    a71_people_see_masks_and_the_platform_sees_clear_values,
    sealed_values_are_found_by_their_whole_value,
    a_mask_sent_back_changes_nothing,
    a22_revealing_needs_a_right_a_reason_and_leaves_a_note,
    reads_of_watched_entities_are_noted,
);

async fn a71_people_see_masks_and_the_platform_sees_clear_values(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{"name": "甲", "id_no": OTHER_ID_NO}]);
    let record = bureau.create(&city(), CASE, case(json!({"income": 5, "members": members}))).await.unwrap();
    let read = bureau.records.read(&city(), CASE, &record.id).await.unwrap();
    let listed =
        bureau.list(&city(), json!({"select": ["id_no", "phone", "income", "members"]})).await.unwrap();
    for seen in [&record, &read, &listed.items[0]] {
        assert_eq!(seen.text("id_no"), Some("110***********002X"));
        assert_eq!(seen.text("phone"), Some("138****8000"));
        assert_eq!(seen.text("income"), Some("****"));
        assert_eq!(seen.get("$masked"), &json!(["id_no", "phone", "income"]));
        assert_eq!(seen.rows("members")[0]["$masked"], json!(["id_no"]));
        let text = serde_json::to_string(seen).unwrap();
        assert!(!text.contains(ID_NO) && !text.contains(OTHER_ID_NO) && !text.contains(PHONE));
    }
    let clear = bureau.records.read(&system(), CASE, &record.id).await.unwrap();
    assert_eq!(clear.text("id_no"), Some(ID_NO));
    assert_eq!(clear.get("income"), &json!(5));
    assert!(clear.get("$masked").is_null());
}

async fn sealed_values_are_found_by_their_whole_value(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    bureau.a_case(json!({"name": "李四", "id_no": OTHER_ID_NO, "phone": "13900139000"})).await;
    let by = |field: &str, value: &str| json!({"where": {"field": field, "op": "eq", "value": value}});
    assert_eq!(bureau.names(&city(), by("id_no", "11010519491231002x")).await, ["张三"]);
    assert_eq!(bureau.names(&city(), by("phone", "139 0013 9000")).await, ["李四"]);
    assert!(bureau.names(&city(), by("id_no", "110105194912310038")).await.is_empty());
    let either = json!({"where": {"field": "id_no", "op": "in", "value": [ID_NO, OTHER_ID_NO]}});
    assert_eq!(bureau.names(&city(), either).await.len(), 2);
}

async fn a_mask_sent_back_changes_nothing(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.create(&city(), CASE, case(json!({"income": 5}))).await.unwrap();
    let change =
        json!({"id_no": record.get("id_no"), "phone": record.get("phone"), "income": "****", "rooms": 2});
    bureau.patch(&city(), &record, change).await.unwrap();
    let clear = bureau.records.read(&system(), CASE, &record.id).await.unwrap();
    assert_eq!((clear.text("id_no"), clear.text("phone")), (Some(ID_NO), Some(PHONE)));
    assert_eq!(clear.get("income"), &json!(5));
}

async fn audited(bureau: &Bureau, event: &str) -> Vec<String> {
    let select = Select::from("sys_audit").column("reason", ColumnKind::Text).filter(Condition::eq(
        "sys_audit",
        "event",
        event,
    ));
    let rows = bureau.records.store().reader().fetch_all(&select).await.unwrap();
    rows.iter().map(|row| row.opt_text(0).unwrap().unwrap_or_default().to_owned()).collect()
}

async fn a22_revealing_needs_a_right_a_reason_and_leaves_a_note(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_case(json!({})).await;
    let mut tx = bureau.records.store().begin().await.unwrap();
    let clear = bureau.records.reveal(&mut tx, &city(), CASE, &record.id, "id_no", "核对证件").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(clear, ID_NO);
    assert_eq!(audited(&bureau, "record.revealed").await, ["证件号码：核对证件"]);
    let mut tx = bureau.records.store().begin().await.unwrap();
    let reveal = bureau.records.reveal(&mut tx, &city(), CASE, &record.id, "phone", "核对").await;
    assert!(matches!(reveal, Err(Error::Forbidden { .. })));
    let reveal = bureau.records.reveal(&mut tx, &pudong(), CASE, &record.id, "id_no", "核对").await;
    assert!(matches!(reveal, Err(Error::Forbidden { .. })));
    let reveal = bureau.records.reveal(&mut tx, &city(), CASE, &record.id, "id_no", " ").await;
    assert_eq!(codes(reveal.unwrap_err()), ["reason: required"]);
    let reveal = bureau.records.reveal(&mut tx, &city(), CASE, &record.id, "name", "核对").await;
    assert_eq!(codes(reveal.unwrap_err()), ["field: unknown"]);
}

async fn reads_of_watched_entities_are_noted(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mine = bureau.create(&city(), "bureau.reminder", object(json!({"text": "明天"}))).await.unwrap();
    bureau.records.read(&city(), "bureau.reminder", &mine.id).await.unwrap();
    assert_eq!(audited(&bureau, "record.read").await.len(), 1);
}

#[tokio::test]
async fn b10_no_clear_number_lies_in_the_database_file() {
    let bureau = bureau(TestDatabase::sqlite().await).await;
    let members = json!([{"name": "甲", "id_no": OTHER_ID_NO}]);
    let record =
        bureau.create(&city(), CASE, case(json!({"members": members, "name": "可见的名字"}))).await.unwrap();
    bureau.patch(&city(), &record, json!({"phone": "13900139000"})).await.unwrap();
    let path = bureau.database.config().url.trim_start_matches("sqlite:").to_owned();
    bureau.records.store().close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    for suffix in ["-wal", "-journal"] {
        bytes.extend(std::fs::read(format!("{path}{suffix}")).unwrap_or_default());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("可见的名字"), "the search itself works");
    for secret in [ID_NO, OTHER_ID_NO, PHONE, "13900139000"] {
        assert!(!holds(secret), "{secret}");
    }
}
