//! Conditions.

use sea_query::extension::postgres::PgExpr;
use sea_query::{
    Alias, Asterisk, BinOper, Expr, ExprTrait, Func, LikeExpr, SelectStatement, Value, ValueTuple,
};

use super::{aggregate::instant, rows};
use crate::{ColumnRef, Condition, Dialect, Grain, Operator, Select, SqlValue};

const ESCAPE: char = '\\';

/// Joins two texts.
pub(super) const CONCAT: BinOper = BinOper::Custom("||");

pub(crate) fn column(column: &ColumnRef) -> Expr {
    Expr::col((Alias::new(&column.table), Alias::new(&column.column)))
}

/// `Null` becomes a text null; binding gives it the type of its place.
pub(crate) fn value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::String(None),
        SqlValue::Text(text) => Value::String(Some(text)),
        SqlValue::Int(int) => Value::BigInt(Some(int)),
        SqlValue::Bool(bool) => Value::Bool(Some(bool)),
        SqlValue::Bytes(bytes) => Value::Bytes(Some(bytes)),
    }
}

pub(crate) fn condition(dialect: Dialect, condition: &Condition) -> Expr {
    match condition {
        Condition::True => always(),
        Condition::False => never(),
        Condition::All(all) => {
            all.iter().map(|one| self::condition(dialect, one)).reduce(Expr::and).unwrap_or_else(always)
        }
        Condition::Any(any) => {
            any.iter().map(|one| self::condition(dialect, one)).reduce(Expr::or).unwrap_or_else(never)
        }
        Condition::Not(inner) => self::condition(dialect, inner).not(),
        Condition::Compare { column, op, value } => compare(column, *op, value),
        Condition::In { column: _, values } if values.is_empty() => never(),
        Condition::In { column, values } => {
            self::column(column).is_in(values.iter().cloned().map(self::value))
        }
        Condition::RowIn { columns: _, rows } if rows.is_empty() => never(),
        Condition::RowIn { columns, rows } => row_in(columns, rows),
        Condition::NotIn { column: _, values } if values.is_empty() => always(),
        Condition::NotIn { column, values } => {
            self::column(column).is_not_in(values.iter().cloned().map(self::value))
        }
        Condition::Between { column, low, high } => {
            self::column(column).between(self::value(low.clone()), self::value(high.clone()))
        }
        Condition::Contains { column, text } => contains(dialect, column, std::slice::from_ref(text)),
        Condition::ContainsInOrder { column, texts } => contains(dialect, column, texts),
        Condition::StartsWith { column, text } => starts_with(column, text),
        Condition::Tokens { column, phrases } => tokens(dialect, &self::column(column), phrases),
        Condition::OneOfFew { column, ids } => one_of_few(dialect, column, ids),
        Condition::IsNull(column) => self::column(column).is_null(),
        Condition::NotNull(column) => self::column(column).is_not_null(),
        Condition::Exists(select) => exists(dialect, select),
        Condition::ColumnsEqual(left, right) => self::column(left).eq(self::column(right)),
        Condition::DayAfter { at, day } => {
            instant(dialect, self::column(at), Grain::Day).gt(self::column(day))
        }
        Condition::LongerThan { column, characters } => {
            Expr::expr(Func::char_length(self::column(column))).gt(i64::from(*characters))
        }
        Condition::NoMultipleOf { column, of } => self::column(column).modulo(*of).ne(0_i64),
    }
}

fn always() -> Expr {
    Expr::cust("TRUE")
}

fn never() -> Expr {
    Expr::cust("FALSE")
}

/// The rows as a table of their own, whose rows are looked up by an index one by one: of a list PostgreSQL makes as many
/// conditions, and plans for each.
fn row_in(columns: &[ColumnRef], rows: &[Vec<SqlValue>]) -> Expr {
    let rows = rows.iter().map(|row| ValueTuple::Many(row.iter().cloned().map(value).collect()));
    let mut given = SelectStatement::new();
    given.column(Asterisk).from_values(rows, Alias::new("given"));
    Expr::tuple(columns.iter().map(column)).in_subquery(given)
}

fn compare(column: &ColumnRef, op: Operator, value: &SqlValue) -> Expr {
    let left = self::column(column);
    if value.is_null() {
        return match op {
            Operator::Eq => left.is_null(),
            Operator::Ne => left.is_not_null(),
            _ => never(),
        };
    }
    let right = self::value(value.clone());
    match op {
        Operator::Eq => left.eq(right),
        Operator::Ne => left.ne(right),
        Operator::Lt => left.lt(right),
        Operator::Le => left.lte(right),
        Operator::Gt => left.gt(right),
        Operator::Ge => left.gte(right),
    }
}

/// SQLite's LIKE folds ASCII letters; so does ILIKE under the "C" collation of our text columns.
fn contains(dialect: Dialect, column: &ColumnRef, texts: &[String]) -> Expr {
    let mut pattern = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum::<usize>() + 1);
    pattern.push('%');
    for text in texts {
        for character in text.chars() {
            if matches!(character, '%' | '_' | ESCAPE) {
                pattern.push(ESCAPE);
            }
            pattern.push(character);
        }
        pattern.push('%');
    }
    let like = LikeExpr::new(pattern);
    match dialect {
        Dialect::Sqlite => self::column(column).like(like.escape(ESCAPE)),
        // the backslash is its escape character anyway
        Dialect::Postgres => self::column(column).ilike(like),
    }
}

fn tokens(dialect: Dialect, column: &Expr, phrases: &[Vec<String>]) -> Expr {
    let function = match dialect {
        Dialect::Sqlite => "INSTR",
        Dialect::Postgres => "STRPOS",
    };
    let stands = |phrase: &Vec<String>| {
        let text = Expr::cust("' '").binary(CONCAT, column.clone()).binary(CONCAT, Expr::cust("' '"));
        let phrase = Expr::val(format!(" {} ", phrase.join(" ")));
        Expr::from(Func::cust(function).args([text, phrase])).gt(Expr::cust("0"))
    };
    phrases.iter().map(stands).reduce(Expr::and).unwrap_or_else(always)
}

/// Live rows by their tokens. PostgreSQL's inverted index finds those that have all tokens, wherever; that they stand
/// together is seen in the row. SQLite reads a narrow index as a whole.
pub(crate) fn rows_with_tokens(
    dialect: Dialect,
    column: &ColumnRef,
    phrases: &[Vec<String>],
) -> SelectStatement {
    let of = |name: &str| Expr::col(Alias::new(name));
    let mut query = SelectStatement::new();
    query.from(Alias::new(&column.table)).and_where(of("deleted_at").is_null());
    if dialect == Dialect::Postgres {
        let array = |text: Expr| Expr::from(Func::cust("STRING_TO_ARRAY").args([text, Expr::cust("' '")]));
        let all: Vec<&str> = phrases.iter().flatten().map(String::as_str).collect();
        query.and_where(array(of(&column.column)).contains(array(Expr::val(all.join(" ")))));
    }
    query.and_where(tokens(dialect, &of(&column.column), phrases));
    query
}

/// All ids in one value: the text is the same for any number of them, and PostgreSQL walks along its index in the order
/// of the list until a page is full.
fn one_of_few(dialect: Dialect, column: &ColumnRef, ids: &[String]) -> Expr {
    let id = self::column(column);
    match dialect {
        Dialect::Sqlite => {
            let mut listed = SelectStatement::new();
            let array = serde_json::Value::from(ids).to_string();
            listed
                .column(Alias::new("value"))
                .from_function(Func::cust("JSON_EACH").arg(array), Alias::new("few"));
            id.in_subquery(listed)
        }
        Dialect::Postgres => {
            let array = Func::cust("STRING_TO_ARRAY").args([Expr::val(ids.join(" ")), Expr::cust("' '")]);
            id.eq(Expr::from(Func::cust("ANY").arg(array)))
        }
    }
}

/// As a range, which an index serves on both databases: `a >= 'ab' AND a < 'ac'`.
fn starts_with(column: &ColumnRef, text: &str) -> Expr {
    if text.is_empty() {
        return self::column(column).is_not_null();
    }
    let from = self::column(column).gte(text);
    match after_prefix(text) {
        Some(end) => from.and(self::column(column).lt(end)),
        None => from,
    }
}

/// The smallest text greater than all that start with `prefix`; none if it consists of the last code point only.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// SQLite (3.51) makes a join of it, in which OFFSET counts a row as often as it has others; it leaves a query with a
/// limit alone.
fn exists(dialect: Dialect, select: &Select) -> Expr {
    let mut query = rows(dialect, &select.from, &select.joins, &select.filter);
    query.expr(Expr::cust("1"));
    if dialect == Dialect::Sqlite {
        query.limit(1);
    }
    Expr::exists(query)
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn a_prefix_ends_before_the_next_text_in_byte_order() {
        assert_eq!(after_prefix("310115").as_deref(), Some("310116"));
        assert_eq!(after_prefix("浦").as_deref(), Some("\u{6d67}"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
    }
}
