//! What a caseworker fills in: checked, all faults at once, and parted into fields of the record and variables
//! of the process.

use anju_definitions::{Catalog, Field, FieldType, Step, StepField, Storage};
use anju_records::{FieldError, Object};
use jiff::{Timestamp, civil::Date};
use serde_json::{Number, Value};

/// Longest text of a variable in characters, where its definition says nothing.
const TEXT_CHARS_MAX: usize = 4_000;

/// Answers by where they go.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answers {
    /// Fields of the record; their own rules are checked by `records`.
    pub record: Object,
    pub variables: Object,
}

/// The definition of a form's field: its own, or the entity's field of that name.
pub(crate) fn definition<'a>(
    catalog: &'a Catalog,
    entity: &str,
    name: &str,
    field: &'a StepField,
) -> Option<&'a Field> {
    let of_entity = || catalog.entity(entity).and_then(|entity| entity.fields.get(name));
    field.variable.as_ref().or_else(of_entity)
}

pub(crate) fn check(
    catalog: &Catalog,
    entity: &str,
    step: &Step,
    outcome: &str,
    data: &Object,
    errors: &mut Vec<FieldError>,
) -> Answers {
    let mut answers = Answers::default();
    for name in data.keys().filter(|name| !step.form.contains_key(*name)) {
        errors.push(FieldError::new(name, "unknown", "此环节没有这个填写项"));
    }
    for (name, field) in &step.form {
        // What is asked for with other outcomes only is not looked at.
        if !field.outcomes.is_empty() && !field.outcomes.iter().any(|key| key == outcome) {
            continue;
        }
        let title = definition(catalog, entity, name, field).map_or(name.as_str(), |field| &field.title);
        let given = data.get(name);
        let empty = given.is_none_or(is_empty);
        if empty && field.required {
            errors.push(FieldError::new(name, "required", format!("请填写{title}")));
            continue;
        }
        if let (Some(least), Some(text), false) = (field.length_min, given.and_then(Value::as_str), empty)
            && text.trim().chars().count() < least
        {
            errors.push(FieldError::new(name, "length", format!("{title}不能少于 {least} 个字")));
            continue;
        }
        match (&field.variable, given) {
            (None, Some(value)) => drop(answers.record.insert(name.clone(), value.clone())),
            (None, None) => {}
            (Some(variable), None | Some(Value::Null)) => {
                let value = variable.default.clone().filter(|_| given.is_none()).unwrap_or(Value::Null);
                answers.variables.insert(name.clone(), value);
            }
            (Some(variable), Some(value)) => match parse(catalog, variable, value) {
                Ok(value) => drop(answers.variables.insert(name.clone(), value)),
                Err((code, message)) => errors.push(FieldError::new(name, code, format!("{title}{message}"))),
            },
        }
    }
    answers
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

type Fault = (&'static str, String);

/// The value of a variable in its canonical form.
pub(crate) fn parse(catalog: &Catalog, field: &Field, value: &Value) -> Result<Value, Fault> {
    let wrong = |what: &str| -> Fault { ("type", format!("应为{what}")) };
    match field.field_type {
        FieldType::Boolean => value.as_bool().map(Value::from).ok_or_else(|| wrong("是或否")),
        FieldType::Integer | FieldType::Money => {
            let number = value.as_i64().ok_or_else(|| wrong("整数"))?;
            within(field, number as f64)?;
            Ok(Value::from(number))
        }
        FieldType::Decimal => {
            let text = match value {
                Value::String(text) => text.trim().to_owned(),
                Value::Number(number) => number.to_string(),
                _ => return Err(wrong("数字")),
            };
            let number: Number = text.parse().map_err(|_| wrong("数字"))?;
            within(field, number.as_f64().unwrap_or_default())?;
            Ok(Value::Number(number))
        }
        FieldType::Date => {
            let text = value.as_str().filter(|text| text.parse::<Date>().is_ok());
            text.map(Value::from).ok_or_else(|| wrong("日期"))
        }
        FieldType::DateTime => {
            let text = value.as_str().filter(|text| text.parse::<Timestamp>().is_ok());
            text.map(Value::from).ok_or_else(|| wrong("日期时间"))
        }
        FieldType::Choice => {
            let code = value.as_str().ok_or_else(|| wrong("选项"))?;
            chosen(catalog, field, code).map(|()| Value::from(code))
        }
        FieldType::MultiChoice => {
            for code in value.as_array().ok_or_else(|| wrong("多个选项"))? {
                chosen(catalog, field, code.as_str().ok_or_else(|| wrong("多个选项"))?)?;
            }
            Ok(value.clone())
        }
        FieldType::Json => Ok(value.clone()),
        FieldType::Address | FieldType::GeoPoint => {
            value.as_object().map(|_| value.clone()).ok_or_else(|| wrong("键值形式"))
        }
        _ if field.traits().storage == Storage::Json => {
            let ids = value.as_array().filter(|items| items.iter().all(Value::is_string));
            ids.map(|_| value.clone()).ok_or_else(|| wrong("列表"))
        }
        _ => {
            let text = value.as_str().ok_or_else(|| wrong("文字"))?.trim();
            let length = text.chars().count();
            let most = field.length_max.unwrap_or(TEXT_CHARS_MAX);
            if length > most {
                return Err(("length", format!("不能超过 {most} 个字")));
            }
            match field.length_min {
                Some(least) if length < least => Err(("length", format!("不能少于 {least} 个字"))),
                _ => Ok(Value::from(text)),
            }
        }
    }
}

fn chosen(catalog: &Catalog, field: &Field, code: &str) -> Result<(), Fault> {
    let dictionary = field.dictionary.as_deref().and_then(|key| catalog.dictionary(key));
    match dictionary.and_then(|dictionary| dictionary.item(code)) {
        Some(_) => Ok(()),
        None => Err(("choice", "不是可选的值".to_owned())),
    }
}

fn within(field: &Field, number: f64) -> Result<(), Fault> {
    let limit = |value: &Option<Value>| match value {
        Some(Value::String(text)) => text.parse::<f64>().ok(),
        Some(value) => value.as_f64(),
        None => None,
    };
    match (limit(&field.min), limit(&field.max)) {
        (Some(min), _) if number < min => Err(("range", format!("不能小于 {min}"))),
        (_, Some(max)) if number > max => Err(("range", format!("不能大于 {max}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step() -> Step {
        serde_json::from_value(json!({
            "title": "初审", "roles": [],
            "form": {
                "reason": {"outcomes": ["fail"], "required": true, "length_min": 15},
                "notify": {"variable": {"title": "短信告知", "type": "boolean", "default": true}},
                "area": {"variable": {"title": "面积", "type": "decimal", "scale": 2, "min": 1}}
            },
            "outcomes": {"pass": {"title": "通过"}, "fail": {"title": "不通过"}}
        }))
        .unwrap()
    }

    fn checked(outcome: &str, data: Value) -> (Answers, Vec<String>) {
        let mut errors = Vec::new();
        let data = data.as_object().cloned().unwrap();
        let answers = check(&Catalog::default(), "t.case", &step(), outcome, &data, &mut errors);
        (answers, errors.into_iter().map(|error| format!("{}:{}", error.field, error.code)).collect())
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let (_, errors) = checked("fail", json!({"notify": "ja", "area": "0.5", "other": 1}));
        assert_eq!(errors, ["other:unknown", "reason:required", "notify:type", "area:range"]);
    }

    #[test]
    fn a_reason_counts_characters_not_bytes() {
        assert_eq!(checked("fail", json!({"reason": "理由理由理由理由理由理由理由"})).1, ["reason:length"]);
        let (answers, errors) = checked("fail", json!({"reason": "理由理由理由理由理由理由理由理"}));
        assert!(errors.is_empty());
        assert_eq!(answers.record["reason"], json!("理由理由理由理由理由理由理由理"));
    }

    #[test]
    fn what_another_outcome_asks_for_is_left_alone() {
        let (answers, errors) = checked("pass", json!({"reason": "x", "area": "12.50"}));
        assert!(errors.is_empty() && answers.record.is_empty());
        assert_eq!(Value::Object(answers.variables), json!({"notify": true, "area": 12.5}));
    }
}
