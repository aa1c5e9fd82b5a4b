//! Connectors: outside systems described as data.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// Key: `app.name`.
    pub connector: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// Name of the setting that holds its base address, e.g. `agencies.registry`.
    pub endpoint: String,
    /// Whole time for one attempt.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    #[serde(default)]
    pub retry: Retry,
    pub operations: IndexMap<String, Operation>,
}

fn default_timeout_ms() -> u64 {
    5_000
}

/// How often and how fast a failed call is tried again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    pub attempts_max: u32,
    pub first_wait_ms: u64,
    pub wait_max_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts_max: 5, first_wait_ms: 1_000, wait_max_ms: 60_000 }
    }
}

/// One call: method, path with `{value}` placeholders, body, and the shape of a good answer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    pub title: String,
    pub method: Method,
    pub path: String,
    /// Names of the values it needs.
    #[serde(default)]
    pub needs: Vec<String>,
    /// JSON body; strings `{value}` are replaced by the value of that name.
    #[serde(default)]
    pub body: Option<Value>,
    /// JSON Schema of a good answer; anything else is an answer not understood.
    pub answer: Value,
    /// Answered later: the answer carries a receipt, and `poll` fetches the result.
    #[serde(default)]
    pub deferred: Option<Deferred>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deferred {
    /// Where the receipt stands in the answer (JSON pointer).
    pub receipt: String,
    /// Operation that fetches the result; gets the value `receipt`.
    pub poll: String,
    /// ZEN expression over `answer`: true when the result is there.
    pub ready: String,
    pub every_ms: u64,
    /// Given up after this long.
    pub give_up_hours: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
}
