//! Decisions as an application uses them: tables, traces, refusals, examples.

use anju_decisions::{Decisions, Error, check_decisions};
use anju_definitions::Decision;
use serde_json::{Value, json};

fn decision(graph: Value, cases: Value) -> Decision {
    let text = json!({
        "decision": "test.rule", "title": "规则", "file": "rule.json", "cases": cases
    });
    let mut decision: Decision = serde_json::from_value(text).unwrap();
    decision.graph = graph;
    decision
}

fn graph(table: Value) -> Value {
    json!({
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "输入", "content": {}},
            {"id": "table", "type": "decisionTableNode", "name": "准入", "content": table},
            {"id": "out", "type": "outputNode", "name": "结论", "content": {}}
        ],
        "edges": [
            {"id": "e1", "sourceId": "in", "targetId": "table", "type": "edge"},
            {"id": "e2", "sourceId": "table", "targetId": "out", "type": "edge"}
        ]
    })
}

fn admission(policy: &str) -> Value {
    graph(json!({
        "hitPolicy": policy,
        "inputs": [
            {"id": "i1", "name": "面积", "field": "area"},
            {"id": "i2", "name": "户籍", "field": "local"}
        ],
        "outputs": [{"id": "o1", "name": "通过", "field": "passed"}, {"id": "o2", "name": "面积", "field": "limit"}],
        "rules": [
            {"_id": "r1", "_description": "面积达到15", "i1": ">= 15", "i2": "", "o1": "false", "o2": "15"},
            {"_id": "r2", "_description": "本市户籍", "i1": "", "i2": "true", "o1": "true", "o2": "area * 3"},
            {"_id": "r3", "i1": "", "i2": "", "o1": "false", "o2": "0"}
        ]
    }))
}

fn one(decision: &Decision) -> Decisions {
    Decisions::load([decision])
}

#[test]
fn the_first_row_that_holds_decides_and_is_named() {
    let decisions = one(&decision(admission("first"), json!([])));
    let outcome = decisions.decide("test.rule", &json!({"area": 14.99, "local": true})).unwrap();
    assert_eq!(outcome.result, json!({"passed": true, "limit": 44.97}));
    assert_eq!(outcome.rows.len(), 1);
    let row = &outcome.rows[0];
    assert_eq!((row.node.as_str(), row.row_id.as_str(), row.index), ("准入", "r2", 1));
    assert_eq!(row.description.as_deref(), Some("本市户籍"));
    assert_eq!(Value::Object(row.inputs.clone()), json!({"area": 14.99, "local": true}));
    assert_eq!(outcome.version.len(), 64);
    assert!(outcome.trace.iter().any(|step| step.title == "准入"));
}

#[test]
fn a_boundary_is_exact() {
    let decisions = one(&decision(admission("first"), json!([])));
    let passed = |area: Value| decisions.decide("test.rule", &json!({"area": area, "local": true})).unwrap();
    assert_eq!(passed(json!(15)).result["passed"], json!(false));
    assert_eq!(passed(json!(15.0)).result["passed"], json!(false));
    assert_eq!(passed(json!(14.999999)).result["passed"], json!(true));
}

#[test]
fn collect_names_every_row_that_holds() {
    let decisions = one(&decision(admission("collect"), json!([])));
    let outcome = decisions.decide("test.rule", &json!({"area": 20, "local": true})).unwrap();
    let rows: Vec<&str> = outcome.rows.iter().map(|row| row.row_id.as_str()).collect();
    assert_eq!(rows, ["r1", "r2", "r3"]);
    assert_eq!(outcome.result.as_array().map(Vec::len), Some(3));
}

#[test]
fn a_decision_within_a_decision_names_its_rows_too() {
    let inner = decision(admission("first"), json!([]));
    let mut outer = decision(
        json!({
            "nodes": [
                {"id": "in", "type": "inputNode", "name": "输入", "content": {}},
                {"id": "sub", "type": "decisionNode", "name": "准入判定", "content": {"key": "test.rule"}},
                {"id": "out", "type": "outputNode", "name": "结论", "content": {}}
            ],
            "edges": [
                {"id": "e1", "sourceId": "in", "targetId": "sub", "type": "edge"},
                {"id": "e2", "sourceId": "sub", "targetId": "out", "type": "edge"}
            ]
        }),
        json!([]),
    );
    outer.decision = "test.outer".into();
    let decisions = Decisions::load([&inner, &outer]);
    let outcome = decisions.decide("test.outer", &json!({"area": 3, "local": false})).unwrap();
    assert_eq!(outcome.rows.iter().map(|row| row.row_id.as_str()).collect::<Vec<_>>(), ["r3"]);
}

#[test]
fn scripts_and_cells_that_do_not_compile_are_refused_when_loaded() {
    let script = json!({
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "输入", "content": {}},
            {"id": "f", "type": "functionNode", "name": "脚本", "content": {"source": "export const handler = () => 1"}}
        ],
        "edges": [{"id": "e1", "sourceId": "in", "targetId": "f", "type": "edge"}]
    });
    let mut broken_cell = admission("first");
    broken_cell["nodes"][1]["content"]["rules"][1]["i1"] = json!("> > 3");
    let mut random = admission("first");
    random["nodes"][1]["content"]["rules"][1]["o2"] = json!("rand(100)");
    for (graph, word) in [(script, "脚本"), (broken_cell, "第 2 行"), (random, "rand")] {
        let problems = check_decisions([&decision(graph, json!([]))]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].cause.contains(word), "{}", problems[0].cause);
    }
}

#[test]
fn a_case_that_does_not_hold_is_reported_with_what_came_out() {
    let cases = json!([
        {"title": "通过", "input": {"area": 10, "local": true}, "expect": {"passed": true, "limit": 30.0}},
        {"title": "错误的例子", "input": {"area": 10, "local": true}, "expect": {"passed": false}}
    ]);
    let problems = check_decisions([&decision(admission("first"), cases)]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].case.as_deref(), Some("错误的例子"));
    assert!(problems[0].cause.contains("r2"));
}

#[test]
fn unknown_decisions_and_too_large_inputs_are_errors() {
    let decisions = one(&decision(admission("first"), json!([])));
    assert!(matches!(decisions.decide("test.other", &json!({})), Err(Error::UnknownDecision(_))));
    let large = json!({"area": 1, "rows": vec![0; 20_000]});
    assert!(matches!(decisions.decide("test.rule", &large), Err(Error::Decision { .. })));
}
