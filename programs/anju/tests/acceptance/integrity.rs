//! whoever changes the database past the platform is found out. The data of a small city, thousands of its rows
//! changed in every authenticated table; the daily run, the API and `anju verify` find these rows and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    sync::Arc,
};

use anju::city::{self, Size};
use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_runtime::{App, Error, Registry, Runtime, Settings, StartUp, definitions::Source, records::Actor};
use anju_store::{ColumnKind, Condition, Fetch, Select, on_both_databases, testing::TestDatabase};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Platform, a_family, grant};

async fn a41_every_changed_row_of_a_city_is_found_and_no_other(db: TestDatabase) {
    let data = TempDir::new().expect("a temporary folder");
    let settings = Settings {
        database_url: db.config().url.clone(),
        password_rounds: 1_000,
        ..Settings::embedded(data.path())
    };
    city::fill(&settings, Arc::new(SystemClock), Size::scaled(0.001), 41).await.expect("the city is made");
    let start_up = StartUp {
        apps: anju::apps(),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandom),
        upgrades: true,
    };
    let runtime = Runtime::start(settings.clone(), start_up).await.expect("the platform starts on it");
    let system = Actor::system("test");
    let before = runtime.verify_integrity(&system).await.expect("a run");
    assert_eq!((before.damaged, before.named.clone()), (0, json!([])));
    assert!(before.rows > 10_000, "{} rows", before.rows);
    verify(&settings, true);

    let tables: Vec<String> = runtime
        .store
        .authenticated_tables()
        .into_iter()
        .filter(|table| table != "sys_integrity_run")
        .collect();
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (seed, table) in (1..).zip(&tables) {
        // Of the log only what is there now, and half of everything.
        let damages = db.damage(&runtime.store, table, seed, |number| number % 2 == 0).await;
        expected.insert(table.clone(), damages.into_iter().map(|damage| damage.key).collect());
    }
    let count: usize = expected.values().map(BTreeSet::len).sum();
    assert!(count > 5_000, "{count} rows were changed");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for table in &tables {
        let (mut after, keys) = (None, found.entry(table.clone()).or_default());
        loop {
            let inspected = runtime.records.inspect_rows(table, after.as_ref(), 500).await.expect("rows");
            keys.extend(inspected.damaged.into_iter().map(|row| row.key));
            match inspected.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    for table in &tables {
        assert_eq!(found[table], expected[table], "{table}");
    }
    let run = runtime.verify_integrity(&system).await.expect("a run");
    assert_eq!(run.damaged, count as u64);
    assert_eq!(run.named.as_array().map(Vec::len), Some(count.min(1_000)));
    let told = Select::from("sys_audit").filter(Condition::eq("sys_audit", "event", "integrity.damaged"));
    assert_eq!(runtime.store.reader().count(&told, None).await.expect("a count"), 100, "not the whole log");
    runtime.store.close().await;
    verify(&settings, false);
}

/// Runs `anju verify` as an operator would.
fn verify(settings: &Settings, sound: bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_anju"))
        .args(["verify", "--data"])
        .arg(&settings.data_dir)
        .args(["--database", &settings.database_url])
        .output()
        .expect("anju runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), sound, "{said}{errors}");
    assert_eq!((said.contains(" 0 damaged"), said.contains("damaged")), (sound, true), "{said}{errors}");
}

async fn a41_administrators_see_the_alarm_and_may_ask_for_a_run(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 41).apply(&platform, &clerk).await;
    clerk.get("/api/integrity").await.refused(403, "forbidden");
    clerk.post("/api/integrity/runs", json!({})).await.refused(403, "forbidden");
    grant(&platform, "沈国平", "platform.security_admin").await;
    let guard = platform.log_in("city").await;
    let state = guard.get("/api/integrity").await.ok();
    assert_eq!(state, json!({ "alarm": false, "running": false, "last": null }));
    // Once a day by itself.
    platform.runtime.sweep().await.expect("sweeps");
    assert_eq!(guard.get("/api/integrity").await.ok()["running"], true);
    platform.settle().await;
    platform.runtime.sweep().await.expect("sweeps");
    let state = guard.get("/api/integrity").await.ok();
    assert_eq!((&state["alarm"], &state["running"]), (&json!(false), &json!(false)), "{state}");
    assert!(state["last"]["rows"].as_u64() > Some(100), "{state}");

    platform.database.past_the_platform("UPDATE eligibility_case SET status = 'admitted'").await;
    let first = guard.post("/api/integrity/runs", json!({})).await.ok();
    let second = guard.post("/api/integrity/runs", json!({})).await.ok();
    assert_eq!(first, second, "one run at a time");
    platform.settle().await;
    let state = guard.get("/api/integrity").await.ok();
    assert_eq!((&state["alarm"], &state["last"]["damaged"]), (&json!(true), &json!(1)));
    let named =
        json!([{ "table": "eligibility_case", "entity": "eligibility.case", "key": id, "flaw": "code" }]);
    assert_eq!(state["last"]["named"], named);
    let metrics = platform.public().get("/metrics").await;
    let figures = String::from_utf8_lossy(&metrics.bytes).into_owned();
    assert!(figures.contains("anju_damaged_rows 1"), "{figures}");
    let told = Select::from("sys_audit")
        .column("entity", ColumnKind::Text)
        .column("result", ColumnKind::Text)
        .filter(Condition::eq("sys_audit", "event", "integrity.damaged"))
        .filter(Condition::eq("sys_audit", "record_id", id.as_str()));
    let rows = platform.runtime.store.reader().fetch_all(&told).await.expect("the log");
    assert_eq!(
        (rows.len(), rows[0].text(0).ok(), rows[0].text(1).ok()),
        (1, Some("eligibility.case"), Some("refused"))
    );
    // What was changed past the platform is not covered up by a change through it.
    let account = platform.account("pudong-clerk2").await;
    let posts =
        guard.find("platform.post", json!({ "field": "account", "op": "eq", "value": account })).await;
    let post = posts[0]["id"].as_str().expect("an id").to_owned();
    let change = format!("UPDATE platform_post SET title = title || '甲' WHERE id = '{post}'");
    platform.database.past_the_platform(&change).await;
    let reply = guard.patch(&format!("/api/records/platform.post/{post}"), 1, json!({ "title": "乙" })).await;
    reply.refused(409, "damaged");
}

/// A release with one more entity.
struct Shelves {
    title: &'static str,
}

impl App for Shelves {
    fn name(&self) -> &'static str {
        "library"
    }

    fn sources(&self) -> Vec<Source> {
        let title = self.title;
        let text = format!(
            "entity: library.shelf\ntitle: {title}\ndisplay: \"{{code}}\"\nfields:\n  code: {{ title: 编号, type: text }}\n"
        );
        vec![Source::new("apps/library/definitions/entities/shelf.yaml", text)]
    }

    fn register(&self, _registry: &mut Registry) {}
}

async fn a41_a_look_from_outside_refuses_the_database_of_another_release(db: TestDatabase) {
    let data = TempDir::new().expect("a temporary folder");
    let settings = Settings { database_url: db.config().url.clone(), ..Settings::embedded(data.path()) };
    let start = |title, upgrades| {
        let mut apps = anju::apps();
        apps.push(Box::new(Shelves { title }));
        let (clock, randomness) = (Arc::new(SystemClock), Arc::new(OsRandom));
        Runtime::start(settings.clone(), StartUp { apps, clock, randomness, upgrades })
    };
    let title = |runtime: &Runtime| runtime.catalog.load().entities["library.shelf"].title.clone();
    start("书架", true).await.expect("the first release starts").store.close().await;
    assert!(matches!(start("书柜", false).await.err(), Some(Error::Release)));
    let still = start("书架", false).await.expect("nothing was put in force");
    assert_eq!(title(&still), "书架");
    still.store.close().await;
    assert_eq!(title(&*start("书柜", true).await.expect("the next release starts")), "书柜");
}

on_both_databases!(
    a41_every_changed_row_of_a_city_is_found_and_no_other,
    a41_administrators_see_the_alarm_and_may_ask_for_a_run,
    a41_a_look_from_outside_refuses_the_database_of_another_release,
);
