//! Records as they were, and periods in which they are in force.

use anju_calendar::Clock;
use anju_records::{AggregateQuery, Error};
use anju_store::{on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    a_record_is_shown_as_it_was_at_a_moment,
    child_rows_are_shown_as_they_were_even_when_their_order_has_changed,
    the_past_is_seen_with_todays_rights_and_masks,
    a_deleted_record_is_still_to_be_seen_in_its_past,
    periods_of_one_thing_do_not_overlap,
    a_period_that_ends_before_it_begins_is_refused,
    a_record_comes_back_only_where_its_period_is_free,
    writers_at_once_cannot_make_periods_overlap,
    the_record_in_force_on_a_day_is_found,
);

const RATE: &str = "bureau.rate";

fn rate(district: &str, amount: &str, from: &str, to: Option<&str>) -> anju_records::Object {
    object(json!({ "district": district, "kind": "公租房", "amount": amount, "from": from, "to": to }))
}

async fn a_record_is_shown_as_it_was_at_a_moment(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.a_case(json!({ "area": "50.00", "remark": "初次" })).await;
    let created = bureau.clock.now();
    bureau.clock.advance(SignedDuration::from_hours(24));
    let second = bureau.patch(&system(), &first, json!({ "area": "60.00", "remark": null })).await.unwrap();
    bureau.clock.advance(SignedDuration::from_hours(24));
    bureau.patch(&system(), &second, json!({ "area": "70.00", "id_no": OTHER_ID_NO })).await.unwrap();
    let at =
        async |moment: &str| bureau.records.read_as_of(&system(), CASE, &first.id, moment).await.unwrap();

    let past = at("2026-11-24").await;
    assert_eq!((past.version, past.get("area"), past.get("remark")), (1, &json!("50.00"), &json!("初次")));
    assert_eq!(past.get("id_no"), ID_NO);
    let past = at("2026-11-25").await;
    assert_eq!((past.version, past.get("area"), past.get("remark")), (2, &json!("60.00"), &Value::Null));
    assert_eq!(past.get("id_no"), ID_NO);
    assert_eq!(past.get("updated_at"), "2026-11-25T10:00:00+08:00");
    let past = at("2099-01-01").await;
    assert_eq!(
        (past.version, past.get("area"), past.get("id_no")),
        (3, &json!("70.00"), &json!(OTHER_ID_NO))
    );
    assert_eq!(at(&created.to_string()).await.get("area"), "50.00", "at the very instant");
    assert_eq!(past.display(), at("2026-11-24").await.display());
    let before = bureau.records.read_as_of(&system(), CASE, &first.id, "2026-11-23").await;
    assert!(matches!(before, Err(Error::NotFound)));
    let wrong = bureau.records.read_as_of(&system(), CASE, &first.id, "昨天").await.unwrap_err();
    assert_eq!(codes(wrong), ["as_of: format"]);
}

fn names_of(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect()
}

async fn child_rows_are_shown_as_they_were_even_when_their_order_has_changed(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau
        .a_case(
            json!({ "members": [{ "name": "甲", "share": "0.5" }, { "name": "乙", "id_no": OTHER_ID_NO }] }),
        )
        .await;
    let ids: Vec<Value> = case.rows("members").iter().map(|row| row["id"].clone()).collect();
    bureau.clock.advance(SignedDuration::from_hours(24));
    // Turned round, one renamed, one new.
    let changed = json!({ "members": [
        { "id": ids[1], "name": "乙二", "id_no": ID_NO }, { "id": ids[0], "name": "甲", "share": "0.7" }, { "name": "丙" },
    ] });
    let case = bureau.patch(&system(), &case, changed).await.unwrap();
    bureau.clock.advance(SignedDuration::from_hours(24));
    let gone = json!({ "members": [{ "id": ids[0], "name": "甲三", "share": "0.9" }] });
    bureau.patch(&system(), &case, gone).await.unwrap();

    let at = async |moment: &str| {
        let past = bureau.records.read_as_of(&system(), CASE, &case.id, moment).await.unwrap();
        let mut rows = past.rows("members").to_vec();
        rows.sort_by_key(|row| row["name"].to_string());
        rows
    };
    let first = at("2026-11-24").await;
    assert_eq!(names_of(&first), ["乙", "甲"]);
    assert_eq!((&first[0]["id_no"], &first[1]["share"]), (&json!(OTHER_ID_NO), &json!("0.5")));
    let second = at("2026-11-25").await;
    assert_eq!(names_of(&second), ["丙", "乙二", "甲"]);
    assert_eq!((&second[1]["id_no"], &second[2]["share"]), (&json!(ID_NO), &json!("0.7")));
    assert_eq!(names_of(&at("2026-11-26").await), ["甲三"]);
}

async fn the_past_is_seen_with_todays_rights_and_masks(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({ "deposit": 100 })).await;
    bureau.clock.advance(SignedDuration::from_hours(24));
    bureau.patch(&system(), &case, json!({ "id_no": OTHER_ID_NO, "name": "李四" })).await.unwrap();
    let past = async |actor: &anju_records::Actor| {
        bureau.records.read_as_of(actor, CASE, &case.id, "2026-11-24").await
    };
    let seen = past(&pudong()).await.unwrap();
    assert_eq!((seen.text("name"), seen.text("id_no")), (Some("张三"), Some("110***********002X")));
    assert_eq!(seen.get("$masked"), &json!(["id_no", "phone"]));
    assert!(matches!(past(&huangpu()).await, Err(Error::NotFound)));
    let viewer = person("viewer", anju_definitions::Level::City, "31");
    let seen = past(&viewer).await.unwrap();
    assert_eq!(seen.text("name"), Some("张三"));
    assert!(!seen.values.contains_key("deposit") && !seen.values.contains_key("members"));
}

async fn a_deleted_record_is_still_to_be_seen_in_its_past(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({})).await;
    bureau.clock.advance(SignedDuration::from_hours(48));
    bureau.delete(&system(), &case).await.unwrap();
    let past = bureau.records.read_as_of(&pudong(), CASE, &case.id, "2026-11-25").await.unwrap();
    assert_eq!(past.text("name"), Some("张三"));
    let now = bureau.records.read_as_of(&pudong(), CASE, &case.id, "2026-11-26").await;
    assert!(matches!(now, Err(Error::NotFound)));
}

async fn periods_of_one_thing_do_not_overlap(db: TestDatabase) {
    let bureau = bureau(db).await;
    let add = async |district: &str, from: &str, to: Option<&str>| {
        bureau.create(&city(), RATE, rate(district, "10.00", from, to)).await
    };
    let first = add("310115", "2025-01-01", Some("2025-12-31")).await.unwrap();
    for (from, to) in [
        ("2025-12-31", None),
        ("2024-01-01", Some("2025-01-01")),
        ("2025-03-01", Some("2025-04-01")),
        ("2024-01-01", None),
    ] {
        let refused = faults(add("310115", from, to).await.unwrap_err());
        assert_eq!((refused[0].field.as_str(), refused[0].code.as_str()), ("from", "overlap"), "{from}");
        assert_eq!(refused[0].message, "与已有的租金标准（2025-01-01 至 2025-12-31）期间重叠");
    }
    add("310115", "2026-01-01", None).await.unwrap();
    add("310115", "2024-01-01", Some("2024-12-31")).await.unwrap();
    add("310101", "2025-06-01", None).await.unwrap();
    let refused = faults(add("310101", "2030-01-01", None).await.unwrap_err());
    assert!(refused[0].message.contains("2025-06-01 至 长期"), "{refused:?}");
    // Changing a record does not let it collide with itself, but with others.
    let mut tx = bureau.records.store().begin().await.unwrap();
    let shorter = object(json!({ "to": "2025-11-30" }));
    let changed = bureau.records.patch(&mut tx, &city(), RATE, &first.id, None, shorter, None).await.unwrap();
    let longer = object(json!({ "to": "2026-02-01" }));
    let refused = bureau.records.patch(&mut tx, &city(), RATE, &first.id, None, longer, None).await;
    assert_eq!(codes(refused.unwrap_err()), ["from: overlap"]);
    assert_eq!(changed.text("to"), Some("2025-11-30"));
    // What is deleted is in nobody's way.
    bureau.records.delete(&mut tx, &system(), RATE, &first.id, None, None).await.unwrap();
    tx.commit().await.unwrap();
    add("310115", "2025-03-01", Some("2025-04-01")).await.unwrap();
}

async fn a_period_that_ends_before_it_begins_is_refused(db: TestDatabase) {
    let bureau = bureau(db).await;
    let refused = bureau.create(&city(), RATE, rate("310115", "1", "2025-02-01", Some("2025-01-31"))).await;
    assert_eq!(codes(refused.unwrap_err()), ["to: range"]);
    bureau.create(&city(), RATE, rate("310115", "1", "2025-02-01", Some("2025-02-01"))).await.unwrap();
}

async fn a_record_comes_back_only_where_its_period_is_free(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.create(&city(), RATE, rate("310115", "1", "2025-01-01", None)).await.unwrap();
    let delete = async |id: &str| {
        let mut tx = bureau.records.store().begin().await.unwrap();
        bureau.records.delete(&mut tx, &system(), RATE, id, None, None).await.unwrap();
        tx.commit().await.unwrap();
    };
    delete(&first.id).await;
    let second =
        bureau.create(&city(), RATE, rate("310115", "2", "2025-06-01", Some("2025-12-31"))).await.unwrap();
    let restore = async || {
        let mut tx = bureau.records.store().begin().await.unwrap();
        let restored = bureau.records.restore(&mut tx, &system(), RATE, &first.id, None).await?;
        tx.commit().await.unwrap();
        Ok::<_, Error>(restored)
    };
    assert_eq!(codes(restore().await.unwrap_err()), ["from: overlap"]);
    delete(&second.id).await;
    assert_eq!(restore().await.unwrap().get("amount"), &json!("1.00"));
}

async fn writers_at_once_cannot_make_periods_overlap(db: TestDatabase) {
    let bureau = std::sync::Arc::new(bureau(db).await);
    let writers: Vec<_> = (1..=8)
        .map(|month| {
            let bureau = bureau.clone();
            tokio::spawn(async move {
                let from = format!("2025-{month:02}-01");
                bureau.create(&city(), RATE, rate("310115", "1", &from, None)).await.is_ok()
            })
        })
        .collect();
    let mut won = 0;
    for writer in writers {
        won += usize::from(writer.await.unwrap());
    }
    assert_eq!(won, 1);
}

async fn the_record_in_force_on_a_day_is_found(db: TestDatabase) {
    let bureau = bureau(db).await;
    for (amount, from, to) in [
        ("10.00", "2025-01-01", Some("2025-12-31")),
        ("12.00", "2026-01-01", Some("2026-11-24")),
        ("13.00", "2026-11-25", None),
    ] {
        bureau.create(&city(), RATE, rate("310115", amount, from, to)).await.unwrap();
    }
    let test = |field: &str, day: &str| json!({ "field": field, "op": "eq", "value": day });
    let on = async |filter: Value| {
        let page = bureau.records.query(&city(), RATE, &query(json!({ "where": filter }))).await?;
        Ok::<_, Error>(page.items.iter().map(|r| r.text("amount").unwrap().to_owned()).collect::<Vec<_>>())
    };
    for (day, expected) in [
        ("2025-01-01", vec!["10.00"]),
        ("2025-12-31", vec!["10.00"]),
        ("2026-01-01", vec!["12.00"]),
        ("today", vec!["12.00"]),
        ("2030-01-01", vec!["13.00"]),
        ("2024-12-31", vec![]),
    ] {
        assert_eq!(on(test("$in_force", day)).await.unwrap(), expected, "{day}");
    }
    let others = on(json!({ "not": test("$in_force", "today") })).await.unwrap();
    assert_eq!(others.len(), 2);
    let figures: AggregateQuery =
        serde_json::from_value(json!({ "where": test("$in_force", "today") })).unwrap();
    let figures = bureau.records.aggregate(&city(), RATE, &figures).await.unwrap();
    assert_eq!(figures.rows[0]["count"], 1);

    let rates =
        bureau.records.query(&city(), RATE, &query(json!({ "sort": [{ "field": "from" }] }))).await.unwrap();
    for record in &rates.items {
        let petition = json!({ "name": record.text("amount"), "district": "310115", "rate": record.id });
        bureau.create(&city(), "bureau.petition", object(petition)).await.unwrap();
    }
    let behind = query(json!({ "where": test("rate.$in_force", "today") }));
    let found = bureau.records.query(&city(), "bureau.petition", &behind).await.unwrap();
    assert_eq!(found.items.iter().map(|r| r.text("name").unwrap()).collect::<Vec<_>>(), ["12.00"]);

    for (filter, code) in [
        (test("$in_force", "bald"), "$in_force: format"),
        (json!({ "field": "$in_force", "op": "ge", "value": "2025-01-01" }), "$in_force: operator"),
    ] {
        assert_eq!(codes(on(filter).await.unwrap_err()), [code]);
    }
    let elsewhere = query(json!({ "where": test("$in_force", "today") }));
    let refused = bureau.records.query(&city(), CASE, &elsewhere).await.unwrap_err();
    assert_eq!(codes(refused), ["$in_force: unknown"]);
}
