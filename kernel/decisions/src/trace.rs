//! Why a decision came out as it did.

use serde::Serialize;
use serde_json::{Map, Value};

/// One node of the graph as it was passed, in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceStep {
    pub node: String,
    pub title: String,
    pub input: Value,
    pub output: Value,
}

/// A row of a decision table whose conditions held.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchedRow {
    /// Title of the table's node.
    pub node: String,
    /// Place of the row in its table, from 0.
    pub index: usize,
    /// Id of the row (`_id`).
    pub row_id: String,
    /// What the row says of itself (`_description`).
    pub description: Option<String>,
    /// The inputs the row looked at, by their expression.
    pub inputs: Map<String, Value>,
}

/// Rows matched in the trace data of one node: a row, a list of rows or, for a decision within a decision,
/// a map of node traces.
pub(crate) fn matched_rows(title: &str, data: &Value, found: &mut Vec<MatchedRow>) {
    match data {
        Value::Array(items) => items.iter().for_each(|item| matched_rows(title, item, found)),
        Value::Object(map) if map.contains_key("rule") && map.contains_key("index") => {
            found.push(row(title, map));
        }
        Value::Object(map) => {
            let mut inner: Vec<&Map<String, Value>> = map.values().filter_map(Value::as_object).collect();
            inner.sort_by_key(|node| node.get("order").and_then(Value::as_u64));
            for node in inner {
                if let (Some(name), Some(data)) = (node.get("name").and_then(Value::as_str), trace_data(node))
                {
                    matched_rows(name, data, found);
                }
            }
        }
        _ => {}
    }
}

fn trace_data(node: &Map<String, Value>) -> Option<&Value> {
    node.get("traceData").or_else(|| node.get("trace_data"))
}

fn row(title: &str, map: &Map<String, Value>) -> MatchedRow {
    let rule = map.get("rule").and_then(Value::as_object);
    let text = |key: &str| rule.and_then(|rule| rule.get(key)).and_then(Value::as_str);
    let references = map.get("reference_map").or_else(|| map.get("referenceMap"));
    MatchedRow {
        node: title.to_owned(),
        index: map.get("index").and_then(Value::as_u64).unwrap_or_default() as usize,
        row_id: text("_id").unwrap_or_default().to_owned(),
        description: text("_description").filter(|text| !text.is_empty()).map(str::to_owned),
        inputs: references.and_then(Value::as_object).cloned().unwrap_or_default(),
    }
}
