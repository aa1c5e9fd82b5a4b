//! Search in names and addresses.

use anju_records::{Error, Record};
use anju_store::{ColumnKind, Fetch, Select, SqlValue, on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::{ID_NO, codes, object, query, system};

on_both_databases!(
    names_and_addresses_are_found_by_their_parts,
    what_is_changed_is_found_as_it_is_now,
    who_sees_some_texts_searches_in_those,
    what_cannot_be_searched_says_so,
    searches_filters_and_order_go_together,
    sensitive_values_are_never_searched,
    records_from_before_are_made_searchable,
);

async fn some(estate: &Estate) -> Record {
    let building = estate.building("310115", "东").await;
    for (code, address, note) in [
        ("东苑-101", "浦东新区张杨路1088弄12号301室", "业主张三，电梯房"),
        ("东苑-102", "浦东新区浦东大道２５号", "张三丰 委托"),
        ("东苑-103", "黄浦区人民路33号", ""),
        ("西苑-a1", "Century Avenue 8", "三张床"),
    ] {
        estate.unit(&building, code, json!({ "address": address, "note": note })).await;
    }
    building
}

async fn found(estate: &Estate, text: &str) -> Vec<String> {
    estate.codes(&city(), json!({ "search": text })).await
}

async fn names_and_addresses_are_found_by_their_parts(db: TestDatabase) {
    let estate = estate(db).await;
    some(&estate).await;
    for (text, expected) in [
        ("张三", vec!["东苑-101", "东苑-102"]),
        ("张三丰", vec!["东苑-102"]),
        ("三张", vec!["西苑-a1"]),
        ("张杨路1088弄", vec!["东苑-101"]),
        ("1088", vec!["东苑-101"]),
        ("088弄12号3", vec!["东苑-101"]),
        ("25号", vec!["东苑-102"]),
        ("２５", vec!["东苑-102"]),
        ("浦东 张三丰", vec!["东苑-102"]),
        ("浦东 张三丰 委", vec!["东苑-102"]),
        ("century  AVENUE", vec!["西苑-a1"]),
        ("A1", vec!["西苑-a1"]),
        ("苑10", vec!["东苑-101", "东苑-102", "东苑-103"]),
        ("（张杨路）", vec!["东苑-101"]),
        ("室业", vec![]),
        ("北京", vec![]),
        ("' OR 1=1 --", vec![]),
        ("%%", vec![]),
    ] {
        if text == "%%" {
            assert_eq!(
                codes(estate.list(&city(), json!({ "search": text })).await.unwrap_err()),
                ["search: length"]
            );
            continue;
        }
        assert_eq!(found(&estate, text).await, expected, "{text}");
        let figures = estate.figures(&city(), json!({ "search": text })).await.unwrap();
        assert_eq!(figures.rows[0]["count"], expected.len(), "{text}");
    }
    assert_eq!(
        estate.codes(&huangpu(), json!({ "search": "张三" })).await,
        [""; 0],
        "others' rows are not found"
    );
}

async fn what_is_changed_is_found_as_it_is_now(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    let unit = estate.unit(&building, "A-1", json!({ "note": "张三" })).await;
    estate.patch(&city(), UNIT, &unit.id, json!({ "floor": 3 })).await.unwrap();
    assert_eq!(found(&estate, "张三").await, ["A-1"]);
    estate.patch(&city(), UNIT, &unit.id, json!({ "note": "李四" })).await.unwrap();
    assert!(found(&estate, "张三").await.is_empty());
    assert_eq!(found(&estate, "李四 A1").await, ["A-1"]);
    estate.patch(&city(), UNIT, &unit.id, json!({ "note": null })).await.unwrap();
    assert!(found(&estate, "李四").await.is_empty());
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    assert!(found(&estate, "A1").await.is_empty());
    estate.restore(&city(), UNIT, &unit.id).await.unwrap();
    assert_eq!(found(&estate, "A1").await, ["A-1"]);
}

async fn who_sees_some_texts_searches_in_those(db: TestDatabase) {
    let estate = estate(db).await;
    some(&estate).await;
    let reader = holding("reader");
    let found = async |text: &str| estate.codes(&reader, json!({ "search": text, "select": ["code"] })).await;
    assert_eq!(found("张三").await, ["东苑-101", "东苑-102"], "in the note");
    assert_eq!(found("张杨路").await, [""; 0], "the address is hidden");
    assert_eq!(found("电梯 东苑").await, ["东苑-101"]);
    assert_eq!(found("电梯 浦东").await, [""; 0]);
}

async fn what_cannot_be_searched_says_so(db: TestDatabase) {
    let estate = estate(db).await;
    some(&estate).await;
    let refused = async |entity: &str, text: &str| {
        let request = query(json!({ "search": text }));
        codes(estate.records.query(&city(), entity, &request).await.unwrap_err())
    };
    assert_eq!(refused("estate.project", "东苑").await, ["search: unknown"]);
    for text in ["", "张", "张 三", "，。", &"张".repeat(101)] {
        assert_eq!(refused(UNIT, text).await, ["search: length"], "{text}");
    }
    let figures = estate.figures(&city(), json!({ "search": "张" })).await;
    assert_eq!(codes(figures.unwrap_err()), ["search: length"]);
}

async fn searches_filters_and_order_go_together(db: TestDatabase) {
    let estate = estate(db).await;
    let building = some(&estate).await;
    for number in 0..30 {
        estate
            .unit(&building, &format!("N{number:02}"), json!({ "note": "同一个名字", "floor": number }))
            .await;
    }
    let mut walked: Vec<Value> = Vec::new();
    let mut after = Value::Null;
    loop {
        let request = json!({
            "search": "同一个名字",
            "where": { "field": "floor", "op": "ge", "value": 10 },
            "sort": [{ "field": "floor", "dir": "desc" }],
            "page": { "size": 7, "after": after },
            "count": true,
        });
        let page = estate.list(&city(), request).await.unwrap();
        assert_eq!(page.total, Some(20));
        walked.extend(page.items.iter().map(|unit| unit.get("floor").clone()));
        match page.next {
            Some(next) => after = json!(next),
            None => break,
        }
    }
    assert_eq!(walked, (10..30).rev().map(|floor| json!(floor)).collect::<Vec<_>>());
}

async fn sensitive_values_are_never_searched(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    estate
        .unit(
            &building,
            "A-1",
            json!({ "keeper_no": ID_NO, "rooms": [{ "use": "卧室", "owner_no": ID_NO }] }),
        )
        .await;
    assert!(found(&estate, &ID_NO[..8]).await.is_empty());
    let select = Select::from("estate_unit").column("search_tokens", ColumnKind::Text);
    let row = estate.records.store().reader().fetch_optional(&select).await.unwrap().unwrap();
    assert_eq!(row.value(0), &SqlValue::from("A1"));
}

async fn records_from_before_are_made_searchable(db: TestDatabase) {
    let estate = estate(db).await;
    assert!(estate.records.search_is_stale().await.unwrap(), "even an empty table is looked at once");
    refresh(&estate).await;
    let building = estate.building("310115", "东").await;
    // more than one step takes
    let mut tx = estate.records.store().begin().await.unwrap();
    for number in 0..510 {
        let input = json!({ "code": format!("A{number}"), "building": building.id, "phone": format!("1380013{number:04}") });
        estate.records.create(&mut tx, &system(), UNIT, object(input), None).await.unwrap();
    }
    tx.commit().await.unwrap();
    let gone = estate.unit(&building, "B1", json!({ "phone": "13800138000" })).await;
    estate.delete(&city(), UNIT, &gone.id).await.unwrap();
    let changed = ("entities/unit", "search: [code, address, note] => search: [code, phone]");
    let estate = estate.redefined(&[changed]).await;
    assert!(found(&estate, "13800130509").await.is_empty());
    assert!(estate.records.search_is_stale().await.unwrap());
    refresh(&estate).await;
    assert!(!estate.records.search_is_stale().await.unwrap());
    assert_eq!(found(&estate, "13800130").await.len(), 20, "a page of them");
    assert_eq!(found(&estate, "13800130509").await, ["A509"]);
    estate.restore(&city(), UNIT, &gone.id).await.unwrap();
    assert_eq!(found(&estate, "B1").await, ["B1"]);
    // a definition without search, and with it again: what came between is found too
    let estate = estate.redefined(&[("entities/unit", "search: [code, address, note] => search: []")]).await;
    estate.unit(&building, "C1", json!({ "phone": "13800138000" })).await;
    assert!(matches!(estate.list(&system(), json!({ "search": "C1" })).await, Err(Error::Invalid(_))));
    refresh(&estate).await;
    let estate = estate.redefined(&[changed]).await;
    refresh(&estate).await;
    assert_eq!(found(&estate, "C1").await, ["C1"]);
}

/// Every step in a transaction of its own, as the job does it.
async fn refresh(estate: &Estate) {
    loop {
        let mut tx = estate.records.store().begin().await.unwrap();
        let progress = estate.records.refresh_search(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        if progress.is_none() {
            return;
        }
    }
}
