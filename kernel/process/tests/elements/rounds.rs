//! Activities that are done several times.

use anju_process::Error;
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::json;

use crate::common::{CASE, reviewer};
use crate::desk::{Desk, object};
use crate::run;

fn several(sequential: bool, inner: &str) -> String {
    format!(
        "<startEvent id='s'/><userTask id='a'><multiInstanceLoopCharacteristics isSequential='{sequential}'>{inner}</multiInstanceLoopCharacteristics></userTask>\
         <userTask id='b'/><endEvent id='e'/>{{s > a > b > e}}"
    )
}

const THREE: &str = "<loopCardinality>vars.n</loopCardinality>";

async fn one_after_the_other(db: TestDatabase) {
    let mut desk = Desk::of(db, &[("flow", &several(true, THREE), json!({}))]).await;
    desk.start(json!({"n": 3})).await;
    for _ in 0..3 {
        assert_eq!(desk.now().await, "at a a; tasks a");
        desk.complete("a", "done").await;
    }
    assert_eq!(desk.now().await, "at b; tasks b");
    assert_eq!(desk.path().await, "s a a a a b");
}

async fn all_at_once(db: TestDatabase) {
    let mut desk = Desk::of(db, &[("flow", &several(false, THREE), json!({}))]).await;
    desk.start(json!({"n": 3})).await;
    for state in ["at a a a a; tasks a a a", "at a a a; tasks a a", "at a a; tasks a"] {
        assert_eq!(desk.now().await, state);
        desk.complete("a", "done").await;
    }
    assert_eq!(desk.now().await, "at b; tasks b");
}

async fn not_at_all(db: TestDatabase) {
    let (counted, listed) =
        (several(false, THREE), several(true, "<loopDataInputRef>vars.list</loopDataInputRef>"));
    let mut desk = Desk::of(db, &[("flow", &counted, json!({})), ("list", &listed, json!({}))]).await;
    desk.start(json!({"n": 0})).await;
    assert_eq!(desk.now().await, "at b; tasks b");
    for vars in [json!({"list": []}), json!({})] {
        desk.begin("list", vars).await;
        assert_eq!(desk.now().await, "at b; tasks b");
    }
}

async fn until_it_is_enough(db: TestDatabase) {
    let until = format!(
        "{THREE}<completionCondition>nrOfCompletedInstances &gt;= 2 or vars.outcome == 'no'</completionCondition>"
    );
    let (at_once, in_turn) = (several(false, &until), several(true, &until));
    let mut desk = Desk::of(db, &[("flow", &at_once, json!({})), ("turn", &in_turn, json!({}))]).await;
    for key in ["flow", "turn"] {
        desk.begin(key, json!({"n": 4})).await;
        desk.complete("a", "yes").await;
        assert!(desk.now().await.contains("tasks a"));
        desk.complete("a", "yes").await;
        assert_eq!(desk.now().await, "at b; tasks b", "two are enough");
        desk.begin(key, json!({"n": 4})).await;
        desk.complete("a", "no").await;
        assert_eq!(desk.now().await, "at b; tasks b", "one against it is enough");
        assert_eq!(desk.trail_of("cancelled").await.len(), if key == "flow" { 3 } else { 0 });
        desk.withdraw().await;
    }
}

async fn each_knows_its_item(db: TestDatabase) {
    let body = "<startEvent id='s'/><subProcess id='u'><multiInstanceLoopCharacteristics><loopDataInputRef>vars.list</loopDataInputRef></multiInstanceLoopCharacteristics>\
                <startEvent id='us'/><exclusiveGateway id='g' default='g-ub'/><userTask id='ua'/><userTask id='ub'/><endEvent id='ue'/>\
                {us > g; g > ua: item.kind == 'x' and loopCounter == 1 and nrOfInstances == 2; g > ub; ua > ue; ub > ue}</subProcess><endEvent id='e'/>{s > u > e}";
    let mut desk = Desk::of(db, &[("flow", body, json!({}))]).await;
    desk.start(json!({"list": [{"kind": "x"}, {"kind": "x"}]})).await;
    assert_eq!(desk.now().await, "at u u u ua ub; tasks ua ub");
    desk.complete("ua", "done").await;
    assert_eq!(desk.now().await, "at u u ub; tasks ub");
    desk.complete("ub", "done").await;
    assert_eq!(desk.now().await, "completed e");
}

async fn services_and_messages_may_be_repeated(db: TestDatabase) {
    let three = "<multiInstanceLoopCharacteristics isSequential='SEQ'><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics>";
    let (at_once, in_turn) = (three.replace("SEQ", "false"), three.replace("SEQ", "true"));
    let body = format!(
        "<startEvent id='s'/><serviceTask id='x'>{in_turn}</serviceTask><receiveTask id='m' messageRef='来'>{at_once}</receiveTask>\
         <receiveTask id='n' messageRef='去'>{in_turn}</receiveTask><endEvent id='e'/>{{s > x > m > n > e}}"
    );
    let given = json!({"services": {"x": {"effects": [{"command": {"command": "t.x"}}]}}});
    let desk = Desk::bound(db, &body, given).await;
    assert_eq!(desk.bureau.runner.calls.lock().unwrap().len(), 3);
    assert_eq!(desk.now().await, "at m m m m; waits message 来@m message 来@m message 来@m");
    assert_eq!(desk.tell("来", json!({})).await.unwrap(), 3);
    for _ in 0..3 {
        assert_eq!(desk.now().await, "at n n; waits message 去@n");
        assert_eq!(desk.tell("去", json!({})).await.unwrap(), 1);
    }
    assert_eq!(desk.now().await, "completed e");
}

async fn too_often_and_nonsense_are_faults(db: TestDatabase) {
    let desk = Desk::of(db, &[("flow", &several(false, THREE), json!({}))]).await;
    for n in [json!(501), json!(-1), json!(1.5), json!("x")] {
        let refused = run!(desk, start(&reviewer(1), "t.flow", CASE, &desk.case, object(json!({"n": n}))));
        assert!(matches!(refused, Err(Error::Expression { element, .. }) if element == "a"), "{n}");
    }
}

on_both_databases!(
    one_after_the_other,
    all_at_once,
    not_at_all,
    until_it_is_enough,
    each_knows_its_item,
    services_and_messages_may_be_repeated,
    too_often_and_nonsense_are_faults,
);
