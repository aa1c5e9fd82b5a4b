//! Deciding by which flows to leave, and saying why.

use anju_decisions::Expression;
use anju_definitions::Catalog;
use serde_json::{Map, Value, json};

use crate::bpmn::{Element, Flow, Graph};
use crate::{Error, Result};

/// The flows that were chosen, and the explanation that the trail keeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub flows: Vec<String>,
    pub why: Value,
}

/// Takes the first flow, in the order of the diagram, whose condition holds; else the default. Values of
/// `hidden` paths are not written down.
///
/// # Errors
/// [`Error::Expression`] when a condition cannot be evaluated, or when no flow is left to take.
pub(crate) fn first(
    graph: &Graph,
    gateway: &Element,
    scene: &Value,
    hidden: &dyn Fn(&str) -> bool,
) -> Result<Choice> {
    let mut tried = Vec::new();
    for flow in conditional(graph, gateway) {
        // A gateway that only joins has one flow, without a condition.
        let Some(source) = &flow.condition else { return Ok(choice(vec![flow], tried, false)) };
        if holds(gateway, flow, source, scene, hidden, &mut tried)? {
            return Ok(choice(vec![flow], tried, false));
        }
    }
    default(graph, gateway, tried)
}

/// Takes every flow without a condition and every one whose condition holds; the default when there is none.
///
/// # Errors
/// As [`first`].
pub(crate) fn every(
    graph: &Graph,
    element: &Element,
    scene: &Value,
    hidden: &dyn Fn(&str) -> bool,
) -> Result<Choice> {
    let (mut tried, mut taken) = (Vec::new(), Vec::new());
    for flow in conditional(graph, element) {
        let taking = match &flow.condition {
            Some(source) => holds(element, flow, source, scene, hidden, &mut tried)?,
            None => true,
        };
        if taking {
            taken.push(flow);
        }
    }
    if taken.is_empty() { default(graph, element, tried) } else { Ok(choice(taken, tried, false)) }
}

/// The flows that leave, without the default.
fn conditional<'g>(graph: &'g Graph, element: &'g Element) -> impl Iterator<Item = &'g Flow> {
    graph.leaving(element).filter(|flow| element.default.as_ref() != Some(&flow.id))
}

fn default(graph: &Graph, element: &Element, tried: Vec<Value>) -> Result<Choice> {
    let flow = element.default.as_ref().and_then(|id| graph.flows.get(id));
    let flow = flow.ok_or_else(|| Error::expression(&element.id, "没有一个条件成立，也没有默认流向"))?;
    Ok(choice(vec![flow], tried, true))
}

fn holds(
    element: &Element,
    flow: &Flow,
    source: &str,
    scene: &Value,
    hidden: &dyn Fn(&str) -> bool,
    tried: &mut Vec<Value>,
) -> Result<bool> {
    let failed = |cause: anju_decisions::Error| Error::expression(&element.id, cause);
    let expression = Expression::compile(source).map_err(failed)?;
    let holds = expression.is_true(scene).map_err(failed)?;
    tried.push(json!({
        "flow": flow.id, "title": flow.name, "condition": source, "result": holds,
        "values": values(&expression, scene, hidden),
    }));
    Ok(holds)
}

fn choice(flows: Vec<&Flow>, tried: Vec<Value>, by_default: bool) -> Choice {
    let named = |flow: &&Flow| json!({"flow": flow.id, "title": flow.name});
    let mut why = json!({
        "flow": flows.first().map(|flow| &flow.id), "title": flows.first().map(|flow| &flow.name),
        "by_default": by_default, "conditions": tried,
    });
    if flows.len() > 1 {
        why["flows"] = flows.iter().map(named).collect();
    }
    Choice { flows: flows.into_iter().map(|flow| flow.id.clone()).collect(), why }
}

fn values(expression: &Expression, scene: &Value, hidden: &dyn Fn(&str) -> bool) -> Map<String, Value> {
    let mut values = Map::new();
    for path in expression.variables() {
        let value = if hidden(&path) {
            Value::from("***")
        } else {
            path.split('.').fold(scene, |at, name| at.get(name).unwrap_or(&Value::Null)).clone()
        };
        values.insert(path, value);
    }
    values
}

/// Whether a path leads to a sensitive field of the record, or to the whole record.
pub(crate) fn is_sensitive(catalog: &Catalog, entity: &str, path: &str) -> bool {
    let mut parts = path.split('.');
    if parts.next() != Some("record") {
        return false;
    }
    let Some(name) = parts.next() else { return true };
    match catalog.entity(entity).and_then(|entity| entity.fields.get(name)) {
        Some(field) => field.sensitive,
        // Rows of child tables may hold anything.
        None => catalog.child(entity, name).is_some(),
    }
}
