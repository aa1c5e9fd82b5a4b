//! Conditions are looked at again whenever the case moves, and when its record has changed.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;

async fn a_condition_is_looked_at_when_the_case_moves(db: TestDatabase) {
    let body = "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><intermediateCatchEvent id='c'>@when(vars.outcome == 'yes')</intermediateCatchEvent>\
                <userTask id='b'/><endEvent id='e'/>{s > f > a > b > e; f > c > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a c; tasks a; waits condition@c");
    desk.complete("a", "no").await;
    assert_eq!(desk.now().await, "at b c; tasks b; waits condition@c");
    desk.complete("b", "yes").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn a_condition_beside_a_task_happens_once(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='a'/><userTask id='b'/><endEvent id='e'/><endEvent id='eb'/>\
                <boundaryEvent id='c' attachedToRef='a' cancelActivity='false'>@when(record.kind == 'late')</boundaryEvent>{s > a > e; c > b > eb}";
    let desk = Desk::with(db, body).await;
    desk.record(json!({"kind": "late"})).await;
    assert_eq!(desk.now().await, "at a b; tasks a b");
    desk.record(json!({"kind": "late", "area": "11.00"})).await;
    assert_eq!(desk.now().await, "at a b; tasks a b");
    desk.complete("b", "done").await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn conditions_begin_event_sub_processes(db: TestDatabase) {
    let sub = |interrupts: bool| {
        format!(
            "<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{{s > a > e}}<subProcess id='es' triggeredByEvent='true'>\
             <startEvent id='c' isInterrupting='{interrupts}'>@when(record.kind == 'stop')</startEvent><userTask id='b'/><endEvent id='eb'/>\
             {{c > b > eb}}</subProcess>"
        )
    };
    let (takes_over, beside) = (sub(true), sub(false));
    let mut desk = Desk::of(db, &[("over", &takes_over, json!({})), ("beside", &beside, json!({}))]).await;
    desk.begin("over", json!({})).await;
    assert_eq!(desk.now().await, "at a; tasks a; waits condition@c");
    desk.record(json!({"kind": "stop"})).await;
    assert_eq!(desk.now().await, "at b es; tasks b");
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "completed");
    desk.begin("beside", json!({})).await;
    desk.record(json!({"kind": "stop"})).await;
    assert_eq!(desk.now().await, "at a b es; tasks a b");
    desk.complete("a", "done").await;
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn what_has_ended_is_not_looked_at_again(db: TestDatabase) {
    let body = "<startEvent id='s'/><intermediateCatchEvent id='c'>@when(record.kind == 'x')</intermediateCatchEvent><endEvent id='e'/>{s > c > e}";
    let desk = Desk::with(db, body).await;
    desk.withdraw().await;
    desk.record(json!({"kind": "x"})).await;
    assert_eq!(desk.now().await, "withdrawn");
}

on_both_databases!(
    a_condition_is_looked_at_when_the_case_moves,
    a_condition_beside_a_task_happens_once,
    conditions_begin_event_sub_processes,
    what_has_ended_is_not_looked_at_again,
);
