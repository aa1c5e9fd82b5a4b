//! Random filters and figures against a plain evaluation over the same rows, rights included: what the database finds
//! is what the model finds, and every figure leads to the records that make it up.

use std::collections::{BTreeMap, BTreeSet};

use anju_records::Actor;
use anju_store::testing::TestDatabase;
use jiff::civil::Date;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::estate::*;
use crate::fixture::{ID_NO, OTHER_ID_NO, query, system};

/// Random requests on each database.
const CASES: u32 = 150;
const UNITS: usize = 40;

const KINDS: [&str; 3] = ["studio", "one", "two"];
const PLACES: [&str; 3] = ["310101002", "310115004", "310115"];
const TAGS: [&str; 3] = ["lift", "south", "quiet"];
const WORDS: [&str; 4] = ["abc路", "ABC弄", "张杨路1号", "x_%"];
const DAYS: [&str; 5] = ["2024-02-29", "2024-12-30", "2025-12-31", "2026-01-01", "2026-03-31"];
const INSTANTS: [&str; 4] = [
    "2024-12-31T23:59:59+08:00",
    "2025-01-01T00:00:00+08:00",
    "2026-03-31T12:00:00+08:00",
    "2026-04-01T08:30:00+08:00",
];
const USES: [&str; 3] = ["卧室", "客厅", "厨房"];

#[test]
fn random_requests_agree_with_the_model_on_sqlite() {
    agree(TestDatabase::sqlite);
}

#[test]
fn random_requests_agree_with_the_model_on_postgres() {
    agree(TestDatabase::postgres);
}

fn agree<F: Future<Output = TestDatabase>>(database: fn() -> F) {
    let runtime = Runtime::new().expect("a runtime starts");
    let (estate, rows) = runtime.block_on(async {
        let estate = estate(database().await).await;
        let rows = fill(&estate).await;
        (estate, rows)
    });
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let requests = (filters(), figures(), any::<bool>());
    let outcome = runner.run(&requests, |(filter, figures, everywhere)| {
        let (actor, district) = if everywhere { (city(), None) } else { (pudong(), Some("310115")) };
        let seen: Vec<&Value> =
            rows.iter().filter(|row| district.is_none_or(|d| row["district"] == d)).collect();
        runtime.block_on(async {
            lists_agree(&estate, &actor, &seen, &filter).await?;
            figures_agree(&estate, &actor, &seen, &filter, &figures).await
        })
    });
    // dropped outside the runtime's own threads
    drop(estate);
    outcome.unwrap();
}

/// Units with values drawn by a fixed rule; each as JSON with its district and rooms.
async fn fill(estate: &Estate) -> Vec<Value> {
    let buildings = [
        ("310115", estate.building("310115", "东").await),
        ("310101", estate.building("310101", "西").await),
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| -> usize {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let mut rows = Vec::new();
    for number in 0..UNITS {
        let (district, building) = &buildings[next(2)];
        let mut unit = json!({ "building": building.id });
        let mut set = |name: &str, value: Value, absent: usize| {
            if absent > 0 {
                unit[name] = value;
            }
        };
        set("kind", json!(KINDS[next(3)]), next(5));
        set("place", json!(PLACES[next(3)]), next(4));
        set("address", json!(WORDS[next(4)]), next(5));
        set("area", json!(format!("{}.{:02}", next(4), next(3))), next(5));
        set("rent", json!(next(5) as i64 - 2), next(5));
        set("floor", json!(next(4)), next(6));
        set("furnished", json!(next(2) == 0), next(4));
        set("ready_on", json!(DAYS[next(5)]), next(6));
        set("seen_at", json!(INSTANTS[next(4)]), next(5));
        set("tags", json!([TAGS[next(3)], TAGS[next(3)]]), next(4));
        set("keeper_no", json!([ID_NO, OTHER_ID_NO][next(2)]), next(3));
        let rooms: Vec<Value> =
            (0..next(4)).map(|_| json!({ "use": USES[next(3)], "size": format!("{}.5", next(3)) })).collect();
        unit["rooms"] = json!(rooms);
        let unit = estate.unit(building, &format!("U{number:02}"), unit).await;
        let mut row = estate.records.read(&system(), UNIT, &unit.id).await.unwrap().into_value();
        row["district"] = json!(district);
        row["building.project.district"] = json!(district);
        row["building.project.name"] = json!(if *district == "310115" { "东苑" } else { "西苑" });
        rows.push(row);
    }
    rows
}

async fn lists_agree(
    estate: &Estate,
    actor: &Actor,
    rows: &[&Value],
    filter: &Value,
) -> Result<(), TestCaseError> {
    let found = found(estate, actor, filter).await?;
    let expected: BTreeSet<String> =
        rows.iter().filter(|row| passes(row, filter)).map(|row| code(row)).collect();
    prop_assert_eq!(found, expected, "{}", filter);
    Ok(())
}

async fn found(estate: &Estate, actor: &Actor, filter: &Value) -> Result<BTreeSet<String>, TestCaseError> {
    let request =
        query(json!({ "where": filter, "select": ["code"], "page": { "size": 500 }, "count": true }));
    let page = estate.records.query(actor, UNIT, &request).await;
    let page = page.map_err(|error| TestCaseError::fail(format!("{error:?} for {filter}")))?;
    prop_assert_eq!(page.total, Some(page.items.len() as u64));
    Ok(page.items.iter().map(|unit| unit.text("code").unwrap().to_owned()).collect())
}

fn code(row: &Value) -> String {
    row["code"].as_str().unwrap().to_owned()
}

async fn figures_agree(
    estate: &Estate,
    actor: &Actor,
    rows: &[&Value],
    filter: &Value,
    request: &Value,
) -> Result<(), TestCaseError> {
    let mut request = request.clone();
    request["where"] = filter.clone();
    let answer = estate.figures(actor, request.clone()).await;
    let answer = answer.map_err(|error| TestCaseError::fail(format!("{error:?} for {request}")))?;
    let groups = request["group_by"].as_array().unwrap();
    let mut expected: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for row in rows.iter().filter(|row| passes(row, filter)) {
        let key: Vec<Value> = groups.iter().map(|group| group_of(row, group)).collect();
        expected.entry(json!(key).to_string()).or_default().push(row);
    }
    if groups.is_empty() && expected.is_empty() {
        expected.insert("[]".to_owned(), Vec::new());
    }
    prop_assert_eq!(answer.rows.len(), expected.len(), "{}", request);
    for (at, row) in answer.rows.iter().enumerate() {
        let key: Vec<&Value> = groups.iter().map(|group| &row[group["field"].as_str().unwrap()]).collect();
        let Some(members) = expected.get(&json!(key).to_string()) else {
            return Err(TestCaseError::fail(format!("no group {key:?} for {request}")));
        };
        for measure in request["measures"].as_array().unwrap() {
            let name = measure["as"].as_str().unwrap();
            prop_assert_eq!(&row[name], &figure(measure, members), "{} of {:?} for {}", name, key, request);
        }
        if at < 4 {
            let led = found(estate, actor, &row["$where"]).await?;
            let members: BTreeSet<String> = members.iter().map(|row| code(row)).collect();
            prop_assert_eq!(led, members, "{} of {}", &row["$where"], request);
        }
    }
    Ok(())
}

// The model.

fn passes(row: &Value, filter: &Value) -> bool {
    let list = |name: &str| filter[name].as_array().map(Vec::as_slice).unwrap_or_default().iter();
    match filter.as_object().map(|object| object.keys().next().map(String::as_str)) {
        None => true,
        Some(Some("and")) => list("and").all(|one| passes(row, one)),
        Some(Some("or")) => list("or").any(|one| passes(row, one)),
        Some(Some("not")) => !passes(row, &filter["not"]),
        Some(Some("has")) => {
            let rows = row["rooms"].as_array().unwrap();
            rows.iter().any(|room| filter.get("where").is_none_or(|inner| passes(room, inner)))
        }
        _ => match filter["field"].as_str().unwrap().strip_prefix("rooms.") {
            Some(name) => row["rooms"].as_array().unwrap().iter().any(|room| test(&room[name], filter)),
            None => test(&row[filter["field"].as_str().unwrap()], filter),
        },
    }
}

fn test(value: &Value, test: &Value) -> bool {
    let (op, operand) = (test["op"].as_str().unwrap(), &test["value"]);
    let any = |holds: &dyn Fn(&Value) -> bool| operand.as_array().unwrap().iter().any(holds);
    if value.is_null() {
        return matches!(op, "ne" | "not_in" | "is_null");
    }
    if let Value::Array(codes) = value {
        let has = |code: &Value| codes.contains(code);
        return match op {
            "contains" | "eq" => has(operand),
            "ne" => !has(operand),
            "in" => any(&has),
            "not_in" => !any(&has),
            other => other == "not_null",
        };
    }
    let order = |other: &Value, end: bool| rank(value, false).cmp(&rank(other, end));
    let equal = |other: &Value| order(other, false).is_eq();
    match op {
        "eq" => equal(operand),
        "ne" => !equal(operand),
        "lt" => order(operand, false).is_lt(),
        "le" => order(operand, true).is_le(),
        "gt" => order(operand, true).is_gt(),
        "ge" => order(operand, false).is_ge(),
        "in" => any(&equal),
        "not_in" => !any(&equal),
        "between" => order(&operand[0], false).is_ge() && order(&operand[1], true).is_le(),
        "contains" => {
            let folded = |value: &Value| value.as_str().unwrap().to_ascii_lowercase();
            folded(value).contains(&folded(operand))
        }
        "starts_with" => value.as_str().unwrap().starts_with(operand.as_str().unwrap()),
        "under" => value.as_str().unwrap().starts_with(operand.as_str().unwrap()),
        other => other == "not_null",
    }
}

/// By what values are ordered: decimals are of one scale, instants of one offset; a bare day is its first moment, or
/// its last.
fn rank(value: &Value, end_of_day: bool) -> (i128, String) {
    match value {
        Value::Number(number) => (i128::from(number.as_i64().unwrap()), String::new()),
        Value::Bool(bool) => (i128::from(*bool), String::new()),
        Value::String(text) => {
            match text.split_once('.').map(|(whole, part)| (whole.parse::<i128>(), part)) {
                Some((Ok(whole), part)) => {
                    (whole * 100 + format!("{part:0<2}").parse::<i128>().unwrap(), String::new())
                }
                _ if text.len() == 10 && end_of_day && text.parse::<Date>().is_ok() => {
                    (0, format!("{text}\u{10ffff}"))
                }
                _ => (0, text.clone()),
            }
        }
        other => panic!("{other}"),
    }
}

fn group_of(row: &Value, group: &Value) -> Value {
    let value = &row[group["field"].as_str().unwrap()];
    let (Some(text), Some(grain)) = (value.as_str(), group["grain"].as_str()) else { return value.clone() };
    let day: Date = text[..10].parse().unwrap();
    json!(match grain {
        "day" => text[..10].to_owned(),
        "week" => format!("{}-W{:02}", day.iso_week_date().year(), day.iso_week_date().week()),
        "month" => text[..7].to_owned(),
        "quarter" => format!("{}-Q{}", day.year(), (day.month() + 2) / 3),
        _ => text[..4].to_owned(),
    })
}

fn figure(measure: &Value, rows: &[&Value]) -> Value {
    let counted = rows.iter().filter(|row| measure.get("where").is_none_or(|filter| passes(row, filter)));
    let field = measure["field"].as_str();
    let mut values: Vec<&Value> = counted
        .map(|row| field.map_or(&Value::Bool(true), |field| &row[field]))
        .filter(|value| !value.is_null())
        .collect();
    values.sort_by_key(|value| rank(value, false));
    let number = |value: &Value| rank(value, false).0;
    let sum = || values.iter().map(|value| number(value)).sum::<i128>();
    // figures are of rent (whole) or area (two places)
    let places = if field == Some("area") { 2 } else { 0 };
    if values.is_empty() && !matches!(measure["op"].as_str(), Some("count" | "count_distinct")) {
        return Value::Null;
    }
    match measure["op"].as_str().unwrap() {
        "count" => json!(values.len()),
        "count_distinct" => {
            json!(values.iter().map(|value| value.to_string()).collect::<BTreeSet<_>>().len())
        }
        "sum" => shown(sum(), places),
        "min" => values[0].clone(),
        "max" => values[values.len() - 1].clone(),
        "avg" => json!(decimal(divided(sum() * 10_000, values.len() as i128), places + 4)),
        "median" => {
            let middle = number(values[(values.len() - 1) / 2]) + number(values[values.len() / 2]);
            json!(decimal(divided(middle * 10_000, 2), places + 4))
        }
        "percentile" => {
            // nine tenths
            let at = (values.len() * 9).div_ceil(10);
            values[at - 1].clone()
        }
        other => panic!("{other}"),
    }
}

fn shown(scaled: i128, places: usize) -> Value {
    if places == 0 { json!(scaled as i64) } else { json!(decimal(scaled, places)) }
}

fn decimal(scaled: i128, places: usize) -> String {
    let digits = format!("{:0width$}", scaled.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    format!("{}{whole}.{part}", if scaled < 0 { "-" } else { "" })
}

/// Half away from zero.
fn divided(of: i128, by: i128) -> i128 {
    (of.abs() * 2 + by) / (by * 2) * of.signum()
}

// Random requests.

fn one_of(values: &[&'static str]) -> BoxedStrategy<Value> {
    prop::sample::select(values.to_vec()).prop_map(|value| json!(value)).boxed()
}

/// A test of the field by one of the operators.
fn by(
    field: &'static str,
    ops: &'static [&'static str],
    value: BoxedStrategy<Value>,
) -> BoxedStrategy<Value> {
    let many = prop::collection::vec(value.clone(), 0..3);
    let two = prop::collection::vec(value.clone(), 2);
    (prop::sample::select(ops), value, many, two)
        .prop_map(move |(op, value, many, two)| match op {
            "in" | "not_in" => json!({ "field": field, "op": op, "value": many }),
            "between" => json!({ "field": field, "op": op, "value": two }),
            "is_null" | "not_null" => json!({ "field": field, "op": op }),
            _ => json!({ "field": field, "op": op, "value": value }),
        })
        .boxed()
}

const EQUALITY: &[&str] = &["eq", "ne", "in", "not_in", "is_null", "not_null"];
const ORDERED: &[&str] =
    &["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "is_null", "not_null"];
const TEXTS: &[&str] =
    &["eq", "ne", "lt", "ge", "in", "not_in", "contains", "starts_with", "is_null", "not_null"];

fn tests() -> BoxedStrategy<Value> {
    let area = || (0..4i64, 0..3i64).prop_map(|(whole, part)| json!(format!("{whole}.{part:02}"))).boxed();
    let instants =
        prop_oneof![one_of(&INSTANTS), one_of(&["2024-12-31", "2025-01-01", "2026-03-31"])].boxed();
    prop_oneof![
        by("kind", EQUALITY, one_of(&KINDS)),
        by("place", &["under", "eq", "is_null"], one_of(&["310101", "310115", "310115004", "310115005"])),
        by("address", TEXTS, one_of(&["abc路", "ABC弄", "张杨", "b", "_", "%"])),
        by("area", ORDERED, area()),
        by("rent", ORDERED, (-2..3i64).prop_map(|rent| json!(rent)).boxed()),
        by("floor", ORDERED, (0..4i64).prop_map(|floor| json!(floor)).boxed()),
        by("furnished", EQUALITY, any::<bool>().prop_map(|flag| json!(flag)).boxed()),
        by("ready_on", ORDERED, one_of(&DAYS)),
        by("seen_at", &["lt", "le", "gt", "ge", "between", "is_null", "not_null"], instants),
        by("tags", &["eq", "ne", "contains", "in", "not_in", "is_null"], one_of(&TAGS)),
        by("keeper_no", EQUALITY, one_of(&[ID_NO, OTHER_ID_NO])),
        by("building.project.name", TEXTS, one_of(&["东苑", "西苑", "苑"])),
        by("rooms.use", EQUALITY, one_of(&USES)),
        by("rooms.size", ORDERED, one_of(&["0.5", "1.5", "2.0"])),
    ]
    .boxed()
}

fn room_tests() -> BoxedStrategy<Value> {
    let of_room =
        prop_oneof![by("use", EQUALITY, one_of(&USES)), by("size", ORDERED, one_of(&["0.5", "1.5", "2.0"])),];
    let some = prop::collection::vec(of_room, 1..3)
        .prop_map(|all| json!({ "has": "rooms", "where": { "and": all } }));
    prop_oneof![some, Just(json!({ "has": "rooms" }))].boxed()
}

fn filters() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![6 => tests(), 1 => room_tests()];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            some.clone().prop_map(|all| json!({ "and": all })),
            some.prop_map(|any| json!({ "or": any })),
            inner.prop_map(|one| json!({ "not": one })),
        ]
    })
    .boxed()
}

fn figures() -> BoxedStrategy<Value> {
    let grains = || prop::sample::select(vec!["day", "week", "month", "quarter", "year"]);
    let group = prop_oneof![
        one_of(&["kind", "furnished", "floor", "area", "building.project.district", "place"])
            .prop_map(|field| json!({ "field": field })),
        grains().prop_map(|grain| json!({ "field": "ready_on", "grain": grain })),
        grains().prop_map(|grain| json!({ "field": "seen_at", "grain": grain })),
    ];
    let groups = prop::collection::vec(group, 0..3).prop_map(|groups| {
        let mut seen = BTreeSet::new();
        groups.into_iter().filter(|group| seen.insert(group["field"].to_string())).collect::<Vec<_>>()
    });
    let ops = prop::sample::select(vec![
        "count",
        "count_distinct",
        "sum",
        "min",
        "max",
        "avg",
        "median",
        "percentile",
    ]);
    let measure = (ops, one_of(&["rent", "area"]), prop::option::of(filters()), any::<bool>()).prop_map(
        |(op, field, filter, of_rows)| {
            let mut measure = json!({ "op": op, "field": field });
            if op == "count" && of_rows {
                measure.as_object_mut().unwrap().remove("field");
            }
            if op == "percentile" {
                measure["at"] = json!("0.9");
            }
            if let Some(filter) = filter {
                measure["where"] = filter;
            }
            measure
        },
    );
    let measures = prop::collection::vec(measure, 1..4).prop_map(|mut measures| {
        for (at, measure) in measures.iter_mut().enumerate() {
            measure["as"] = json!(format!("m{at}"));
        }
        measures
    });
    (groups, measures)
        .prop_map(|(groups, measures)| json!({ "group_by": groups, "measures": measures }))
        .boxed()
}
