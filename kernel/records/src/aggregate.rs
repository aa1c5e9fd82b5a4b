use anju_definitions::Filter;
use serde::{Deserialize, Serialize};

use crate::Object;

/// Figures by group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateQuery {
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    /// At most 4.
    #[serde(default)]
    pub group_by: Vec<Grouping>,
    /// At most 10; a count when empty.
    #[serde(default)]
    pub measures: Vec<MeasureRequest>,
}

/// A field (or path) to group by; `grain` for dates and instants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    pub field: String,
    #[serde(default)]
    pub grain: Option<Grain>,
}

/// How coarse to group by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Day,
    Month,
    Year,
}

/// One figure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    pub op: MeasureOp,
    #[serde(default)]
    pub field: Option<String>,
    /// Name of the figure in the result.
    #[serde(rename = "as")]
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOp {
    Count,
    CountDistinct,
    Sum,
    Min,
    Max,
    Avg,
}

/// One object per group: the group's values by field, the figures by name, `$refs` for references.
#[derive(Debug, Clone, Serialize)]
pub struct AggregateResult {
    pub rows: Vec<Object>,
    /// `true`: there are more groups than were returned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}
