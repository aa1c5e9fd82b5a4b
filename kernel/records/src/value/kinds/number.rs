use anju_definitions::FieldType;
use jiff::civil::Date;
use serde_json::{Number, Value};

use crate::{
    plan::FieldPlan,
    value::{
        decimal::{self, DecimalFault},
        kind::{Fault, Kind, Parsed, fault, half_width, plain_text},
    },
};

pub(crate) struct Integer;
/// A fixed-point number, a JSON string.
pub(crate) struct Decimal;
/// Fen; people read and write yuan.
pub(crate) struct Money;

impl Kind for Integer {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        scaled_number(input, 0).and_then(|number| in_bounds(field, number)).map(Value::from)
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        Ok(Value::from(digits_of(field, text)))
    }
}

impl Kind for Decimal {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let scaled = scaled_number(input, field.scale).and_then(|number| in_bounds(field, number))?;
        Ok(Value::String(decimal::format(scaled, field.scale)))
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        Ok(Value::from(digits_of(field, text)))
    }

    fn in_expressions(&self, value: &Value) -> Value {
        exact(value)
    }
}

impl Kind for Money {
    fn parse(&self, field: &FieldPlan, input: &Value, today: Date) -> Parsed {
        Integer.parse(field, input, today)
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        value.as_i64().map_or_else(|| plain_text(value), |fen| decimal::format(fen, 2))
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        let fen = scaled_number(&Value::from(digits_of(field, text)), 2);
        fen.map(Value::from).map_err(|_| fault("format", "应为金额，单位元，最多两位小数"))
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "金额，单位元"
    }
}

/// A number as the scaled integer it lies as.
pub(crate) fn scaled_number(input: &Value, scale: u32) -> Result<i64, Fault> {
    let parsed = match input {
        Value::String(text) => decimal::parse(&half_width(text), scale),
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

/// A decimal's text as an exact number; anything else as it is.
pub(crate) fn exact(value: &Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<Number>().ok());
    number.map_or_else(|| value.clone(), Value::Number)
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

/// A cell's number without its unit and, where they stand between groups of three, without separators.
fn digits_of(field: &FieldPlan, text: &str) -> String {
    let text = half_width(text);
    let unit = match field.kind {
        FieldType::Money => Some("元"),
        _ => field.definition.unit.as_deref(),
    };
    let number = unit.and_then(|unit| text.strip_suffix(unit)).unwrap_or(&text).trim();
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let mut groups = whole.trim_start_matches(['-', '+']).split(',');
    let grouped = groups.next().is_some_and(|first| (1..=3).contains(&first.len()))
        && groups.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()));
    let whole = if grouped { whole.replace(',', "") } else { whole.to_owned() };
    fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::testing::{a_field, faulty, parsed};

    #[test]
    fn cells_may_have_units_separators_and_wide_digits() {
        let money = a_field(json!({"type": "money", "max": 100_000_000}));
        for (cell, fen) in [("1,234.50", 123_450), ("１２３４．５元", 123_450), ("-3", -300)] {
            assert_eq!(Money.read_text(&money, cell).unwrap(), json!(fen), "{cell}");
        }
        assert!(Money.read_text(&money, "1,23").is_err());
        assert_eq!(Money.to_text(&money, &json!(123_450)), "1234.50");
        let area = a_field(json!({"type": "decimal", "scale": 2, "unit": "㎡", "min": 5}));
        assert_eq!(parsed(&area, json!("５６.3")), "56.30");
        assert_eq!(Decimal.read_text(&area, "1,056.3㎡").unwrap(), "1056.3");
        assert_eq!(faulty(&area, json!("4")), "range: 不能小于 5.00㎡");
    }
}
