//! Activities that leave by several flows.

use anju_process::Error;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::common::reviewer;
use crate::desk::Desk;

async fn every_flow_without_a_condition_is_taken(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='a'/><userTask id='b'/><userTask id='c'/><endEvent id='e'/>{s > a > b > e; a > c > e}";
    let desk = Desk::with(db, body).await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b c; tasks b c");
    desk.complete("c", "done").await;
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

const CONDITIONS: &str = "<startEvent id='s'/><userTask id='b'/><userTask id='c'/><userTask id='d'/><endEvent id='e'/>\
                          {s > a; a > b: vars.outcome == 'yes'; a > c: vars.outcome != 'done'; a > d; b > e; c > e; d > e}";

async fn a_default_is_taken_when_no_condition_holds(db: TestDatabase) {
    let body = format!("<userTask id='a' default='a-d'/>{CONDITIONS}");
    let mut desk = Desk::of(db, &[("flow", &body, json!({}))]).await;
    for (outcome, after) in [("yes", "at b c; tasks b c"), ("no", "at c; tasks c"), ("done", "at d; tasks d")]
    {
        desk.start(json!({})).await;
        desk.complete("a", outcome).await;
        assert_eq!(desk.now().await, after);
        assert_eq!(desk.trail_of("gateway").await, ["a"], "the trail says why");
        desk.withdraw().await;
    }
}

async fn a_flow_without_a_condition_is_taken_beside_those_that_hold(db: TestDatabase) {
    let desk = Desk::with(db, &format!("<userTask id='a'/>{CONDITIONS}")).await;
    desk.complete("a", "no").await;
    assert_eq!(desk.now().await, "at c d; tasks c d");
}

async fn a_default_is_not_taken_beside_others(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='a' default='a-c'/><userTask id='b'/><userTask id='c'/><endEvent id='e'/>\
                {s > a > b > e; a > c > e}";
    let desk = Desk::with(db, body).await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn no_way_out_is_a_fault_and_changes_nothing(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='a'/><userTask id='b'/><endEvent id='e'/>{s > a; a > b: vars.outcome == 'yes'; b > e}";
    let desk = Desk::with(db, body).await;
    let task = desk.task("a").await;
    let refused = desk.complete_as(&reviewer(1), &task, "no").await;
    assert!(matches!(refused, Err(Error::Expression { element, .. }) if element == "a"));
    assert_eq!(desk.now().await, "at a; tasks a");
    desk.complete_as(&reviewer(1), &task, "yes").await.unwrap();
    assert_eq!(desk.now().await, "at b; tasks b");
}

on_both_databases!(
    every_flow_without_a_condition_is_taken,
    a_default_is_taken_when_no_condition_holds,
    a_flow_without_a_condition_is_taken_beside_those_that_hold,
    a_default_is_not_taken_beside_others,
    no_way_out_is_a_fault_and_changes_nothing,
);
