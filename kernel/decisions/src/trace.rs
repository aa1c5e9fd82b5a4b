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
