//! From the text of a cell to the value a form would send.

use std::collections::HashMap;

use anju_definitions::FieldType;
use serde_json::Value;

use crate::{
    plan::{EntityPlan, FieldPlan},
    value,
};

/// Codes of choice fields by the title people write, by position of the field.
pub(crate) struct Titles<'a>(HashMap<usize, HashMap<&'a str, Vec<&'a str>>>);

impl<'a> Titles<'a> {
    pub(crate) fn of(plan: &'a EntityPlan) -> Self {
        let mut by_field = HashMap::new();
        for (position, field) in plan.fields.iter().enumerate().filter(|(_, field)| !field.codes.is_empty()) {
            let mut titles: HashMap<&str, Vec<&str>> = HashMap::new();
            for (code, item) in field.codes.iter().filter(|(_, item)| !item.retired) {
                titles.entry(&item.title).or_default().push(code);
            }
            by_field.insert(position, titles);
        }
        Self(by_field)
    }

    fn code(&self, position: usize, field: &FieldPlan, text: &str) -> Result<String, String> {
        if field.codes.contains_key(text) {
            return Ok(text.to_owned());
        }
        match self.0.get(&position).and_then(|titles| titles.get(text)).map(Vec::as_slice) {
            Some([code]) => Ok((*code).to_owned()),
            Some(_) => Err(format!("有多个名为“{text}”的选项，请填写代码")),
            None => Err(format!("没有“{}”这个选项", text.chars().take(20).collect::<String>())),
        }
    }
}

/// The value of a cell, or what is wrong with it. References are left as the text that names their target.
pub(crate) fn value_of(
    titles: &Titles<'_>,
    position: usize,
    field: &FieldPlan,
    cell: &str,
) -> Result<Value, String> {
    let text = cell.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match field.kind {
        FieldType::Choice => titles.code(position, field, text).map(Value::String),
        FieldType::MultiChoice => {
            let parts =
                text.split(['、', ',', '，', ';', '；']).map(str::trim).filter(|part| !part.is_empty());
            parts
                .map(|part| titles.code(position, field, part).map(Value::String))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        FieldType::Boolean => match text {
            "是" | "有" | "1" | "true" | "TRUE" | "Y" | "y" => Ok(Value::Bool(true)),
            "否" | "无" | "0" | "false" | "FALSE" | "N" | "n" => Ok(Value::Bool(false)),
            _ => Err("应填“是”或“否”".to_owned()),
        },
        FieldType::Money => {
            let fen = value::scaled_number(&Value::from(text), 2)
                .map_err(|_| "应为金额，单位元，最多两位小数".to_owned())?;
            Ok(Value::from(fen))
        }
        FieldType::Date => Ok(Value::String(date_text(text))),
        FieldType::DateTime => Ok(Value::String(text.replacen(' ', "T", 1))),
        _ => Ok(Value::from(text)),
    }
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
    use super::date_text;

    #[test]
    fn dates_are_understood_as_people_write_them() {
        for text in
            ["2026/1/31", "2026.1.31", "2026年1月31日", "20260131", "2026-01-31", "2026-01-31 00:00:00"]
        {
            assert_eq!(date_text(text), "2026-01-31");
        }
        assert_eq!(date_text("明天"), "明天");
    }
}
