//! Figures as values: counts, sums, averages, quantiles by group.

use std::time::Duration;

use crate::{ColumnKind, ColumnRef, Condition, Join};

/// A query for figures by group. Rows hold the groups, then the measures, and come in ascending order of the groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The main table.
    pub from: String,
    /// LEFT JOINs, in order.
    pub joins: Vec<Join>,
    /// Which rows count.
    pub filter: Condition,
    /// What to group by; one row over everything if empty.
    pub group: Vec<Group>,
    /// The figures.
    pub measures: Vec<Measure>,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Gives up with [`crate::Error::TooSlow`] after this long.
    pub within: Option<Duration>,
}

impl Aggregate {
    /// Over all rows of `table`, no groups and figures yet.
    pub fn of(table: impl Into<String>) -> Self {
        Self {
            from: table.into(),
            joins: Vec::new(),
            filter: Condition::True,
            group: Vec::new(),
            measures: Vec::new(),
            limit: None,
            within: None,
        }
    }
}

impl Measure {
    /// The number of rows.
    pub fn count_rows(alias: impl Into<String>) -> Self {
        Self {
            op: MeasureOp::Count,
            column: None,
            kind: ColumnKind::Int,
            alias: alias.into(),
            filter: Condition::True,
        }
    }
}

/// A column to group by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Column.
    pub column: ColumnRef,
    /// What it holds.
    pub kind: ColumnKind,
    /// Name of the figure for the caller; must be unique in the query.
    pub alias: String,
    /// For dates (Text `YYYY-MM-DD`) and instants (Int, ms; the day is Shanghai's): the group's value is then
    /// the text that [`Grain`] tells.
    pub grain: Option<Grain>,
}

/// How coarse to group by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// `YYYY-MM-DD`
    Day,
    /// `YYYY-Www`, weeks and their years after ISO 8601.
    Week,
    /// `YYYY-MM`
    Month,
    /// `YYYY-Qn`
    Quarter,
    /// `YYYY`
    Year,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// How to compute it.
    pub op: MeasureOp,
    /// Of which column; absent only for `Count`, which then counts rows (otherwise present values).
    pub column: Option<ColumnRef>,
    /// What the column holds; `Min` and `Max` give values of this kind, all others give `Int`.
    pub kind: ColumnKind,
    /// Name of the figure for the caller; must be unique in the query.
    pub alias: String,
    /// Only the rows for which this holds count; a row for which it is unknown does not.
    pub filter: Condition,
}

/// How to compute a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeasureOp {
    /// Number of rows, or of present values.
    Count,
    /// Number of different present values.
    CountDistinct,
    /// Sum; absent if there is no value.
    Sum,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Average in 1/10^[`AVERAGE_SCALE`] of the column's unit, exact and rounded half away from zero; absent if there is no value.
    Avg,
}

/// Decimal places by which an [`MeasureOp::Avg`] exceeds its column: an average of 2.5 comes as 25000.
pub const AVERAGE_SCALE: u32 = 4;

/// A query for one quantile by group, exact. Rows hold the groups, then the value, and come in ascending order of the
/// groups; groups without a value are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantile {
    /// The main table.
    pub from: String,
    /// LEFT JOINs, in order.
    pub joins: Vec<Join>,
    /// Which rows count.
    pub filter: Condition,
    /// What to group by; one row over everything if empty, whose value is absent if there is none.
    pub group: Vec<Group>,
    /// Of which column.
    pub column: ColumnRef,
    /// What the column holds.
    pub kind: ColumnKind,
    /// Which quantile.
    pub rank: Rank,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Gives up with [`crate::Error::TooSlow`] after this long.
    pub within: Option<Duration>,
}

/// Which quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The middle value, or the average of the two in the middle, given as an [`MeasureOp::Avg`] is; columns of Int only.
    Median,
    /// The smallest value that at least `numerator / denominator` of the values do not exceed (nearest rank).
    Nearest {
        /// From 0 to `denominator`.
        numerator: u32,
        /// Above 0.
        denominator: u32,
    },
}

/// A question for the time between instants (columns of Int, ms), by group: from `since` to the first of `until` that
/// has a value. Rows without one of the two do not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Spans {
    /// The main table.
    pub from: String,
    /// LEFT JOINs, in order.
    pub joins: Vec<Join>,
    /// Which rows count.
    pub filter: Condition,
    /// What to group by; one row over everything if empty.
    pub group: Vec<Group>,
    /// Where the time begins.
    pub since: ColumnRef,
    /// Where it ends; at least one column.
    pub until: Vec<ColumnRef>,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Gives up with [`crate::Error::TooSlow`] after this long.
    pub within: Option<Duration>,
}
