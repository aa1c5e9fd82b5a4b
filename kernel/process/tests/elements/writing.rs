//! A short way to write diagrams. In text of BPMN, `{a > b > c; b > d: vars.x == 1}` stands for sequence flows, named
//! `a-b` and so on, and `@timer(PT1H)` and its like for event definitions.

use anju_process::bpmn::{Kind, parse};
use serde_json::{Value, json};

/// A whole file with one process.
pub fn diagram(body: &str) -> String {
    let body = expand(body);
    format!(
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>\n<process id='p'>{body}</process></definitions>"
    )
}

/// The bindings of a process: what is given, and something simple for every task that nothing is said about.
pub fn bindings(key: &str, xml: &str, given: &Value) -> Value {
    let graph = parse(xml).unwrap_or_else(|errors| panic!("{errors:#?}\n{xml}"));
    let mut all = json!({
        "process": format!("t.{key}"), "title": key, "bpmn": format!("{key}.bpmn"), "entity": "t.case",
        "withdraw": { "roles": ["t.reviewer"] }, "steps": {}, "services": {},
    });
    for (id, element) in &graph.elements {
        match element.kind {
            Kind::UserTask => {
                all["steps"][id] = json!({
                    "title": id, "roles": ["t.reviewer"],
                    "outcomes": { "done": { "title": "办结" }, "yes": { "title": "同意" }, "no": { "title": "不同意" } },
                });
            }
            Kind::Service => all["services"][id] = json!({ "effects": [] }),
            _ => {}
        }
    }
    merge(&mut all, given);
    all
}

fn merge(into: &mut Value, given: &Value) {
    match (into, given) {
        (Value::Object(into), Value::Object(given)) => {
            for (name, value) in given {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, given) => *into = given.clone(),
    }
}

pub fn expand(body: &str) -> String {
    let mut text = String::new();
    let mut rest = body;
    while let Some(at) = rest.find(['{', '@']) {
        text.push_str(&rest[..at]);
        let special = &rest[at..];
        if special.starts_with('{') {
            let (inner, after) = special[1..].split_once('}').expect("flows end with }");
            text.push_str(&flows(inner));
            rest = after;
        } else {
            let (event, after) = event(&special[1..]);
            text.push_str(&event);
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

fn flows(text: &str) -> String {
    let mut all = String::new();
    for chain in text.split(';').map(str::trim).filter(|chain| !chain.is_empty()) {
        let (chain, condition) = match chain.split_once(':') {
            Some((chain, condition)) => (chain, Some(condition.trim().replace('<', "&lt;"))),
            None => (chain, None),
        };
        let elements: Vec<&str> = chain.split('>').map(str::trim).collect();
        for pair in elements.windows(2) {
            let condition = condition
                .as_ref()
                .map(|source| format!("<conditionExpression>{source}</conditionExpression>"))
                .unwrap_or_default();
            all.push_str(&format!(
                "<sequenceFlow id='{0}-{1}' sourceRef='{0}' targetRef='{1}'>{condition}</sequenceFlow>",
                pair[0], pair[1]
            ));
        }
    }
    all
}

/// The definition, and what comes after it.
fn event(text: &str) -> (String, &str) {
    let word = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (name, after) = text.split_at(word);
    let (argument, after) = match after.strip_prefix('(') {
        Some(inner) => closed(inner),
        None => ("", after),
    };
    let timer =
        |inner: &str| format!("<timerEventDefinition><{inner}>{argument}</{inner}></timerEventDefinition>");
    let named = |kind: &str| match argument {
        "" => format!("<{kind}EventDefinition/>"),
        code => format!("<{kind}EventDefinition {kind}Ref='{code}'/>"),
    };
    let definition = match name {
        "timer" => timer("timeDuration"),
        "date" => timer("timeDate"),
        "cycle" => timer("timeCycle"),
        "when" => format!(
            "<conditionalEventDefinition><condition>{argument}</condition></conditionalEventDefinition>"
        ),
        "terminate" => "<terminateEventDefinition/>".to_owned(),
        other => named(other),
    };
    (definition, after)
}

/// What stands up to the bracket that closes, and what comes after it.
fn closed(text: &str) -> (&str, &str) {
    let mut open = 1;
    for (at, character) in text.char_indices() {
        open += match character {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if open == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    panic!("`{text}` is not closed")
}
