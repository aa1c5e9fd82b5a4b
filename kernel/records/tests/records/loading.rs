//! Records that come with their whole past are what they would be had they been made here.

use anju_calendar::Clock;
use anju_records::{Error, LoadRecord, LoadVersion, Object, PreparedLoad, Record};
use anju_store::{ColumnKind, Fetch, Select, on_both_databases, testing::TestDatabase};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    a_loaded_record_is_what_the_door_would_have_made,
    a_faulty_record_is_named_with_its_field,
    a_transition_that_is_not_legal_is_refused_in_the_past_too,
    loading_is_one_audited_step_that_nobody_is_told_of,
    unique_values_may_not_repeat_in_a_load,
    numbers_go_on_after_loaded_ones,
);

const ID: &str = "01890000-0000-7000-8000-000000000001";
const ROW: &str = "01890000-0000-7000-8000-0000000000a1";
const OTHER_ROW: &str = "01890000-0000-7000-8000-0000000000a2";

fn version(at: Timestamp, values: Value) -> LoadVersion {
    let Value::Object(values) = values else { panic!("not an object: {values}") };
    LoadVersion { at, by: "system".to_owned(), by_name: "平台".to_owned(), why: None, values }
}

fn of(values: Object) -> Value {
    Value::Object(values)
}

fn one(id: &str, values: Value) -> LoadRecord {
    LoadRecord { id: id.to_owned(), versions: vec![version("2020-01-01T00:00:00Z".parse().unwrap(), values)] }
}

async fn load(bureau: &Bureau, prepared: PreparedLoad) -> Result<(), Error> {
    let mut tx = bureau.records.store().begin().await?;
    bureau.records.load(&mut tx, &system(), prepared, "迁移").await?;
    Ok(tx.commit().await?)
}

/// Values that people gave, and everything that follows from them; ids and numbers aside.
fn comparable(record: &Record) -> Value {
    let mut values = record.values.clone();
    for own in ["id", "case_no", "created_by", "updated_by", "$display"] {
        values.remove(own);
    }
    for row in values.get_mut("members").and_then(Value::as_array_mut).into_iter().flatten() {
        for own in ["id", "case", "$refs"] {
            row.as_object_mut().unwrap().remove(own);
        }
    }
    Value::Object(values)
}

async fn a_loaded_record_is_what_the_door_would_have_made(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{ "name": "甲", "id_no": ID_NO }, { "name": "乙", "share": "0.5" }]);
    let first = json!({ "area": "50.00", "phone": PHONE, "remark": "初次\t\\N", "members": members });
    let second = json!({ "area": "60.00", "remark": null, "status": "submitted" });
    let third = json!({ "id_no": "11010119900307299X", "tags": [] });

    let made = bureau.a_case(first.clone()).await;
    let (began, day) = (bureau.clock.now(), SignedDuration::from_hours(24));
    bureau.clock.advance(day);
    let made = bureau.patch(&system(), &made, second.clone()).await.unwrap();
    bureau.clock.advance(day);
    let made = bureau.patch(&system(), &made, third.clone()).await.unwrap();
    let tell = async |id: &str| {
        let mut entries = bureau.records.history(&system(), CASE, id).await.unwrap();
        for entry in &mut entries {
            entry.changes.retain(|change| change.field != "case_no");
        }
        serde_json::to_value(entries).unwrap()
    };
    let told = tell(&made.id).await;
    let door = bureau.records.read_as_of(&system(), CASE, &made.id, "2026-11-26").await.unwrap();
    // Its certificate number is free for the other.
    bureau.delete(&system(), &made).await.unwrap();

    let mut input = case(first);
    input.insert("case_no".to_owned(), json!("GZ3101152026A"));
    for (row, id) in input["members"].as_array_mut().unwrap().iter_mut().zip([ROW, OTHER_ROW]) {
        row["id"] = json!(id);
    }
    let versions =
        vec![version(began, of(input)), version(began + day, second), version(began + day + day, third)];
    let loaded = LoadRecord { id: ID.to_owned(), versions };
    let prepared = bureau.records.prepare_load(CASE, vec![loaded]).unwrap();
    load(&bureau, prepared).await.unwrap();

    let record = bureau.records.read(&system(), CASE, ID).await.unwrap();
    let past = bureau.records.read_as_of(&system(), CASE, ID, "2026-11-26").await.unwrap();
    assert_eq!(comparable(&past), comparable(&door));
    assert_eq!((record.version, record.get("updated_at")), (3, &json!("2026-11-26T10:00:00+08:00")));
    let past = bureau.records.read_as_of(&system(), CASE, ID, "2026-11-24").await.unwrap();
    assert_eq!((past.get("area"), past.get("remark")), (&json!("50.00"), &json!("初次\t\\N")));
    assert_eq!(past.rows("members").len(), 2);

    assert_eq!(tell(ID).await, told);
    let by_number = json!({ "where": { "field": "id_no", "op": "eq", "value": "11010119900307299X" } });
    assert_eq!(bureau.list(&system(), by_number).await.unwrap().items[0].id, ID, "found by its blind index");
    let changed = bureau.patch(&system(), &record, json!({ "area": "61.00" })).await.unwrap();
    assert_eq!(changed.version, 4);
}

async fn a_faulty_record_is_named_with_its_field(db: TestDatabase) {
    let bureau = bureau(db).await;
    let refused = |with: Value| {
        let records = vec![one(ID, of(case(with)))];
        codes(bureau.records.prepare_load(CASE, records).err().unwrap())
    };
    assert_eq!(refused(json!({ "area": "many" })), [format!("{ID}.area: type")]);
    assert_eq!(refused(json!({ "name": null })), [format!("{ID}.name: required")]);
    assert_eq!(refused(json!({ "members": [{ "name": "甲" }] })), [format!("{ID}.members[0].id: format")]);
    let unknown = bureau.records.prepare_load(CASE, vec![one("1", of(case(json!({}))))]);
    assert_eq!(codes(unknown.err().unwrap()), ["1.id: format"]);
    let empty = LoadRecord { id: ID.to_owned(), versions: Vec::new() };
    let empty = bureau.records.prepare_load(CASE, vec![empty]);
    assert_eq!(codes(empty.err().unwrap()), [format!("{ID}.versions: required")]);
}

async fn a_transition_that_is_not_legal_is_refused_in_the_past_too(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mut record = one(ID, of(case(json!({}))));
    record.versions.push(version("2020-02-01T00:00:00Z".parse().unwrap(), json!({ "status": "approved" })));
    let refused = bureau.records.prepare_load(CASE, vec![record]).err().unwrap();
    assert_eq!(codes(refused), [format!("{ID}.status: transition")]);
}

async fn loading_is_one_audited_step_that_nobody_is_told_of(db: TestDatabase) {
    let bureau = bureau(db).await;
    let rows = async |table: &str, key: &str| {
        let select = Select::from(table).column(key, ColumnKind::Int);
        bureau.records.store().reader().count(&select, None).await.unwrap()
    };
    let (audited, told) = (rows("sys_audit", "seq").await, rows("sys_outbox", "id").await);
    let records = vec![
        one(ID, of(case(json!({ "case_no": "A" })))),
        one(ROW, of(case(json!({ "case_no": "B", "id_no": OTHER_ID_NO })))),
    ];
    load(&bureau, bureau.records.prepare_load(CASE, records).unwrap()).await.unwrap();
    assert_eq!(rows("sys_audit", "seq").await, audited + 1);
    assert_eq!(rows("sys_outbox", "id").await, told);
}

async fn unique_values_may_not_repeat_in_a_load(db: TestDatabase) {
    let bureau = bureau(db).await;
    let records =
        vec![one(ID, of(case(json!({ "case_no": "A" })))), one(ROW, of(case(json!({ "case_no": "B" }))))];
    let prepared = bureau.records.prepare_load(CASE, records).unwrap();
    load(&bureau, prepared).await.unwrap_err();
    assert!(matches!(bureau.records.read(&system(), CASE, ID).await, Err(Error::NotFound)));
}

async fn numbers_go_on_after_loaded_ones(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mut tx = bureau.records.store().begin().await.unwrap();
    let like = object(json!({ "district": "310115" }));
    let day = jiff::civil::date(2026, 5, 1);
    bureau.records.skip_numbers(&mut tx, "bureau.case_no", CASE, &like, day, 41).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(bureau.a_case(json!({})).await.get("case_no"), "GZ31011520260042");
}
