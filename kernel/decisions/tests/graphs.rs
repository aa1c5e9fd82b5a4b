//! Graphs of every kind of node, and the faults a designer can make.

use anju_decisions::{Decisions, check_decisions};
use anju_definitions::Decision;
use serde_json::{Value, json};

fn decision(key: &str, nodes: Value, edges: &[(&str, &str, Option<&str>)]) -> Decision {
    let text = json!({ "decision": key, "title": "规则", "file": "rule.json", "cases": [] });
    let mut decision: Decision = serde_json::from_value(text).unwrap();
    let edges = edges.iter().enumerate().map(|(index, (from, to, handle))| {
        json!({"id": format!("e{index}"), "sourceId": from, "targetId": to, "sourceHandle": handle})
    });
    decision.graph = json!({ "nodes": nodes, "edges": edges.collect::<Vec<_>>() });
    decision
}

fn input() -> Value {
    json!({"id": "in", "type": "inputNode", "name": "输入", "content": {}})
}

fn output() -> Value {
    json!({"id": "out", "type": "outputNode", "name": "结论", "content": {}})
}

fn expressions(id: &str, title: &str, pairs: &[(&str, &str)], frame: Value) -> Value {
    let list = pairs.iter().enumerate();
    let list = list.map(|(index, (key, value))| json!({"id": index.to_string(), "key": key, "value": value}));
    let mut content = json!({ "expressions": list.collect::<Vec<_>>() });
    for (key, value) in frame.as_object().unwrap() {
        content[key] = value.clone();
    }
    json!({"id": id, "type": "expressionNode", "name": title, "content": content})
}

fn result(decision: &Decision, input: Value) -> Value {
    Decisions::load([decision]).decide("test.rule", &input).unwrap().result
}

#[test]
fn expressions_see_what_was_computed_before_them_and_by_other_nodes() {
    let first = expressions("a", "人口", &[("members", "count"), ("doubled", "$.members * 2")], json!({}));
    let second = expressions("b", "面积", &[("share", "area / $nodes['人口'].members")], json!({}));
    let nodes = json!([input(), first, second, output()]);
    let edges =
        [("in", "a", None), ("a", "out", None), ("in", "b", None), ("b", "out", None), ("a", "b", None)];
    let found = result(&decision("test.rule", nodes, &edges), json!({"count": 4, "area": 60}));
    assert_eq!(found, json!({"members": 4, "doubled": 8, "share": 15}));
}

#[test]
fn a_switch_opens_one_way_and_the_other_is_not_passed() {
    let switch = json!({"id": "s", "type": "switchNode", "name": "家庭", "content": {"hitPolicy": "first", "statements": [
        {"id": "single", "condition": "members == 1"}, {"id": "family", "condition": ""}]}});
    let nodes = json!([
        input(),
        switch,
        expressions("a", "单人", &[("kind", "'single'"), ("limit", "15")], json!({})),
        expressions("b", "家庭户", &[("kind", "'family'"), ("limit", "15 * members")], json!({})),
        output()
    ]);
    let edges = [
        ("in", "s", None),
        ("s", "a", Some("single")),
        ("s", "b", Some("family")),
        ("a", "out", None),
        ("b", "out", None),
    ];
    let rule = decision("test.rule", nodes, &edges);
    assert_eq!(result(&rule, json!({"members": 1})), json!({"kind": "single", "limit": 15}));
    assert_eq!(result(&rule, json!({"members": 3})), json!({"kind": "family", "limit": 45}));
    let outcome = Decisions::load([&rule]).decide("test.rule", &json!({"members": 3})).unwrap();
    let passed: Vec<&str> = outcome.trace.iter().map(|step| step.title.as_str()).collect();
    assert_eq!(passed, ["输入", "家庭", "家庭户", "结论"]);
}

#[test]
fn a_node_may_work_on_each_element_and_keep_what_came_in() {
    let each = json!({"inputField": "members", "outputPath": "members", "executionMode": "loop", "passThrough": true});
    let nodes = json!([input(), expressions("a", "成年", &[("adult", "age >= 18")], each), output()]);
    let rule = decision("test.rule", nodes, &[("in", "a", None), ("a", "out", None)]);
    let found = result(&rule, json!({"case": "A", "members": [{"age": 40}, {"age": 7}]}));
    let members = json!([{"age": 40, "adult": true}, {"age": 7, "adult": false}]);
    assert_eq!(found, json!({"case": "A", "members": members}));
    let refused = Decisions::load([&rule]).decide("test.rule", &json!({"members": 3})).unwrap_err();
    assert!(refused.to_string().contains("成年"), "{refused}");
}

fn table(hit: &str, rules: Value) -> Value {
    json!([
        input(),
        {"id": "t", "type": "decisionTableNode", "name": "原因", "content": {
            "hitPolicy": hit, "rules": rules,
            "inputs": [{"id": "i", "name": "年龄", "field": "age"}, {"id": "w", "name": "条件"}],
            "outputs": [{"id": "o", "name": "首个", "field": "first"}, {"id": "g", "name": "全部", "field": "all[]"}]}},
        output()
    ])
}

#[test]
fn a_column_may_gather_from_every_row_that_holds() {
    let rules = json!([
        {"_id": "r1", "i": ">= 18", "w": "", "o": "'a'", "g": "1"},
        {"_id": "r2", "i": "", "w": "age > 60 and local", "o": "'b'", "g": "2"},
        {"_id": "r3", "i": "[30..70]", "w": "", "o": "'c'", "g": "3"}
    ]);
    let rule = decision("test.rule", table("first", rules), &[("in", "t", None), ("t", "out", None)]);
    let outcome = Decisions::load([&rule]).decide("test.rule", &json!({"age": 65, "local": true})).unwrap();
    assert_eq!(outcome.result, json!({"first": "a", "all": [1, 2, 3]}));
    assert_eq!(outcome.rows.len(), 3);
    assert_eq!(result(&rule, json!({"age": 20, "local": true})), json!({"first": "a", "all": [1]}));
    assert_eq!(result(&rule, json!({"age": 10, "local": true})), json!({}));
}

#[test]
fn a_result_that_cannot_be_computed_is_an_error_and_skips_no_row() {
    let rules = json!([
        {"_id": "r1", "i": ">= 18", "o": "age + name"},
        {"_id": "r2", "i": "", "o": "'otherwise'"}
    ]);
    let rule = decision("test.rule", table("first", rules), &[("in", "t", None), ("t", "out", None)]);
    let failed =
        Decisions::load([&rule]).decide("test.rule", &json!({"age": 20, "name": {"a": 1}})).unwrap_err();
    assert!(failed.to_string().contains("第 1 行"), "{failed}");
    assert_eq!(result(&rule, json!({"age": 3})), json!({"first": "otherwise", "all": []}));
    assert_eq!(
        result(&rule, json!({"age": "unknown"})),
        json!({"first": "otherwise", "all": []}),
        "a test that does not fit"
    );
}

#[test]
fn what_a_designer_can_get_wrong_is_named() {
    let way = [("in", "a", None), ("a", "out", None)];
    let fine = || expressions("a", "甲", &[("x", "1")], json!({}));
    let asks = json!({"id": "a", "type": "decisionNode", "name": "甲", "content": {"key": "test.nowhere"}});
    let cases = [
        (decision("test.rule", json!([input(), fine(), output()]), &[("in", "b", None)]), "不是节点"),
        (decision("test.rule", json!([fine(), output()]), &[("a", "out", None)]), "缺少输入节点"),
        (decision("test.rule", json!([input(), fine(), fine(), output()]), &way), "重复"),
        (
            decision("test.rule", json!([input(), fine(), output()]), &[("in", "a", None), ("a", "a", None)]),
            "成环",
        ),
        (decision("test.rule", json!([input(), asks, output()]), &way), "没有决策"),
        (decision("test.rule", json!([input(), {"id": "a"}]), &[]), "name"),
    ];
    for (decision, word) in cases {
        let problems = check_decisions([&decision]);
        assert_eq!(problems.len(), 1, "{word}");
        assert!(problems[0].cause.contains(word), "{} should say {word}", problems[0].cause);
    }
}

#[test]
fn decisions_that_ask_each_other_without_end_are_stopped() {
    let asks = json!({"id": "a", "type": "decisionNode", "name": "甲", "content": {"key": "test.rule"}});
    let rule =
        decision("test.rule", json!([input(), asks, output()]), &[("in", "a", None), ("a", "out", None)]);
    let stopped = Decisions::load([&rule]).decide("test.rule", &json!({})).unwrap_err();
    assert!(stopped.to_string().contains("5 层"), "{stopped}");
}
