//! Rules of an entity: what must hold on every save, over the record itself or over other records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Filter;

/// A condition that must hold: exactly one of `check`, `exists`, `not_exists` and `count_max`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable code of the error.
    pub code: String,
    /// The field the error is shown at.
    pub field: String,
    /// What the user reads, in Chinese.
    pub message: String,
    #[serde(default)]
    pub level: RuleLevel,
    /// ZEN expression over the record: the rule is asked for only when it is true.
    #[serde(default)]
    pub when: Option<String>,
    /// ZEN expression that must be true. Evaluated when all fields it names are set.
    #[serde(default)]
    pub check: Option<String>,
    /// At least one other record must match.
    #[serde(default)]
    pub exists: Option<RecordSet>,
    /// No other record may match.
    #[serde(default)]
    pub not_exists: Option<RecordSet>,
    /// No more than `max` other records may match.
    #[serde(default)]
    pub count_max: Option<CountedSet>,
}

/// How much a rule weighs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleLevel {
    /// A record that breaks it is not saved.
    #[default]
    Hard,
    /// A person may confirm, with a reason, that it is saved all the same. The platform itself is not asked.
    Soft,
}

/// Live records of an entity, wherever they are and whoever may see them. The record being saved and its
/// child rows do not count.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSet {
    pub entity: String,
    /// Texts that start with `=` are ZEN expressions over the record being saved. When one of them has no
    /// value, the rule is not asked for.
    #[serde(rename = "where")]
    pub filter: Filter,
}

/// Records, and how many of them there may be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountedSet {
    pub entity: String,
    /// As in `exists`.
    #[serde(rename = "where")]
    pub filter: Filter,
    /// Most records that may match beside the one being saved.
    pub max: u32,
}

/// What a rule asks of other records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// At least one.
    Some,
    /// This many at most.
    AtMost(u32),
}

impl Rule {
    /// The other records it looks at, and how many there may be; none for a rule over the record alone.
    pub fn others(&self) -> Option<(&str, &Filter, Expected)> {
        if let Some(set) = &self.exists {
            return Some((&set.entity, &set.filter, Expected::Some));
        }
        if let Some(set) = &self.not_exists {
            return Some((&set.entity, &set.filter, Expected::AtMost(0)));
        }
        let set = self.count_max.as_ref()?;
        Some((&set.entity, &set.filter, Expected::AtMost(set.max)))
    }

    /// The key its other records stand under.
    pub fn others_key(&self) -> &'static str {
        match (&self.exists, &self.not_exists) {
            (Some(_), _) => "exists",
            (_, Some(_)) => "not_exists",
            _ => "count_max",
        }
    }
}
