//! Dictionaries: closed lists and trees of codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The built-in dictionary of all roles that posts may carry.
pub const ROLES: &str = "$roles";

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dictionary {
    /// Key: `app.name`.
    pub dictionary: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    pub items: Vec<DictionaryItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DictionaryItem {
    pub code: String,
    pub title: String,
    /// Shown beside the title where the item is chosen.
    #[serde(default)]
    pub note: Option<String>,
    /// Code of the item above it, for trees.
    #[serde(default)]
    pub parent: Option<String>,
    /// How the item is coloured as a tag.
    #[serde(default)]
    pub tone: Option<Tone>,
    /// No longer offered for new values; old values stay valid.
    #[serde(default)]
    pub retired: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Neutral,
    Info,
    Success,
    Warning,
    Danger,
}
