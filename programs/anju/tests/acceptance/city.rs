//! The data of a whole city, at a small scale: the same every time, sound, and good to work with.

use std::sync::Arc;

use anju::{
    city::{self, Size},
    demo::directory,
};
use anju_calendar::ManualClock;
use anju_crypto::OsRandom;
use anju_runtime::{
    Runtime, Settings, StartUp,
    records::{Actor, PageRequest, Query},
};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, start_http};

const SCALE: f64 = 0.001;
const SYSTEM: &str = "test";
/// What the generator makes by itself; log-ins and the calendar go through the ordinary door.
const ENTITIES: [&str; 9] = [
    "platform.organisation",
    "eligibility.intake_office",
    "supply.project",
    "supply.building",
    "supply.unit",
    "eligibility.case",
    "eligibility.member",
    "eligibility.certificate",
    "contracts.contract",
];

/// The day after the last of the city.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-03-02T01:00:00Z".parse().expect("an instant")))
}

struct City {
    runtime: Arc<Runtime>,
    settings: Settings,
    _data: TempDir,
}

impl City {
    async fn of(database: &TestDatabase, seed: u64) -> Self {
        let data = TempDir::new().expect("a temporary folder");
        let settings = Settings {
            database_url: database.config().url.clone(),
            password_rounds: 1_000,
            ..Settings::embedded(data.path())
        };
        city::fill(&settings, clock(), Size::scaled(SCALE), seed).await.expect("the city is made");
        let start_up =
            StartUp { apps: anju::apps(), clock: clock(), randomness: Arc::new(OsRandom), upgrades: true };
        let runtime = Runtime::start(settings.clone(), start_up).await.expect("the platform starts on it");
        Self { runtime, settings, _data: data }
    }

    /// Records of an entity in clear, in the order of their ids.
    async fn all(&self, entity: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut query = Query {
            sort: serde_json::from_value(json!([{ "field": "id" }])).expect("an order"),
            page: PageRequest { size: 200, ..PageRequest::default() },
            ..Query::default()
        };
        loop {
            let page = self.runtime.records.query(&Actor::system(SYSTEM), entity, &query).await;
            let page = page.expect("a page");
            records.extend(page.items.into_iter().map(|record| record.into_value()));
            let Some(after) = page.next else { return records };
            query.page.after = Some(after);
        }
    }

    /// All values, and the histories of some records of each kind.
    async fn digest(&self) -> Vec<(&'static str, usize, String)> {
        let mut digests = Vec::new();
        for entity in ENTITIES {
            let records = self.all(entity).await;
            let mut text: String = records.iter().map(Value::to_string).collect();
            for record in records.iter().step_by(97).filter(|_| entity != "eligibility.member") {
                let id = record["id"].as_str().expect("an id");
                let history = self.runtime.records.history(&Actor::system(SYSTEM), entity, id).await;
                text.push_str(&serde_json::to_string(&history.expect("a history")).expect("JSON"));
            }
            digests.push((entity, records.len(), anju_crypto::sm3_hex(text.as_bytes())));
        }
        digests
    }

    async fn clerk(&self) -> Client {
        Client::log_in(&start_http(self.runtime.clone()).await, "pudong-clerk", directory::PASSWORD).await
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_city_on_both_databases_and_another_seed_another() {
    let (first, second, third) =
        (TestDatabase::sqlite().await, TestDatabase::postgres().await, TestDatabase::sqlite().await);
    let made = City::of(&first, 7).await.digest().await;
    assert_eq!(made, City::of(&second, 7).await.digest().await);
    let other = City::of(&third, 8).await.digest().await;
    assert!(made.iter().zip(&other).skip(2).all(|(one, another)| one.2 != another.2));
}

fn texts<'r>(records: &'r [Value], field: &str) -> Vec<&'r str> {
    let field = field.to_owned();
    records.iter().filter_map(move |record| record[&field].as_str()).collect()
}

fn set<'r>(records: &'r [Value], field: &str) -> std::collections::HashSet<&'r str> {
    texts(records, field).into_iter().collect()
}

async fn every_reference_leads_somewhere_and_nothing_contradicts(db: TestDatabase) {
    let city = City::of(&db, 3).await;
    let (units, cases) = (city.all("supply.unit").await, city.all("eligibility.case").await);
    let (contracts, members) = (city.all("contracts.contract").await, city.all("eligibility.member").await);
    let size = Size::scaled(SCALE);
    assert_eq!((units.len(), cases.len(), members.len()), (size.units(), size.cases, 2 * size.cases));
    assert_eq!(contracts.len(), size.contracts);

    let organisations = city.all("platform.organisation").await;
    let operators = set(&organisations, "id");
    for (records, field, targets) in [
        (&contracts, "unit", set(&units, "id")),
        (&contracts, "case", set(&cases, "id")),
        (&contracts, "operator", operators.clone()),
        (&units, "operator", operators.clone()),
        (&cases, "operator", operators),
        (&members, "case", set(&cases, "id")),
    ] {
        let references = texts(records, field);
        assert_eq!(references.len(), records.len(), "{field} is always there");
        assert!(references.iter().all(|id| targets.contains(id)), "{field} leads somewhere");
    }
    for (records, field) in
        [(&units, "unit_code"), (&cases, "case_no"), (&contracts, "contract_no"), (&contracts, "case")]
    {
        assert_eq!(set(records, field).len(), records.len(), "{field} does not repeat");
    }
    let active = |contract: &&Value| matches!(contract["state"].as_str(), Some("signed" | "filed"));
    let let_by: Vec<&str> =
        contracts.iter().filter(active).filter_map(|contract| contract["unit"].as_str()).collect();
    let mut by_contracts = let_by.clone();
    by_contracts.sort_unstable();
    by_contracts.dedup();
    assert_eq!(by_contracts.len(), let_by.len(), "no unit is let twice");
    let is_let = units.iter().filter(|unit| unit["state"] == "let");
    let mut by_units: Vec<&str> = is_let.filter_map(|unit| unit["id"].as_str()).collect();
    by_units.sort_unstable();
    assert_eq!(by_units, by_contracts, "units say of themselves what contracts say of them");
    let certified = cases.iter().filter(|case| !case["certificate_no"].is_null());
    assert!(certified.clone().count() > 0);
    for case in certified {
        assert!(["admitted", "given_up"].contains(&case["status"].as_str().expect("a status")), "{case}");
    }
    let states = set(&cases, "status");
    assert!(states.len() > 10, "cases are in many states: {states:?}");
}

async fn the_platform_works_on_a_made_city(db: TestDatabase) {
    let city = City::of(&db, 5).await;
    let clerk = city.clerk().await;
    let list = json!({ "sort": [{ "field": "submitted_at", "dir": "desc" }], "page": { "size": 20 }, "count": true });
    let cases = clerk.post("/api/records/eligibility.case/query", list).await.ok();
    let first = &cases["items"][0];
    assert!(cases["total"].as_u64() > Some(5), "{cases}");
    let path = format!("/api/records/eligibility.case/{}", first["id"].as_str().expect("an id"));
    let opened = clerk.get(&path).await.ok();
    assert_eq!(opened["$masked"].as_array().map(Vec::is_empty), Some(false), "{opened}");
    let history = clerk.get(&format!("{path}/history")).await.ok();
    let entries = history["items"].as_array().expect("entries");
    assert_eq!(entries.len() as u64, opened["version"].as_u64().expect("a version"));

    let name = first["applicant_name"].as_str().expect("a name");
    let found = json!({ "search": name, "page": { "size": 20 } });
    let found = clerk.post("/api/records/eligibility.case/query", found).await.ok();
    assert!(found["items"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == first["id"])));

    let figures = json!({
        "group_by": [{ "field": "status" }, { "field": "submitted_at", "grain": "month" }],
        "measures": [{ "op": "count", "as": "cases" }],
    });
    let figures = clerk.post("/api/records/eligibility.case/aggregate", figures).await.ok();
    let rows = figures["rows"].as_array().expect("rows");
    let counted: u64 = rows.iter().filter_map(|row| row["cases"].as_u64()).sum();
    assert_eq!(Some(counted), cases["total"].as_u64());

    for entity in ["supply.project", "supply.building", "supply.unit", "contracts.contract"] {
        let page =
            clerk.post(&format!("/api/records/{entity}/query"), json!({ "page": { "size": 5 } })).await.ok();
        let id = page["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{entity}: {page}")).to_owned();
        clerk.get(&format!("/api/records/{entity}/{id}")).await.ok();
    }
}

async fn numbers_go_on_after_those_of_a_made_city(db: TestDatabase) {
    let city = City::of(&db, 5).await;
    let clerk = city.clerk().await;
    let find = json!({ "where": { "field": "state", "op": "eq", "value": "vacant" }, "page": { "size": 1 } });
    let page = clerk.post("/api/records/supply.unit/query", find).await.ok();
    let mut unit = clerk
        .get(&format!("/api/records/supply.unit/{}", page["items"][0]["id"].as_str().expect("a vacant unit")))
        .await
        .ok();
    let fields = ["project", "building", "district", "address", "unit_type", "floor_area", "operator"];
    let mut values = anju_runtime::records::Object::new();
    for field in fields {
        values.insert(field.to_owned(), unit[field].take());
    }
    values.insert("room_no".to_owned(), json!("9901"));
    let created = clerk.post("/api/records/supply.unit", Value::Object(values)).await.ok();
    let code = created["unit_code"].as_str().expect("a code").to_owned();
    let codes = city.all("supply.unit").await;
    let in_district = texts(&codes, "unit_code").into_iter().filter(|other| other[..8] == code[..8]);
    assert_eq!(in_district.max(), Some(code.as_str()), "the new unit has the highest number");

    let again = city::fill(&city.settings, clock(), Size::scaled(SCALE), 5).await;
    let refused = again.expect_err("a city is not made twice").to_string();
    assert!(refused.contains("not empty"), "{refused}");
}

on_both_databases!(
    every_reference_leads_somewhere_and_nothing_contradicts,
    the_platform_works_on_a_made_city,
    numbers_go_on_after_those_of_a_made_city,
);
