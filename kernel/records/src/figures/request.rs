//! What is asked for: groups, measures, order, comparison.

use anju_definitions::{Filter, Sort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Object, QueryPlan};

/// Figures by group.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AggregateQuery {
    /// Which records count.
    #[serde(rename = "where")]
    pub filter: Option<Filter>,
    /// Words that must stand in the records' texts, as in a query for records.
    pub search: Option<String>,
    /// The period the figures are about. A comparison moves it.
    pub during: Option<During>,
    /// At most 4; one row over everything when empty.
    pub group_by: Vec<Grouping>,
    /// At most 20; a count named `count` when empty.
    pub measures: Vec<MeasureRequest>,
    /// Only groups whose figures pass: a filter whose fields are names of measures.
    pub having: Option<Filter>,
    /// By names of measures or groups; by the groups when empty.
    pub sort: Vec<Sort>,
    /// Only the groups with the largest figures.
    pub top: Option<Top>,
    /// Whether to give the figures over everything too.
    pub totals: bool,
    /// The same figures of an earlier period beside each.
    pub compare: Option<Compare>,
    /// Whether to tell how the figures are computed; needs the right `records.explain`.
    pub explain: bool,
}

/// A period of days, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct During {
    /// A date or an instant, or a path to one.
    pub field: String,
    /// `YYYY-MM-DD`
    pub from: String,
    /// `YYYY-MM-DD`
    pub to: String,
}

/// A field (or path) to group by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    pub field: String,
    /// For dates and instants, whose groups are then `2026-11-24`, `2026-W48`, `2026-11`, `2026-Q4` or `2026`.
    #[serde(default)]
    pub grain: Option<Grain>,
    /// Name of the group in the result; the field's when absent.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
}

impl Grouping {
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.field)
    }
}

/// How coarse to group by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Day,
    /// Monday to Sunday, numbered after ISO 8601.
    Week,
    Month,
    Quarter,
    Year,
}

/// One figure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    pub op: MeasureOp,
    /// Of which field or path; for a count, which then counts present values, it may be absent.
    #[serde(default)]
    pub field: Option<String>,
    /// Name of the figure in the result.
    #[serde(rename = "as")]
    pub name: String,
    /// Only these records count for the figure.
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    /// For `percentile`: above 0, up to 1, at most four places, as text: `"0.9"`.
    #[serde(default)]
    pub at: Option<String>,
    /// For `ratio` and `share`: the measure to divide.
    #[serde(default)]
    pub of: Option<String>,
    /// For `ratio`: the measure to divide by.
    #[serde(default)]
    pub to: Option<String>,
}

/// How a figure is computed. None of it is rounded but averages and medians (to four places more than the field has),
/// ratios and shares (to four places), half away from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOp {
    Count,
    /// Different values.
    CountDistinct,
    Sum,
    Min,
    Max,
    Avg,
    /// The value in the middle, or the average of the two in the middle.
    Median,
    /// The smallest value that the part `at` of the values do not exceed.
    Percentile,
    /// Measure `of` divided by measure `to`.
    Ratio,
    /// Measure `of` (a count or sum) divided by the same over all groups.
    Share,
}

/// The groups with the largest figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Top {
    /// How many, 1 to 50.
    pub size: usize,
    /// The measure that decides; the first when absent.
    #[serde(default)]
    pub by: Option<String>,
    /// Whether one more row, marked `$others`, gives the figures over all other records.
    #[serde(default)]
    pub others: bool,
}

/// The same figures one period earlier: `year` for 同比, the grain's own period for 环比.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    pub period: Grain,
}

/// One object per group: the group's values and the figures by name, `$refs` for references, `$where` with the filter
/// that leads to the group's records, `$compare` where asked for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AggregateResult {
    pub rows: Vec<Object>,
    /// `true`: there are more groups than were returned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// The figures over everything, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<Object>,
    /// How the figures were computed, when asked for: one entry for each query.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explain: Vec<QueryPlan>,
}
