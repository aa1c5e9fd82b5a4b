//! Several decide together (会签).

use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::common::{manager, reviewer};
use crate::desk::{Desk, text};

const BODY: &str = "<startEvent id='s'/><userTask id='a'><multiInstanceLoopCharacteristics><loopCardinality>vars.n</loopCardinality></multiInstanceLoopCharacteristics></userTask>\
                    <exclusiveGateway id='g' default='g-en'/><endEvent id='ey'/><endEvent id='en'/>{s > a > g; g > ey: outcome == 'yes'; g > en}";

fn rule(rule: Value) -> Value {
    let mut rule = rule;
    rule["pass"] = json!("yes");
    rule["fail"] = json!("no");
    json!({"steps": {"a": {"countersign": rule}}})
}

/// Signs in order; how many signatures it took, and what came of it.
async fn signs(desk: &mut Desk, key: &str, signatures: &str) -> (usize, String) {
    desk.begin(key, json!({"n": signatures.len()})).await;
    for (count, sign) in signatures.chars().enumerate() {
        if desk.now().await.starts_with("completed") {
            return (count, desk.now().await);
        }
        desk.complete("a", if sign == 'y' { "yes" } else { "no" }).await;
    }
    (signatures.len(), desk.now().await)
}

async fn the_rule_decides_as_soon_as_it_is_certain(db: TestDatabase) {
    let all = [
        ("all", BODY, rule(json!({"rule": "all"}))),
        ("any", BODY, rule(json!({"rule": "any"}))),
        ("share", BODY, rule(json!({"rule": "share", "share": 0.6}))),
        ("vote", BODY, rule(json!({"rule": "vote"}))),
    ];
    let mut desk = Desk::of(db, &all).await;
    for (key, signatures, count, end) in [
        ("all", "yyy", 3, "ey"),
        ("all", "yny", 2, "en"),
        ("any", "nyn", 2, "ey"),
        ("any", "nnn", 3, "en"),
        ("share", "yynyn", 4, "ey"),
        ("share", "nnnyy", 3, "en"),
        ("vote", "yyn", 2, "ey"),
        ("vote", "yynn", 4, "en"),
        ("vote", "nnyy", 2, "en"),
    ] {
        assert_eq!(
            signs(&mut desk, key, signatures).await,
            (count, format!("completed {end}")),
            "{key} {signatures}"
        );
    }
}

async fn everybody_is_heard_where_the_rule_says_so(db: TestDatabase) {
    let all = [
        ("all", BODY, rule(json!({"rule": "all", "all_opinions": true}))),
        ("any", BODY, rule(json!({"rule": "any", "all_opinions": true}))),
    ];
    let mut desk = Desk::of(db, &all).await;
    assert_eq!(signs(&mut desk, "all", "nyy").await, (3, "completed en".to_owned()));
    assert_eq!(desk.vars().await["outcomes"], json!({"no": 1, "yes": 2}));
    assert_eq!(signs(&mut desk, "any", "ynn").await, (3, "completed ey".to_owned()));
}

async fn each_signer_has_a_task_of_their_own(db: TestDatabase) {
    let body = BODY.replace("<loopCardinality>vars.n</loopCardinality>", "");
    let given = rule(json!({"rule": "all", "each": ["t.reviewer", "t.manager"]}));
    let desk = Desk::bound(db, &body, given).await;
    let tasks: Vec<String> = desk.open_tasks().await.iter().map(|task| text(task, 0).to_owned()).collect();
    assert_eq!(tasks.len(), 2);
    assert!(desk.complete_as(&manager(), &tasks[0], "yes").await.is_err());
    desk.complete_as(&manager(), &tasks[1], "yes").await.unwrap();
    desk.complete_as(&reviewer(1), &tasks[0], "yes").await.unwrap();
    assert_eq!(desk.now().await, "completed ey");
}

async fn signers_may_come_from_an_expression(db: TestDatabase) {
    let body = BODY.replace("<loopCardinality>vars.n</loopCardinality>", "");
    let given = rule(json!({"rule": "any", "each": "=vars.signers"}));
    let mut desk = Desk::of(db, &[("flow", &body, given)]).await;
    desk.start(json!({"signers": ["t.manager", "t.manager", "t.reviewer"]})).await;
    assert_eq!(desk.now().await, "at a a a a; tasks a a a");
    desk.complete_as(&manager(), &desk.task("a").await, "yes").await.unwrap();
    assert_eq!(desk.now().await, "completed ey");
    assert_eq!(desk.trail_of("cancelled").await, ["a", "a"]);
}

on_both_databases!(
    the_rule_decides_as_soon_as_it_is_certain,
    everybody_is_heard_where_the_rule_says_so,
    each_signer_has_a_task_of_their_own,
    signers_may_come_from_an_expression,
);
