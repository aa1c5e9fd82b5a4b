//! Texts of queries, kept by their shape: most queries differ from earlier ones in their values only, and making the
//! text takes longer than anything else we do for a query.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Statement, select};
use crate::store::RequiredColumns;
use crate::{Condition, Dialect, Select, SqlValue};

/// Texts kept; when there are more, all are forgotten.
const KEPT_MAX: usize = 1_024;

/// Most values of a query whose text is kept: long lists of values hardly come again, and would stay in memory.
const VALUES_MAX: usize = 64;

/// The texts kept for one database, true as long as its columns stay as they are.
#[derive(Default)]
pub(crate) struct Kept(RwLock<HashMap<u64, Vec<Text>>>);

/// A query and its text.
type Text = (Select, Arc<str>);

impl Kept {
    /// As [`select`].
    pub(crate) fn select(&self, dialect: Dialect, required: &RequiredColumns, wanted: &Select) -> Statement {
        let Some(values) = values(dialect, wanted) else { return select(dialect, required, wanted) };
        let hash = hash(wanted);
        if let Some(sql) = self.get(hash, wanted) {
            return Statement { sql, values, within: wanted.within };
        }
        let made = select(dialect, required, wanted);
        if values.len() <= VALUES_MAX && made.values == values {
            self.keep(hash, wanted, made.sql.clone());
        }
        made
    }

    fn get(&self, hash: u64, wanted: &Select) -> Option<Arc<str>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (_, sql) = kept.get(&hash)?.iter().find(|(known, _)| alike(known, wanted))?;
        Some(sql.clone())
    }

    fn keep(&self, hash: u64, made: &Select, sql: Arc<str>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.values().map(Vec::len).sum::<usize>() >= KEPT_MAX {
            kept.clear();
        }
        kept.entry(hash).or_default().push((made.clone(), sql));
    }
}

/// What is bound, in the order of the text; `None` for queries whose text depends on their values.
fn values(dialect: Dialect, select: &Select) -> Option<Vec<SqlValue>> {
    let mut values = Vec::new();
    collect(&select.filter, &mut values)?;
    let number = |rows: u64| SqlValue::Int(i64::try_from(rows).unwrap_or(i64::MAX));
    // SQLite has limits in the text
    values.extend(select.limit.filter(|_| dialect == Dialect::Postgres).map(number));
    values.extend(select.offset.map(number));
    Some(values)
}

fn collect(condition: &Condition, values: &mut Vec<SqlValue>) -> Option<()> {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().try_for_each(|one| collect(one, values)),
        Condition::Not(inner) => collect(inner, values),
        Condition::Exists(select) => collect(&select.filter, values),
        Condition::Compare { value, .. } => {
            values.extend((!value.is_null()).then(|| value.clone()));
            Some(())
        }
        Condition::In { values: some, .. } | Condition::NotIn { values: some, .. } => {
            values.extend_from_slice(some);
            Some(())
        }
        Condition::Between { low, high, .. } => {
            values.extend([low.clone(), high.clone()]);
            Some(())
        }
        Condition::True
        | Condition::False
        | Condition::IsNull(_)
        | Condition::NotNull(_)
        | Condition::ColumnsEqual(..)
        | Condition::DayAfter { .. } => Some(()),
        Condition::Contains { .. }
        | Condition::ContainsInOrder { .. }
        | Condition::StartsWith { .. }
        | Condition::Tokens { .. }
        | Condition::OneOfFew { .. }
        | Condition::RowIn { .. }
        | Condition::LongerThan { .. }
        | Condition::NoMultipleOf { .. } => None,
    }
}

/// Alike for queries that are [`alike`].
fn hash(select: &Select) -> u64 {
    let mut state = DefaultHasher::new();
    (&select.from, select.columns.len(), select.joins.len(), select.limit).hash(&mut state);
    select.order.iter().for_each(|(column, _)| column.hash(&mut state));
    hash_condition(&select.filter, &mut state);
    state.finish()
}

fn hash_condition(condition: &Condition, state: &mut DefaultHasher) {
    discriminant(condition).hash(state);
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().for_each(|one| hash_condition(one, state)),
        Condition::Not(inner) => hash_condition(inner, state),
        Condition::Compare { column, .. } | Condition::IsNull(column) | Condition::NotNull(column) => {
            column.hash(state)
        }
        Condition::In { column, values } | Condition::NotIn { column, values } => {
            (column, values.len()).hash(state)
        }
        _ => {}
    }
}

/// Whether the two have the same text, with other values.
fn alike(a: &Select, b: &Select) -> bool {
    a.from == b.from
        && a.limit == b.limit
        && a.offset.is_some() == b.offset.is_some()
        && a.lock == b.lock
        && alike_conditions(&a.filter, &b.filter)
        && a.order == b.order
        && a.joins == b.joins
        && a.columns == b.columns
}

fn alike_conditions(a: &Condition, b: &Condition) -> bool {
    use Condition::{All, Any, Between, Compare, Exists, In, Not, NotIn};
    let all_alike = |a: &[Condition], b: &[Condition]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike_conditions(a, b))
    };
    match (a, b) {
        (All(a), All(b)) | (Any(a), Any(b)) => all_alike(a, b),
        (Not(a), Not(b)) => alike_conditions(a, b),
        (Exists(a), Exists(b)) => alike(a, b),
        (Compare { column: a, op, value }, Compare { column: b, op: other_op, value: other }) => {
            a == b && op == other_op && value.is_null() == other.is_null()
        }
        (In { column: a, values }, In { column: b, values: others })
        | (NotIn { column: a, values }, NotIn { column: b, values: others }) => {
            a == b && values.len() == others.len()
        }
        (Between { column: a, .. }, Between { column: b, .. }) => a == b,
        // those left have no values
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ColumnKind, ColumnRef, Direction, Join, Lock, Operator};

    fn column() -> impl Strategy<Value = ColumnRef> {
        (prop_oneof![Just("unit"), Just("p1")], prop_oneof![Just("a"), Just("b")])
            .prop_map(|(table, name)| ColumnRef::new(table, name))
    }

    fn value() -> impl Strategy<Value = SqlValue> {
        prop_oneof![
            Just(SqlValue::Null),
            any::<i64>().prop_map(SqlValue::Int),
            ".{0,6}".prop_map(SqlValue::Text),
            any::<bool>().prop_map(SqlValue::Bool),
        ]
    }

    fn values() -> impl Strategy<Value = Vec<SqlValue>> {
        prop::collection::vec(value(), 0..3)
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let op = prop_oneof![Just(Operator::Eq), Just(Operator::Ne), Just(Operator::Lt), Just(Operator::Ge)];
        let leaf = prop_oneof![
            Just(Condition::True),
            Just(Condition::False),
            column().prop_map(Condition::IsNull),
            column().prop_map(Condition::NotNull),
            (column(), column()).prop_map(|(a, b)| Condition::ColumnsEqual(a, b)),
            (column(), column()).prop_map(|(at, day)| Condition::DayAfter { at, day }),
            (column(), op, value()).prop_map(|(column, op, value)| Condition::Compare { column, op, value }),
            (column(), values()).prop_map(|(column, values)| Condition::In { column, values }),
            (column(), values()).prop_map(|(column, values)| Condition::NotIn { column, values }),
            (column(), value(), value()).prop_map(|(column, low, high)| Condition::Between {
                column,
                low,
                high
            }),
            (column(), "[a%]{0,2}").prop_map(|(column, text)| Condition::Contains { column, text }),
            (column(), "[a]{0,2}").prop_map(|(column, text)| Condition::StartsWith { column, text }),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
                inner.clone().prop_map(|one| Condition::Not(Box::new(one))),
                inner.prop_map(|filter| {
                    Condition::Exists(Box::new(Select { filter, ..Select::from("visit") }))
                }),
            ]
        })
    }

    fn query() -> impl Strategy<Value = Select> {
        let join = Join {
            table: "project".to_owned(),
            alias: "p1".to_owned(),
            on: (ColumnRef::new("unit", "p"), ColumnRef::new("p1", "id")),
        };
        let rows = || prop::option::of(0..4_u64);
        let order = prop::collection::vec((column(), Just(Direction::Descending)), 0..2);
        (condition(), prop::collection::vec(column(), 0..3), order, rows(), rows(), any::<bool>()).prop_map(
            move |(filter, columns, order, limit, offset, locks)| Select {
                joins: vec![join.clone()],
                columns: Arc::new(columns.into_iter().map(|column| (column, ColumnKind::Int)).collect()),
                filter,
                order,
                limit,
                offset,
                lock: locks.then_some(Lock::Change),
                ..Select::from("unit")
            },
        )
    }

    /// The same question about other values.
    fn with_other_values(mut condition: Condition) -> Condition {
        let change = |value: &mut SqlValue| match value {
            SqlValue::Null => {}
            other => *other = SqlValue::Text("another".to_owned()),
        };
        match &mut condition {
            Condition::All(all) | Condition::Any(all) => {
                *all = std::mem::take(all).into_iter().map(with_other_values).collect();
            }
            Condition::Not(inner) => **inner = with_other_values(inner.as_ref().clone()),
            Condition::Exists(select) => select.filter = with_other_values(select.filter.clone()),
            Condition::Compare { value, .. } => change(value),
            Condition::In { values, .. } | Condition::NotIn { values, .. } => {
                values.iter_mut().for_each(change);
            }
            Condition::Between { low, high, .. } => {
                change(low);
                change(high);
            }
            _ => {}
        }
        condition
    }

    proptest! {
        #[test]
        fn a_kept_text_is_the_one_that_would_be_made(
            queries in prop::collection::vec(query(), 1..12),
            sqlite in any::<bool>(),
        ) {
            let dialect = if sqlite { Dialect::Sqlite } else { Dialect::Postgres };
            let (kept, required) = (Kept::default(), RequiredColumns::default());
            let others = queries
                .iter()
                .cloned()
                .map(|query| Select { filter: with_other_values(query.filter.clone()), ..query });
            for query in queries.iter().cloned().chain(others) {
                let found = kept.select(dialect, &required, &query);
                let made = select(dialect, &required, &query);
                prop_assert_eq!(&found.sql, &made.sql);
                prop_assert_eq!(&found.values, &made.values);
            }
        }
    }

    #[test]
    fn a_query_with_other_values_is_found_again() {
        let query = |id: &str| Select::from("unit").filter(Condition::eq("unit", "id", id)).limit(1);
        let kept = Kept::default();
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            let (first, second) = (
                kept.select(dialect, &RequiredColumns::default(), &query("a")),
                kept.select(dialect, &RequiredColumns::default(), &query("b")),
            );
            assert!(Arc::ptr_eq(&first.sql, &second.sql));
            assert_eq!(second.values[0], SqlValue::from("b"));
            kept.0.write().unwrap().clear();
        }
    }

    #[test]
    fn queries_with_long_lists_of_values_are_not_kept() {
        let kept = Kept::default();
        let of = |values: usize| {
            let ids = (0..values).map(|id| id as i64);
            Select::from("unit").filter(Condition::is_in("unit", "id", ids))
        };
        for values in [VALUES_MAX, VALUES_MAX + 1] {
            kept.select(Dialect::Sqlite, &RequiredColumns::default(), &of(values));
        }
        assert_eq!(kept.0.read().unwrap().values().map(Vec::len).sum::<usize>(), 1);
    }
}
