//! Which of those who wait take a message in.

use anju_process::Error;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::common::{CASE, reviewer};
use crate::desk::{Desk, object};
use crate::run;

const WAITS: &str = "<startEvent id='s'/><intermediateCatchEvent id='m'>@message(回函)</intermediateCatchEvent><endEvent id='e'/>{s > m > e}";

async fn a_message_is_for_the_record(db: TestDatabase) {
    let mut desk = Desk::of(db, &[("flow", WAITS, json!({}))]).await;
    desk.begin("flow", json!({})).await;
    let other = desk.instance.clone();
    desk.begin("flow", json!({})).await;
    assert_eq!(desk.tell("回函", json!({"n": 1})).await.unwrap(), 1);
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.now_of(&other).await, "at m; waits message 回函@m");
    let nobody = desk.tell("回函", json!({})).await;
    assert!(matches!(nobody, Err(Error::Conflict { code, .. }) if code == "nobody_waits"));
}

async fn a_message_may_have_a_key_of_its_own(db: TestDatabase) {
    let given = json!({"messages": {"回函": "='文' + string(vars.number)"}});
    let mut desk = Desk::of(db, &[("flow", WAITS, given)]).await;
    for number in [7, 8] {
        desk.begin("flow", json!({"number": number})).await;
    }
    let message = |key: &'static str| (key, object(json!({})));
    assert!(desk.tell("回函", json!({})).await.is_err(), "not by the record");
    let (key, vars) = message("文8");
    assert_eq!(run!(desk, tell(&reviewer(1), "回函", key, None, vars)).unwrap(), 1);
    assert_eq!(desk.now().await, "completed e");
    // Two who wait under one key both take it in.
    desk.begin("flow", json!({"number": 7})).await;
    let (key, vars) = message("文7");
    assert_eq!(run!(desk, tell(&reviewer(1), "回函", key, None, vars)).unwrap(), 2);
}

async fn a_message_without_its_key_is_a_fault(db: TestDatabase) {
    let desk = Desk::of(db, &[("flow", WAITS, json!({"messages": {"回函": "=vars.number"}}))]).await;
    let refused = run!(desk, start(&reviewer(1), "t.flow", CASE, &desk.case, object(json!({}))));
    assert!(matches!(refused, Err(Error::Expression { element, .. }) if element == "回函"));
}

async fn a_message_beside_a_task_may_come_again(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='a'/><userTask id='b'/><endEvent id='e'/><endEvent id='eb'/>\
                <boundaryEvent id='m' attachedToRef='a' cancelActivity='false'>@message(催办)</boundaryEvent>{s > a > e; m > b > eb}";
    let desk = Desk::with(db, body).await;
    for _ in 0..2 {
        assert_eq!(desk.tell("催办", json!({})).await.unwrap(), 1);
    }
    assert_eq!(desk.now().await, "at a b b; tasks a b b; waits message 催办@m");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b b; tasks b b");
    assert!(desk.tell("催办", json!({})).await.is_err());
}

async fn a_message_told_twice_is_taken_in_once(db: TestDatabase) {
    let tells = "<startEvent id='s'/><parallelGateway id='f'/><intermediateThrowEvent id='x'>@message(回函)</intermediateThrowEvent>\
                 <intermediateThrowEvent id='y'>@message(回函)</intermediateThrowEvent><endEvent id='e'/>{s > f > x > e; f > y > e}";
    let mut desk = Desk::of(db, &[("flow", tells, json!({})), ("other", WAITS, json!({}))]).await;
    let waiting = desk.start_on("other").await;
    desk.start(json!({})).await;
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.now_of(&waiting).await, "completed e");
}

on_both_databases!(
    a_message_is_for_the_record,
    a_message_may_have_a_key_of_its_own,
    a_message_without_its_key_is_a_fault,
    a_message_beside_a_task_may_come_again,
    a_message_told_twice_is_taken_in_once,
);
