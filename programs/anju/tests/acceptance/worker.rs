//! The worker while its jobs run.

use std::time::{Duration, Instant};

use anju_runtime::Worker;
use anju_store::{ColumnKind, Condition, Fetch, Row, Select, on_both_databases, testing::TestDatabase};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{Platform, a_family};

const CASE: &str = "eligibility.case";
/// Longer than a worker waits between renewals, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The end of the lease and the number of the attempt of each running job.
async fn leases(platform: &Platform) -> Vec<(i64, i64)> {
    let running = Select::from("sys_job")
        .column("due_at", ColumnKind::Int)
        .column("attempts", ColumnKind::Int)
        .filter(Condition::eq("sys_job", "state", "running"));
    let rows = platform.runtime.store.reader().fetch_all(&running).await.expect("jobs");
    let lease = |row: &Row| (row.int(0).expect("a lease"), row.int(1).expect("an attempt"));
    rows.iter().map(lease).collect()
}

async fn wait_for_lease(platform: &Platform, wanted: impl Fn(i64) -> bool) -> (i64, i64) {
    let began = Instant::now();
    loop {
        let leases = leases(platform).await;
        if let [lease] = leases[..]
            && wanted(lease.0)
        {
            return lease;
        }
        assert!(began.elapsed() < PATIENCE, "the leases are {leases:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn now_ms(platform: &Platform) -> i64 {
    let now: Timestamp = platform.runtime.clock.now();
    now.as_millisecond()
}

/// An agency that does not answer keeps a job running until the connector's time is over.
async fn r02_a_running_job_keeps_its_lease_and_is_not_begun_twice(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 41).apply(&platform, &clerk).await;
    platform.set_behaviour("marriage", json!({ "next": ["timeout"] })).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();

    let stop = CancellationToken::new();
    let working = tokio::spawn(Worker::new(platform.runtime.clone(), stop.clone()).run());
    let (first, _) = wait_for_lease(&platform, |_| true).await;
    platform.clock.advance(SignedDuration::from_mins(1));
    assert!(first < now_ms(&platform), "the lease would be over");
    let (_, attempt) = wait_for_lease(&platform, |lease| lease > now_ms(&platform)).await;
    assert_eq!(attempt, 1);
    stop.cancel();
    working.await.expect("the worker ends");
    assert!(leases(&platform).await.is_empty());
}

on_both_databases!(r02_a_running_job_keeps_its_lease_and_is_not_begun_twice);
