//! Timers that fire again and again.

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;
use crate::run;

fn beside(cycle: &str, cancels: bool) -> String {
    format!(
        "<startEvent id='s'/><userTask id='a'/><boundaryEvent id='t' attachedToRef='a' cancelActivity='{cancels}'>@cycle({cycle})</boundaryEvent>\
         <userTask id='b'/><endEvent id='e'/><endEvent id='eb'/>{{s > a > e; t > b > eb}}"
    )
}

async fn a_cycle_fires_as_often_as_it_says(db: TestDatabase) {
    let desk = Desk::with(db, &beside("R3/PT1H", false)).await;
    for state in
        ["at a b; tasks a b; timers t", "at a b b; tasks a b b; timers t", "at a b b b; tasks a b b b"]
    {
        assert_eq!(desk.hours(1).await, 1);
        assert_eq!(desk.now().await, state);
    }
    assert_eq!(desk.hours(100).await, 0);
    assert_eq!(desk.trail_of("timer").await, ["t", "t", "t"]);
}

async fn a_cycle_is_called_off_when_its_task_is_done(db: TestDatabase) {
    let desk = Desk::with(db, &beside("R3/PT1H", false)).await;
    assert_eq!(desk.hours(1).await, 1);
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b");
    assert_eq!(desk.hours(100).await, 0);
}

async fn a_cycle_without_number_goes_on_until_it_is_called_off(db: TestDatabase) {
    let desk = Desk::with(db, &beside("R/PT1H", false)).await;
    for _ in 0..5 {
        assert_eq!(desk.hours(1).await, 1);
        desk.complete("b", "done").await;
        assert_eq!(desk.now().await, "at a; tasks a; timers t");
    }
    desk.withdraw().await;
}

async fn a_cycle_that_ends_its_task_fires_once(db: TestDatabase) {
    let desk = Desk::with(db, &beside("R3/PT1H", true)).await;
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn a_cycle_on_the_way_is_waited_for_once(db: TestDatabase) {
    let body = "<startEvent id='s'/><intermediateCatchEvent id='t'>@cycle(R3/PT1H)</intermediateCatchEvent><userTask id='a'/><endEvent id='e'/>{s > t > a > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at a; tasks a");
}

async fn a_cycle_delivered_twice_fires_once(db: TestDatabase) {
    let desk = Desk::with(db, &beside("R3/PT1H", false)).await;
    let payload = desk.timers(&desk.instance).await.remove(0);
    assert!(run!(desk, fire(&payload)).unwrap());
    assert!(!run!(desk, fire(&payload)).unwrap());
    assert_eq!(desk.now().await, "at a b; tasks a b; timers t t", "the first is its worker's to finish");
}

fn sub(event: &str, interrupts: bool) -> String {
    format!(
        "<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{{s > a > e}}<subProcess id='es' triggeredByEvent='true'>\
         <startEvent id='t' isInterrupting='{interrupts}'>{event}</startEvent><userTask id='b'/><endEvent id='eb'/>{{t > b > eb}}</subProcess>"
    )
}

async fn a_cycle_begins_an_event_sub_process_again_and_again(db: TestDatabase) {
    let desk = Desk::with(db, &sub("@cycle(R2/PT1H)", false)).await;
    assert_eq!(desk.now().await, "at a; tasks a; timers t");
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at a b es; tasks a b; timers t");
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at a b b es es; tasks a b b");
    for task in ["b", "a", "b"] {
        desk.complete(task, "done").await;
    }
    assert_eq!(desk.now().await, "completed e");
}

async fn an_event_sub_process_that_takes_over_begins_once(db: TestDatabase) {
    let desk = Desk::with(db, &sub("@cycle(R3/PT1H)", true)).await;
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at b es; tasks b");
    assert_eq!(desk.hours(5).await, 0);
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "completed");
}

async fn a_timer_for_the_whole_process_goes_with_it(db: TestDatabase) {
    let desk = Desk::with(db, &sub("@timer(PT1H)", false)).await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.hours(5).await, 0);
    let mut desk = desk;
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, "at a; tasks a; timers t");
    desk.withdraw().await;
}

on_both_databases!(
    a_cycle_fires_as_often_as_it_says,
    a_cycle_is_called_off_when_its_task_is_done,
    a_cycle_without_number_goes_on_until_it_is_called_off,
    a_cycle_that_ends_its_task_fires_once,
    a_cycle_on_the_way_is_waited_for_once,
    a_cycle_delivered_twice_fires_once,
    a_cycle_begins_an_event_sub_process_again_and_again,
    an_event_sub_process_that_takes_over_begins_once,
    a_timer_for_the_whole_process_goes_with_it,
);
