//! How processes begin and end.

use anju_process::Error;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;

async fn a_plain_start_and_a_plain_end(db: TestDatabase) {
    let desk = Desk::with(db, "<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{s > a > e}").await;
    assert_eq!(desk.now().await, "at a; tasks a");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.path().await, "s a e");
    assert_eq!(desk.trail_of("ended").await, ["e"]);
}

async fn a_message_starts_a_process_once(db: TestDatabase) {
    let body =
        "<startEvent id='s'>@message(申请)</startEvent><userTask id='a'/><endEvent id='e'/>{s > a > e}";
    let mut desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    assert!(
        matches!(desk.tell("别的", json!({})).await, Err(Error::Conflict { code, .. }) if code == "nobody_waits")
    );
    assert_eq!(desk.tell("申请", json!({"from": "窗口"})).await.unwrap(), 1);
    desk.instance = desk.latest("flow").await;
    assert_eq!(desk.now().await, "at a; tasks a");
    assert_eq!(desk.vars().await, json!({"from": "窗口"}));
    let again = desk.tell("申请", json!({})).await;
    assert!(matches!(again, Err(Error::Conflict { code, .. }) if code == "process_running"));
}

async fn a_signal_starts_a_process_once(db: TestDatabase) {
    let teller = "<startEvent id='s'/><endEvent id='e'>@signal(开工)</endEvent>{s > e}";
    let begun =
        "<startEvent id='s'>@signal(开工)</startEvent><userTask id='a'/><endEvent id='e'/>{s > a > e}";
    let mut desk = Desk::of(db, &[("flow", teller, json!({})), ("other", begun, json!({}))]).await;
    desk.start(json!({"why": "通知"})).await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.deliver().await, 1);
    let other = desk.latest("other").await;
    assert_eq!(desk.now_of(&other).await, "at a; tasks a");
    assert_eq!(desk.vars_of(&other).await, json!({"why": "通知"}));
    desk.start(json!({})).await;
    assert_eq!(desk.deliver().await, 0, "it runs on the record already");
}

async fn a_process_with_several_starts_begins_at_the_one_that_happens(db: TestDatabase) {
    let body = "<startEvent id='s'/><startEvent id='m'>@message(补办)</startEvent>\
                <userTask id='a'/><userTask id='b'/><endEvent id='e'/>{s > a > e; m > b > e}";
    let mut desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    desk.tell("补办", json!({})).await.unwrap();
    desk.instance = desk.latest("flow").await;
    assert_eq!(desk.path().await, "m b");
    desk.complete("b", "done").await;
    desk.start(json!({})).await;
    assert_eq!(desk.path().await, "s a");
}

const TWO: &str = "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/>\
                   <endEvent id='eb'/>{s > f > a > e; f > b > eb}";

async fn a_terminate_end_ends_everything(db: TestDatabase) {
    let late = "<boundaryEvent id='late' attachedToRef='b'>@timer(PT1H)</boundaryEvent>{late > eb}";
    let desk = Desk::with(db, &format!("{TWO}{late}<endEvent id='e'>@terminate</endEvent>")).await;
    assert_eq!(desk.now().await, "at a b; tasks a b; timers late");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "terminated e");
    assert_eq!(desk.trail_of("cancelled").await, ["b"]);
}

async fn an_error_that_nobody_catches_ends_everything(db: TestDatabase) {
    let desk = Desk::with(db, &format!("{TWO}<endEvent id='e'>@error(E1)</endEvent>")).await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "terminated e");
    assert_eq!(desk.trail_of("cancelled").await, ["b"]);
}

async fn an_escalation_that_nobody_catches_ends_its_branch_only(db: TestDatabase) {
    let desk = Desk::with(db, &format!("{TWO}<endEvent id='e'>@escalation(上报)</endEvent>")).await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b");
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "completed eb");
}

async fn ends_tell_messages_and_signals(db: TestDatabase) {
    let waits = "<startEvent id='s'/><parallelGateway id='f'/><intermediateCatchEvent id='m'>@message(结果)</intermediateCatchEvent>\
                 <intermediateCatchEvent id='g'>@signal(全体)</intermediateCatchEvent><endEvent id='e'/>{s > f > m > e; f > g > e}";
    let tells = |event: &str| format!("<startEvent id='s'/><endEvent id='e'>{event}</endEvent>{{s > e}}");
    let (message, signal) = (tells("@message(结果)"), tells("@signal(全体)"));
    let all = [("flow", waits, json!({})), ("message", &message, json!({})), ("signal", &signal, json!({}))];
    let mut desk = Desk::of(db, &all).await;
    desk.start(json!({})).await;
    let (case, waiting) = (desk.case.clone(), desk.instance.clone());
    assert_eq!(desk.now().await, "at g m; waits message 结果@m signal 全体@g");
    // On another case: the signal is for all, the message for its own case.
    desk.begin("message", json!({})).await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.deliver().await, 0);
    desk.begin("signal", json!({})).await;
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.now_of(&waiting).await, "at m; waits message 结果@m");
    desk.case = case;
    desk.instance = desk.start_on("message").await;
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.now_of(&waiting).await, "completed e");
}

async fn effects_of_an_end_are_done_before_it_ends(db: TestDatabase) {
    let body = "<startEvent id='s'/><endEvent id='e'/>{s > e}";
    let desk = Desk::bound(db, body, json!({"ends": {"e": [{"set": {"status": "done"}}]}})).await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.bureau.status(&desk.case).await.as_deref(), Some("done"));
}

on_both_databases!(
    a_plain_start_and_a_plain_end,
    a_message_starts_a_process_once,
    a_signal_starts_a_process_once,
    a_process_with_several_starts_begins_at_the_one_that_happens,
    a_terminate_end_ends_everything,
    an_error_that_nobody_catches_ends_everything,
    an_escalation_that_nobody_catches_ends_its_branch_only,
    ends_tell_messages_and_signals,
    effects_of_an_end_are_done_before_it_ends,
);
