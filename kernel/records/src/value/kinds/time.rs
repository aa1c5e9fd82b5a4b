use jiff::{Timestamp, civil::Date, civil::DateTime};
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::{
        column::instant_text,
        kind::{Kind, Parsed, fault, half_width, input_text, plain_text},
    },
};

/// A civil date.
pub(crate) struct Day;
/// An instant.
pub(crate) struct Instant;

impl Kind for Day {
    fn parse(&self, field: &FieldPlan, input: &Value, today: Date) -> Parsed {
        let wrong = || fault("format", "应为日期，如 2026-01-31");
        let text = half_width(input_text(input)?.trim());
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

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        Ok(Value::String(date_text(&half_width(text))))
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "日期，如 2026-01-31"
    }
}

impl Kind for Instant {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let instant = instant_ms(&half_width(input_text(input)?.trim()))
            .ok_or_else(|| fault("format", "应为日期时间，如 2026-01-31T09:00:00+08:00"))?;
        let bound = |bound: &Option<Value>| bound.as_ref().and_then(Value::as_str).and_then(instant_ms);
        let shown = |bound: i64| shown(&instant_text(bound));
        match (bound(&field.definition.min), bound(&field.definition.max)) {
            (Some(min), _) if instant < min => Err(fault("range", format!("不能早于 {}", shown(min)))),
            (_, Some(max)) if instant > max => Err(fault("range", format!("不能晚于 {}", shown(max)))),
            _ => Ok(Value::String(instant_text(instant))),
        }
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        shown(&plain_text(value))
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        let text = half_width(text);
        let Some((day, time)) = text.split_once([' ', 'T']) else {
            return Ok(Value::String(date_text(&text) + "T00:00"));
        };
        let time = time.trim();
        let hour = if time.find(':') == Some(1) { "0" } else { "" };
        Ok(Value::String(format!("{}T{hour}{time}", date_text(day))))
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "日期和时间，如 2026-01-31 09:00"
    }
}

/// `2026-01-31 09:00:00` of an instant that is written with Shanghai's offset.
fn shown(text: &str) -> String {
    text.strip_suffix("+08:00").unwrap_or(text).replacen('T', " ", 1)
}

/// Milliseconds of an RFC 3339 instant; without an offset, Shanghai's is meant.
pub(crate) fn instant_ms(text: &str) -> Option<i64> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    let local: DateTime = text.parse().ok()?;
    Some(anju_calendar::zone().to_timestamp(local).ok()?.as_millisecond())
}

/// `2026/1/31`, `2026.1.31`, `2026年1月31日` and `20260131` as `2026-01-31`; anything else as it is.
fn date_text(text: &str) -> String {
    let day = text.split([' ', 'T']).next().unwrap_or(text);
    if day.len() == 8 && day.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
    }
    let parts: Vec<&str> =
        day.split(['-', '/', '.', '年', '月', '日']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::testing::{a_field, faulty, parsed};

    #[test]
    fn dates_are_understood_as_people_write_them() {
        for text in
            ["2026/1/31", "2026.1.31", "2026年1月31日", "20260131", "2026-01-31", "2026-01-31 00:00:00"]
        {
            assert_eq!(date_text(text), "2026-01-31");
        }
        assert_eq!(date_text("明天"), "明天");
    }

    #[test]
    fn instants_are_read_and_written_in_shanghai() {
        let field = a_field(json!({"type": "date_time", "min": "2026-01-01T00:00:00+08:00"}));
        for cell in ["2026/1/31 9:05", "2026-01-31T09:05:00+08:00", "2026-01-31 ０９:05"] {
            let input = Instant.read_text(&field, cell).unwrap();
            assert_eq!(parsed(&field, input), "2026-01-31T09:05:00+08:00", "{cell}");
        }
        assert_eq!(
            parsed(&field, Instant.read_text(&field, "2026.1.31").unwrap()),
            "2026-01-31T00:00:00+08:00"
        );
        assert_eq!(Instant.to_text(&field, &json!("2026-01-31T09:05:00+08:00")), "2026-01-31 09:05:00");
        assert_eq!(faulty(&field, json!("2025-12-31T23:59:59+08:00")), "range: 不能早于 2026-01-01 00:00:00");
    }
}
