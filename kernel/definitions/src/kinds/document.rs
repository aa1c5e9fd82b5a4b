//! Documents: Typst templates filled with data.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Key: `app.name`.
    pub document: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// The entity of the record it is made from.
    pub entity: String,
    /// Typst file beside this one.
    pub template: String,
    /// What the template gets as `data`: name → `=` ZEN expression over `record`, `today`, or a literal.
    pub data: IndexMap<String, Value>,
    /// Sequence the document's number is drawn from; the template gets it as `data.number`.
    #[serde(default)]
    pub number: Option<String>,
    /// Term of validity in years from the day it is made: `data.valid_from`, `data.valid_to`.
    #[serde(default)]
    pub valid_years: Option<u32>,
    /// Signed with the platform's SM2 key and registered for public verification; the template gets
    /// `data.verify_url` and `data.qr` (SVG text).
    #[serde(default)]
    pub seal: bool,
    /// What the public verification page shows, by title in Chinese: names of `data` entries.
    #[serde(default)]
    pub public_facts: IndexMap<String, String>,
    /// Those of the public facts that are names of persons: only their first character is shown.
    #[serde(default)]
    pub public_names: Vec<String>,
    /// Sample data for previews and golden pictures.
    #[serde(default)]
    pub sample: Option<Value>,
    /// The template text; filled by the loader.
    #[serde(default, skip_deserializing)]
    #[schemars(skip)]
    pub source: String,
}
