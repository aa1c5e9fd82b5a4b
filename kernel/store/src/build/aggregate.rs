//! Figures by group.

use sea_query::{Alias, Expr, ExprTrait, Func, NullOrdering, Order, SelectStatement};

use super::{Statement, column, render, rows};
use crate::{
    AVERAGE_SCALE, Aggregate, ColumnKind, ColumnRef, Dialect, Error, Grain, Group, Measure, MeasureOp,
    Result, Row, SqlValue,
};

/// Shanghai is eight hours ahead all year (since 1991).
const SHANGHAI_SECONDS: &str = "28800";

/// The columns are the groups, then the measures; an average is fetched as sum and count, so that
/// [`finish_aggregate_row`] computes it exactly and alike for both databases.
pub(crate) fn aggregate(dialect: Dialect, aggregate: &Aggregate) -> Statement {
    let mut query = rows(dialect, &aggregate.from, &aggregate.joins, &aggregate.filter);
    for (i, group) in aggregate.group.iter().enumerate() {
        query.expr_as(grouped(dialect, group), Alias::new(&group.alias));
        // by position: a bound value would make the same expression look different
        query.add_group_by([position(i)]);
        match dialect {
            Dialect::Sqlite => query.order_by_expr_with_nulls(position(i), Order::Asc, NullOrdering::Last),
            Dialect::Postgres => query.order_by_expr(position(i), Order::Asc),
        };
    }
    for measure in &aggregate.measures {
        measured(dialect, measure, &mut query);
    }
    if aggregate.group.is_empty() && aggregate.measures.is_empty() {
        query.expr(Expr::cust("COUNT(*)"));
    }
    if let Some(limit) = aggregate.limit {
        query.limit(limit);
    }
    render(dialect, &query)
}

/// Kinds of the columns fetched by [`aggregate`].
pub(crate) fn aggregate_kinds(aggregate: &Aggregate) -> Vec<ColumnKind> {
    let mut kinds = Vec::with_capacity(aggregate.group.len() + aggregate.measures.len());
    for group in &aggregate.group {
        kinds.push(if group.grain.is_some() { ColumnKind::Text } else { group.kind });
    }
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

fn average(sum: &SqlValue, count: &SqlValue) -> Result<SqlValue> {
    let (SqlValue::Int(sum), SqlValue::Int(count @ 1..)) = (sum, count) else { return Ok(SqlValue::Null) };
    let scaled = i128::from(*sum) * 10_i128.pow(AVERAGE_SCALE);
    let count = i128::from(*count);
    let rounded = (scaled * 2 + scaled.signum() * count) / (count * 2);
    i64::try_from(rounded)
        .map(SqlValue::Int)
        .map_err(|_| Error::Database("an average exceeds 64 bits".to_owned()))
}

fn position(i: usize) -> Expr {
    Expr::cust((i + 1).to_string())
}

/// Text dates are cut, instants are told in Shanghai's time. Constants are part of the SQL text.
fn grouped(dialect: Dialect, group: &Group) -> Expr {
    let plain = column(&group.column);
    let Some(grain) = group.grain else { return plain };
    if group.kind == ColumnKind::Text {
        let length = match grain {
            Grain::Day => "10",
            Grain::Month => "7",
            Grain::Year => "4",
        };
        return call("SUBSTR", [plain, Expr::cust("1"), Expr::cust(length)]);
    }
    let seconds = plain.div(Expr::cust("1000.0")).add(Expr::cust(SHANGHAI_SECONDS));
    match dialect {
        Dialect::Sqlite => {
            let format = match grain {
                Grain::Day => "'%Y-%m-%d'",
                Grain::Month => "'%Y-%m'",
                Grain::Year => "'%Y'",
            };
            call("STRFTIME", [Expr::cust(format), seconds, Expr::cust("'unixepoch'")])
        }
        Dialect::Postgres => {
            let format = match grain {
                Grain::Day => "'YYYY-MM-DD'",
                Grain::Month => "'YYYY-MM'",
                Grain::Year => "'YYYY'",
            };
            let time = call("TIMEZONE", [Expr::cust("'UTC'"), call("TO_TIMESTAMP", [seconds])]);
            call("TO_CHAR", [time, Expr::cust(format)])
        }
    }
}

fn call<const N: usize>(function: &'static str, arguments: [Expr; N]) -> Expr {
    Func::cust(function).args(arguments).into()
}

fn measured(dialect: Dialect, measure: &Measure, query: &mut SelectStatement) {
    let alias = Alias::new(&measure.alias);
    let Some(of) = &measure.column else {
        query.expr_as(Expr::cust("COUNT(*)"), alias);
        return;
    };
    match measure.op {
        MeasureOp::Count => query.expr_as(column(of).count(), alias),
        MeasureOp::CountDistinct => query.expr_as(column(of).count_distinct(), alias),
        MeasureOp::Sum => query.expr_as(sum(dialect, of), alias),
        MeasureOp::Min => query.expr_as(Func::min(column(of)), alias),
        MeasureOp::Max => query.expr_as(Func::max(column(of)), alias),
        MeasureOp::Avg => query.expr_as(sum(dialect, of), alias).expr(column(of).count()),
    };
}

/// PostgreSQL sums BIGINT as NUMERIC; a sum beyond 64 bits is an error on both.
fn sum(dialect: Dialect, of: &ColumnRef) -> Expr {
    match dialect {
        Dialect::Sqlite => column(of).sum(),
        Dialect::Postgres => column(of).sum().cast_as(Alias::new("BIGINT")),
    }
}
