//! What a query may cost. Lists that an index serves are let through unasked; of any other over a large table the
//! database is asked beforehand what it would do, and a query that would read too much is refused with advice. A time
//! limit is the last line, should the estimate be wrong.

use std::time::Duration;

use anju_store::{Aggregate, ColumnRef, Condition, Explanation, Fetch, Operator, Quantile, Select};
use schemars::JsonSchema;
use serde::Serialize;

use super::cursor::SortKey;
use crate::{
    Actor, Error, Records, Result,
    access::Access,
    plan::{EntityPlan, Plans},
    schema::indexes,
};

/// The named right to see how queries are run.
const EXPLAIN: &str = "records.explain";
/// Fields that advice names at most.
const ADVISED_MAX: usize = 4;
/// A list whose matches are costly to count is counted up to here.
const COSTLY_COUNT_MAX: u64 = 1_000;

/// Limits of queries over large tables; the platform itself is not held to them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryLimits {
    /// Tables with fewer rows are read whole in a moment.
    pub small_table_rows: u64,
    /// Highest cost of a list, as PostgreSQL estimates it (reading one page of a table is 1).
    pub list_cost_max: f64,
    /// Highest cost of figures.
    pub figures_cost_max: f64,
    /// SQLite estimates no costs: most rows of a table that a list reads from end to end.
    pub list_scan_rows_max: u64,
    /// As `list_scan_rows_max`, for figures.
    pub figures_scan_rows_max: u64,
    /// Highest cost of counting a list up to 10,000, as PostgreSQL estimates it.
    pub count_cost_max: f64,
    /// SQLite: most rows of a table that counting a list reads from end to end.
    pub count_scan_rows_max: u64,
    /// A list that no index serves is given up after this long.
    pub list_time_max: Duration,
    /// Figures are given up after this long.
    pub figures_time_max: Duration,
    /// Sealed values that one account may look records up by within an hour.
    pub lookups_per_hour: u64,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            small_table_rows: 50_000,
            list_cost_max: 200_000.0,
            figures_cost_max: 1_500_000.0,
            list_scan_rows_max: 1_000_000,
            figures_scan_rows_max: 3_000_000,
            count_cost_max: 10_000.0,
            count_scan_rows_max: 200_000,
            list_time_max: Duration::from_secs(5),
            figures_time_max: Duration::from_secs(30),
            lookups_per_hour: 200,
        }
    }
}

/// How a query is run, for those with the right to know.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueryPlan {
    /// About how many rows the entity's table has.
    pub table_rows: u64,
    /// PostgreSQL's estimates: effort (reading one page of a table is 1) and rows found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Tables or aliases read from end to end.
    pub scanned: Vec<String>,
    /// The steps, outermost first, with the indexes they use.
    pub steps: Vec<String>,
}

/// A query about to be run.
enum Question<'q> {
    List { select: &'q mut Select, count_at_most: Option<&'q mut u64> },
    Figures(&'q mut Aggregate),
    Quantile(&'q mut Quantile),
}

/// Who asks for what.
pub(crate) struct Guard<'g> {
    pub records: &'g Records,
    pub plans: &'g Plans,
    pub plan: &'g EntityPlan,
    pub actor: &'g Actor,
    pub access: &'g Access<'g>,
    /// Whether the plan was asked for.
    pub explain: bool,
}

impl Guard<'_> {
    /// Lets a list pass, refuses it, or gives it a time limit, and lets it be counted less far if that costs much; how it
    /// will be run, if that was asked.
    pub(super) async fn list(
        &self,
        source: &mut (dyn Fetch + '_),
        select: &mut Select,
        keys: &[SortKey],
        count_at_most: Option<&mut u64>,
    ) -> Result<Option<QueryPlan>> {
        let plain = is_served_by_an_index(self.plan, &select.filter, keys, count_at_most.is_some());
        self.ask(source, Question::List { select, count_at_most }, plain).await
    }

    pub(crate) async fn figures(
        &self,
        source: &mut (dyn Fetch + '_),
        aggregate: &mut Aggregate,
    ) -> Result<Option<QueryPlan>> {
        let plain = is_about_few(&aggregate.filter);
        self.ask(source, Question::Figures(aggregate), plain).await
    }

    pub(crate) async fn quantile(
        &self,
        source: &mut (dyn Fetch + '_),
        quantile: &mut Quantile,
    ) -> Result<Option<QueryPlan>> {
        let plain = is_about_few(&quantile.filter);
        self.ask(source, Question::Quantile(quantile), plain).await
    }

    async fn ask(
        &self,
        source: &mut (dyn Fetch + '_),
        question: Question<'_>,
        plain: bool,
    ) -> Result<Option<QueryPlan>> {
        if self.explain && !self.actor.holds_right(&self.plans.catalog, EXPLAIN) {
            return Err(Error::forbidden("您没有查看查询方式的权限"));
        }
        let bound = !plain && !self.actor.is_system();
        if !bound && !self.explain {
            return Ok(None);
        }
        let limits = self.records.limits();
        let table_rows = self.records.store().rows_estimate(&self.plan.table).await?;
        let large = table_rows >= limits.small_table_rows;
        if !large && !self.explain {
            return Ok(None);
        }
        let table = Table { name: &self.plan.table, rows: table_rows, large };
        let (found, bounds) = question.explained(source, limits, table).await?;
        if bound && bounds.are_exceeded_by(&found, table) {
            return Err(self.refusal(bounds.of_figures, table_rows));
        }
        let Explanation { cost, rows, scanned, steps } = found;
        Ok(self.explain.then_some(QueryPlan { table_rows, cost, rows, scanned, steps }))
    }

    /// What to do instead, naming fields that an index serves and the actor may use.
    fn refusal(&self, of_figures: bool, table_rows: u64) -> Error {
        let title = &self.plan.entity.title;
        let size = match table_rows / 10_000 {
            0 => format!("{table_rows} 条"),
            many => format!("{many} 万条"),
        };
        let titles = |positions: Vec<usize>| -> Option<String> {
            let seen = positions.into_iter().filter(|at| self.access.sees(*at)).take(ADVISED_MAX);
            let titles: Vec<&str> = seen.map(|at| self.plan.fields[at].title.as_str()).collect();
            (!titles.is_empty()).then(|| titles.join("、"))
        };
        let filters = titles(leading_fields(self.plan)).map(|titles| format!("按{titles}筛选"));
        let search = titles(self.plan.search.clone()).filter(|_| !of_figures);
        let advice: Vec<String> =
            filters.into_iter().chain(search.map(|titles| format!("用搜索查找{titles}"))).collect();
        let advice = match advice.is_empty() {
            true => "请增加筛选条件".to_owned(),
            false => format!("请增加筛选条件，例如{}", advice.join("，或")),
        };
        let what = if of_figures { "统计" } else { "查询" };
        Error::TooMuch {
            message: format!("此{what}须逐条查看约 {size}{title}，范围过大。{advice}")
        }
    }
}

/// What an explanation is held against.
struct Bounds {
    cost_max: f64,
    scan_rows_max: u64,
    of_figures: bool,
}

/// The entity's table.
#[derive(Clone, Copy)]
struct Table<'g> {
    name: &'g str,
    rows: u64,
    /// Others are not held to bounds.
    large: bool,
}

impl Bounds {
    fn are_exceeded_by(&self, found: &Explanation, table: Table<'_>) -> bool {
        let exceeds = match found.cost {
            Some(cost) => cost > self.cost_max,
            None => table.rows > self.scan_rows_max && found.scanned.iter().any(|name| name == table.name),
        };
        table.large && exceeds
    }
}

impl Question<'_> {
    /// Sets the time limit and asks the database.
    async fn explained(
        self,
        source: &mut (dyn Fetch + '_),
        limits: &QueryLimits,
        table: Table<'_>,
    ) -> Result<(Explanation, Bounds)> {
        let figures = Bounds {
            cost_max: limits.figures_cost_max,
            scan_rows_max: limits.figures_scan_rows_max,
            of_figures: true,
        };
        Ok(match self {
            Self::List { select, count_at_most } => {
                select.within = Some(limits.list_time_max);
                let mut found = source.explain(select).await?;
                if let Some(at_most) = count_at_most {
                    let costly = Bounds {
                        cost_max: limits.count_cost_max,
                        scan_rows_max: limits.count_scan_rows_max,
                        of_figures: false,
                    };
                    let mut counted = source.explain_count(select, Some(*at_most + 1)).await?;
                    if *at_most > COSTLY_COUNT_MAX && costly.are_exceeded_by(&counted, table) {
                        *at_most = COSTLY_COUNT_MAX;
                        counted = source.explain_count(select, Some(*at_most + 1)).await?;
                    }
                    found.cost = found.cost.zip(counted.cost).map(|(page, count)| page + count);
                    found.steps.extend(counted.steps);
                    found.scanned.extend(counted.scanned);
                }
                let bounds = Bounds {
                    cost_max: limits.list_cost_max,
                    scan_rows_max: limits.list_scan_rows_max,
                    of_figures: false,
                };
                (found, bounds)
            }
            Self::Figures(aggregate) => {
                aggregate.within = Some(limits.figures_time_max);
                (source.explain_aggregate(aggregate).await?, figures)
            }
            Self::Quantile(quantile) => {
                quantile.within = Some(limits.figures_time_max);
                (source.explain_quantile(quantile).await?, figures)
            }
        })
    }
}

/// A query that was given up, told with what to do.
pub(crate) fn told_if_slow(error: anju_store::Error) -> Error {
    match error {
        anju_store::Error::TooSlow => Error::TooMuch {
            message: "查询用时过长，已停止。请增加筛选条件或缩小时间范围后重试".to_owned(),
        },
        other => other.into(),
    }
}

/// First fields of the entity's indexes, in their order.
fn leading_fields(plan: &EntityPlan) -> Vec<usize> {
    let mut fields: Vec<usize> = Vec::new();
    for index in indexes(plan) {
        let first = index.columns.first();
        let position =
            first.and_then(|column| plan.fields.iter().position(|f| f.equality_column() == column));
        if let Some(position) = position.filter(|position| !fields.contains(position)) {
            fields.push(position);
        }
    }
    fields
}

/// Whether all conditions are equalities on first columns of indexes, or ranges of the column by which the list is
/// sorted, and the order is that of an index; or few rows are looked up by their words. Counting does not stop at a page:
/// only of a single equality it is a plain matter.
fn is_served_by_an_index(plan: &EntityPlan, filter: &Condition, keys: &[SortKey], counted: bool) -> bool {
    if is_about_few(filter) {
        return true;
    }
    let is_live = |test: &Condition| matches!(test, Condition::IsNull(column) if column.table == plan.table && column.column == "deleted_at");
    let mut tests = tests_of(filter);
    tests.retain(|test| !is_live(test));
    if counted && tests.len() > 1 {
        return false;
    }
    let leading = plan.leading_columns();
    let is_leading = |column: &ColumnRef| column.table == plan.table && leading.contains(&column.column);
    let sorted_by = keys.first().filter(|key| !counted && is_leading(&key.column));
    let is_walked_along = |column: &ColumnRef| sorted_by.is_some_and(|key| key.column == *column);
    let is_plain = |test: &Condition| match test {
        Condition::True | Condition::False => true,
        Condition::Compare { column, op: Operator::Eq, .. } | Condition::In { column, .. } => {
            is_leading(column)
        }
        // a part of the index instead of all of it
        Condition::Compare { column, op, .. } => *op != Operator::Ne && is_walked_along(column),
        Condition::Between { column, .. } | Condition::StartsWith { column, .. } => is_walked_along(column),
        _ => false,
    };
    keys.len() <= 2 && keys.iter().all(|key| is_leading(&key.column)) && tests.into_iter().all(is_plain)
}

fn is_about_few(filter: &Condition) -> bool {
    match filter {
        Condition::OneOfFew { .. } => true,
        Condition::All(all) => all.iter().any(is_about_few),
        _ => false,
    }
}

/// All of which have to hold.
fn tests_of(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::All(all) => all.iter().flat_map(tests_of).collect(),
        one => vec![one],
    }
}
