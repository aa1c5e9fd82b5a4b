//! Tasks of every kind.

use anju_process::Error;
use anju_records::Object;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::desk::Desk;
use crate::run;

async fn tasks_without_people_are_done_at_once(db: TestDatabase) {
    let body = "<startEvent id='s'/><serviceTask id='a'/><scriptTask id='b'><script>return 1</script></scriptTask>\
                <businessRuleTask id='c'/><sendTask id='d'/><manualTask id='m'/><task id='t'/><endEvent id='e'/>\
                {s > a > b > c > d > m > t > e}";
    let does = |name: &str| json!({"effects": [{"command": {"command": format!("t.{name}")}}]});
    let given = json!({"services": {"a": does("a"), "b": does("b"), "c": does("c"), "d": does("d")}});
    let desk = Desk::bound(db, body, given).await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.path().await, "s a b c d m t e");
    assert_eq!(*desk.bureau.runner.calls.lock().unwrap(), ["a:t.a", "b:t.b", "c:t.c", "d:t.d"]);
    assert_eq!(desk.vars().await, json!({"asked": true}));
}

async fn a_service_waits_for_its_answer(db: TestDatabase) {
    let body = "<startEvent id='s'/><serviceTask id='a'/><userTask id='b'/><endEvent id='e'/>{s > a > b > e}";
    let desk = Desk::bound(db, body, json!({"services": {"a": {"wait": true, "effects": []}}})).await;
    assert_eq!(desk.now().await, "at a");
    let answer = Object::from_iter([("answer".to_owned(), json!("好"))]);
    run!(desk, signal(&desk.instance, "a", answer)).unwrap();
    assert_eq!(desk.now().await, "at b; tasks b");
    assert_eq!(desk.vars().await, json!({"answer": "好"}));
    let again = run!(desk, signal(&desk.instance, "a", Object::new()));
    assert!(matches!(again, Err(Error::Conflict { code, .. }) if code == "not_waiting"));
    assert_eq!(desk.trail_of("waiting").await, ["a"]);
    assert_eq!(desk.trail_of("signalled").await, ["a"]);
}

async fn a_service_whose_work_goes_on_elsewhere_waits(db: TestDatabase) {
    let body = "<startEvent id='s'/><serviceTask id='a'/><endEvent id='e'/>{s > a > e}";
    let given = json!({"services": {"a": {"effects": [{"command": {"command": "t.long"}}]}}});
    let mut desk = Desk::of(db, &[("flow", body, given)]).await;
    *desk.bureau.runner.pending.lock().unwrap() = true;
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, "at a");
    run!(desk, signal(&desk.instance, "a", Object::new())).unwrap();
    assert_eq!(desk.now().await, "completed e");
}

async fn a_service_that_is_answered_while_it_asks_goes_on(db: TestDatabase) {
    let body = "<startEvent id='s'/><serviceTask id='a'/><userTask id='b'/><endEvent id='e'/>{s > a > b > e}";
    let given = json!({"services": {"a": {"wait": true, "effects": [{"command": {"command": "t.ask"}}]}}});
    let mut desk = Desk::of(db, &[("flow", body, given)]).await;
    *desk.bureau.runner.answers_at_once.lock().unwrap() = true;
    desk.start(json!({})).await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn a_receive_task_waits_for_its_message(db: TestDatabase) {
    let body = "<startEvent id='s'/><receiveTask id='a' messageRef='材料'/><endEvent id='e'/>{s > a > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a; waits message 材料@a");
    assert_eq!(desk.tell("材料", json!({"pages": 3})).await.unwrap(), 1);
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.vars().await, json!({"pages": 3}));
    assert_eq!(desk.trail_of("told").await, ["a"]);
}

async fn catch_events_wait_for_each_trigger(db: TestDatabase) {
    let body = "<startEvent id='s'/><intermediateCatchEvent id='t'>@timer(PT2H)</intermediateCatchEvent>\
                <intermediateCatchEvent id='d'>@date(=vars.day)</intermediateCatchEvent>\
                <intermediateCatchEvent id='m'>@message(来信)</intermediateCatchEvent>\
                <intermediateCatchEvent id='g'>@signal(信号)</intermediateCatchEvent>\
                <intermediateCatchEvent id='c'>@when(record.kind == 'ready')</intermediateCatchEvent><endEvent id='e'/>\
                {s > t > d > m > g > c > e}";
    let mut desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    desk.start(json!({"day": "2026-11-25"})).await;
    assert_eq!(desk.now().await, "at t; timers t");
    assert_eq!(desk.hours(1).await, 0);
    assert_eq!(desk.hours(1).await, 1);
    assert_eq!(desk.now().await, "at d; timers d");
    assert_eq!(desk.hours(36).await, 0);
    assert_eq!(desk.hours(2).await, 1);
    assert_eq!(desk.now().await, "at m; waits message 来信@m");
    desk.tell("来信", json!({})).await.unwrap();
    assert_eq!(desk.now().await, "at g; waits signal 信号@g");
    let system = anju_records::Actor::system("测试");
    assert_eq!(run!(desk, signal_all(&system, "信号", Object::new())).unwrap(), 1);
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.now().await, "at c; waits condition@c");
    desk.record(json!({"kind": "other"})).await;
    assert_eq!(desk.now().await, "at c; waits condition@c");
    desk.record(json!({"kind": "ready"})).await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.trail_of("told").await, ["m", "g", "c"]);
    assert_eq!(desk.trail_of("timer").await, ["t", "d"]);
}

async fn events_on_the_way_tell_and_go_on(db: TestDatabase) {
    let tells = "<startEvent id='s'/><intermediateThrowEvent id='n'/><intermediateThrowEvent id='m'>@message(通报)</intermediateThrowEvent>\
                 <intermediateThrowEvent id='g'>@signal(信号)</intermediateThrowEvent>\
                 <intermediateThrowEvent id='x'>@escalation(上报)</intermediateThrowEvent><userTask id='a'/><endEvent id='e'/>\
                 {s > n > m > g > x > a > e}";
    let hears = "<startEvent id='s'/><parallelGateway id='f'/><intermediateCatchEvent id='m'>@message(通报)</intermediateCatchEvent>\
                 <intermediateCatchEvent id='g'>@signal(信号)</intermediateCatchEvent><endEvent id='e'/>{s > f > m > e; f > g > e}";
    let bound = json!({"services": {"m": {"effects": [{"command": {"command": "t.write"}}]}}});
    let mut desk = Desk::of(db, &[("flow", tells, bound), ("other", hears, json!({}))]).await;
    let hearing = desk.start_on("other").await;
    desk.start(json!({"sum": 7})).await;
    assert_eq!(desk.path().await, "s n m g x a");
    assert_eq!(*desk.bureau.runner.calls.lock().unwrap(), ["m:t.write"]);
    assert_eq!(desk.deliver().await, 2);
    assert_eq!(desk.now_of(&hearing).await, "completed e");
    assert_eq!(desk.vars_of(&hearing).await["sum"], 7);
}

async fn a_message_begins_a_case_only_when_none_waits_for_it(db: TestDatabase) {
    let tells = "<startEvent id='s'/><endEvent id='e'>@message(通报)</endEvent>{s > e}";
    let hears = "<startEvent id='s'/><startEvent id='b'>@message(通报)</startEvent><userTask id='a'/>\
                 <intermediateCatchEvent id='m'>@message(通报)</intermediateCatchEvent><endEvent id='e'/>{s > m > a > e; b > a}";
    let mut desk = Desk::of(db, &[("flow", tells, json!({})), ("other", hears, json!({}))]).await;
    let hearing = desk.start_on("other").await;
    desk.start(json!({})).await;
    assert_eq!(desk.deliver().await, 1);
    assert_eq!(desk.now_of(&hearing).await, "at a; tasks a");
    desk.complete("a", "done").await;
    desk.start(json!({})).await;
    assert_eq!(desk.deliver().await, 1);
    assert_ne!(desk.latest("other").await, hearing);
}

on_both_databases!(
    tasks_without_people_are_done_at_once,
    a_service_waits_for_its_answer,
    a_service_whose_work_goes_on_elsewhere_waits,
    a_service_that_is_answered_while_it_asks_goes_on,
    a_receive_task_waits_for_its_message,
    catch_events_wait_for_each_trigger,
    events_on_the_way_tell_and_go_on,
    a_message_begins_a_case_only_when_none_waits_for_it,
);
