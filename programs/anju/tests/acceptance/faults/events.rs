//! Events on their way to their listeners: told again when a listener fails, harmless when told twice.

use anju_runtime::{Worker, records::Actor};
use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};
use jiff::civil::{Date, date};
use serde_json::json;

use super::sweep::CALLS_MAX;
use crate::support::Platform;

/// A new day off, a record of the calendar; how often it was made so far is how many events there are.
async fn a_day_off(platform: &Platform, day: Date) {
    let values = json!({ "day": day.to_string(), "kind": "holiday", "title": "测试" });
    let values = values.as_object().cloned().expect("an object");
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    let records = &platform.runtime.records;
    records
        .create(&mut tx, &Actor::system("test"), "platform.calendar_day", values, None)
        .await
        .expect("a day");
    tx.commit().await.expect("commits");
}

async fn pending(platform: &Platform) -> usize {
    platform.runtime.store.pending_events(500).await.expect("events").len()
}

async fn r03_events_are_told_at_least_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    while Worker::tell_pending_events(&platform.runtime).await.expect("told") > 0 {}
    let mut day = date(2030, 1, 1);
    for fault in [Fault::Call, Fault::AnswerOfCommit] {
        for nth in 1.. {
            day = day.tomorrow().expect("a day");
            a_day_off(&platform, day).await;
            assert!(!platform.runtime.calendar().holidays.contains(&day), "not told yet");
            let waiting = pending(&platform).await;
            platform.runtime.store.plan_fault(fault(nth));
            let told = Worker::tell_pending_events(&platform.runtime).await;
            let happened = platform.runtime.store.end_fault();
            let left = pending(&platform).await;
            match told {
                Ok(told) => assert_eq!((told, left), (waiting, 0), "{:?}", fault(nth)),
                Err(_) => assert!(happened && [0, waiting].contains(&left), "{:?}: {left} left", fault(nth)),
            }
            // Whoever has been told is told no more, or again.
            assert!(left > 0 || platform.runtime.calendar().holidays.contains(&day), "{:?}", fault(nth));
            Worker::tell_pending_events(&platform.runtime).await.expect("told");
            assert!(platform.runtime.calendar().holidays.contains(&day), "{:?}", fault(nth));
            assert_eq!(pending(&platform).await, 0);
            if !happened {
                assert!(nth > 1, "it calls the database");
                break;
            }
            assert!(nth < CALLS_MAX, "the sweep ends");
        }
    }
}

on_both_databases!(r03_events_are_told_at_least_once);
