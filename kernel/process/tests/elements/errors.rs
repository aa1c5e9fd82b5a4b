//! Errors and escalations: who catches them.

use anju_process::Error;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::common::{CASE, reviewer};
use crate::desk::{Desk, object};
use crate::run;

fn throws(code: &str) -> Value {
    json!([{"command": {"command": "t.throw", "values": {"code": code}}}])
}

const AFTER: &str = "<boundaryEvent id='one' attachedToRef='h'>@error(E1)</boundaryEvent><boundaryEvent id='any' attachedToRef='h'>@error</boundaryEvent>\
                     <userTask id='b1'/><userTask id='b'/><endEvent id='e'/>{s > h > e; one > b1 > e; any > b > e}";

async fn an_error_of_a_service_is_caught_on_it(db: TestDatabase) {
    let body = format!("<startEvent id='s'/><serviceTask id='h'/>{AFTER}");
    let flow = |code: &str| json!({"services": {"h": {"effects": throws(code)}}});
    let mut desk = Desk::of(db, &[("first", &body, flow("E1")), ("second", &body, flow("E2"))]).await;
    desk.begin("first", json!({})).await;
    assert_eq!(desk.now().await, "at b1; tasks b1", "who names the code comes first");
    desk.begin("second", json!({})).await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn an_error_of_a_task_is_caught_on_it(db: TestDatabase) {
    let body = format!("<startEvent id='s'/><userTask id='h'/>{AFTER}");
    let given = json!({"steps": {"h": {"outcomes": {"no": {"effects": throws("E1")}}}}});
    let desk = Desk::bound(db, &body, given).await;
    assert_eq!(desk.now().await, "at h; tasks h");
    desk.complete("h", "no").await;
    assert_eq!(desk.now().await, "at b1; tasks b1");
    assert_eq!(desk.trail_of("completed").await, ["h"]);
    assert!(desk.trail_of("cancelled").await.is_empty());
}

async fn an_error_at_the_beginning_of_a_step_is_caught_on_it(db: TestDatabase) {
    let body = format!("<startEvent id='s'/><userTask id='h'/>{AFTER}");
    let desk = Desk::bound(db, &body, json!({"steps": {"h": {"on_enter": throws("E9")}}})).await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn an_error_of_a_waiting_service_calls_its_wait_off(db: TestDatabase) {
    let body = format!(
        "<startEvent id='s'/><serviceTask id='h'/><boundaryEvent id='t' attachedToRef='h'>@timer(PT1H)</boundaryEvent>{AFTER}{{t > e}}"
    );
    let desk =
        Desk::bound(db, &body, json!({"services": {"h": {"wait": true, "effects": throws("E1")}}})).await;
    assert_eq!(desk.now().await, "at b1; tasks b1");
}

async fn an_error_of_effects_that_nobody_catches_changes_nothing(db: TestDatabase) {
    let body = "<startEvent id='s'/><userTask id='h'/><endEvent id='e'/>{s > h > e}";
    let given = json!({"steps": {"h": {"outcomes": {"no": {"effects": throws("E1")}}}}});
    let desk = Desk::bound(db, body, given).await;
    let task = desk.task("h").await;
    let refused = desk.complete_as(&reviewer(1), &task, "no").await;
    assert!(matches!(refused, Err(Error::Effect { element, .. }) if element == "h"));
    assert_eq!(desk.now().await, "at h; tasks h");
    assert!(desk.trail_of("completed").await.is_empty());
}

fn nested(boundaries: &str, event_sub: &str) -> String {
    format!(
        "<startEvent id='s'/><subProcess id='h'><startEvent id='hs'/><subProcess id='v'><startEvent id='vs'/><parallelGateway id='f'/><userTask id='va'/><userTask id='vb'/>\
         <endEvent id='bad'>@error(E1)</endEvent><endEvent id='ve'/>{{vs > f > va > bad; f > vb > ve}}</subProcess><endEvent id='he'/>{{hs > v > he}}{event_sub}</subProcess>\
         <userTask id='b'/><endEvent id='e'/>{{s > h > e}}{boundaries}"
    )
}

async fn an_error_goes_from_the_inside_outwards(db: TestDatabase) {
    let outside = "<boundaryEvent id='x' attachedToRef='h'>@error(E1)</boundaryEvent>{x > b > e}";
    let desk = Desk::with(db, &nested(outside, "")).await;
    assert_eq!(desk.now().await, "at h v va vb; tasks va vb");
    desk.complete("va", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b");
    assert_eq!(desk.trail_of("cancelled").await, ["vb"]);
}

async fn an_event_sub_process_catches_before_what_is_around_it(db: TestDatabase) {
    let sub = "<subProcess id='es' triggeredByEvent='true'><startEvent id='xs' isInterrupting='false'>@error</startEvent><userTask id='xa'/>\
               <endEvent id='xe'>@error(E1)</endEvent>{xs > xa > xe}</subProcess>";
    let outside = "<boundaryEvent id='x' attachedToRef='h'>@error(E1)</boundaryEvent>{x > b > e}";
    let desk = Desk::with(db, &nested(outside, sub)).await;
    desk.complete("va", "done").await;
    assert_eq!(desk.now().await, "at es h xa; tasks xa", "an error always ends what it comes from");
    desk.complete("xa", "done").await;
    assert_eq!(desk.now().await, "at b; tasks b", "and what it throws itself is for those around");
}

async fn an_error_that_nobody_names_ends_the_process(db: TestDatabase) {
    let outside = "<boundaryEvent id='x' attachedToRef='h'>@error(E2)</boundaryEvent>{x > b > e}";
    let desk = Desk::with(db, &nested(outside, "")).await;
    desk.complete("va", "done").await;
    assert_eq!(desk.now().await, "terminated");
}

async fn an_error_ends_a_repeated_activity(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='h'><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>\
                <startEvent id='hs'/><userTask id='a'/><exclusiveGateway id='g' default='g-he'/><endEvent id='he'/><endEvent id='bad'>@error(E1)</endEvent>\
                {hs > a > g; g > bad: vars.outcome == 'no'; g > he}</subProcess><boundaryEvent id='x' attachedToRef='h'>@error(E1)</boundaryEvent>\
                <userTask id='b'/><endEvent id='e'/>{s > h > e; x > b > e}";
    let desk = Desk::with(db, body).await;
    desk.complete("a", "yes").await;
    assert_eq!(desk.now().await, "at a a h h h; tasks a a");
    desk.complete("a", "no").await;
    assert_eq!(desk.now().await, "at b; tasks b");
}

fn escalates(cancels: bool, on_the_way: bool) -> String {
    let (way, end) = if on_the_way {
        ("<intermediateThrowEvent id='x'>@escalation(上报)</intermediateThrowEvent>", "<endEvent id='he'/>")
    } else {
        ("<manualTask id='x'/>", "<endEvent id='he'>@escalation(上报)</endEvent>")
    };
    format!(
        "<startEvent id='s'/><subProcess id='h'><startEvent id='hs'/><parallelGateway id='f'/><userTask id='a'/>{way}<userTask id='c'/>{end}<endEvent id='hc'/>{{hs > f > a > x > he; f > c > hc}}</subProcess>\
         <boundaryEvent id='t' attachedToRef='h' cancelActivity='{cancels}'>@escalation(上报)</boundaryEvent><userTask id='b'/><endEvent id='e'/><endEvent id='eb'/>{{s > h > e; t > b > eb}}"
    )
}

async fn an_escalation_is_caught_beside_or_instead(db: TestDatabase) {
    let bodies =
        [escalates(false, true), escalates(false, false), escalates(true, true), escalates(true, false)];
    let flow = |at: usize| bodies[at].as_str();
    let all = [
        ("w", flow(0), json!({})),
        ("x", flow(1), json!({})),
        ("y", flow(2), json!({})),
        ("z", flow(3), json!({})),
    ];
    let mut desk = Desk::of(db, &all).await;
    for (key, after) in [
        ("w", "at b c h; tasks b c"),
        ("x", "at b c h; tasks b c"),
        ("y", "at b; tasks b"),
        ("z", "at b; tasks b"),
    ] {
        desk.begin(key, json!({})).await;
        assert_eq!(desk.now().await, "at a c h; tasks a c");
        desk.complete("a", "done").await;
        assert_eq!(desk.now().await, after, "{key}");
        if after.contains(" c") {
            desk.complete("c", "done").await;
        }
        desk.complete("b", "done").await;
        assert!(desk.now().await.starts_with("completed"));
    }
}

async fn what_fails_otherwise_is_not_caught(db: TestDatabase) {
    let body = format!("<startEvent id='s'/><serviceTask id='h'/>{AFTER}");
    let given = json!({"services": {"h": {"effects": [{"command": {"command": "t.x"}}]}}});
    let desk = Desk::of(db, &[("flow", &body, given)]).await;
    *desk.bureau.runner.fails.lock().unwrap() = true;
    let refused = run!(desk, start(&reviewer(1), "t.flow", CASE, &desk.case, object(json!({}))));
    assert!(matches!(refused, Err(Error::Effect { element, .. }) if element == "h"));
    assert!(desk.instances().await.is_empty());
}

on_both_databases!(
    an_error_of_a_service_is_caught_on_it,
    an_error_of_a_task_is_caught_on_it,
    an_error_at_the_beginning_of_a_step_is_caught_on_it,
    an_error_of_a_waiting_service_calls_its_wait_off,
    an_error_of_effects_that_nobody_catches_changes_nothing,
    an_error_goes_from_the_inside_outwards,
    an_event_sub_process_catches_before_what_is_around_it,
    an_error_that_nobody_names_ends_the_process,
    an_error_ends_a_repeated_activity,
    an_escalation_is_caught_beside_or_instead,
    what_fails_otherwise_is_not_caught,
);
