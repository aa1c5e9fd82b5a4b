//! Time between instants of a row, computed in the database.

use sea_query::{Alias, Expr, ExprTrait, Func};

use super::aggregate::{group_kinds, grouped, in_group_order, position, sum};
use super::{Statement, column, quantile, render, rows};
use crate::{ColumnKind, Dialect, Quantile, Rank, Spans};

/// The columns are the groups, the number of spans, their sum.
pub(crate) fn spans_total(dialect: Dialect, spans: &Spans) -> Statement {
    let mut query = rows(dialect, &spans.from, &spans.joins, &spans.filter);
    for (i, group) in spans.group.iter().enumerate() {
        query.expr_as(grouped(dialect, group), Alias::new(&group.alias)).add_group_by([position(i)]);
        in_group_order(dialect, i, &mut query);
    }
    let span = span(spans);
    query.expr(span.clone().count()).expr(sum(dialect, span));
    if let Some(limit) = spans.limit {
        query.limit(limit);
    }
    Statement { within: spans.within, ..render(dialect, &query) }
}

/// Kinds of the columns fetched by [`spans_total`].
pub(crate) fn spans_total_kinds(spans: &Spans) -> Vec<ColumnKind> {
    let mut kinds = group_kinds(&spans.group);
    kinds.extend([ColumnKind::Int, ColumnKind::Int]);
    kinds
}

/// A quantile of the spans, with the question whose columns and rows it gives.
pub(crate) fn quantile_of_spans(dialect: Dialect, spans: &Spans, rank: Rank) -> (Quantile, Statement) {
    let asked = Quantile {
        from: spans.from.clone(),
        joins: spans.joins.clone(),
        filter: spans.filter.clone(),
        group: spans.group.clone(),
        column: spans.since.clone(),
        kind: ColumnKind::Int,
        rank,
        limit: spans.limit,
        within: spans.within,
    };
    let statement = quantile::of_value(dialect, &asked, &span(spans));
    (asked, statement)
}

fn span(spans: &Spans) -> Expr {
    let until = match spans.until.as_slice() {
        [one] => column(one),
        several => Func::coalesce(several.iter().map(column)).into(),
    };
    until.sub(column(&spans.since))
}
