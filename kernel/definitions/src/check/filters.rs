//! Filters and orders.

use serde_json::Value;

use crate::path::{Path, PathError};
use crate::{Field, FieldTest, FieldType, Filter, FilterOp, IN_FORCE, Search, Sort};

use super::{Check, Reach, fields};

pub(super) fn check<'a>(at: &mut Check<'a>, place: &str, entity: &str, filter: &'a Filter) {
    match filter {
        Filter::And { and } => all(at, &format!("{place}/and"), entity, and),
        Filter::Or { or } => all(at, &format!("{place}/or"), entity, or),
        Filter::Not { not } => check(at, &format!("{place}/not"), entity, not),
        Filter::Test(test) => self::test(at, place, entity, test),
        Filter::Has(rows) => {
            let Some(child) = at.rows(&format!("{place}/has"), entity, &rows.has) else { return };
            if let Some(filter) = &rows.filter {
                check(at, &format!("{place}/where"), &child.entity, filter);
            }
        }
    }
}

/// Whether the filter depends on the day it is asked on.
pub(super) fn asks_for_today(filter: &Filter) -> bool {
    match filter {
        Filter::And { and: all } | Filter::Or { or: all } => all.iter().any(asks_for_today),
        Filter::Not { not } => asks_for_today(not),
        Filter::Test(test) => test.field.ends_with(IN_FORCE) && test.value.as_str() == Some("today"),
        Filter::Has(rows) => rows.filter.as_deref().is_some_and(asks_for_today),
    }
}

fn all<'a>(at: &mut Check<'a>, place: &str, entity: &str, filters: &'a [Filter]) {
    for (index, filter) in filters.iter().enumerate() {
        check(at, &format!("{place}/{index}"), entity, filter);
    }
}

fn test<'a>(at: &mut Check<'a>, place: &str, entity: &str, test: &'a FieldTest) {
    use FilterOp as Op;
    if let Some(way) = test.field.strip_suffix(IN_FORCE) {
        in_force(at, place, entity, way, test);
        return;
    }
    let field_place = format!("{place}/field");
    if at.is_countdown(&field_place, entity, &test.field) {
        return countdown(at, place, test);
    }
    let Some(path) = at.path(&field_place, entity, &test.field, Reach::Any) else { return };
    let value_place = format!("{place}/value");
    match (test.op, &test.value) {
        (Op::IsNull | Op::NotNull, Value::Null) => {}
        (Op::IsNull | Op::NotNull, _) => {
            at.error(&value_place, "filter_value", "is_null 和 not_null 不带 value")
        }
        (Op::In | Op::NotIn, Value::Array(values)) => {
            values.iter().for_each(|v| value(at, &value_place, &path, v))
        }
        (Op::In | Op::NotIn, _) => at.error(&value_place, "filter_value", "in 和 not_in 的 value 应为列表"),
        (Op::Between, Value::Array(values)) if values.len() == 2 => {
            values.iter().for_each(|v| value(at, &value_place, &path, v));
        }
        (Op::Between, _) => at.error(&value_place, "filter_value", "between 的 value 应为两个值的列表"),
        (Op::Contains | Op::StartsWith, Value::String(_)) => {}
        (Op::Contains | Op::StartsWith, _) => at.error(&value_place, "filter_value", "value 应为文字"),
        (_, Value::Null) => at.error(place, "filter_value", "缺少 value；判断空值用 is_null"),
        (_, one) => value(at, &value_place, &path, one),
    }
    operator(at, place, test, &path);
}

/// A test for the records in force on a day.
fn in_force(at: &mut Check<'_>, place: &str, entity: &str, way: &str, test: &FieldTest) {
    let path = format!("{way}id");
    let found = crate::path::resolve(at.catalog, entity, &path).map(|path| path.entity.effective.is_some());
    match found {
        Err(PathError::NoEntity(_)) | Ok(true) => {}
        Err(error) => at.error(&format!("{place}/field"), "no_field", error.to_string()),
        Ok(false) => at.error(&format!("{place}/field"), "in_force", "该实体没有生效期间"),
    }
    let is_day = test.value.as_str().is_some_and(|day| day == "today" || fields::is_date(day));
    if test.op != FilterOp::Eq || !is_day {
        at.error(&format!("{place}/value"), "in_force", "应为 eq 与某一天，如 2026-01-31 或 today");
    }
}

/// Working days left are compared with whole numbers.
fn countdown(at: &mut Check<'_>, place: &str, test: &FieldTest) {
    use FilterOp as Op;
    let fits = match (test.op, &test.value) {
        (Op::IsNull | Op::NotNull, value) => value.is_null(),
        (Op::Eq | Op::Lt | Op::Le | Op::Gt | Op::Ge, value) => value.is_i64(),
        (Op::Between, Value::Array(ends)) => ends.len() == 2 && ends.iter().all(Value::is_i64),
        _ => false,
    };
    if !fits {
        let message = "剩余工作日只能与整数比较：eq lt le gt ge between，或 is_null not_null";
        at.error(place, "filter_value", message);
    }
}

fn value(at: &mut Check<'_>, place: &str, path: &Path<'_>, value: &Value) {
    let Some(field) = path.field() else { return };
    match (field.field_type, value) {
        // One of the codes, or the region above.
        (FieldType::MultiChoice | FieldType::Address, Value::String(code)) if !code.starts_with('=') => {
            fields::code(at, place, field, code);
        }
        // One of the list.
        (FieldType::RefList, Value::String(_)) => {}
        _ if field.many && value.is_string() => {}
        // Numbers are compared with as they are read.
        (FieldType::Sequence, Value::String(_)) => {}
        _ => fields::literal(at, place, field, value),
    }
}

fn operator(at: &mut Check<'_>, place: &str, test: &FieldTest, path: &Path<'_>) {
    use FilterOp as Op;
    let place = format!("{place}/op");
    let equality = matches!(test.op, Op::Eq | Op::Ne | Op::In | Op::NotIn | Op::IsNull | Op::NotNull);
    if path.field().is_some_and(|field| field.sensitive) && !equality {
        at.error(&place, "filter_op", format!("“{}”已加密，只能按相等查找", test.field));
    }
    let presence = matches!(test.op, Op::IsNull | Op::NotNull);
    if path.field().is_some_and(Field::is_unfindable) && !presence {
        let message = format!("“{}”加密保存且取值容易猜出，没有索引，只能判断有无值", test.field);
        at.error(&place, "filter_unfindable", message);
    }
    let search = match path.field() {
        Some(field) => field.traits().search,
        None => path.field_type().traits().search,
    };
    let fits = match test.op {
        Op::IsNull | Op::NotNull => true,
        Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Between => matches!(search, Search::Order | Search::Parts),
        Op::Under => matches!(search, Search::Tree | Search::Region | Search::Members),
        Op::Eq | Op::In | Op::Ne | Op::NotIn => {
            !matches!(search, Search::Presence | Search::Contains | Search::Region)
        }
        Op::Contains | Op::StartsWith => search != Search::Presence,
    };
    if !fits {
        at.error(&place, "filter_op", format!("“{}”的类型不能这样比较", test.field));
    }
}

pub(super) fn sorts<'a>(at: &mut Check<'a>, place: &str, entity: &str, sorts: &'a [Sort]) {
    for (index, sort) in sorts.iter().enumerate() {
        let place = format!("{place}/{index}");
        if at.is_countdown(&place, entity, &sort.field) {
            continue;
        }
        let path = at.path(&place, entity, &sort.field, Reach::One);
        let Some(field) = path.and_then(|path| path.field()) else { continue };
        if field.sensitive {
            at.error(&place, "sort_sensitive", format!("“{}”已加密，不能排序", sort.field));
        } else if !field.traits().sortable {
            at.error(&place, "sort_type", format!("“{}”的类型不能排序", sort.field));
        }
    }
}
