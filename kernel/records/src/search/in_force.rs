//! `$in_force`: the records in force on a day, written as one test and compiled as the tests it stands for.

use anju_definitions::{FieldTest, Filter, FilterOp, IN_FORCE, path};
use jiff::civil::Date;
use serde_json::Value;

use super::joins::Joins;
use crate::{Error, Result};

/// Whether the test asks for records in force, of this entity or behind references: `contract.$in_force`.
pub(super) fn is_in_force(test: &FieldTest) -> bool {
    test.field == IN_FORCE || test.field.strip_suffix(IN_FORCE).is_some_and(|way| way.ends_with('.'))
}

/// The test as tests of the fields that bound the period. `today` is absent where no clock is at hand.
pub(super) fn expanded(
    joins: &Joins<'_>,
    test: &FieldTest,
    prefix: Option<&str>,
    today: Option<Date>,
) -> Result<Filter> {
    let fault = |code: &str, message: String| Error::invalid(test.field.as_str(), code, message);
    let way = test.field.strip_suffix(IN_FORCE).unwrap_or_default();
    let id = format!("{}{way}id", prefix.map(|prefix| format!("{prefix}.")).unwrap_or_default());
    let found = path::resolve(&joins.plans().catalog, joins.base().key(), &id);
    let entity = found.map_err(|cause| fault("unknown", cause.to_string()))?.entity;
    let effective = entity
        .effective
        .as_ref()
        .ok_or_else(|| fault("unknown", format!("{}没有生效期间，不能按是否生效查询", entity.title)))?;
    if test.op != FilterOp::Eq {
        return Err(fault("operator", "是否生效只能按某一天查询".to_owned()));
    }
    let day = match test.value.as_str() {
        Some("today") => today,
        Some(text) => text.parse::<Date>().ok(),
        None => None,
    };
    let day = day.ok_or_else(|| fault("format", "应为日期，如 2026-01-31，或 today".to_owned()))?.to_string();
    let of = |field: &str, op, value| Filter::Test(FieldTest { field: format!("{way}{field}"), op, value });
    let ends = Filter::Or {
        or: vec![
            of(&effective.to, FilterOp::IsNull, Value::Null),
            of(&effective.to, FilterOp::Ge, Value::from(day.as_str())),
        ],
    };
    Ok(Filter::And { and: vec![of(&effective.from, FilterOp::Le, Value::from(day.as_str())), ends] })
}
