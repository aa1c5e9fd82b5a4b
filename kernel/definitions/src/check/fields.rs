//! Fields: which attributes a type takes, and literal values.

use serde_json::Value;

use crate::hint::hint;
use crate::{Field, FieldType, Kind};

use super::Check;

/// Most places of a decimal: with them 18 digits still fit a 64-bit integer.
const SCALE_MAX: u32 = 9;

const RESERVED: [&str; 10] = [
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
    use FieldType as T;
    let kind = field.field_type;
    attribute(
        at,
        place,
        "dictionary",
        field.dictionary.is_some(),
        matches!(kind, T::Choice | T::MultiChoice),
        true,
    );
    attribute(at, place, "to", field.to.is_some(), kind == T::Ref, true);
    attribute(at, place, "on_delete", field.on_delete.is_some(), kind == T::Ref, false);
    attribute(at, place, "sequence", field.sequence.is_some(), kind == T::Sequence, true);
    attribute(at, place, "scale", field.scale.is_some(), kind == T::Decimal, true);
    attribute(at, place, "id_type_field", field.id_type_field.is_some(), kind == T::IdNumber, false);
    attribute(at, place, "accept", !field.accept.is_empty(), kind == T::File, false);
    let number = matches!(kind, T::Integer | T::Decimal | T::Money);
    attribute(at, place, "unit", field.unit.is_some(), number, false);
    let ordered = number || matches!(kind, T::Date | T::DateTime);
    attribute(at, place, "min", field.min.is_some(), ordered, false);
    attribute(at, place, "max", field.max.is_some(), ordered, false);
    let text = matches!(kind, T::Text | T::LongText);
    attribute(at, place, "length_min", field.length_min.is_some(), text, false);
    attribute(at, place, "length_max", field.length_max.is_some(), text, false);
    attribute(at, place, "pattern", field.pattern.is_some(), text, false);
    let sealable = !matches!(kind, T::Sequence | T::Ref | T::File | T::Json | T::Boolean);
    attribute(at, place, "sensitive", field.sensitive, sealable, false);
    attribute(
        at,
        place,
        "unique",
        field.unique,
        !matches!(kind, T::Json | T::MultiChoice | T::LongText),
        false,
    );

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

fn attribute(at: &mut Check<'_>, place: &str, name: &str, given: bool, taken: bool, needed: bool) {
    if given && !taken {
        at.error(&format!("{place}/{name}"), "attribute", format!("此类型的字段不能有“{name}”"));
    } else if taken && needed && !given {
        at.error(place, "attribute", format!("此类型的字段须有“{name}”"));
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
}

/// A value written in a definition for a field; `=` starts an expression, which is checked elsewhere.
pub(super) fn literal(at: &mut Check<'_>, place: &str, field: &Field, value: &Value) {
    use FieldType as T;
    if value.is_null() || value.as_str().is_some_and(|text| text.starts_with('=')) {
        return;
    }
    let (fits, wanted) = match field.field_type {
        T::Boolean => (value.is_boolean(), " true 或 false"),
        T::Integer => (value.is_i64(), "整数"),
        T::Money => (value.is_i64(), "整数（单位：分）"),
        T::Decimal => (as_number(value).is_some(), "数字"),
        T::Date => (value.as_str().is_some_and(is_date), "日期，形如 2026-01-31"),
        T::DateTime => {
            (value.as_str().is_some_and(|text| text.len() >= 20), "日期时间，形如 2026-01-31T08:00:00+08:00")
        }
        T::MultiChoice => (value.is_array(), "代码列表"),
        T::Json => (true, ""),
        T::Sequence => (false, "空：编号由平台生成"),
        T::Choice => (value.is_string(), "代码（数字代码请加引号）"),
        T::Text | T::LongText | T::Ref | T::File | T::IdNumber | T::Phone | T::CreditCode => {
            (value.is_string(), "文字（数字请加引号）")
        }
    };
    if !fits {
        at.error(place, "literal", format!("“{}”：值应为{wanted}", field.title));
        return;
    }
    match (field.field_type, value) {
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
