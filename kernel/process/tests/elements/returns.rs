//! Sending a case back where there are branches, sub-processes and repeated work.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::common::reviewer;
use crate::desk::Desk;
use crate::run;

async fn sent_back(desk: &Desk, step: &str, to: &str) {
    let task = desk.task(step).await;
    run!(desk, return_to(&reviewer(1), &task, to, "缺材料")).unwrap();
}

async fn a_branch_is_sent_back_within_itself(db: TestDatabase) {
    let body = "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><userTask id='a2'/><userTask id='b'/><boundaryEvent id='t' attachedToRef='b'>@timer(PT9H)</boundaryEvent>\
                <parallelGateway id='j'/><endEvent id='e'/>{s > f > a > a2 > j; f > b > j; j > e; t > j2 > e}<manualTask id='j2'/>";
    let desk = Desk::bound(db, body, json!({"steps": {"a2": {"return_to": ["a"]}}})).await;
    desk.complete("a", "done").await;
    sent_back(&desk, "a2", "a").await;
    assert_eq!(desk.now().await, "at a b; tasks a b; timers t");
    desk.complete("b", "done").await;
    desk.complete("a", "done").await;
    sent_back(&desk, "a2", "a").await;
    assert_eq!(desk.now().await, "at a j; tasks a", "who waits at the gateway stays");
    desk.complete("a", "done").await;
    desk.complete("a2", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn what_came_from_there_gives_way(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='first'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/><boundaryEvent id='t' attachedToRef='b' cancelActivity='false'>@cycle(R/PT1H)</boundaryEvent>\
                <receiveTask id='r' messageRef='来'/><parallelGateway id='j'/><endEvent id='e'/><endEvent id='et'/>{s > first > f > a > j; f > b > j; f > r > j; j > e; t > et}";
    let desk = Desk::bound(db, body, json!({"steps": {"a": {"return_to": ["first"]}}})).await;
    desk.complete("first", "done").await;
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at a b r; tasks a b; waits message 来@r; timers t");
    sent_back(&desk, "a", "first").await;
    assert_eq!(desk.now().await, "at first; tasks first");
    desk.complete("first", "done").await;
    for task in ["a", "b"] {
        desk.complete(task, "done").await;
    }
    desk.tell("来", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "completed e");
}

async fn a_case_is_sent_back_out_of_a_sub_process(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='first'/><subProcess id='u'><startEvent id='us'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/><endEvent id='ue'/>{us > f > a > ue; f > b > ue}</subProcess>\
                <boundaryEvent id='t' attachedToRef='u'>@timer(PT9H)</boundaryEvent><endEvent id='e'/>{s > first > u > e; t > e}";
    let desk = Desk::bound(db, body, json!({"steps": {"a": {"return_to": ["first"]}}})).await;
    desk.complete("first", "done").await;
    assert_eq!(desk.now().await, "at a b u; tasks a b; timers t");
    sent_back(&desk, "a", "first").await;
    assert_eq!(desk.now().await, "at first; tasks first");
    assert_eq!(desk.trail_of("cancelled").await, ["b"]);
}

async fn one_of_several_sends_all_back(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='first'/><userTask id='a'><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask><endEvent id='e'/>{s > first > a > e}";
    let desk = Desk::bound(db, body, json!({"steps": {"a": {"return_to": ["first"]}}})).await;
    desk.complete("first", "done").await;
    desk.complete("a", "done").await;
    sent_back(&desk, "a", "first").await;
    assert_eq!(desk.now().await, "at first; tasks first");
    desk.complete("first", "done").await;
    assert_eq!(desk.now().await, "at a a a a; tasks a a a", "all begin anew");
}

async fn one_of_several_is_sent_back_within_its_own_part(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='u'><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>\
                <startEvent id='us'/><userTask id='a'/><userTask id='b'/><endEvent id='ue'/>{us > a > b > ue}</subProcess><endEvent id='e'/>{s > u > e}";
    let desk = Desk::bound(db, body, json!({"steps": {"b": {"return_to": ["a"]}}})).await;
    desk.complete("a", "done").await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b b u u u; tasks b b");
    sent_back(&desk, "b", "a").await;
    assert_eq!(desk.now().await, "at a b u u u; tasks a b");
}

on_both_databases!(
    a_branch_is_sent_back_within_itself,
    what_came_from_there_gives_way,
    a_case_is_sent_back_out_of_a_sub_process,
    one_of_several_sends_all_back,
    one_of_several_is_sent_back_within_its_own_part,
);
