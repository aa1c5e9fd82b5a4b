//! The one vocabulary of effects for actions, automations and service tasks.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing to do. Values that are strings starting with `=` are ZEN expressions over
/// `record`, `input`, `vars`, `actor` and `today`; everything else is literal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Change fields of the record at hand.
    Set(IndexMap<String, Value>),
    /// Create a record of another entity.
    Create { entity: String, values: IndexMap<String, Value> },
    /// Start a process on the record at hand.
    Start { process: String },
    /// Complete the open task of a step of the record's running process.
    Complete { step: String, outcome: String },
    /// Send a message (SMS, in-app).
    Message(String),
    /// Render a document, store its file and put its id into a field of the record.
    Document { document: String, into: String },
    /// Call a connector operation `connector.operation` with the given values, through the outbox.
    Call {
        operation: String,
        #[serde(default)]
        values: IndexMap<String, Value>,
    },
    /// Evaluate a decision and store its outcome in a variable of the process (or ignore it).
    Decide {
        decision: String,
        #[serde(default)]
        into: Option<String>,
    },
    /// Run a named function of the application's Rust code.
    Command {
        command: String,
        #[serde(default)]
        values: IndexMap<String, Value>,
    },
}
