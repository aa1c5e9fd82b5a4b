//! Exclusive, parallel and inclusive gateways.

use anju_process::Error;
use anju_records::Object;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::common::{CASE, reviewer};
use crate::desk::{Desk, object};
use crate::run;

async fn an_exclusive_gateway_takes_the_first_that_holds(db: TestDatabase) {
    let tasks = "<userTask id='a'/><userTask id='b'/><userTask id='c'/><endEvent id='e'/>";
    let flows = "{s > g; g > a: vars.n > 2; g > b: vars.n > 1; g > c; a > j; b > j; c > j; j > e}";
    let body = format!(
        "<startEvent id='s'/><exclusiveGateway id='g' default='g-c'/>{tasks}<exclusiveGateway id='j'/>{flows}"
    );
    let mut desk = Desk::of(db, &[("flow", &body, json!({}))]).await;
    for (n, task) in [(3, "a"), (2, "b"), (1, "c")] {
        desk.start(json!({"n": n})).await;
        assert_eq!(desk.now().await, format!("at {task}; tasks {task}"));
        desk.complete(task, "done").await;
        assert_eq!(desk.now().await, "completed e");
        assert_eq!(desk.path().await, format!("s g {task} j e"));
    }
}

async fn an_exclusive_gateway_without_a_way_out_is_a_fault(db: TestDatabase) {
    let body = "<startEvent id='s'/><exclusiveGateway id='g'/><endEvent id='a'/><endEvent id='b'/>\
                {s > g; g > a: vars.n == 1; g > b: vars.n == 2}";
    let desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    let refused = run!(desk, start(&reviewer(1), "t.flow", CASE, &desk.case, Object::new()));
    assert!(matches!(refused, Err(Error::Expression { element, .. }) if element == "g"));
    assert!(desk.instances().await.is_empty());
}

async fn an_exclusive_gateway_passes_each_token_that_comes(db: TestDatabase) {
    let body = "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/><exclusiveGateway id='j'/>\
                <userTask id='c'/><endEvent id='e'/>{s > f > a > j; f > b > j; j > c > e}";
    let desk = Desk::with(db, body).await;
    desk.complete("a", "done").await;
    desk.complete("b", "done").await;
    assert_eq!(desk.now().await, "at c c; tasks c c");
    desk.complete("c", "done").await;
    desk.complete("c", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

const THREE: &str =
    "<startEvent id='s'/><userTask id='a'/><userTask id='b'/><userTask id='c'/><endEvent id='e'/>";

async fn a_parallel_gateway_waits_for_all(db: TestDatabase) {
    let body = format!(
        "{THREE}<parallelGateway id='f'/><parallelGateway id='j'/>{{s > f > a > j; f > b > j; f > c > j; j > e}}"
    );
    let desk = Desk::with(db, &body).await;
    assert_eq!(desk.now().await, "at a b c; tasks a b c");
    desk.complete("b", "done").await;
    desk.complete("a", "done").await;
    assert_eq!(desk.now().await, "at c j j; tasks c");
    desk.complete("c", "done").await;
    assert_eq!(desk.now().await, "completed e");
    assert_eq!(desk.path().await, "s f a b c j j j e");
}

async fn a_parallel_gateway_joins_and_parts_at_once(db: TestDatabase) {
    let body = "<startEvent id='s'/><parallelGateway id='f'/><userTask id='a'/><userTask id='b'/><parallelGateway id='j'/>\
                <userTask id='c'/><userTask id='d'/><parallelGateway id='k'/><endEvent id='e'/>\
                {s > f > a > j > c > k > e; f > b > j; j > d > k}";
    let desk = Desk::with(db, body).await;
    for task in ["a", "b"] {
        desk.complete(task, "done").await;
    }
    assert_eq!(desk.now().await, "at c d; tasks c d");
    for task in ["d", "c"] {
        desk.complete(task, "done").await;
    }
    assert_eq!(desk.now().await, "completed e");
}

fn inclusive(join: &str) -> String {
    format!(
        "{THREE}<inclusiveGateway id='f' default='f-c'/><inclusiveGateway id='j'/>\
         {{s > f; f > a: vars.a == 1; f > b: vars.b == 1; f > c; {join}; j > e}}"
    )
}

async fn an_inclusive_gateway_takes_and_awaits_every_combination(db: TestDatabase) {
    let body = inclusive("a > j; b > j; c > j");
    let mut desk = Desk::of(db, &[("flow", &body, json!({}))]).await;
    let ways: [(Value, &[&str]); 4] = [
        (json!({}), &["c"]),
        (json!({"a": 1}), &["a"]),
        (json!({"b": 1}), &["b"]),
        (json!({"a": 1, "b": 1}), &["a", "b"]),
    ];
    for (vars, tasks) in ways {
        for backwards in [false, true] {
            desk.start(vars.clone()).await;
            let mut order = tasks.to_vec();
            assert_eq!(desk.now().await, format!("at {0}; tasks {0}", order.join(" ")));
            if backwards {
                order.reverse();
            }
            for (done, task) in order.iter().enumerate() {
                desk.complete(task, "done").await;
                let state = desk.now().await;
                let last = done + 1 == order.len();
                assert_eq!(state == "completed e", last, "{vars}: {state}");
            }
            let ends = desk.path().await.matches(" e").count();
            assert_eq!(ends, 1, "{vars}: joined once");
        }
    }
}

async fn an_inclusive_gateway_does_not_wait_for_what_goes_elsewhere(db: TestDatabase) {
    let body = inclusive("a > j; b > x; x > j: vars.outcome == 'yes'; x > eb; c > j")
        + "<exclusiveGateway id='x' default='x-eb'/><endEvent id='eb'/>";
    let mut desk = Desk::of(db, &[("flow", &body, json!({}))]).await;
    for (outcome, after) in [("yes", "completed e"), ("no", "completed e")] {
        desk.start(json!({"a": 1, "b": 1})).await;
        desk.complete("a", "done").await;
        assert_eq!(desk.now().await, "at b j; tasks b");
        desk.complete("b", outcome).await;
        assert_eq!(desk.now().await, after);
        assert_eq!(desk.path().await.contains("eb"), outcome == "no");
    }
}

async fn an_inclusive_gateway_joins_what_a_parallel_one_parted(db: TestDatabase) {
    let body = format!(
        "{THREE}<parallelGateway id='f'/><inclusiveGateway id='j'/>{{s > f > a > j; f > b > j; f > c > j; j > e}}"
    );
    let desk = Desk::with(db, &body).await;
    for (task, after) in [("a", "at b c j; tasks b c"), ("c", "at b j j; tasks b"), ("b", "completed e")] {
        desk.complete(task, "done").await;
        assert_eq!(desk.now().await, after);
    }
}

async fn an_inclusive_gateway_in_a_loop_waits_only_for_what_can_come(db: TestDatabase) {
    let body = "<startEvent id='s'/><inclusiveGateway id='j'/><userTask id='a'/><exclusiveGateway id='x' default='x-e'/><endEvent id='e'/>\
                {s > j > a > x; x > j: vars.outcome == 'no'; x > e}";
    let desk = Desk::with(db, body).await;
    desk.complete("a", "no").await;
    assert_eq!(desk.now().await, "at a; tasks a");
    desk.complete("a", "yes").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn an_inclusive_gateway_of_one_flow_passes(db: TestDatabase) {
    let body =
        "<startEvent id='s'/><inclusiveGateway id='j'/><userTask id='a'/><endEvent id='e'/>{s > j > a > e}";
    let desk = Desk::with(db, body).await;
    assert_eq!(desk.now().await, "at a; tasks a");
    assert_eq!(object(desk.vars().await).len(), 0);
}

on_both_databases!(
    an_exclusive_gateway_takes_the_first_that_holds,
    an_exclusive_gateway_without_a_way_out_is_a_fault,
    an_exclusive_gateway_passes_each_token_that_comes,
    a_parallel_gateway_waits_for_all,
    a_parallel_gateway_joins_and_parts_at_once,
    an_inclusive_gateway_takes_and_awaits_every_combination,
    an_inclusive_gateway_does_not_wait_for_what_goes_elsewhere,
    an_inclusive_gateway_joins_what_a_parallel_one_parted,
    an_inclusive_gateway_in_a_loop_waits_only_for_what_can_come,
    an_inclusive_gateway_of_one_flow_passes,
);
