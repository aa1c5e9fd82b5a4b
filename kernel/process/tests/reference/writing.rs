//! A model as BPMN, and its bindings.

use std::fmt::Write;

use anju_definitions::Source;
use serde_json::{Map, Value, json};

use crate::model::{Event, Kind, Node, Scope, Several};

/// The two files of a process.
pub fn sources(key: &str, process: &Scope) -> [Source; 2] {
    let mut steps = Map::new();
    steps_of(process, &mut steps);
    let bindings = json!({
        "process": format!("t.{key}"), "title": key, "bpmn": format!("{key}.bpmn"), "entity": "t.case", "steps": steps,
    });
    let path = format!("apps/t/definitions/processes/{key}");
    [
        Source::new(format!("{path}.yaml"), bindings.to_string()),
        Source::new(format!("{path}.bpmn"), bpmn(process)),
    ]
}

fn steps_of(scope: &Scope, steps: &mut Map<String, Value>) {
    let outcomes: Map<String, Value> =
        ["a", "b", "c", "d"].into_iter().map(|name| (name.to_owned(), json!({"title": name}))).collect();
    for node in &scope.nodes {
        match &node.kind {
            Kind::Task => {
                let step = json!({"title": node.id, "roles": ["t.reviewer"], "outcomes": outcomes});
                steps.insert(node.id.clone(), step);
            }
            Kind::Sub(inside) | Kind::EventSub { inside, .. } => steps_of(inside, steps),
            _ => {}
        }
    }
}

pub fn bpmn(process: &Scope) -> String {
    let mut text =
        String::from("<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>\n<process id='p'>\n");
    write_scope(process, None, &mut text);
    text.push_str("</process>\n</definitions>\n");
    text
}

/// The inside of a scope; an event sub-process has its own start.
fn write_scope(scope: &Scope, start: Option<(&str, &Event, bool)>, text: &mut String) {
    let line = |text: &mut String, written: String| {
        text.push_str(&written);
        text.push('\n');
    };
    let begins = scope.nodes.iter().position(|node| matches!(node.kind, Kind::Start));
    let id = |number: usize| match start {
        Some((start, ..)) if begins == Some(number) => start,
        _ => scope.nodes[number].id.as_str(),
    };
    for (number, node) in scope.nodes.iter().enumerate() {
        match (&node.kind, start) {
            (Kind::Start, Some((start, event, interrupts))) => {
                let definition = definition(event, start);
                line(
                    text,
                    format!(
                        "<startEvent id='{start}' isInterrupting='{interrupts}'>{definition}</startEvent>"
                    ),
                );
            }
            _ => write_node(scope, number, node, text),
        }
    }
    for (number, flow) in scope.flows.iter().enumerate() {
        let tests: Vec<String> = flow.outcomes.iter().map(|o| format!("vars.outcome == '{o}'")).collect();
        let condition = match tests.is_empty() {
            true => String::new(),
            false => format!("<conditionExpression>{}</conditionExpression>", tests.join(" or ")),
        };
        let (from, to) = (id(flow.from), id(flow.to));
        line(
            text,
            format!(
                "<sequenceFlow id='{from}-{number}' sourceRef='{from}' targetRef='{to}'>{condition}</sequenceFlow>"
            ),
        );
    }
}

fn write_node(scope: &Scope, number: usize, node: &Node, text: &mut String) {
    let id = &node.id;
    let default = scope.leaving(number).find(|flow| scope.flows[*flow].default);
    let default = default.map(|flow| format!(" default='{id}-{flow}'")).unwrap_or_default();
    let several = node.several.as_ref().map(several).unwrap_or_default();
    let (tag, attributes, inner) = match &node.kind {
        Kind::Start => ("startEvent", String::new(), String::new()),
        Kind::End => ("endEvent", String::new(), String::new()),
        Kind::Terminate => ("endEvent", String::new(), "<terminateEventDefinition/>".to_owned()),
        Kind::Error(code) => ("endEvent", String::new(), definition(&Event::Error(code.clone()), id)),
        Kind::Task => ("userTask", String::new(), several),
        Kind::Automatic => ("manualTask", String::new(), String::new()),
        Kind::Receive => ("receiveTask", format!(" messageRef='{id}'"), String::new()),
        Kind::Exclusive => ("exclusiveGateway", String::new(), String::new()),
        Kind::Parallel => ("parallelGateway", String::new(), String::new()),
        Kind::Inclusive => ("inclusiveGateway", String::new(), String::new()),
        Kind::FirstEvent => ("eventBasedGateway", String::new(), String::new()),
        Kind::Catch(event) => ("intermediateCatchEvent", String::new(), definition(event, id)),
        Kind::Boundary { on, event, interrupts } => {
            let on = &scope.nodes[*on].id;
            let attributes = format!(" attachedToRef='{on}' cancelActivity='{interrupts}'");
            ("boundaryEvent", attributes, definition(event, id))
        }
        Kind::Sub(inside) => {
            let mut inner = several + "\n";
            write_scope(inside, None, &mut inner);
            ("subProcess", String::new(), inner)
        }
        Kind::EventSub { inside, start, event, interrupts } => {
            let mut inner = String::from("\n");
            write_scope(inside, Some((start, event, *interrupts)), &mut inner);
            ("subProcess", " triggeredByEvent='true'".to_owned(), inner)
        }
    };
    let _ = writeln!(text, "<{tag} id='{id}'{default}{attributes}>{inner}</{tag}>");
}

fn definition(event: &Event, id: &str) -> String {
    let timer = |inner: String| format!("<timerEventDefinition>{inner}</timerEventDefinition>");
    match event {
        Event::Timer(1) => timer("<timeDuration>PT1H</timeDuration>".to_owned()),
        Event::Timer(times) => timer(format!("<timeCycle>R{times}/PT1H</timeCycle>")),
        Event::Message => format!("<messageEventDefinition messageRef='{id}'/>"),
        Event::Error(code) => format!("<errorEventDefinition errorRef='{code}'/>"),
    }
}

fn several(several: &Several) -> String {
    let enough = several.enough.map(|enough| {
        format!("<completionCondition>nrOfCompletedInstances &gt;= {enough}</completionCondition>")
    });
    format!(
        "<multiInstanceLoopCharacteristics isSequential='{}'><loopCardinality>{}</loopCardinality>{}</multiInstanceLoopCharacteristics>",
        several.in_turn,
        several.times,
        enough.unwrap_or_default()
    )
}
