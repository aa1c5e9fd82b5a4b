//! Call activities.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::common::reviewer;
use crate::desk::Desk;
use crate::run;

const CALLS: &str = "<startEvent id='s'/><callActivity id='h' calledElement='t.called'/><userTask id='a'/><endEvent id='e'/>{s > h > a > e}";
const CALLED: &str = "<startEvent id='s'/><userTask id='ca'/><endEvent id='ce'/>{s > ca > ce}";

async fn a_call_waits_for_the_other_process(db: TestDatabase) {
    let given = json!({"calls": {"h": {"vars": {"asked": "=vars.sum + 1", "fixed": 5}, "back": {"got": "outcome", "none": "nothing"}}}});
    let mut desk = Desk::of(db, &[("flow", CALLS, given), ("called", CALLED, json!({}))]).await;
    desk.start(json!({"sum": 1, "none": 1})).await;
    let called = desk.latest("called").await;
    assert_eq!(desk.now().await, "at h");
    assert_eq!(desk.now_of(&called).await, "at ca; tasks ca");
    assert_eq!(desk.vars_of(&called).await, json!({"asked": 2, "fixed": 5}));
    desk.complete("ca", "yes").await;
    assert_eq!(desk.now_of(&called).await, "completed ce");
    assert_eq!(desk.now().await, "at a; tasks a");
    assert_eq!(desk.vars().await, json!({"sum": 1, "got": "yes", "outcome": "ce"}));
    assert_eq!(desk.trail_of("waiting").await, ["h"]);
}

async fn a_call_may_be_for_another_record(db: TestDatabase) {
    let given = json!({"calls": {"h": {"record": "=vars.other"}}});
    let mut desk = Desk::of(db, &[("flow", CALLS, given), ("called", CALLED, json!({}))]).await;
    let other = desk.bureau.a_case("乙户", json!({})).await;
    desk.start(json!({"other": other})).await;
    let listed = desk.bureau.processes.instances_of(&reviewer(1), crate::common::CASE, &other).await.unwrap();
    assert_eq!(listed[0]["id"], desk.latest("called").await);
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "at a; tasks a");
}

async fn a_called_process_that_ends_at_once_gives_back_at_once(db: TestDatabase) {
    let called = "<startEvent id='s'/><endEvent id='ce'/>{s > ce}";
    let given = json!({"calls": {"h": {"vars": {"x": 3}, "back": {"y": "x"}}}});
    let mut desk = Desk::of(db, &[("flow", CALLS, given), ("called", called, json!({}))]).await;
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, "at a; tasks a");
    assert_eq!(desk.vars().await, json!({"y": 3, "outcome": "ce"}));
}

async fn an_error_of_the_called_process_is_caught_on_the_call(db: TestDatabase) {
    let bad = |first: &str| {
        format!("<startEvent id='s'/>{first}<endEvent id='ce'>@error(E1)</endEvent>{{s > ca > ce}}")
    };
    let (later, at_once) = (bad("<userTask id='ca'/>"), bad("<manualTask id='ca'/>"));
    let catches = format!(
        "{CALLS}<boundaryEvent id='x' attachedToRef='h'>@error(E1)</boundaryEvent><userTask id='b'/>{{x > b > e}}"
    );
    let other = catches.replace("t.called", "t.at_once");
    let all = [
        ("flow", catches.as_str(), json!({})),
        ("other", &other, json!({})),
        ("called", &later, json!({})),
        ("at_once", &at_once, json!({})),
    ];
    let mut desk = Desk::of(db, &all).await;
    desk.start(json!({})).await;
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b");
    desk.begin("other", json!({})).await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn an_error_that_nobody_catches_ends_the_caller_too(db: TestDatabase) {
    let bad = "<startEvent id='s'/><userTask id='ca'/><endEvent id='ce'>@error(E1)</endEvent>{s > ca > ce}";
    let mut desk = Desk::of(db, &[("flow", CALLS, json!({})), ("called", bad, json!({}))]).await;
    desk.start(json!({})).await;
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "terminated");
    assert_eq!(desk.now_of(&desk.latest("called").await).await, "terminated ce");
}

async fn what_was_called_ends_with_its_caller(db: TestDatabase) {
    let middle =
        "<startEvent id='s'/><callActivity id='h' calledElement='t.called'/><endEvent id='e'/>{s > h > e}";
    let outer = CALLS.replace("t.called", "t.middle");
    let all =
        [("flow", outer.as_str(), json!({})), ("middle", middle, json!({})), ("called", CALLED, json!({}))];
    let mut desk = Desk::of(db, &all).await;
    desk.start(json!({})).await;
    desk.withdraw().await;
    for key in ["middle", "called"] {
        assert_eq!(desk.now_of(&desk.latest(key).await).await, "terminated", "{key}");
    }
    desk.start(json!({})).await;
    run!(desk, terminate(&reviewer(1), &desk.instance, "改走他途")).unwrap();
    assert_eq!(desk.now().await, "terminated");
    for key in ["middle", "called"] {
        assert_eq!(desk.now_of(&desk.latest(key).await).await, "terminated", "{key}");
    }
    desk.start(json!({})).await;
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "at a; tasks a", "through both");
}

async fn a_caller_goes_on_when_what_it_called_is_withdrawn(db: TestDatabase) {
    let mut desk = Desk::of(db, &[("flow", CALLS, json!({})), ("called", CALLED, json!({}))]).await;
    desk.start(json!({})).await;
    let called = desk.latest("called").await;
    run!(desk, withdraw(&reviewer(1), &called, "撤回")).unwrap();
    assert_eq!(desk.now().await, "at a; tasks a");
}

async fn a_process_is_called_once_for_each_record_of_a_list(db: TestDatabase) {
    let body = CALLS.replace(
        "calledElement='t.called'/>",
        "calledElement='t.called'><multiInstanceLoopCharacteristics><loopDataInputRef>vars.records</loopDataInputRef></multiInstanceLoopCharacteristics></callActivity>",
    );
    let given = json!({"calls": {"h": {"record": "=item", "vars": {"number": "=loopCounter"}}}});
    let mut desk = Desk::of(db, &[("flow", &body, given), ("called", CALLED, json!({}))]).await;
    let records = [desk.bureau.a_case("乙户", json!({})).await, desk.bureau.a_case("丙户", json!({})).await];
    desk.start(json!({"records": records})).await;
    assert_eq!(desk.now().await, "at h h h");
    assert_eq!(desk.vars_of(&desk.latest("called").await).await, json!({"number": 1}));
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "at h h");
    desk.complete("ca", "done").await;
    assert_eq!(desk.now().await, "at a; tasks a");
    desk.complete("a", "done").await;
    desk.start(json!({"records": records})).await;
    desk.withdraw().await;
    assert!(desk.open_tasks().await.is_empty());
}

on_both_databases!(
    a_call_waits_for_the_other_process,
    a_call_may_be_for_another_record,
    a_called_process_that_ends_at_once_gives_back_at_once,
    an_error_of_the_called_process_is_caught_on_the_call,
    an_error_that_nobody_catches_ends_the_caller_too,
    what_was_called_ends_with_its_caller,
    a_caller_goes_on_when_what_it_called_is_withdrawn,
    a_process_is_called_once_for_each_record_of_a_list,
);
