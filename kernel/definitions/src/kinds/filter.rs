//! The filter tree of queries, shared by the API, pages, roles and reports.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// In place of a field: working days left of the process that runs on the record, negative when overdue (see
/// `due_field` of processes).
pub const COUNTDOWN: &str = "$countdown";

/// A condition on records: `{and: […]}`, `{or: […]}`, `{not: …}`, `{field, op, value}`, or `{has, where}`: some row of
/// a child table passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Filter {
    And { and: Vec<Filter> },
    Or { or: Vec<Filter> },
    Not { not: Box<Filter> },
    Test(FieldTest),
    Has(RowTest),
}

/// Whether a child table has a row that passes the filter; any row without one. All tests of the filter are about the
/// same row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowTest {
    /// Name of the child table, or a path that ends in one: `members`, `case.members`.
    pub has: String,
    /// Paths start at the row.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<Filter>>,
}

/// One comparison. `field` may be a path through references: `case.district`. Through a child table (`members.name`)
/// it holds when it holds for one of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldTest {
    pub field: String,
    pub op: FilterOp,
    /// Absent for `is_null` and `not_null`; an array for `in`, `not_in`, `between`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilterOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    Between,
    Contains,
    StartsWith,
    IsNull,
    NotNull,
    /// The value or anything below it in the tree of the dictionary.
    Under,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    pub field: String,
    #[serde(default)]
    pub dir: SortDirection,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    #[default]
    Asc,
    Desc,
}
