//! Quantiles: values are numbered within their group, and the ones at the wanted places picked. Window functions on
//! both databases, since PostgreSQL's own quantiles compute with floats and SQLite has none.

use sea_query::{Alias, Expr, ExprTrait, Func, SelectStatement};

use super::aggregate::{average, group_kinds, grouped, in_group_order, position};
use super::{Statement, column, render, rows};
use crate::{ColumnKind, Dialect, Quantile, Rank, Result, Row, SqlValue};

/// Names within the query; groups have theirs from the caller.
const VALUE: &str = "quantile_value";
const PLACE: &str = "quantile_place";
const PLACES: &str = "quantile_places";

pub(crate) fn quantile(dialect: Dialect, quantile: &Quantile) -> Statement {
    of_value(dialect, quantile, &column(&quantile.column))
}

/// As [`quantile`], of any value.
pub(super) fn of_value(dialect: Dialect, quantile: &Quantile, value: &Expr) -> Statement {
    let mut values = rows(dialect, &quantile.from, &quantile.joins, &quantile.filter);
    for group in &quantile.group {
        values.expr_as(grouped(dialect, group), Alias::new(&group.alias));
    }
    values.expr_as(value.clone(), Alias::new(VALUE));
    values.and_where(value.clone().is_not_null());

    let groups: Vec<String> =
        quantile.group.iter().map(|group| format!("\"{}\"", group.alias.replace('"', "\"\""))).collect();
    let partition = match groups.is_empty() {
        true => String::new(),
        false => format!("PARTITION BY {}", groups.join(", ")),
    };
    let mut placed = SelectStatement::new();
    for group in &quantile.group {
        placed.column(Alias::new(&group.alias));
    }
    placed
        .column(Alias::new(VALUE))
        .expr_as(
            Expr::cust(format!("ROW_NUMBER() OVER ({partition} ORDER BY \"{VALUE}\")")),
            Alias::new(PLACE),
        )
        .expr_as(Expr::cust(format!("COUNT(*) OVER ({partition})")), Alias::new(PLACES))
        .from_subquery(values, Alias::new("quantile_values"));

    let mut picked = SelectStatement::new();
    for (i, group) in quantile.group.iter().enumerate() {
        picked.column(Alias::new(&group.alias)).add_group_by([position(i)]);
        in_group_order(dialect, i, &mut picked);
    }
    let value = || Expr::col(Alias::new(VALUE));
    match quantile.rank {
        Rank::Median if dialect == Dialect::Postgres => {
            picked.expr(value().sum().cast_as(Alias::new("BIGINT"))).expr(value().count())
        }
        Rank::Median => picked.expr(value().sum()).expr(value().count()),
        Rank::Nearest { .. } => picked.expr(Func::min(value())),
    };
    picked
        .from_subquery(placed, Alias::new("quantile_places_of"))
        .and_where(Expr::cust(wanted(quantile.rank)));
    if let Some(limit) = quantile.limit {
        picked.limit(limit);
    }
    Statement { within: quantile.within, ..render(dialect, &picked) }
}

/// Which places are wanted. Division of whole numbers rounds down on both databases.
fn wanted(rank: Rank) -> String {
    match rank {
        Rank::Median => format!("\"{PLACE}\" IN ((\"{PLACES}\" + 1) / 2, (\"{PLACES}\" + 2) / 2)"),
        Rank::Nearest { numerator: 0, .. } => format!("\"{PLACE}\" = 1"),
        Rank::Nearest { numerator, denominator } => {
            let before = denominator.saturating_sub(1);
            format!("\"{PLACE}\" = (\"{PLACES}\" * {numerator} + {before}) / {denominator}")
        }
    }
}

/// Kinds of the columns fetched by [`quantile`].
pub(crate) fn quantile_kinds(quantile: &Quantile) -> Vec<ColumnKind> {
    let mut kinds = group_kinds(&quantile.group);
    match quantile.rank {
        Rank::Median => kinds.extend([ColumnKind::Int, ColumnKind::Int]),
        Rank::Nearest { .. } => kinds.push(quantile.kind),
    }
    kinds
}

/// Turns sum and count of the values in the middle into the median.
pub(crate) fn finish_quantile_row(quantile: &Quantile, row: Row) -> Result<Row> {
    if quantile.rank != Rank::Median {
        return Ok(row);
    }
    let mut values: Vec<SqlValue> = row.into_values();
    let count = values.pop().unwrap_or(SqlValue::Null);
    let sum = values.pop().unwrap_or(SqlValue::Null);
    values.push(average(&sum, &count)?);
    Ok(Row(values))
}
