//! Reading rows with their codes.

use sea_query::{Alias, Expr, ExprTrait, LockType, Order, SelectStatement};

use super::{Statement, condition, quote, render, value};
use crate::row_codes::{CODE, Coding};
use crate::{ColumnKind, Condition, Dialect, SqlValue};

/// Which rows of an authenticated table.
pub(crate) struct CodedRows<'q> {
    pub table: &'q str,
    pub filter: &'q Condition,
    /// Only those after this position of a walk.
    pub after: Option<&'q [SqlValue]>,
    /// At most so many, in the order of a walk.
    pub limit: Option<u64>,
    /// Kept from changes by others.
    pub lock: bool,
}

/// SQLite's own number of a row: a walk by it meets every row once, whatever its key was changed to.
const ROW_NUMBER: &str = "rowid";

/// The columns of the coding, the code, the number that the database gives; on SQLite texts as bytes, then the row's
/// number and the storage classes, a letter for each column and the code.
pub(crate) fn coded_rows(dialect: Dialect, coding: &Coding, wanted: &CodedRows<'_>) -> Statement {
    let mut query = SelectStatement::new();
    query.from(Alias::new(wanted.table)).expr(Expr::cust(columns(dialect, coding)));
    if *wanted.filter != Condition::True {
        query.and_where(condition(dialect, wanted.filter));
    }
    let walked: Vec<&str> = match dialect {
        Dialect::Sqlite => vec![ROW_NUMBER],
        Dialect::Postgres => coding.key.iter().map(String::as_str).collect(),
    };
    if let Some(after) = wanted.after {
        let place = Expr::tuple(walked.iter().map(|name| Expr::col(Alias::new(*name))));
        let reached = Expr::tuple(after.iter().map(|one| Expr::val(value(one.clone()))));
        query.and_where(place.gt(reached));
    }
    if let Some(limit) = wanted.limit {
        for name in &walked {
            query.order_by(Alias::new(*name), Order::Asc);
        }
        query.limit(limit);
    }
    if wanted.lock && dialect == Dialect::Postgres {
        query.lock(LockType::NoKeyUpdate);
    }
    render(dialect, &query)
}

/// What the columns of [`coded_rows`] hold.
pub(crate) fn coded_kinds(dialect: Dialect, coding: &Coding) -> Vec<ColumnKind> {
    let kind = |kind: ColumnKind| match (dialect, kind) {
        (Dialect::Sqlite, ColumnKind::Text) => ColumnKind::Bytes,
        (Dialect::Sqlite, ColumnKind::Bool) => ColumnKind::Int,
        _ => kind,
    };
    let mut kinds: Vec<ColumnKind> = coding.columns.iter().map(|(_, of)| kind(*of)).collect();
    kinds.push(ColumnKind::Bytes);
    kinds.extend(coding.serial.as_ref().map(|_| ColumnKind::Int));
    if dialect == Dialect::Sqlite {
        kinds.extend([ColumnKind::Int, ColumnKind::Text]);
    }
    kinds
}

fn columns(dialect: Dialect, coding: &Coding) -> String {
    let quoted = |name: &str| {
        let mut text = String::with_capacity(name.len() + 2);
        quote(&mut text, name);
        text
    };
    let one = |(name, kind): &(String, ColumnKind)| match (dialect, kind) {
        (Dialect::Sqlite, ColumnKind::Text) => format!("CAST({} AS BLOB)", quoted(name)),
        _ => quoted(name),
    };
    let mut list: Vec<String> = coding.columns.iter().map(one).collect();
    list.push(quoted(CODE));
    list.extend(coding.serial.as_deref().map(quoted));
    if dialect == Dialect::Sqlite {
        let names = coding.columns.iter().map(|(name, _)| name.as_str()).chain([CODE]);
        let classes: Vec<String> =
            names.map(|name| format!("substr(typeof({}), 1, 1)", quoted(name))).collect();
        list.extend([ROW_NUMBER.to_owned(), classes.join(" || ")]);
    }
    list.join(", ")
}
