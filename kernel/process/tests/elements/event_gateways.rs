//! Event-based gateways: the first of the events that follow decides.

use anju_records::{Actor, Object};
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;
use crate::run;

const BODY: &str = "<startEvent id='s'/><eventBasedGateway id='g'/><intermediateCatchEvent id='t'>@timer(PT1H)</intermediateCatchEvent>\
    <intermediateCatchEvent id='m'>@message(补正)</intermediateCatchEvent><receiveTask id='r' messageRef='放弃'/>\
    <intermediateCatchEvent id='c'>@when(record.kind == 'ready')</intermediateCatchEvent>\
    <intermediateCatchEvent id='x'>@signal(停办)</intermediateCatchEvent>\
    <userTask id='at'/><userTask id='am'/><userTask id='ar'/><userTask id='ac'/><userTask id='ax'/><endEvent id='e'/>\
    {s > g > t > at > e; g > m > am > e; g > r > ar > e; g > c > ac > e; g > x > ax > e}";
const WAITING: &str = "at g; waits condition@c message 放弃@r message 补正@m signal 停办@x; timers t";

async fn a_message_is_first(db: TestDatabase) {
    let desk = Desk::with(db, BODY).await;
    assert_eq!(desk.now().await, WAITING);
    desk.tell("补正", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at am; tasks am");
    assert_eq!(desk.path().await, "s g m am");
    assert_eq!(desk.hours(2).await, 0);
    assert!(desk.tell("放弃", json!({})).await.is_err());
}

async fn a_timer_is_first(db: TestDatabase) {
    let desk = Desk::with(db, BODY).await;
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at at; tasks at");
    assert!(desk.tell("补正", json!({})).await.is_err());
}

async fn a_receive_task_is_first(db: TestDatabase) {
    let desk = Desk::with(db, BODY).await;
    desk.tell("放弃", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at ar; tasks ar");
    assert_eq!(desk.path().await, "s g r ar");
}

async fn a_condition_is_first(db: TestDatabase) {
    let desk = Desk::with(db, BODY).await;
    desk.record(json!({"kind": "ready"})).await;
    assert_eq!(desk.now().await, "at ac; tasks ac");
}

async fn a_signal_is_first(db: TestDatabase) {
    let desk = Desk::with(db, BODY).await;
    run!(desk, signal_all(&Actor::system("测试"), "停办", Object::new())).unwrap();
    desk.deliver().await;
    assert_eq!(desk.now().await, "at ax; tasks ax");
}

async fn a_condition_that_holds_already_decides_at_once(db: TestDatabase) {
    let mut desk = Desk::of(db, &[("flow", BODY, json!({}))]).await;
    let mut tx = desk.bureau.store().begin().await.unwrap();
    let kind = Object::from_iter([("kind".to_owned(), json!("ready"))]);
    let records = &desk.bureau.records;
    records
        .patch(&mut tx, &Actor::system("测试"), crate::common::CASE, &desk.case, None, kind, None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, "at ac; tasks ac");
}

on_both_databases!(
    a_message_is_first,
    a_timer_is_first,
    a_receive_task_is_first,
    a_condition_is_first,
    a_signal_is_first,
    a_condition_that_holds_already_decides_at_once,
);
