//! Every operator of the filter tree on every kind of field.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::{ID_NO, OTHER_ID_NO, codes};

on_both_databases!(every_operator_finds_what_it_says, operators_that_do_not_fit_are_refused);

const ALL: [&str; 4] = ["A", "B", "C", "E"];
/// Those with a value; E has none.
const SET: [&str; 3] = ["A", "B", "C"];

/// Units A, B, C with every field, E with none.
async fn four(estate: &Estate) -> [String; 2] {
    let building = estate.building("310115", "东").await;
    let keepers = [
        estate.add("estate.person", json!({ "name": "周全" })).await,
        estate.add("estate.person", json!({ "name": "吴忧" })).await,
    ];
    let [first, second] = keepers.map(|keeper| keeper.id);
    for (code, with) in [
        (
            "A",
            json!({
                "kind": "studio", "place": "310115004", "address": "abc路1号", "note": "100% _", "area": "56.30",
                "rent": 150_000, "floor": -1, "furnished": true, "ready_on": "2026-01-31",
                "seen_at": "2026-01-31T23:59:59.999+08:00", "tags": ["lift", "south"], "phone": "13800138000",
                "licence": "91350100M000100Y43", "keeper_no": ID_NO, "keeper": first, "detail": { "a": 1 },
            }),
        ),
        (
            "B",
            json!({
                "kind": "one", "place": "310115", "address": "ABC路2号", "note": "张三\n李四", "area": "60",
                "rent": 200_000, "floor": 2, "furnished": false, "ready_on": "2026-02-01",
                "seen_at": "2026-02-01T00:00:00+08:00", "tags": ["south"], "phone": "13800138001",
                "licence": "91310000425083396W", "keeper_no": OTHER_ID_NO, "keeper": second, "detail": [1],
            }),
        ),
        (
            "C",
            json!({
                "kind": "two", "place": "310101002", "address": "张杨路3号", "note": "'quoted'); --", "area": "60.01",
                "rent": 200_001, "floor": 13, "furnished": true, "ready_on": "2027-12-31",
                "seen_at": "2027-12-31T12:00:00.500+08:00", "tags": ["quiet"], "phone": "021-62345678",
                "licence": "91350100M000100Y43", "keeper_no": OTHER_ID_NO, "keeper": second, "detail": "x",
            }),
        ),
        ("E", json!({})),
    ] {
        estate.unit(&building, code, with).await;
    }
    [first, second]
}

/// Tests with a value `low` that B has: A is below, C above, E has none.
fn ordered(
    field: &'static str,
    low: Value,
    middle: Value,
    high: Value,
) -> Vec<(&'static str, &'static str, Value, Vec<&'static str>)> {
    vec![
        (field, "eq", middle.clone(), vec!["B"]),
        (field, "ne", middle.clone(), vec!["A", "C", "E"]),
        (field, "lt", middle.clone(), vec!["A"]),
        (field, "le", middle.clone(), vec!["A", "B"]),
        (field, "gt", middle.clone(), vec!["C"]),
        (field, "ge", middle.clone(), vec!["B", "C"]),
        (field, "in", json!([low, high]), vec!["A", "C"]),
        (field, "in", json!([]), vec![]),
        (field, "not_in", json!([low, high]), vec!["B", "E"]),
        (field, "not_in", json!([]), ALL.to_vec()),
        (field, "between", json!([low, middle]), vec!["A", "B"]),
        (field, "between", json!([high, low]), vec![]),
        (field, "is_null", Value::Null, vec!["E"]),
        (field, "not_null", Value::Null, SET.to_vec()),
    ]
}

async fn every_operator_finds_what_it_says(db: TestDatabase) {
    let estate = estate(db).await;
    let [first, second] = four(&estate).await;
    let mut table = Vec::new();
    table.extend(ordered("area", json!("56.3"), json!(60), json!("60.01")));
    table.extend(ordered("rent", json!(150_000), json!(200_000), json!(200_001)));
    table.extend(ordered("floor", json!(-1), json!(2), json!(13)));
    table.extend(ordered("ready_on", json!("2026-01-31"), json!("2026-02-01"), json!("2027-12-31")));
    table.extend(ordered(
        "seen_at",
        json!("2026-01-31T15:59:59.999Z"),
        json!("2026-02-01T00:00:00+08:00"),
        json!("2027-12-31T12:00:00.500+08:00"),
    ));
    table.extend(
        ordered("phone", json!("021-62345678"), json!("13800138001"), json!("13800138000"))
            .into_iter()
            .filter(|row| {
                // numbers are texts: which comes before which is the next table's matter
                matches!(row.1, "eq" | "ne" | "is_null" | "not_null")
            }),
    );
    table.extend([
        // a bare day of an instant is the whole day
        ("seen_at", "ge", json!("2026-02-01"), vec!["B", "C"]),
        ("seen_at", "gt", json!("2026-01-31"), vec!["B", "C"]),
        ("seen_at", "le", json!("2026-01-31"), vec!["A"]),
        ("seen_at", "lt", json!("2026-02-01"), vec!["A"]),
        ("seen_at", "between", json!(["2026-01-31", "2026-02-01"]), vec!["A", "B"]),
        ("address", "eq", json!("ABC路2号"), vec!["B"]),
        ("address", "ne", json!("ABC路2号"), vec!["A", "C", "E"]),
        ("address", "lt", json!("abc路1号"), vec!["B"]),
        ("address", "le", json!("abc路1号"), vec!["A", "B"]),
        ("address", "gt", json!("abc路1号"), vec!["C"]),
        ("address", "ge", json!("abc路1号"), vec!["A", "C"]),
        ("address", "between", json!(["A", "b"]), vec!["A", "B"]),
        ("address", "in", json!(["abc路1号", "张杨路3号"]), vec!["A", "C"]),
        ("address", "not_in", json!(["abc路1号"]), vec!["B", "C", "E"]),
        ("address", "contains", json!("bC路"), vec!["A", "B"]),
        ("address", "contains", json!("杨"), vec!["C"]),
        ("address", "starts_with", json!("abc"), vec!["A"]),
        ("address", "starts_with", json!("张杨"), vec!["C"]),
        ("address", "is_null", Value::Null, vec!["E"]),
        ("address", "not_null", Value::Null, SET.to_vec()),
        ("note", "contains", json!("0% _"), vec!["A"]),
        ("note", "contains", json!("'quoted'); --"), vec!["C"]),
        ("note", "contains", json!("三\n李"), vec!["B"]),
        ("note", "starts_with", json!("张三"), vec!["B"]),
        ("note", "eq", json!("100% _"), vec!["A"]),
        ("kind", "eq", json!("one"), vec!["B"]),
        ("kind", "ne", json!("one"), vec!["A", "C", "E"]),
        ("kind", "in", json!(["one", "two", "three"]), vec!["B", "C"]),
        ("kind", "not_in", json!(["one", "two"]), vec!["A", "E"]),
        ("kind", "is_null", Value::Null, vec!["E"]),
        ("kind", "not_null", Value::Null, SET.to_vec()),
        ("kind", "eq", json!("castle"), vec![]),
        ("place", "under", json!("310115"), vec!["A", "B"]),
        ("place", "under", json!("310101002"), vec!["C"]),
        ("place", "under", json!("999"), vec![]),
        ("place", "eq", json!("310115"), vec!["B"]),
        ("furnished", "eq", json!(true), vec!["A", "C"]),
        ("furnished", "ne", json!(true), vec!["B", "E"]),
        ("furnished", "in", json!([false]), vec!["B"]),
        ("furnished", "not_in", json!([false]), vec!["A", "C", "E"]),
        ("furnished", "is_null", Value::Null, vec!["E"]),
        ("furnished", "not_null", Value::Null, SET.to_vec()),
        ("tags", "contains", json!("south"), vec!["A", "B"]),
        ("tags", "eq", json!("lift"), vec!["A"]),
        ("tags", "in", json!(["lift", "quiet"]), vec!["A", "C"]),
        ("tags", "ne", json!("south"), vec!["C", "E"]),
        ("tags", "not_in", json!(["lift", "quiet"]), vec!["B", "E"]),
        ("tags", "under", json!("lift"), vec!["A"]),
        ("tags", "is_null", Value::Null, vec!["E"]),
        ("tags", "not_null", Value::Null, SET.to_vec()),
        ("phone", "starts_with", json!("138"), vec!["A", "B"]),
        ("phone", "contains", json!("3800138001"), vec!["B"]),
        ("phone", "in", json!(["021-62345678", "13800138000"]), vec!["A", "C"]),
        ("licence", "eq", json!("91350100m000100y43"), vec!["A", "C"]),
        ("licence", "starts_with", json!("9131"), vec!["B"]),
        ("licence", "not_in", json!(["91350100M000100Y43"]), vec!["B", "E"]),
        ("keeper_no", "eq", json!(OTHER_ID_NO), vec!["B", "C"]),
        ("keeper_no", "ne", json!(OTHER_ID_NO), vec!["A", "E"]),
        ("keeper_no", "in", json!([ID_NO, "310115199001011233"]), vec!["A"]),
        ("keeper_no", "not_in", json!([ID_NO]), vec!["B", "C", "E"]),
        ("keeper_no", "is_null", Value::Null, vec!["E"]),
        ("keeper_no", "not_null", Value::Null, SET.to_vec()),
        ("detail", "is_null", Value::Null, vec!["E"]),
        ("detail", "not_null", Value::Null, SET.to_vec()),
        ("keeper", "eq", json!(second), vec!["B", "C"]),
        ("keeper", "ne", json!(second), vec!["A", "E"]),
        ("keeper", "in", json!([first]), vec!["A"]),
        ("keeper", "not_in", json!([first, second]), vec!["E"]),
        ("keeper", "is_null", Value::Null, vec!["E"]),
        ("keeper", "not_null", Value::Null, SET.to_vec()),
        ("keeper.name", "eq", json!("吴忧"), vec!["B", "C"]),
        ("keeper.name", "ne", json!("吴忧"), vec!["A", "E"]),
        ("keeper.name", "contains", json!("周"), vec!["A"]),
        ("keeper.name", "is_null", Value::Null, vec!["E"]),
        ("version", "eq", json!(1), ALL.to_vec()),
        ("version", "between", json!([2, 9]), vec![]),
        ("created_at", "le", json!("2026-11-24"), ALL.to_vec()),
        ("created_at", "lt", json!("2026-11-24"), vec![]),
        ("created_by", "in", json!(["system"]), ALL.to_vec()),
        ("updated_at", "gt", json!("2026-11-24T10:00:00+08:00"), vec![]),
        ("id", "not_null", Value::Null, ALL.to_vec()),
    ]);
    for (field, op, value, expected) in table {
        let test = json!({ "field": field, "op": op, "value": value });
        assert_eq!(estate.passing(&city(), test.clone()).await, expected, "{test}");
        // whatever a test does not find, its opposite does
        let others: Vec<&str> = ALL.into_iter().filter(|code| !expected.contains(code)).collect();
        assert_eq!(estate.passing(&city(), json!({ "not": test.clone() })).await, others, "not {test}");
    }
}

async fn operators_that_do_not_fit_are_refused(db: TestDatabase) {
    let estate = estate(db).await;
    four(&estate).await;
    let mut table: Vec<(&str, &str, Value, &str)> = Vec::new();
    for field in [
        "area",
        "rent",
        "floor",
        "ready_on",
        "seen_at",
        "furnished",
        "kind",
        "keeper",
        "detail",
        "created_at",
    ] {
        table.push((field, "contains", json!("x"), "operator"));
        table.push((field, "starts_with", json!("x"), "operator"));
    }
    for field in ["area", "address", "ready_on", "furnished", "keeper", "keeper_no", "created_at"] {
        table.push((field, "under", json!("310115"), "operator"));
    }
    for op in ["lt", "le", "gt", "ge", "contains", "starts_with"] {
        table.push(("keeper_no", op, json!(ID_NO), "operator"));
    }
    for op in ["lt", "le", "gt", "ge", "starts_with"] {
        table.push(("tags", op, json!("south"), "operator"));
    }
    for op in ["eq", "lt", "in", "between"] {
        table.push(("detail", op, json!("x"), "operator"));
    }
    table.extend([
        ("keeper_no", "between", json!([ID_NO, ID_NO]), "operator"),
        ("tags", "between", json!(["a", "b"]), "operator"),
        ("area", "eq", json!("wide"), "type"),
        ("area", "eq", json!("1.001"), "format"),
        ("rent", "eq", json!(1.5), "format"),
        ("floor", "gt", json!("x"), "type"),
        ("floor", "eq", json!(true), "type"),
        ("furnished", "eq", json!("yes"), "type"),
        ("ready_on", "eq", json!("2026-02-30"), "format"),
        ("ready_on", "eq", json!(20260201), "type"),
        ("seen_at", "eq", json!("noon"), "format"),
        ("address", "eq", json!(7), "type"),
        ("address", "contains", json!(""), "required"),
        ("address", "starts_with", json!(7), "required"),
        ("tags", "contains", json!(7), "type"),
        ("place", "under", json!(7), "type"),
        ("area", "eq", Value::Null, "required"),
        ("area", "between", json!([1]), "type"),
        ("area", "between", json!([1, 2, 3]), "type"),
        ("area", "in", json!(1), "type"),
        ("area", "not_in", Value::Null, "type"),
        ("area", "in", json!(vec![1; 1_001]), "length"),
        ("nothing", "is_null", Value::Null, "unknown"),
        ("address.length", "eq", json!(1), "unknown"),
        ("keeper.name.x", "eq", json!(1), "unknown"),
        ("", "is_null", Value::Null, "unknown"),
    ]);
    for (field, op, value, code) in table {
        let test = json!({ "field": field, "op": op, "value": value });
        let refused = estate.list(&city(), json!({ "where": test.clone() })).await;
        match refused {
            Err(error) => assert_eq!(codes(error), [format!("{field}: {code}")], "{test}"),
            Ok(page) => panic!("{test} found {:?}", page.items),
        }
    }
}
