//! Fields: which attributes a type takes, and literal values.

use serde_json::Value;

use crate::hint::hint;
use crate::{Field, FieldType, Kind};

use super::{Check, attributes};

/// Most places of a decimal: with them 18 digits still fit a 64-bit integer.
const SCALE_MAX: u32 = 9;

/// Most items a list may be allowed to have.
const COUNT_MAX: usize = 500;

const RESERVED: [&str; 11] = [
    "id",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "deleted_at",
    "deleted_with",
    "position",
    "search_tokens",
    "row_mac",
];

/// Whether a name may stand for a field or child table.
pub(super) fn name(at: &mut Check<'_>, place: &str, name: &str) {
    if name.contains('$') || RESERVED.contains(&name) {
        at.error(place, "reserved_name", format!("“{name}”是保留名称"));
    } else if !crate::parse::is_snake_case(name) || name.len() > 50 {
        at.error(
            place,
            "name_syntax",
            format!("“{name}”应为小写字母、数字和下划线，字母开头，不超过 50 个字符"),
        );
    }
}

pub(super) fn check(at: &mut Check<'_>, place: &str, field: &Field) {
    attributes::check(at, place, field);
    if let Some(key) = &field.dictionary {
        at.refers(&format!("{place}/dictionary"), Kind::Dictionary, key);
    }
    if let Some(key) = &field.to {
        at.refers(&format!("{place}/to"), Kind::Entity, key);
    }
    if let Some(key) = &field.sequence {
        at.refers(&format!("{place}/sequence"), Kind::Sequence, key);
    }
    if field.scale.is_some_and(|scale| scale == 0 || scale > SCALE_MAX) {
        at.error(&format!("{place}/scale"), "bounds", format!("小数位数应在 1 至 {SCALE_MAX} 之间"));
    }
    bounds(at, place, field);
    if let Some(pattern) = &field.pattern
        && let Err(error) = regex_syntax::Parser::new().parse(pattern)
    {
        let cause = error.to_string();
        let cause = cause.lines().last().unwrap_or_default().trim_start_matches("error: ");
        at.error(&format!("{place}/pattern"), "pattern", format!("正则表达式不合法：{cause}"));
    }
    if let Some(value) = &field.default {
        literal(at, &format!("{place}/default"), field, value);
    }
}

fn bounds(at: &mut Check<'_>, place: &str, field: &Field) {
    for (name, bound) in [("min", &field.min), ("max", &field.max)] {
        let Some(bound) = bound else { continue };
        if bound.as_str() != Some("today") {
            literal(at, &format!("{place}/{name}"), field, bound);
        }
    }
    let crossed = match (&field.min, &field.max) {
        (Some(min), Some(max)) => match (as_number(min), as_number(max)) {
            (Some(min), Some(max)) => min > max,
            // Dates in ISO form order as text; `today` comes after every digit.
            _ => {
                matches!((min.as_str(), max.as_str()), (Some(min), Some(max)) if is_date(min) && is_date(max) && min > max)
            }
        },
        _ => false,
    };
    if crossed {
        at.error(&format!("{place}/min"), "bounds", "min 大于 max");
    }
    if matches!((field.length_min, field.length_max), (Some(min), Some(max)) if min > max) {
        at.error(&format!("{place}/length_min"), "bounds", "length_min 大于 length_max");
    }
    if field.count_max.is_some_and(|most| most == 0 || most > COUNT_MAX) {
        at.error(&format!("{place}/count_max"), "bounds", format!("count_max 应在 1 至 {COUNT_MAX} 之间"));
    }
    if field.size_mb_max == Some(0) {
        at.error(&format!("{place}/size_mb_max"), "bounds", "size_mb_max 应大于 0");
    }
}

/// A value written in a definition for a field; `=` starts an expression, which is checked elsewhere.
pub(super) fn literal(at: &mut Check<'_>, place: &str, field: &Field, value: &Value) {
    use FieldType as T;
    if value.is_null() || value.as_str().is_some_and(|text| text.starts_with('=')) {
        return;
    }
    let (fits, wanted) = match field.value_type() {
        T::Boolean => (value.is_boolean(), " true 或 false"),
        T::Integer => (value.is_i64(), "整数"),
        T::Money => (value.is_i64(), "整数（单位：分）"),
        T::Decimal => (as_number(value).is_some(), "数字"),
        T::Date => (value.as_str().is_some_and(is_date), "日期，形如 2026-01-31"),
        T::DateTime => {
            (value.as_str().is_some_and(|text| text.len() >= 20), "日期时间，形如 2026-01-31T08:00:00+08:00")
        }
        T::MultiChoice => (value.is_array(), "代码列表"),
        T::RefList => (value.is_array(), "编号列表"),
        T::GeoPoint | T::Address => (value.is_object(), "键值形式"),
        T::Json => (true, ""),
        T::Sequence => (false, "空：编号由平台生成"),
        T::Choice => (value.is_string(), "代码（数字代码请加引号）"),
        _ if field.many => (value.is_array(), "文件编号列表"),
        _ => (value.is_string(), "文字（数字请加引号）"),
    };
    if !fits {
        at.error(place, "literal", format!("“{}”：值应为{wanted}", field.title));
        return;
    }
    match (field.value_type(), value) {
        (T::Choice, Value::String(code)) => self::code(at, place, field, code),
        (T::MultiChoice, Value::Array(codes)) => {
            for code in codes {
                match code.as_str() {
                    Some(code) => self::code(at, place, field, code),
                    None => at.error(
                        place,
                        "literal",
                        format!("“{}”：代码应为文字（数字代码请加引号）", field.title),
                    ),
                }
            }
        }
        _ => {}
    }
}

/// A code that should be in the dictionary of the field.
pub(super) fn code(at: &mut Check<'_>, place: &str, field: &Field, code: &str) {
    let catalog = at.catalog;
    let Some(dictionary) = field.dictionary.as_deref().and_then(|key| catalog.dictionary(key)) else {
        return;
    };
    if dictionary.item(code).is_none() {
        let hint = hint(code, dictionary.items.iter().map(|item| item.code.as_str()));
        at.error(place, "no_code", format!("字典“{}”没有代码“{code}”{hint}", dictionary.dictionary));
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok());
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
        && digits(5..7).is_some_and(|month| (1..=12).contains(&month))
        && digits(8..10).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_are_civil_dates_in_iso_form() {
        assert!(is_date("2026-01-31"));
        for wrong in ["2026-1-31", "2026-13-01", "2026-01-00", "20260131", "today", "２０２６-01"] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }
}
