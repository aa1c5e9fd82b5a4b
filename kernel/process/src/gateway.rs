//! Deciding an exclusive gateway, and saying why.

use anju_decisions::Expression;
use anju_definitions::Catalog;
use serde_json::{Map, Value, json};

use crate::bpmn::{Element, Graph, Kind};
use crate::{Error, Result};

/// The flow that was chosen, and the explanation that the trail keeps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub flow: String,
    pub why: Value,
}

/// Takes the first flow, in the order of the diagram, whose condition holds; else the default. Values of
/// `hidden` paths are not written down.
///
/// # Errors
/// [`Error::Expression`] when a condition cannot be evaluated, or when no flow is left to take.
pub(crate) fn choose(
    graph: &Graph,
    gateway: &Element,
    scene: &Value,
    hidden: &dyn Fn(&str) -> bool,
) -> Result<Choice> {
    let Kind::ExclusiveGateway { default } = &gateway.kind else {
        return Err(Error::Internal(format!("`{}` is no gateway", gateway.id)));
    };
    let mut tried = Vec::new();
    for flow in graph.leaving(gateway) {
        if default.as_ref() == Some(&flow.id) {
            continue;
        }
        // A gateway that only joins has one flow, without a condition.
        let Some(source) = &flow.condition else { return Ok(choice(&flow.id, &flow.name, tried, false)) };
        let failed = |cause: anju_decisions::Error| Error::expression(&gateway.id, cause);
        let expression = Expression::compile(source).map_err(failed)?;
        let holds = expression.is_true(scene).map_err(failed)?;
        tried.push(json!({
            "flow": flow.id, "title": flow.name, "condition": source, "result": holds,
            "values": values(&expression, scene, hidden),
        }));
        if holds {
            return Ok(choice(&flow.id, &flow.name, tried, false));
        }
    }
    let flow = default.as_ref().and_then(|id| graph.flows.get(id));
    let flow = flow.ok_or_else(|| Error::expression(&gateway.id, "没有一个条件成立，也没有默认流向"))?;
    Ok(choice(&flow.id, &flow.name, tried, true))
}

fn choice(flow: &str, title: &str, tried: Vec<Value>, by_default: bool) -> Choice {
    let why = json!({"flow": flow, "title": title, "by_default": by_default, "conditions": tried});
    Choice { flow: flow.to_owned(), why }
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
