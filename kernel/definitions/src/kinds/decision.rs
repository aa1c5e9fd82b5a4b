//! Decisions: tables and graphs in GoRules JDM.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Key: `app.name`.
    pub decision: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// JDM file beside this one.
    pub file: String,
    /// The entity whose records are its input, if any.
    #[serde(default)]
    pub entity: Option<String>,
    /// Examples that the checker runs.
    #[serde(default)]
    pub cases: Vec<DecisionCase>,
    /// The JDM content; filled by the loader.
    #[serde(default, skip_deserializing)]
    #[schemars(skip)]
    pub graph: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionCase {
    pub title: String,
    pub input: Value,
    /// Every key given here must be in the result with this value.
    pub expect: Value,
}
