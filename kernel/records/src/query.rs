use anju_definitions::{Filter, Sort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{QueryPlan, Record};

/// What to list: a filter, the fields to show, an order, a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    #[serde(rename = "where")]
    pub filter: Option<Filter>,
    /// Words that must stand in the fields the entity is searched by; at least one of two characters or more.
    pub search: Option<String>,
    /// Fields, paths through references, names of child tables, or `members.$count` for the number of rows of one;
    /// empty: all fields without child tables.
    pub select: Vec<String>,
    /// At most 5 keys; the newest first when empty.
    pub sort: Vec<Sort>,
    pub page: PageRequest,
    /// Whether to count all matches: exact up to 10,000, or up to 1,000 where counting costs much.
    pub count: bool,
    /// Whether to tell how the query is run; needs the right `records.explain`.
    pub explain: bool,
}

/// Which page: the one `after` a cursor, or by `number` (from 1). The first when neither is given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PageRequest {
    /// Records per page, 1 to 500.
    pub size: u32,
    pub after: Option<String>,
    pub number: Option<u32>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: 20, after: None, number: None }
    }
}

/// One page of records.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Page {
    /// Each with `id`, `version`, who and when, the fields selected, `$display`, and `$refs` and `$masked` where there
    /// are any.
    #[schemars(with = "Vec<crate::Object>")]
    pub items: Vec<Record>,
    /// Number of matches, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// `true`: there are at least `total` matches.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
    /// Cursor of the next page; `None` on the last.
    pub next: Option<String>,
    /// How the query was run, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<QueryPlan>,
}
