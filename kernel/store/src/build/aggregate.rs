//! Figures by group.

use sea_query::{Alias, Expr, ExprTrait, Func, NullOrdering, Order, SelectStatement};

use super::condition::CONCAT;
use super::{Statement, column, condition, render, rows};
use crate::{
    AVERAGE_SCALE, Aggregate, ColumnKind, Condition, Dialect, Error, Grain, Group, Measure, MeasureOp,
    Result, Row, SqlValue,
};

/// Shanghai is eight hours ahead all year (since 1991).
const SHANGHAI_SECONDS: &str = "28800";

/// Name of the query within one by time; groups and measures have theirs from the caller.
const ROWS: &str = "rows_by_time";

/// The columns are the groups, then the measures; an average is fetched as sum and count, so that
/// [`finish_aggregate_row`] computes it exactly and alike for both databases.
pub(crate) fn aggregate(dialect: Dialect, aggregate: &Aggregate) -> Statement {
    let by_time = aggregate.group.iter().any(|group| group.grain.is_some());
    let apart = by_time && dialect == Dialect::Postgres;
    let mut query = if apart { of_rows_apart(dialect, aggregate) } else { of_rows(dialect, aggregate) };
    for i in 0..aggregate.group.len() {
        // by position: a bound value would make the same expression look different
        query.add_group_by([position(i)]);
        in_group_order(dialect, i, &mut query);
    }
    if aggregate.group.is_empty() && aggregate.measures.is_empty() {
        query.expr(Expr::cust("COUNT(*)"));
    }
    if let Some(limit) = aggregate.limit {
        query.limit(limit);
    }
    let statement = render(dialect, &query);
    let statement = if apart { kept_apart(statement) } else { statement };
    Statement { within: aggregate.within, ..statement }
}

/// Groups and measures straight from the rows.
fn of_rows(dialect: Dialect, aggregate: &Aggregate) -> SelectStatement {
    let mut query = rows(dialect, &aggregate.from, &aggregate.joins, &aggregate.filter);
    for group in &aggregate.group {
        query.expr_as(grouped(dialect, group), Alias::new(&group.alias));
    }
    for measure in &aggregate.measures {
        measured(dialect, measure, counted(dialect, measure), &mut query);
    }
    query
}

/// Groups and measures from a query of their values. PostgreSQL takes an expression over a column to have as many
/// values as the column, so it would sort all rows for a few months; what comes out of a query kept apart it takes to
/// have few, and counts in a table in memory, workers side by side. Should there be many, the table goes to disk.
fn of_rows_apart(dialect: Dialect, aggregate: &Aggregate) -> SelectStatement {
    let mut values = rows(dialect, &aggregate.from, &aggregate.joins, &aggregate.filter);
    let mut query = SelectStatement::new();
    for group in &aggregate.group {
        values.expr_as(grouped(dialect, group), Alias::new(&group.alias));
        query.column(Alias::new(&group.alias));
    }
    for measure in &aggregate.measures {
        let of = counted(dialect, measure).map(|of| {
            values.expr_as(of, Alias::new(&measure.alias));
            Expr::col(Alias::new(&measure.alias))
        });
        measured(dialect, measure, of, &mut query);
    }
    query.from_subquery(values, Alias::new(ROWS));
    query
}

/// An offset keeps the inner query apart. Only when it is a constant of its own type from the start does PostgreSQL see
/// that it cuts nothing off, and let workers share the query; so it is no bound value.
fn kept_apart(statement: Statement) -> Statement {
    let end = format!(") AS \"{ROWS}\"");
    let sql = statement.sql.replacen(&end, &format!(" OFFSET BIGINT '0'{end}"), 1);
    Statement { sql: sql.into(), ..statement }
}

/// Orders by the group at `i`, absent values last.
pub(super) fn in_group_order(dialect: Dialect, i: usize, query: &mut SelectStatement) {
    match dialect {
        Dialect::Sqlite => query.order_by_expr_with_nulls(position(i), Order::Asc, NullOrdering::Last),
        Dialect::Postgres => query.order_by_expr(position(i), Order::Asc),
    };
}

/// Kinds of the columns of groups.
pub(super) fn group_kinds(groups: &[Group]) -> Vec<ColumnKind> {
    let kind = |group: &Group| if group.grain.is_some() { ColumnKind::Text } else { group.kind };
    groups.iter().map(kind).collect()
}

/// Kinds of the columns fetched by [`aggregate`].
pub(crate) fn aggregate_kinds(aggregate: &Aggregate) -> Vec<ColumnKind> {
    let mut kinds = group_kinds(&aggregate.group);
    for measure in &aggregate.measures {
        match measure.op {
            MeasureOp::Min | MeasureOp::Max => kinds.push(measure.kind),
            MeasureOp::Avg => kinds.extend([ColumnKind::Int, ColumnKind::Int]),
            MeasureOp::Count | MeasureOp::CountDistinct | MeasureOp::Sum => kinds.push(ColumnKind::Int),
        }
    }
    kinds
}

/// Turns sum and count into the average.
pub(crate) fn finish_aggregate_row(aggregate: &Aggregate, row: Row) -> Result<Row> {
    if aggregate.measures.iter().all(|measure| measure.op != MeasureOp::Avg) {
        return Ok(row);
    }
    let mut fetched = row.into_values().into_iter();
    let mut values: Vec<SqlValue> = fetched.by_ref().take(aggregate.group.len()).collect();
    for measure in &aggregate.measures {
        let first = fetched.next().unwrap_or(SqlValue::Null);
        values.push(match measure.op {
            MeasureOp::Avg => average(&first, &fetched.next().unwrap_or(SqlValue::Null))?,
            _ => first,
        });
    }
    Ok(Row(values))
}

pub(super) fn average(sum: &SqlValue, count: &SqlValue) -> Result<SqlValue> {
    let (SqlValue::Int(sum), SqlValue::Int(count @ 1..)) = (sum, count) else { return Ok(SqlValue::Null) };
    let scaled = i128::from(*sum) * 10_i128.pow(AVERAGE_SCALE);
    let count = i128::from(*count);
    let rounded = (scaled * 2 + scaled.signum() * count) / (count * 2);
    i64::try_from(rounded)
        .map(SqlValue::Int)
        .map_err(|_| Error::Database("an average exceeds 64 bits".to_owned()))
}

pub(super) fn position(i: usize) -> Expr {
    Expr::cust((i + 1).to_string())
}

/// Text dates are cut, instants are told in Shanghai's time. Constants are part of the SQL text.
pub(super) fn grouped(dialect: Dialect, group: &Group) -> Expr {
    let plain = column(&group.column);
    match (group.grain, group.kind) {
        (None, _) => plain,
        (Some(Grain::Day), ColumnKind::Text) => cut(plain, "1", "10"),
        (Some(Grain::Month), ColumnKind::Text) => cut(plain, "1", "7"),
        (Some(Grain::Year), ColumnKind::Text) => cut(plain, "1", "4"),
        (Some(Grain::Quarter), ColumnKind::Text) => quarter(plain),
        (Some(Grain::Week), ColumnKind::Text) => match dialect {
            Dialect::Sqlite => call("STRFTIME", [Expr::cust("'%G-W%V'"), plain]),
            Dialect::Postgres => told(plain.cast_as(Alias::new("TIMESTAMP")), "'IYYY\"-W\"IW'"),
        },
        (Some(grain), _) => instant(dialect, plain, grain),
    }
}

/// An instant by Shanghai's calendar.
pub(super) fn instant(dialect: Dialect, plain: Expr, grain: Grain) -> Expr {
    match dialect {
        Dialect::Sqlite => {
            let seconds = plain.div(Expr::cust("1000.0")).add(Expr::cust(SHANGHAI_SECONDS));
            let told = |format: &'static str, seconds: Expr| {
                call("STRFTIME", [Expr::cust(format), seconds, Expr::cust("'unixepoch'")])
            };
            match grain {
                Grain::Day => told("'%Y-%m-%d'", seconds),
                Grain::Week => told("'%G-W%V'", seconds),
                Grain::Month => told("'%Y-%m'", seconds),
                Grain::Quarter => quarter(told("'%Y-%m-%d'", seconds)),
                Grain::Year => told("'%Y'", seconds),
            }
        }
        Dialect::Postgres => {
            // a double holds milliseconds exactly, and is much faster than a numeric
            let milliseconds = plain.cast_as(Alias::new("DOUBLE PRECISION"));
            let seconds = milliseconds.div(Expr::cust("1000")).add(Expr::cust(SHANGHAI_SECONDS));
            let time = call("TIMEZONE", [Expr::cust("'UTC'"), call("TO_TIMESTAMP", [seconds])]);
            told(
                time,
                match grain {
                    Grain::Day => "'YYYY-MM-DD'",
                    Grain::Week => "'IYYY\"-W\"IW'",
                    Grain::Month => "'YYYY-MM'",
                    Grain::Quarter => "'YYYY\"-Q\"Q'",
                    Grain::Year => "'YYYY'",
                },
            )
        }
    }
}

fn told(time: Expr, format: &'static str) -> Expr {
    call("TO_CHAR", [time, Expr::cust(format)])
}

fn cut(text: Expr, from: &'static str, length: &'static str) -> Expr {
    call("SUBSTR", [text, Expr::cust(from), Expr::cust(length)])
}

/// `YYYY-Qn` of a date in ISO form.
fn quarter(date: Expr) -> Expr {
    let month = cut(date.clone(), "6", "2").cast_as(Alias::new("INTEGER"));
    let number = month.add(Expr::cust("2")).div(Expr::cust("3")).cast_as(Alias::new("TEXT"));
    cut(date, "1", "4").binary(CONCAT, Expr::cust("'-Q'")).binary(CONCAT, number)
}

fn call<const N: usize>(function: &'static str, arguments: [Expr; N]) -> Expr {
    Func::cust(function).args(arguments).into()
}

/// The values that a measure is computed from; none when it counts all rows.
fn counted(dialect: Dialect, measure: &Measure) -> Option<Expr> {
    match (&measure.column, &measure.filter) {
        (None, Condition::True) => None,
        (None, filter) => Some(if_counted(dialect, filter, Expr::cust("1"))),
        (Some(of), filter) => Some(if_counted(dialect, filter, column(of))),
    }
}

fn measured(dialect: Dialect, measure: &Measure, of: Option<Expr>, query: &mut SelectStatement) {
    let alias = Alias::new(&measure.alias);
    let Some(of) = of else {
        query.expr_as(Expr::cust("COUNT(*)"), alias);
        return;
    };
    match measure.op {
        MeasureOp::Count => query.expr_as(of.count(), alias),
        MeasureOp::CountDistinct => query.expr_as(of.count_distinct(), alias),
        MeasureOp::Sum => query.expr_as(sum(dialect, of), alias),
        MeasureOp::Min => query.expr_as(Func::min(of), alias),
        MeasureOp::Max => query.expr_as(Func::max(of), alias),
        MeasureOp::Avg => query.expr_as(sum(dialect, of.clone()), alias).expr(of.count()),
    };
}

/// The value, absent in rows that do not count.
fn if_counted(dialect: Dialect, filter: &Condition, of: Expr) -> Expr {
    match filter {
        Condition::True => of,
        filter => Expr::case(condition(dialect, filter), of).into(),
    }
}

/// PostgreSQL sums BIGINT as NUMERIC; a sum beyond 64 bits is an error on both.
pub(super) fn sum(dialect: Dialect, of: Expr) -> Expr {
    match dialect {
        Dialect::Sqlite => of.sum(),
        Dialect::Postgres => of.sum().cast_as(Alias::new("BIGINT")),
    }
}
