use serde::Serialize;
use serde_json::Value;

/// One change of a record, as history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryEntry {
    pub version: i64,
    /// RFC 3339 in +08:00.
    pub at: String,
    pub actor_name: String,
    /// `created`, `updated` or `deleted`.
    pub action: String,
    pub why: Option<String>,
    pub changes: Vec<FieldChange>,
}

/// One field before and after. Sensitive values are masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Name of the field, or `members[1].name` for a row of a child table.
    pub field: String,
    pub title: String,
    pub before: Value,
    pub after: Value,
}
