use anju_definitions::FieldType;
use jiff::{Timestamp, civil::Date, civil::DateTime};
use serde_json::Value;

use super::{
    decimal::{self, DecimalFault},
    identity,
};
use crate::plan::FieldPlan;

/// What is wrong with a value: a stable code and a Chinese message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: &'static str,
    pub message: String,
}

type Parsed = Result<Value, Fault>;

/// Longest JSON value in bytes.
const JSON_BYTES_MAX: usize = 64 * 1024;
/// Most codes of one multiple choice.
const CODES_MAX: usize = 200;

fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into() }
}

/// An input in its canonical form; empty text is `Null`. References and files are checked for their form only.
pub(crate) fn parse(field: &FieldPlan, input: &Value, today: Date) -> Parsed {
    if input.is_null() || input.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Value::Null);
    }
    match field.kind {
        FieldType::Text | FieldType::LongText => text(field, input),
        FieldType::Integer | FieldType::Money => whole_number(field, input),
        FieldType::Decimal => decimal_text(field, input),
        FieldType::Boolean => input.as_bool().map(Value::Bool).ok_or_else(|| fault("type", "应为是或否")),
        FieldType::Date => date(field, input, today),
        FieldType::DateTime => {
            let instant = instant_ms(input_text(input)?)
                .ok_or_else(|| fault("format", "应为日期时间，如 2026-01-31T09:00:00+08:00"))?;
            Ok(Value::String(super::instant_text(instant)))
        }
        FieldType::Choice => choice(field, input).map(|code| Value::String(code.to_owned())),
        FieldType::MultiChoice => multi_choice(field, input),
        FieldType::Ref | FieldType::File => identifier(input),
        FieldType::Sequence => text(field, input),
        FieldType::IdNumber => {
            let number = anju_crypto::normalise(input_text(input)?);
            checked_text(field, number.split_whitespace().collect())
        }
        FieldType::Phone => {
            let number = identity::phone(&anju_crypto::normalise(input_text(input)?));
            number.map(Value::String).ok_or_else(|| {
                fault("format", "电话号码应为 11 位手机号，或带区号的固定电话，如 021-12345678")
            })
        }
        FieldType::CreditCode => {
            let code = anju_crypto::normalise(input_text(input)?);
            if !identity::credit_code_is_valid(&code) {
                return Err(fault("format", "统一社会信用代码不正确，请核对 18 位代码"));
            }
            Ok(Value::String(code))
        }
        FieldType::Json => {
            if input.to_string().len() > JSON_BYTES_MAX {
                return Err(fault("length", "内容过大，不能超过 64 KB"));
            }
            Ok(input.clone())
        }
    }
}

fn input_text(input: &Value) -> Result<&str, Fault> {
    input.as_str().ok_or_else(|| fault("type", "应为文字"))
}

fn text(field: &FieldPlan, input: &Value) -> Parsed {
    let text = input_text(input)?;
    let multi_line = field.kind == FieldType::LongText;
    let forbidden = |c: char| c.is_control() && !(multi_line && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(forbidden) {
        return Err(fault(
            "format",
            if multi_line {
                "含有不可见字符"
            } else {
                "应为一行文字，不能含换行或不可见字符"
            },
        ));
    }
    checked_text(field, text.trim().to_owned())
}

fn checked_text(field: &FieldPlan, text: String) -> Parsed {
    // Characters are only counted where bytes do not already settle it.
    if text.len() > field.length_max && text.chars().count() > field.length_max {
        return Err(fault("length", format!("不能超过 {} 个字", field.length_max)));
    }
    if let Some(least) = field.definition.length_min
        && text.chars().count() < least
    {
        return Err(fault("length", format!("至少 {least} 个字")));
    }
    if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&text)) {
        return Err(fault("format", "格式不正确"));
    }
    Ok(Value::String(text))
}

/// A number as the scaled integer it lies as.
pub(crate) fn scaled_number(input: &Value, scale: u32) -> Result<i64, Fault> {
    let parsed = match input {
        Value::String(text) => decimal::parse(text, scale),
        // The shortest text of the number: exactly what the caller wrote, or what it rounds back to.
        Value::Number(number) => decimal::parse(&number.to_string(), scale),
        _ => return Err(fault("type", "应为数字")),
    };
    parsed.map_err(|cause| match cause {
        DecimalFault::NotANumber => fault("type", "应为数字"),
        DecimalFault::TooManyPlaces if scale == 0 => fault("format", "应为整数"),
        DecimalFault::TooManyPlaces => fault("format", format!("最多 {scale} 位小数")),
        DecimalFault::TooLarge => fault("range", "数字过大"),
    })
}

fn in_bounds(field: &FieldPlan, number: i64) -> Result<i64, Fault> {
    // Money is entered and read in yuan.
    let shown = |bound: i64| match field.kind {
        FieldType::Money => format!("{} 元", decimal::format(bound, 2)),
        _ => format!(
            "{}{}",
            decimal::format(bound, field.scale),
            field.definition.unit.as_deref().unwrap_or_default()
        ),
    };
    match (field.min, field.max) {
        (Some(min), _) if number < min => Err(fault("range", format!("不能小于 {}", shown(min)))),
        (_, Some(max)) if number > max => Err(fault("range", format!("不能大于 {}", shown(max)))),
        _ => Ok(number),
    }
}

fn whole_number(field: &FieldPlan, input: &Value) -> Parsed {
    scaled_number(input, 0).and_then(|number| in_bounds(field, number)).map(Value::from)
}

fn decimal_text(field: &FieldPlan, input: &Value) -> Parsed {
    let scaled = scaled_number(input, field.scale).and_then(|number| in_bounds(field, number))?;
    Ok(Value::String(decimal::format(scaled, field.scale)))
}

fn date(field: &FieldPlan, input: &Value, today: Date) -> Parsed {
    let wrong = || fault("format", "应为日期，如 2026-01-31");
    let text = input_text(input)?.trim();
    if text.len() != 10 {
        return Err(wrong());
    }
    let date: Date = text.parse().map_err(|_| wrong())?;
    let bound = |bound: &Option<Value>| match bound.as_ref()?.as_str()? {
        "today" | "=today" => Some(today),
        text => text.parse::<Date>().ok(),
    };
    match (bound(&field.definition.min), bound(&field.definition.max)) {
        (Some(min), _) if date < min => Err(fault("range", format!("不能早于 {min}"))),
        (_, Some(max)) if date > max => Err(fault("range", format!("不能晚于 {max}"))),
        _ => Ok(Value::String(date.to_string())),
    }
}

/// Milliseconds of an RFC 3339 instant; without an offset, Shanghai's is meant.
pub(crate) fn instant_ms(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    Some(anju_calendar::zone().to_timestamp(local).ok()?.as_millisecond())
}

fn choice<'a>(field: &FieldPlan, input: &'a Value) -> Result<&'a str, Fault> {
    let code = input_text(input)?;
    match field.codes.contains_key(code) {
        true => Ok(code),
        false => Err(fault("choice", format!("没有“{}”这个选项", shortened(code)))),
    }
}

fn multi_choice(field: &FieldPlan, input: &Value) -> Parsed {
    let items = input.as_array().ok_or_else(|| fault("type", "应为多个选项"))?;
    if items.len() > CODES_MAX {
        return Err(fault("length", format!("最多选 {CODES_MAX} 项")));
    }
    let mut codes: Vec<&str> = Vec::with_capacity(items.len());
    for item in items {
        let code = choice(field, item)?;
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    Ok(if codes.is_empty() { Value::Null } else { Value::from(codes) })
}

fn identifier(input: &Value) -> Parsed {
    let id = input_text(input)?;
    let well_formed =
        id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    match well_formed {
        true => Ok(Value::String(id.to_owned())),
        false => Err(fault("format", "编号格式不正确")),
    }
}

/// Enough of an input to recognise it in a message.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}
