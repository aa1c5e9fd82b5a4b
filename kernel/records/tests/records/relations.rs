//! Paths through references, rows of child tables, and whose a record is when only a reference says so.

use anju_records::{Error, Record};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::{ID_NO, OTHER_ID_NO, codes, query};

on_both_databases!(
    paths_lead_through_two_references,
    s01_a_place_at_the_end_of_references_closes_every_door,
    s01_nobody_moves_a_record_away_by_its_reference,
    a_record_is_found_by_its_rows,
    tests_of_one_row_are_about_the_same_row,
    rows_lead_on_and_are_led_to_by_references,
    rows_that_may_not_be_seen_cannot_be_asked_for,
    a_role_may_be_limited_by_rows,
    rows_are_counted_in_a_column,
);

fn test(field: &str, op: &str, value: Value) -> Value {
    json!({ "field": field, "op": op, "value": value })
}

/// Units A and B in Pudong, C in Huangpu.
async fn three(estate: &Estate) -> [Record; 3] {
    let (east, west) = (estate.building("310115", "东").await, estate.building("310101", "西").await);
    let keeper = estate.add("estate.person", json!({ "name": "周全" })).await;
    let rooms = json!([
        { "use": "卧室", "size": "9.5", "owner_no": ID_NO, "keeper": keeper.id },
        { "use": "客厅", "size": "20" },
    ]);
    [
        estate.unit(&east, "A", json!({ "rooms": rooms })).await,
        estate.unit(&east, "B", json!({ "rooms": [{ "use": "卧室", "size": "12" }] })).await,
        estate.unit(&west, "C", json!({})).await,
    ]
}

async fn paths_lead_through_two_references(db: TestDatabase) {
    let estate = estate(db).await;
    three(&estate).await;
    let by_project = test("building.project.name", "eq", json!("西苑"));
    assert_eq!(estate.passing(&city(), by_project).await, ["C"]);
    let under = test("building.project.district", "under", json!("310115"));
    assert_eq!(estate.passing(&city(), under).await, ["A", "B"]);
    let request = json!({
        "select": ["code", "building.project.name", "building.project", "building"],
        "sort": [{ "field": "building.project.district" }, { "field": "code", "dir": "desc" }],
    });
    let page = estate.list(&city(), request).await.unwrap();
    let seen: Vec<_> =
        page.items.iter().map(|unit| (unit.get("code"), unit.get("building.project.name"))).collect();
    let row = |code, name| (json!(code), json!(name));
    let expected = [row("C", "西苑"), row("B", "东苑"), row("A", "东苑")];
    assert_eq!(seen, expected.iter().map(|(code, name)| (code, name)).collect::<Vec<_>>());
    assert_eq!(page.items[0].get("$refs"), &json!({ "building.project": "西苑", "building": "西苑西号楼" }));
    let figures =
        estate.figures(&city(), json!({ "group_by": [{ "field": "building.project" }] })).await.unwrap();
    let counts: Vec<_> = figures
        .rows
        .iter()
        .map(|row| (row["$refs"]["building.project"].clone(), row["count"].clone()))
        .collect();
    assert!(
        counts.contains(&(json!("东苑"), json!(2))) && counts.contains(&(json!("西苑"), json!(1))),
        "{counts:?}"
    );
}

async fn s01_a_place_at_the_end_of_references_closes_every_door(db: TestDatabase) {
    let estate = estate(db).await;
    let [a, _, c] = three(&estate).await;
    assert_eq!(estate.codes(&pudong(), json!({ "count": true })).await, ["A", "B"]);
    assert_eq!(estate.codes(&huangpu(), json!({})).await, ["C"]);
    let counted = estate.figures(&pudong(), json!({})).await.unwrap();
    assert_eq!(counted.rows[0]["count"], 2);
    let records = &estate.records;
    assert!(records.read(&pudong(), UNIT, &a.id).await.is_ok());
    assert!(matches!(records.read(&pudong(), UNIT, &c.id).await, Err(Error::NotFound)));
    assert!(matches!(records.history(&pudong(), UNIT, &c.id).await, Err(Error::NotFound)));
    assert!(matches!(
        estate.patch(&pudong(), UNIT, &c.id, json!({ "floor": 3 })).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(estate.delete(&pudong(), UNIT, &c.id).await, Err(Error::NotFound)));
    // three references away
    for unit in [&a, &c] {
        estate
            .add("estate.contract", json!({ "no": format!("HT-{}", unit.get("code")), "unit": unit.id }))
            .await;
    }
    let contracts =
        records.query(&pudong(), "estate.contract", &query(json!({ "count": true }))).await.unwrap();
    assert_eq!((contracts.items.len(), contracts.total), (1, Some(1)));
    assert_eq!(contracts.items[0].get("unit"), a.id.as_str());
    // rows follow their record
    let rooms = records.query(&huangpu(), "estate.room", &query(json!({}))).await.unwrap();
    assert!(rooms.items.is_empty());
    assert_eq!(records.query(&pudong(), "estate.room", &query(json!({}))).await.unwrap().items.len(), 3);
}

async fn s01_nobody_moves_a_record_away_by_its_reference(db: TestDatabase) {
    let estate = estate(db).await;
    let [a, _, c] = three(&estate).await;
    let (east, west) = (a.text("building").unwrap(), c.text("building").unwrap());
    let made = estate.create(&pudong(), UNIT, json!({ "code": "D", "building": west })).await;
    assert_eq!(codes(made.unwrap_err()), ["building: reference"], "a building out of sight cannot be named");
    assert!(estate.create(&pudong(), UNIT, json!({ "code": "D", "building": east })).await.is_ok());
    let moved = estate.patch(&pudong(), UNIT, &a.id, json!({ "building": west })).await;
    assert_eq!(codes(moved.unwrap_err()), ["building: reference"]);
}

async fn a_record_is_found_by_its_rows(db: TestDatabase) {
    let estate = estate(db).await;
    let [a, ..] = three(&estate).await;
    let none: [&str; 0] = [];
    for (filter, expected) in [
        (test("rooms.use", "eq", json!("卧室")), vec!["A", "B"]),
        (test("rooms.use", "in", json!(["客厅", "厨房"])), vec!["A"]),
        (test("rooms.size", "gt", json!("10")), vec!["A", "B"]),
        (test("rooms.size", "between", json!([9, 10])), vec!["A"]),
        (test("rooms.owner_no", "eq", json!(ID_NO)), vec!["A"]),
        (test("rooms.owner_no", "eq", json!(OTHER_ID_NO)), none.to_vec()),
        // some row has another use; some row has no owner
        (test("rooms.use", "ne", json!("卧室")), vec!["A"]),
        (test("rooms.owner_no", "is_null", Value::Null), vec!["A", "B"]),
        // no row has the use
        (json!({ "not": test("rooms.use", "eq", json!("客厅")) }), vec!["B", "C"]),
        (json!({ "has": "rooms" }), vec!["A", "B"]),
        (json!({ "not": { "has": "rooms" } }), vec!["C"]),
        (
            json!({ "and": [test("rooms.use", "eq", json!("客厅")), test("code", "eq", json!("B"))] }),
            none.to_vec(),
        ),
        (
            json!({ "or": [test("rooms.use", "eq", json!("客厅")), test("code", "eq", json!("C"))] }),
            vec!["A", "C"],
        ),
    ] {
        assert_eq!(estate.passing(&city(), filter.clone()).await, expected, "{filter}");
        let counted = estate.figures(&city(), json!({ "where": filter })).await.unwrap();
        assert_eq!(counted.rows[0]["count"], expected.len(), "{filter}");
    }
    assert_eq!(estate.passing(&pudong(), test("rooms.use", "eq", json!("卧室"))).await, ["A", "B"]);
    assert_eq!(estate.passing(&huangpu(), test("rooms.use", "eq", json!("卧室"))).await, none);
    estate.patch(&city(), UNIT, &a.id, json!({ "rooms": [] })).await.unwrap();
    assert_eq!(estate.passing(&city(), json!({ "has": "rooms" })).await, ["B"], "removed rows do not count");
}

async fn tests_of_one_row_are_about_the_same_row(db: TestDatabase) {
    let estate = estate(db).await;
    three(&estate).await;
    let (bedroom, large) = (test("rooms.use", "eq", json!("卧室")), test("rooms.size", "gt", json!("10")));
    assert_eq!(
        estate.passing(&city(), json!({ "and": [bedroom, large] })).await,
        ["A", "B"],
        "some row each"
    );
    let both = json!([test("use", "eq", json!("卧室")), test("size", "gt", json!("10"))]);
    let large_bedroom = json!({ "has": "rooms", "where": { "and": both } });
    assert_eq!(estate.passing(&city(), large_bedroom.clone()).await, ["B"]);
    assert_eq!(estate.passing(&city(), json!({ "not": large_bedroom })).await, ["A", "C"]);
}

async fn rows_lead_on_and_are_led_to_by_references(db: TestDatabase) {
    let estate = estate(db).await;
    let [a, b, _] = three(&estate).await;
    assert_eq!(estate.passing(&city(), test("rooms.keeper.name", "eq", json!("周全"))).await, ["A"]);
    let kept = json!({ "has": "rooms", "where": test("keeper.name", "starts_with", json!("周")) });
    assert_eq!(estate.passing(&city(), kept).await, ["A"]);
    for unit in [&a, &b] {
        estate.add("estate.contract", json!({ "no": unit.get("code"), "unit": unit.id })).await;
    }
    let found = async |filter: Value| -> Vec<String> {
        let request = query(json!({ "where": filter, "sort": [{ "field": "no" }] }));
        let page = estate.records.query(&city(), "estate.contract", &request).await.unwrap();
        page.items.iter().map(|contract| contract.text("no").unwrap().to_owned()).collect()
    };
    assert_eq!(found(test("unit.rooms.use", "eq", json!("客厅"))).await, ["A"]);
    assert_eq!(found(test("unit.rooms.keeper.name", "eq", json!("周全"))).await, ["A"]);
    let large = json!({ "has": "unit.rooms", "where": test("size", "ge", json!(12)) });
    assert_eq!(found(large.clone()).await, ["A", "B"]);
    assert!(found(json!({ "not": large })).await.is_empty());
    // from a row to its sisters
    let sisters =
        query(json!({ "where": test("unit.rooms.use", "eq", json!("客厅")), "sort": [{ "field": "size" }] }));
    let page = estate.records.query(&city(), "estate.room", &sisters).await.unwrap();
    assert_eq!(page.items.iter().map(|room| room.text("use").unwrap()).collect::<Vec<_>>(), ["卧室", "客厅"]);
}

async fn rows_that_may_not_be_seen_cannot_be_asked_for(db: TestDatabase) {
    let estate = estate(db).await;
    three(&estate).await;
    for filter in [
        test("rooms.use", "eq", json!("卧室")),
        json!({ "has": "rooms" }),
        json!({ "not": { "has": "rooms", "where": test("use", "eq", json!("卧室")) } }),
    ] {
        let refused = estate.list(&holding("reader"), json!({ "where": filter })).await;
        let code = codes(refused.unwrap_err());
        assert!(code == ["rooms: unknown"] || code == ["rooms.use: unknown"], "{code:?}");
    }
    for (filter, code) in [
        (test("rooms.nothing", "eq", json!(1)), "rooms.nothing: unknown"),
        (test("rooms.size", "eq", json!("wide")), "rooms.size: type"),
        (test("rooms.size", "contains", json!("1")), "rooms.size: operator"),
        (test("rooms.owner_no", "contains", json!("1101")), "rooms.owner_no: operator"),
        (test("rooms.keeper.nothing", "eq", json!(1)), "rooms.keeper.nothing: unknown"),
        (json!({ "has": "halls" }), "halls: unknown"),
        (json!({ "has": "building" }), "building: unknown"),
        (json!({ "has": "rooms", "where": test("nothing", "eq", json!(1)) }), "rooms.nothing: unknown"),
        (test("rooms", "is_null", Value::Null), "rooms: unknown"),
        (test("code.rooms.use", "eq", json!("x")), "code.rooms.use: unknown"),
    ] {
        let refused = estate.list(&city(), json!({ "where": filter.clone() })).await;
        assert_eq!(codes(refused.unwrap_err()), [code], "{filter}");
    }
}

async fn a_role_may_be_limited_by_rows(db: TestDatabase) {
    let estate = estate(db).await;
    let [a, b, _] = three(&estate).await;
    let family = holding("family");
    assert_eq!(estate.codes(&family, json!({ "count": true })).await, ["B"]);
    assert!(estate.records.read(&family, UNIT, &b.id).await.is_ok());
    assert!(matches!(estate.records.read(&family, UNIT, &a.id).await, Err(Error::NotFound)));
    // rows have their rights from the parent
    let rooms = estate.records.query(&family, "estate.room", &query(json!({}))).await.unwrap();
    assert_eq!(rooms.items.len(), 1);
}

async fn rows_are_counted_in_a_column(db: TestDatabase) {
    let estate = estate(db).await;
    three(&estate).await;
    let request = json!({ "select": ["code", "rooms.$count"], "sort": [{ "field": "code" }] });
    let page = estate.list(&city(), request.clone()).await.unwrap();
    let counts: Vec<_> = page.items.iter().map(|unit| unit.get("rooms.$count").clone()).collect();
    assert_eq!(counts, [json!(2), json!(1), json!(0)]);
    assert!(page.items[0].get("rooms").is_null());
    let refused = estate.list(&holding("reader"), request).await;
    assert_eq!(codes(refused.unwrap_err()), ["rooms.$count: unknown"]);
}
