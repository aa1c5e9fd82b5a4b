//! From query values to SQL text with bound values. The only place where SQL of queries is made.

mod aggregate;
mod bulk;
mod coded;
mod condition;
mod kept;
mod quantile;
mod spans;
#[cfg(test)]
mod tests;

pub(crate) use aggregate::{aggregate, aggregate_kinds, finish_aggregate_row};
pub(crate) use bulk::{copy_from_stdin, insert_arrays, insert_rows, update_arrays, update_row};
pub(crate) use coded::{CodedRows, coded_kinds, coded_rows};
pub(crate) use condition::{column, condition, rows_with_tokens, value};
pub(crate) use kept::Kept;
pub(crate) use quantile::{finish_quantile_row, quantile, quantile_kinds};
pub(crate) use spans::{quantile_of_spans, spans_total, spans_total_kinds};

use std::sync::Arc;
use std::time::Duration;

use sea_query::{
    Alias, DeleteStatement, Expr, ExprTrait, InsertStatement, LockBehavior, LockType, NullOrdering,
    OnConflict, Order, PostgresQueryBuilder, QueryStatementWriter, SelectStatement, SqliteQueryBuilder,
    UpdateStatement, Value,
};

use crate::store::RequiredColumns;
use crate::{ColumnRef, Condition, Dialect, Direction, Duplicates, Join, Lock, Select, SqlValue};

/// SQL text and the values bound to it.
pub struct Statement {
    pub(crate) sql: Arc<str>,
    pub(crate) values: Vec<SqlValue>,
    /// Given up after this long.
    pub(crate) within: Option<Duration>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Arc<str>>, values: Vec<SqlValue>) -> Self {
        Self { sql: sql.into(), values, within: None }
    }

    /// The question how the database would run the statement.
    pub(crate) fn explained(self, dialect: Dialect) -> Self {
        let question = match dialect {
            Dialect::Sqlite => "EXPLAIN QUERY PLAN",
            Dialect::Postgres => "EXPLAIN (FORMAT JSON)",
        };
        Self::new(format!("{question} {}", self.sql), self.values)
    }
}

/// Renders a statement for the database.
pub(crate) fn render(dialect: Dialect, statement: &impl QueryStatementWriter) -> Statement {
    let (sql, values) = match dialect {
        Dialect::Sqlite => statement.build(SqliteQueryBuilder),
        Dialect::Postgres => statement.build(PostgresQueryBuilder),
    };
    let values: Vec<SqlValue> = values.0.into_iter().map(bound).collect();
    match dialect {
        Dialect::Sqlite => limits_in_text(&sql, values),
        Dialect::Postgres => Statement::new(sql, values),
    }
}

/// SQLite plans a statement anew at every run when a LIMIT is bound (its STAT4 looks at the value), which takes
/// longer than the run itself; so limits, which are numbers of ours, stand in the text.
fn limits_in_text(sql: &str, values: Vec<SqlValue>) -> Statement {
    const LIMIT: &str = "LIMIT ?";
    let mut text = String::with_capacity(sql.len());
    let mut left = Vec::with_capacity(values.len());
    let mut values = values.into_iter();
    let mut rest = sql;
    while let Some(at) = rest.find(LIMIT) {
        let (before, after) = rest.split_at(at + LIMIT.len() - 1);
        left.extend(values.by_ref().take(before.matches('?').count()));
        text.push_str(before);
        match values.next() {
            Some(SqlValue::Int(limit)) => text.push_str(&limit.to_string()),
            other => {
                text.push('?');
                left.extend(other);
            }
        }
        rest = &after[1..];
    }
    text.push_str(rest);
    left.extend(values);
    Statement::new(text, left)
}

/// The inverse of [`value`]; sea-query adds limits of its own, and those beyond `i64` mean no limit.
fn bound(value: Value) -> SqlValue {
    match value {
        Value::String(Some(text)) => SqlValue::Text(text),
        Value::BigInt(Some(int)) => SqlValue::Int(int),
        Value::BigUnsigned(Some(limit)) => SqlValue::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
        Value::Bool(Some(bool)) => SqlValue::Bool(bool),
        Value::Bytes(Some(bytes)) => SqlValue::Bytes(bytes),
        _ => SqlValue::Null,
    }
}

pub(crate) fn ping(dialect: Dialect) -> Statement {
    render(dialect, SelectStatement::new().expr(Expr::cust("1")))
}

/// PostgreSQL's own estimate, which is -1 before the first; in SQLite the largest row number, found at once.
pub(crate) fn rows_estimate(dialect: Dialect, table: &str) -> Statement {
    let mut query = SelectStatement::new();
    match dialect {
        Dialect::Sqlite => query.expr(Expr::cust("MAX(rowid)")).from(Alias::new(table)),
        Dialect::Postgres => query
            .expr(Expr::cust("reltuples::BIGINT"))
            .from(Alias::new("pg_class"))
            .and_where(Expr::col(Alias::new("relname")).eq(table))
            .and_where(Expr::cust("relnamespace = current_schema()::regnamespace")),
    };
    render(dialect, &query)
}

pub(crate) fn select(dialect: Dialect, required: &RequiredColumns, select: &Select) -> Statement {
    let mut query = select_statement(dialect, required, select);
    if let Some(lock) = select.lock.filter(|_| dialect == Dialect::Postgres) {
        let lock = match lock {
            Lock::Change => LockType::NoKeyUpdate,
            Lock::Removal => LockType::Update,
            Lock::Presence => LockType::KeyShare,
        };
        query.lock_with_tables(lock, [Alias::new(&select.from)]);
    }
    Statement { within: select.within, ..render(dialect, &query) }
}

/// As [`select`], locking the rows that nobody else has locked.
pub(crate) fn select_skipping_locked(dialect: Dialect, select: &Select) -> Statement {
    let mut query = select_statement(dialect, &RequiredColumns::default(), select);
    if dialect == Dialect::Postgres {
        query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    render(dialect, &query)
}

fn select_statement(dialect: Dialect, required: &RequiredColumns, select: &Select) -> SelectStatement {
    let mut query = rows(dialect, &select.from, &select.joins, &select.filter);
    query.expr(columns(select));
    order(dialect, required, select, &mut query);
    if let Some(limit) = select.limit {
        query.limit(limit);
    }
    if let Some(offset) = select.offset {
        // SQLite knows OFFSET only after LIMIT
        if select.limit.is_none() && dialect == Dialect::Sqlite {
            query.limit(u64::MAX);
        }
        query.offset(offset);
    }
    query
}

pub(crate) fn count(dialect: Dialect, select: &Select, at_most: Option<u64>) -> Statement {
    let mut query = rows(dialect, &select.from, &select.joins, &select.filter);
    let statement = match at_most {
        None => render(dialect, query.expr(Expr::cust("COUNT(*)"))),
        Some(at_most) => render(dialect, &counted(query.expr(Expr::cust("1")).limit(at_most).to_owned())),
    };
    Statement { within: select.within, ..statement }
}

/// Ids of live rows with the phrases, up to a limit.
pub(crate) fn ids_with_tokens(
    dialect: Dialect,
    column: &ColumnRef,
    phrases: &[Vec<String>],
    at_most: u64,
) -> Statement {
    let mut query = rows_with_tokens(dialect, column, phrases);
    render(dialect, query.expr(Expr::col(Alias::new("id"))).limit(at_most))
}

fn counted(query: SelectStatement) -> SelectStatement {
    let mut outer = SelectStatement::new();
    outer.expr(Expr::cust("COUNT(*)")).from_subquery(query, Alias::new("counted"));
    outer
}

/// How many groups of rows are alike in the columns.
pub(crate) fn duplicates(dialect: Dialect, wanted: &Duplicates) -> Statement {
    let mut query = rows(dialect, &wanted.from, &[], &wanted.filter);
    query.expr(Expr::cust("1")).limit(wanted.at_most);
    for name in &wanted.columns {
        query.and_where(Expr::col(Alias::new(name)).is_not_null()).group_by_col(Alias::new(name));
    }
    query.and_having(Expr::cust("COUNT(*) > 1"));
    let mut outer = SelectStatement::new();
    outer.expr(Expr::cust("COUNT(*)")).from_subquery(query, Alias::new("alike"));
    render(dialect, &outer)
}

pub(crate) fn insert(
    dialect: Dialect,
    table: &str,
    columns: &[&str],
    row: Vec<SqlValue>,
    returning: Option<&str>,
) -> Statement {
    render(dialect, &insert_statement(table, columns, row, returning))
}

/// As [`insert`], but a row that collides with another is left out.
pub(crate) fn insert_or_ignore(
    dialect: Dialect,
    table: &str,
    columns: &[&str],
    row: Vec<SqlValue>,
    returning: Option<&str>,
) -> Statement {
    let mut query = insert_statement(table, columns, row, returning);
    let mut ignore = OnConflict::new();
    query.on_conflict(ignore.do_nothing().to_owned());
    render(dialect, &query)
}

fn insert_statement(
    table: &str,
    columns: &[&str],
    row: Vec<SqlValue>,
    returning: Option<&str>,
) -> InsertStatement {
    let mut query = InsertStatement::new();
    query.into_table(Alias::new(table)).columns(columns.iter().copied().map(Alias::new));
    query.values_panic(row.into_iter().map(|cell| Expr::val(value(cell))));
    if let Some(returning) = returning {
        query.returning_col(Alias::new(returning));
    }
    query
}

pub(crate) fn update<N: AsRef<str>>(
    dialect: Dialect,
    table: &str,
    sets: Vec<(N, SqlValue)>,
    filter: &Condition,
) -> Statement {
    let mut query = UpdateStatement::new();
    query.table(Alias::new(table));
    for (name, set) in sets {
        query.value(Alias::new(name.as_ref()), Expr::val(value(set)));
    }
    query.and_where(condition(dialect, filter));
    render(dialect, &query)
}

pub(crate) fn delete(dialect: Dialect, table: &str, filter: &Condition) -> Statement {
    let mut query = DeleteStatement::new();
    query.from_table(Alias::new(table)).and_where(condition(dialect, filter));
    render(dialect, &query)
}

/// All columns as one piece of text: much cheaper than an expression for each, and reads are what we do most.
fn columns(select: &Select) -> Expr {
    if select.columns.is_empty() {
        return Expr::cust("1");
    }
    let mut list = String::with_capacity(select.columns.len() * 32);
    for (i, (wanted, _)) in select.columns.iter().enumerate() {
        if i > 0 {
            list.push_str(", ");
        }
        quote(&mut list, &wanted.table);
        list.push('.');
        quote(&mut list, &wanted.column);
    }
    Expr::cust(list)
}

fn quote(list: &mut String, name: &str) {
    list.push('"');
    for (i, part) in name.split('"').enumerate() {
        if i > 0 {
            list.push_str("\"\"");
        }
        list.push_str(part);
    }
    list.push('"');
}

/// `SELECT … FROM … LEFT JOIN … WHERE …` without columns.
pub(crate) fn rows(dialect: Dialect, from: &str, joins: &[Join], filter: &Condition) -> SelectStatement {
    let mut query = SelectStatement::new();
    query.from(Alias::new(from));
    for join in joins {
        let on = column(&join.on.0).eq(column(&join.on.1));
        query.join_as(sea_query::JoinType::LeftJoin, Alias::new(&join.table), Alias::new(&join.alias), on);
    }
    if *filter != Condition::True {
        query.and_where(condition(dialect, filter));
    }
    query
}

/// Absent values last ascending, first descending: PostgreSQL's way, so only SQLite has to be told, and not for
/// columns that always have a value, since that keeps it from using an index.
fn order(dialect: Dialect, required: &RequiredColumns, select: &Select, query: &mut SelectStatement) {
    for (key, direction) in &select.order {
        let (order, nulls) = match direction {
            Direction::Ascending => (Order::Asc, NullOrdering::Last),
            Direction::Descending => (Order::Desc, NullOrdering::First),
        };
        let always = key.table == select.from
            && required.get(&key.table).is_some_and(|columns| columns.contains(&key.column));
        if dialect == Dialect::Postgres || always {
            query.order_by_expr(column(key), order);
        } else {
            query.order_by_expr_with_nulls(column(key), order, nulls);
        }
    }
}
