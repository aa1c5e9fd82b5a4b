//! The demonstration's data, and a start that breaks off while it is made.

use std::time::{Duration, Instant};

use anju::demo;
use anju_runtime::Settings;
use anju_store::{ColumnKind, Fetch, Select, Store, on_both_databases, testing::TestDatabase};
use jiff::Timestamp;

const CASES: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(120);

async fn cases(store: &Store) -> u64 {
    let cases = Select::from("eligibility_case").column("id", ColumnKind::Text);
    // The first start makes the table.
    store.reader().count(&cases, None).await.unwrap_or_default()
}

/// Ends the filling as a kill would, while some case is on its way.
async fn break_off(settings: &Settings, now: Timestamp, store: &Store) {
    let (settings, began) = (settings.clone(), Instant::now());
    let filling = tokio::spawn(async move { demo::fill(&settings, now, CASES).await });
    while cases(store).await < 3 {
        assert!(!filling.is_finished() && began.elapsed() < PATIENCE, "three cases are not to be had");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    filling.abort();
    assert!(filling.await.expect_err("broken off").is_cancelled());
}

async fn r02_a_demonstration_that_was_broken_off_is_finished_at_the_next_start(db: TestDatabase) {
    let data = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings {
        database_url: db.config().url.clone(),
        password_rounds: 1_000,
        ..Settings::embedded(data.path())
    };
    let now: Timestamp = "2026-03-02T09:00:00+08:00".parse().expect("a time");
    break_off(&settings, now, db.store()).await;
    let begun = cases(db.store()).await;
    assert!((3..u64::from(CASES)).contains(&begun), "{begun}");

    demo::fill(&settings, now, CASES).await.expect("the rest is filled");
    assert_eq!(cases(db.store()).await, u64::from(CASES));
    demo::fill(&settings, now, CASES + 1).await.expect("nothing is left to be done");
    assert_eq!(cases(db.store()).await, u64::from(CASES), "what is there is left alone");
}

on_both_databases!(r02_a_demonstration_that_was_broken_off_is_finished_at_the_next_start);
