//! Extensions: what a site (or a later application) adds to an entity of another, without touching its definition.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Field, Retention, Rule};

/// Fields, rules, indexes and terms added to an entity. They become part of it when the definitions are loaded, so that
/// everything that knows the entity knows them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Key: `app.name`.
    pub extension: String,
    /// Title of the group of added fields on forms and details of the entity.
    #[serde(default = "default_title")]
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// The entity that is extended.
    pub entity: String,
    #[serde(default)]
    pub fields: IndexMap<String, Field>,
    /// Groups of fields, old or added, that no two live records may share.
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
    /// Fields that records are found by too.
    #[serde(default)]
    pub search: Vec<String>,
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Terms of retention, of its own fields and of the entity's.
    #[serde(default)]
    pub retention: Vec<Retention>,
    /// Whether the fields are put at the end of the entity's forms and details.
    #[serde(default = "default_shown")]
    pub shown: bool,
}

fn default_title() -> String {
    "扩展信息".to_owned()
}

fn default_shown() -> bool {
    true
}
