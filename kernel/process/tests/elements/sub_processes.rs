//! Embedded sub-processes.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;

async fn a_sub_process_is_left_when_all_in_it_have_ended(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='u'><startEvent id='us'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/>\
                <endEvent id='ea'/><endEvent id='eb'/>{us > f > a > ea; f > b > eb}</subProcess><userTask id='c'/><endEvent id='e'/>{s > u > c > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a b u; tasks a b");
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "at a u; tasks a");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at c; tasks c");
    desk.complete("c", "done").await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.path().await, "s u us f a b eb ea c e");
}

async fn sub_processes_stand_in_one_another(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='u'><startEvent id='us'/><subProcess id='v'><startEvent id='vs'/><userTask id='a'/><endEvent id='ve'/>\
                {vs > a > ve}</subProcess><endEvent id='ue'/>{us > v > ue}</subProcess><endEvent id='e'/>{s > u > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a u v; tasks a");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn a_sub_process_in_a_loop_begins_anew(db: TestDatabase) {
    let body = "<startEvent id='s'/><exclusiveGateway id='m'/><subProcess id='u'><startEvent id='us'/><userTask id='a'/><endEvent id='ue'/>{us > a > ue}</subProcess>\
                <boundaryEvent id='t' attachedToRef='u' cancelActivity='false'>@timer(PT1H)</boundaryEvent><endEvent id='et'/>\
                <exclusiveGateway id='x' default='x-e'/><endEvent id='e'/>{s > m > u > x; x > m: vars.outcome == 'no'; x > e; t > et}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a u; tasks a; timers t");
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at a u; tasks a");
    desk.complete("a", "no").await;
    assert_eq!(desk.now().await, "at a u; tasks a; timers t", "a new visit has its own timer");
    desk.complete("a", "yes").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn a_terminate_end_ends_its_sub_process_only(db: TestDatabase) {
    let body = "<startEvent id='s'/><parallelGateway id='g'/><userTask id='o'/><subProcess id='u'><startEvent id='us'/><parallelGateway id='f'/><userTask id='a'/>\
                <intermediateCatchEvent id='w'>@message(信)</intermediateCatchEvent><endEvent id='ea'>@terminate</endEvent><endEvent id='ew'/>{us > f > a > ea; f > w > ew}</subProcess>\
                <userTask id='c'/><endEvent id='e'/>{s > g > u > c > e; g > o > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a o u w; tasks a o; waits message 信@w");
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at c o; tasks c o");
    desk.complete("c", "done").await;
    desk.complete("o", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn what_ends_a_sub_process_ends_all_that_is_in_it(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='u'><startEvent id='us'/><parallelGateway id='f'/><userTask id='a'/><endEvent id='ue'/>\
                <subProcess id='v'><startEvent id='vs'/><userTask id='b'/><endEvent id='ve'/>{vs > b > ve}\
                <subProcess id='es' triggeredByEvent='true'><startEvent id='se'>@signal(令)</startEvent><endEvent id='ee'/>{se > ee}</subProcess></subProcess>\
                <receiveTask id='r' messageRef='来'/><boundaryEvent id='rt' attachedToRef='r'>@timer(PT9H)</boundaryEvent>{us > f > a > ue; f > v > ue; f > r > ue; rt > ue}</subProcess>\
                <boundaryEvent id='t' attachedToRef='u'>@timer(PT1H)</boundaryEvent><userTask id='c'/><endEvent id='e'/>{s > u > e; t > c > e}";
    let mut desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    desk.start(json!({})).await;
    let waiting = "at a b r u v; tasks a b; waits message 来@r signal 令@se; timers rt t";
    assert_eq!(desk.now().await, waiting);
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at c; tasks c");
    desk.withdraw().await;
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, waiting);
    desk.withdraw().await;
}

on_both_databases!(
    a_sub_process_is_left_when_all_in_it_have_ended,
    sub_processes_stand_in_one_another,
    a_sub_process_in_a_loop_begins_anew,
    a_terminate_end_ends_its_sub_process_only,
    what_ends_a_sub_process_ends_all_that_is_in_it,
);
