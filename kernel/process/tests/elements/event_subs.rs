//! Event sub-processes, of the process and within a sub-process.

use anju_records::{Actor, Object};
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;
use crate::run;

fn event_sub(id: &str, interrupts: bool, event: &str) -> String {
    format!(
        "<subProcess id='{id}' triggeredByEvent='true'><startEvent id='{id}s' isInterrupting='{interrupts}'>{event}</startEvent>\
         <userTask id='{id}a'/><endEvent id='{id}e'/>{{{id}s > {id}a > {id}e}}</subProcess>"
    )
}

const LINE: &str = "<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{s > a > e}";

async fn one_that_takes_over_ends_what_was_around_it(db: TestDatabase) {
    let body = format!(
        "{LINE}{}{}{}",
        event_sub("x", true, "@message(停)"),
        event_sub("y", false, "@timer(PT1H)"),
        event_sub("z", true, "@signal(令)")
    );
    let desk = Desk::with(db, &body).await;
    assert_eq!(desk.now().await, "at a; tasks a; waits message 停@xs signal 令@zs; timers ys");
    let held = desk.timers(&desk.instance).await.remove(0);
    desk.tell("停", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at x xa; tasks xa");
    assert!(!run!(desk, fire(&held)).unwrap(), "a worker that held the timer comes too late");
    assert_eq!(run!(desk, signal_all(&Actor::system("测试"), "令", Object::new())).unwrap(), 0);
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "completed");
    assert_eq!(desk.trail_of("cancelled").await, ["a"]);
}

async fn one_beside_may_begin_again_while_the_process_runs(db: TestDatabase) {
    let desk = Desk::with(db, &format!("{LINE}{}", event_sub("x", false, "@message(询)"))).await;
    for state in
        ["at a x xa; tasks a xa; waits message 询@xs", "at a x x xa xa; tasks a xa xa; waits message 询@xs"]
    {
        desk.tell("询", json!({})).await.unwrap();
        assert_eq!(desk.now().await, state);
    }
    desk.complete("a", "done").await;
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "at x xa; tasks xa; waits message 询@xs");
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

fn within(interrupts: bool, event: &str) -> String {
    format!(
        "<startEvent id='s'/><parallelGateway id='f'/><userTask id='o'/><subProcess id='u'><startEvent id='us'/><userTask id='ua'/><endEvent id='ue'/>{{us > ua > ue}}{}</subProcess>\
         <userTask id='c'/><endEvent id='e'/>{{s > f > u > c > e; f > o > e}}",
        event_sub("x", interrupts, event)
    )
}

async fn one_in_a_sub_process_takes_over_only_there(db: TestDatabase) {
    let desk = Desk::with(db, &within(true, "@timer(PT1H)")).await;
    assert_eq!(desk.now().await, "at o u ua; tasks o ua; timers xs");
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at o u x xa; tasks o xa");
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "at c o; tasks c o", "the sub-process is left as usual");
}

async fn one_in_a_sub_process_goes_with_it(db: TestDatabase) {
    let desk = Desk::with(db, &within(false, "@signal(令)")).await;
    assert_eq!(desk.now().await, "at o u ua; tasks o ua; waits signal 令@xs");
    desk.complete("ua", "done").await;
    assert_eq!(desk.now().await, "at c o; tasks c o");
}

async fn a_sub_process_waits_for_the_one_beside(db: TestDatabase) {
    let desk = Desk::with(db, &within(false, "@message(询)")).await;
    desk.tell("询", json!({})).await.unwrap();
    desk.complete("ua", "done").await;
    assert_eq!(desk.now().await, "at o u x xa; tasks o xa; waits message 询@xs");
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "at c o; tasks c o");
}

async fn one_stands_in_another(db: TestDatabase) {
    let inner = event_sub("y", true, "@message(再停)");
    let outer =
        event_sub("x", true, "@message(停)").replace("</subProcess>", &format!("{inner}</subProcess>"));
    let desk = Desk::with(db, &format!("{LINE}{outer}")).await;
    assert_eq!(desk.now().await, "at a; tasks a; waits message 停@xs");
    desk.tell("停", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at x xa; tasks xa; waits message 再停@ys");
    desk.tell("再停", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at x y ya; tasks ya");
    desk.complete("ya", "done").await;
    assert_eq!(desk.now().await, "completed");
}

async fn a_terminate_end_in_one_ends_it_only(db: TestDatabase) {
    let sub = event_sub("x", false, "@message(询)")
        .replace("<endEvent id='xe'/>", "<endEvent id='xe'>@terminate</endEvent>");
    let desk = Desk::with(db, &format!("{LINE}{sub}")).await;
    desk.tell("询", json!({})).await.unwrap();
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "at a; tasks a; waits message 询@xs");
}

on_both_databases!(
    one_that_takes_over_ends_what_was_around_it,
    one_beside_may_begin_again_while_the_process_runs,
    one_in_a_sub_process_takes_over_only_there,
    one_in_a_sub_process_goes_with_it,
    a_sub_process_waits_for_the_one_beside,
    one_stands_in_another,
    a_terminate_end_in_one_ends_it_only,
);
