//! What is wrong between a diagram and its bindings is said before it is published.

use anju_definitions::{Source, load};
use serde_json::{Value, json};

use crate::common::sources;
use crate::writing::{bindings, diagram};

/// The problems of a process `t.flow`, each with its element.
fn problems(body: &str, given: Value) -> Vec<String> {
    let other = "<startEvent id='s'>@message(m)</startEvent><endEvent id='e'/>{s > e}";
    let itself =
        "<startEvent id='s'/><callActivity id='h' calledElement='t.flow'/><endEvent id='e'/>{s > h > e}";
    let mut all = sources();
    for (key, body, given) in
        [("flow", body, given), ("other", other, json!({})), ("back", itself, json!({}))]
    {
        let xml = diagram(body);
        let path = format!("apps/t/definitions/processes/{key}");
        all.push(Source::new(format!("{path}.yaml"), bindings(key, &xml, &given).to_string()));
        all.push(Source::new(format!("{path}.bpmn"), xml));
    }
    let (catalog, _) = load(&all);
    let found = anju_process::check(&catalog);
    found
        .iter()
        .filter(|one| one.process == "t.flow")
        .map(|one| format!("{}: {}", one.element.as_deref().unwrap_or_default(), one.cause))
        .collect()
}

fn says(body: &str, given: Value, wanted: &str) {
    let found = problems(body, given);
    assert!(found.iter().any(|one| one.contains(wanted)), "{wanted}: {found:#?}");
}

const TASK: &str = "<startEvent id='s'/><userTask id='a'/><endEvent id='e'/>{s > a > e}";
const SERVICE: &str = "<startEvent id='s'/><serviceTask id='a'/><endEvent id='e'/>{s > a > e}";
const SEVERAL: &str = "<startEvent id='s'/><userTask id='a'><multiInstanceLoopCharacteristics/></userTask><endEvent id='e'/>{s > a > e}";

#[test]
fn what_has_no_fault_passes() {
    for body in [TASK, SERVICE] {
        assert_eq!(problems(body, json!({})), Vec::<String>::new());
    }
}

#[test]
fn bindings_fit_the_diagram() {
    for (given, wanted) in [
        (
            json!({"steps": {"z": {"title": "z", "roles": ["t.reviewer"], "outcomes": {"x": {"title": "x"}}}}}),
            "z: 流程图中没有这个人工环节",
        ),
        (json!({"services": {"z": {"effects": []}}}), "z: 流程图中没有这个自动环节"),
        (json!({"calls": {"z": {}}}), "z: 流程图中没有这个调用活动"),
        (json!({"starts": {"z": {}}}), "z: 流程图中没有这个定时开始事件"),
        (json!({"ends": {"z": []}}), "z: 流程图中没有这个结束事件"),
        (json!({"variables": {"z": {"title": "z", "type": "text"}}}), "z: 流程图中没有这个数据对象"),
        (json!({"steps": {"a": {"roles": []}}}), "a: 没有办理角色"),
        (json!({"steps": {"a": {"roles": ["t.nobody"]}}}), "a: 没有角色“t.nobody”"),
        (json!({"steps": {"a": {"return_to": ["z"]}}}), "a: 没有人工环节“z”"),
        (json!({"steps": {"a": {"not_by": "z"}}}), "a: 没有人工环节“z”"),
        (json!({"steps": {"a": {"form": {"z": {}}}}}), "a: 实体没有字段“z”"),
        (
            json!({"steps": {"a": {"form": {"kind": {"outcomes": ["z"]}}}}}),
            "a: 填写项“kind”：没有办理结果“z”",
        ),
        (json!({"messages": {"m": "= vars. ."}}), "m: "),
        (json!({"steps": {"a": {"outcomes": {"yes": {"when": "1 +"}}}}}), "a: "),
        (json!({"ends": {"e": [{"set": {"status": "=1 +"}}]}}), "e: "),
    ] {
        says(TASK, given, wanted);
    }
    let late = "<boundaryEvent id='t' attachedToRef='a'>@timer(PT1H)</boundaryEvent>{t > e}";
    says(&format!("{SERVICE}{late}"), json!({}), "a: 不等待的自动环节上不能有定时器");
    let error = late.replace("@timer(PT1H)", "@error");
    assert!(problems(&format!("{SERVICE}{error}"), json!({})).is_empty());
    let timed = "<startEvent id='s'>@cycle(R/P1D)</startEvent><endEvent id='e'/>{s > e}";
    says(timed, json!({}), "s: 定时开始的流程应在 starts 中写明对哪些记录");
}

#[test]
fn calls_lead_to_processes_that_can_be_called() {
    let call = |of: &str| {
        format!(
            "<startEvent id='s'/><callActivity id='h' calledElement='{of}'/><endEvent id='e'/>{{s > h > e}}"
        )
    };
    says(&call("t.nothing"), json!({}), "h: 没有流程“t.nothing”");
    says(&call("t.other"), json!({}), "h: 流程“t.other”只能由事件开始，不能调用");
    says(&call("t.flow"), json!({}), "h: 流程不能直接或间接调用自身");
    says(&call("t.back"), json!({}), "h: 流程不能直接或间接调用自身");
}

#[test]
fn repeated_and_countersigned_work_is_described() {
    let signs = |rule: Value| {
        let mut rule = rule;
        rule["pass"] = json!("yes");
        rule["fail"] = json!("no");
        json!({"steps": {"a": {"countersign": rule}}})
    };
    says(TASK, signs(json!({"rule": "all"})), "a: 会签环节在流程图中应为多实例");
    says(SEVERAL, json!({}), "a: 多实例应写明次数、集合或会签人");
    says(SEVERAL, signs(json!({"rule": "all"})), "a: 多实例应写明次数、集合或会签人");
    let each = json!(["t.reviewer"]);
    let share = "a: 按比例会签应写明比例，大于 0、不超过 1；其他会签不写";
    for rule in [
        json!({"rule": "share", "each": each}),
        json!({"rule": "share", "share": 1.5, "each": each}),
        json!({"rule": "any", "share": 0.5, "each": each}),
    ] {
        says(SEVERAL, signs(rule), share);
    }
    let mut wrong = signs(json!({"rule": "all", "each": each}));
    wrong["steps"]["a"]["countersign"]["pass"] = json!("agree");
    says(SEVERAL, wrong, "a: 没有办理结果“agree”");
    assert!(problems(SEVERAL, signs(json!({"rule": "all", "each": each}))).is_empty());
}

#[test]
fn a_case_is_not_sent_into_another_sub_process() {
    let body = "<startEvent id='s'/><subProcess id='u'><startEvent id='us'/><userTask id='a'/><endEvent id='ue'/>{us > a > ue}</subProcess><userTask id='b'/><endEvent id='e'/>{s > u > b > e}";
    says(body, json!({"steps": {"b": {"return_to": ["a"]}}}), "b: “a”在另一子流程中，不能退回");
    let out = problems(body, json!({"steps": {"a": {"return_to": ["b"]}}}));
    assert!(out.is_empty(), "out of it is all right: {out:?}");
}
