//! From a figure back to its records: the filter that finds exactly those of a group.

use anju_definitions::{FieldTest, Filter, FilterOp};
use anju_store::SqlValue;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    compile::Grouped,
    period::{self, Days},
    request::During,
    table::Key,
};
use crate::{Error, Result};

/// Both filters; the one that is there if only one is.
pub(super) fn both(one: Option<&Filter>, other: Option<Filter>) -> Option<Filter> {
    match (one, other) {
        (Some(Filter::And { and }), Some(other)) => {
            Some(Filter::And { and: and.iter().cloned().chain([other]).collect() })
        }
        (Some(one), Some(other)) => Some(Filter::And { and: vec![one.clone(), other] }),
        (one, other) => one.cloned().or(other),
    }
}

/// The records of a group, among those of the query.
pub(super) fn of_group(groups: &[Grouped<'_>], key: &Key) -> Result<Option<Filter>> {
    let mut tests = Vec::with_capacity(groups.len());
    for (group, stored) in groups.iter().zip(key) {
        tests.push(of_value(group, stored)?);
    }
    Ok(match tests.len() {
        0 | 1 => tests.pop(),
        _ => Some(Filter::And { and: tests }),
    })
}

fn of_value(group: &Grouped<'_>, stored: &SqlValue) -> Result<Filter> {
    let value = group.value(stored)?;
    Ok(match (group.grain, &value) {
        (_, Value::Null) => test(&group.path, FilterOp::IsNull, Value::Null),
        (Some(grain), Value::String(label)) => match period::days(grain, label) {
            Some(days) => within(&group.path, days),
            None => return Err(Error::Internal(format!("{label} is no period"))),
        },
        _ => test(&group.path, FilterOp::Eq, value),
    })
}

/// The records of no group.
pub(super) fn of_no_group(groups: &[Grouped<'_>], keys: &[&Key]) -> Result<Filter> {
    let mut any = Vec::with_capacity(keys.len());
    for key in keys {
        any.extend(of_group(groups, key)?);
    }
    Ok(Filter::Not { not: Box::new(Filter::Or { or: any }) })
}

/// The records of the period.
pub(super) fn within(field: &str, (from, to): Days) -> Filter {
    test(field, FilterOp::Between, json!([from.to_string(), to.to_string()]))
}

fn test(field: &str, op: FilterOp, value: Value) -> Filter {
    Filter::Test(FieldTest { field: field.to_owned(), op, value })
}

/// The days of the request's period.
pub(super) fn days_of(during: &During) -> Result<Days> {
    let day = |text: &str, at: &str| {
        let parsed = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        parsed.ok_or_else(|| Error::invalid(at, "format", "应为日期，如 2026-01-31"))
    };
    let (from, to) = (day(&during.from, "during.from")?, day(&during.to, "during.to")?);
    match from <= to {
        true => Ok((from, to)),
        false => Err(Error::invalid("during.to", "range", "结束日期不能早于开始日期")),
    }
}
