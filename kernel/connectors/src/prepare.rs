//! From an operation and its values to a request: a pure function.

use anju_definitions::{Method, Operation};
use serde_json::Value;

use crate::{CallError, Object};

/// A request ready to leave.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    pub method: Method,
    pub url: String,
    pub body: Option<Value>,
}

/// Fills path and body. Values go into the path percent-encoded, so that none can change which place is asked.
pub fn prepare(base: &str, operation: &Operation, values: &Object) -> Result<Prepared, CallError> {
    if let Some(missing) = operation.needs.iter().find(|name| values.get(*name).is_none_or(Value::is_null)) {
        return Err(unprepared(format!("缺少参数 {missing}")));
    }
    let path = fill_path(&operation.path, values)?;
    let body = operation.body.as_ref().map(|body| fill_body(body, values)).transpose()?;
    Ok(Prepared { method: operation.method, url: format!("{}{path}", base.trim_end_matches('/')), body })
}

/// The name, when the whole text is one placeholder.
fn placeholder(text: &str) -> Option<&str> {
    text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
}

fn fill_path(path: &str, values: &Object) -> Result<String, CallError> {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| unprepared("路径中的花括号不配对"))?;
        filled.push_str(before);
        let text = match values.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(unprepared(format!("缺少参数 {name}"))),
        };
        if text.is_empty() || text.chars().all(|character| character == '.') {
            return Err(unprepared(format!("参数 {name} 不能用于路径")));
        }
        encode(&text, &mut filled);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// All but unreserved characters (RFC 3986) as `%XX`.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A string that is one placeholder becomes the value, of whatever kind it is.
fn fill_body(template: &Value, values: &Object) -> Result<Value, CallError> {
    match template {
        Value::String(text) => match placeholder(text) {
            Some(name) => values.get(name).cloned().ok_or_else(|| unprepared(format!("缺少参数 {name}"))),
            None => Ok(template.clone()),
        },
        Value::Array(list) => list.iter().map(|item| fill_body(item, values)).collect(),
        Value::Object(map) => {
            let filled: Result<Object, _> =
                map.iter().map(|(name, item)| Ok((name.clone(), fill_body(item, values)?))).collect();
            filled.map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

fn unprepared(why: impl Into<String>) -> CallError {
    CallError::Unprepared { why: why.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(path: &str, body: Value) -> Operation {
        serde_json::from_value(json!({
            "title": "查询", "method": "POST", "path": path, "needs": ["id_no"], "body": body, "answer": {},
        }))
        .expect("an operation")
    }

    fn values(value: Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn placeholders_take_values_of_any_kind() {
        let operation = operation(
            "/people/{id_no}",
            json!({ "persons": [{ "id_no": "{id_no}", "age": "{age}" }], "note": "all {of}" }),
        );
        let prepared = prepare("http://a/", &operation, &values(json!({ "id_no": "31", "age": 40 })))
            .expect("a request");
        assert_eq!(prepared.url, "http://a/people/31");
        assert_eq!(
            prepared.body,
            Some(json!({ "persons": [{ "id_no": "31", "age": 40 }], "note": "all {of}" }))
        );
    }

    #[test]
    fn a_value_cannot_lead_the_path_elsewhere() {
        let operation = operation("/people/{id_no}", Value::Null);
        let url = |id_no: &str| {
            prepare("http://a", &operation, &values(json!({ "id_no": id_no }))).map(|ready| ready.url)
        };
        assert_eq!(
            url("../control/reset?x#y"),
            Ok("http://a/people/..%2Fcontrol%2Freset%3Fx%23y".to_owned())
        );
        assert_eq!(url("张"), Ok("http://a/people/%E5%BC%A0".to_owned()));
        assert!(url("..").is_err());
        assert!(url("").is_err());
    }

    #[test]
    fn a_needed_value_that_is_missing_or_null_stops_the_call() {
        let operation = operation("/people", Value::Null);
        for given in [json!({}), json!({ "id_no": null })] {
            let error = prepare("http://a", &operation, &values(given)).expect_err("refused");
            assert_eq!(error.to_string(), "接口配置或参数有误：缺少参数 id_no");
        }
    }
}
