//! What the model-based test has found, told once in plain words.

use anju_records::{Error, ImportCell, ImportFailure, ImportOptions, ImportRow, ImportSheet};
use anju_store::{on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    a_record_was_not_there_while_it_lay_in_the_recycle_bin,
    rows_handed_in_as_they_are_leave_no_trace,
    parts_of_an_address_are_looked_for_in_its_detail,
    rows_of_one_import_are_held_against_each_other,
    numbered_pages_count_records_and_not_their_rows,
);

const TENANCY: &str = "bureau.tenancy";

async fn a_record_was_not_there_while_it_lay_in_the_recycle_bin(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({})).await;
    let hour = SignedDuration::from_hours(1);
    let created = bureau.now().to_string();
    bureau.clock.advance(hour);
    bureau.delete(&system(), &case).await.unwrap();
    let deleted = bureau.now().to_string();
    bureau.clock.advance(hour);
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.restore(&mut tx, &system(), CASE, &case.id, None).await.unwrap();
    tx.commit().await.unwrap();
    let as_of = async |moment: &str| bureau.records.read_as_of(&system(), CASE, &case.id, moment).await;
    assert_eq!(as_of(&created).await.unwrap().version, 1);
    assert!(matches!(as_of(&deleted).await, Err(Error::NotFound)));
    assert_eq!(as_of(&bureau.now().to_string()).await.unwrap().version, 3);
}

async fn rows_handed_in_as_they_are_leave_no_trace(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({ "members": [{ "name": "甲" }, { "name": "乙" }] })).await;
    let rows: Vec<Value> = case.rows("members").iter().map(|row| json!({ "id": row["id"] })).collect();
    let same = bureau.patch(&system(), &case, json!({ "members": rows })).await.unwrap();
    assert_eq!(same.version, case.version);
    let reversed: Vec<Value> = rows.into_iter().rev().collect();
    let moved = bureau.patch(&system(), &case, json!({ "members": reversed })).await.unwrap();
    assert_eq!(moved.version, case.version + 1, "another order is a change");
    assert_eq!(moved.rows("members")[0]["name"], "乙");
}

async fn parts_of_an_address_are_looked_for_in_its_detail(db: TestDatabase) {
    let bureau = bureau(db).await;
    let home = json!({ "region": "310115005", "detail": "世纪大道8号" });
    let input = object(json!({ "tenant": "甲某", "home": home, "months": 6 }));
    bureau.create(&system(), TENANCY, input).await.unwrap();
    let found = async |part: &str| {
        let test = query(json!({ "where": { "field": "home", "op": "contains", "value": part } }));
        bureau.records.query(&system(), TENANCY, &test).await.unwrap().items.len()
    };
    assert_eq!((found("大道8").await, found("世").await, found("号").await), (1, 1, 1));
    for code_or_sign in ["3101", "region", "detail", "}", "[", ":"] {
        assert_eq!(found(code_or_sign).await, 0, "{code_or_sign} is no part of the address");
    }
}

async fn rows_of_one_import_are_held_against_each_other(db: TestDatabase) {
    let bureau = bureau(db).await;
    let cells = |text: &str| vec![ImportCell::Text(text.to_owned())];
    let sheet =
        ImportSheet { name: "租住登记".to_owned(), header: vec!["承租人".to_owned()], has_rows: true };
    let rows: Vec<ImportRow> = (2..)
        .zip(["赵一", "钱二", "赵一"])
        .map(|(number, name)| ImportRow { number, cells: cells(name), children: Vec::new() })
        .collect();
    let options = ImportOptions::default();
    let mut importer = bureau.records.begin_import(&system(), TENANCY, options, &[sheet]).unwrap();
    let judged = bureau.records.judge_import(&mut importer, &rows).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    let written = bureau.records.write_import(&mut tx, importer.setup(), judged, None).await;
    let Err(ImportFailure::Row(refused)) = written else { panic!("{written:?}") };
    assert_eq!((refused.row, refused.message.contains("已有在租登记")), (4, true), "{}", refused.message);
}

/// SQLite turns a test of rows into a join, and once skipped each record as often as it had rows.
async fn numbered_pages_count_records_and_not_their_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{ "name": "甲" }, { "name": "乙" }, { "name": "丙" }]);
    for number in 0..2 {
        let id_no = format!("E0000000{number}");
        bureau.a_case(json!({ "id_type": "passport", "id_no": id_no, "members": members })).await;
    }
    let page = async |number: u32| {
        let page = json!({ "size": 1, "number": number });
        bureau.list(&system(), json!({ "where": { "has": "members" }, "page": page })).await.unwrap().items
    };
    let (first, second, third) = (page(1).await, page(2).await, page(3).await);
    assert_eq!((first.len(), second.len(), third.len()), (1, 1, 0));
    assert_ne!(first[0].id, second[0].id);
}
