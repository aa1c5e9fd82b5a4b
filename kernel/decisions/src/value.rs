//! JSON to the engine's values and back.

use serde_json::{Number, Value};
use zen_expression::Variable;

use crate::Error;

/// JSON numbers become exact decimals; one that does not fit is an error rather than a rounded value.
pub(crate) fn to_variable(value: &Value) -> Result<Variable, Error> {
    Variable::try_from_value(value.clone()).map_err(|cause| Error::NumberOutOfRange(cause.to_string()))
}

/// Whole decimals become JSON integers, others JSON numbers read from their decimal text.
pub(crate) fn to_json(variable: &Variable) -> Value {
    match variable {
        Variable::Null => Value::Null,
        Variable::Bool(bool) => Value::Bool(*bool),
        Variable::Number(decimal) => number(&decimal.normalize().to_string()),
        Variable::String(text) => Value::String(text.to_string()),
        Variable::Array(items) => Value::Array(items.borrow().iter().map(to_json).collect()),
        Variable::Object(map) => {
            Value::Object(map.borrow().iter().map(|(key, value)| (key.to_string(), to_json(value))).collect())
        }
        Variable::Dynamic(dynamic) => dynamic.to_value(),
    }
}

fn number(text: &str) -> Value {
    match text.parse::<i64>() {
        Ok(integer) => Value::from(integer),
        // A decimal's text is always a JSON number.
        Err(_) => text.parse::<Number>().map_or(Value::Null, Value::Number),
    }
}

/// How many elements the arrays of a value hold in all, at any depth.
pub(crate) fn elements(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len() + items.iter().map(elements).sum::<usize>(),
        Value::Object(map) => map.values().map(elements).sum(),
        _ => 0,
    }
}

/// As [`elements`], of the engine's own values.
pub(crate) fn elements_of(variable: &Variable) -> usize {
    match variable {
        Variable::Array(items) => {
            let items = items.borrow();
            items.len() + items.iter().map(elements_of).sum::<usize>()
        }
        Variable::Object(map) => map.borrow().iter().map(|(_, value)| elements_of(value)).sum(),
        _ => 0,
    }
}

/// Whether `found` has everything `wanted` has: objects by key, numbers by value.
pub(crate) fn covers(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| covers(found.get(key).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| covers(f, w))
        }
        (Value::Number(found), Value::Number(wanted)) => found == wanted || found.as_f64() == wanted.as_f64(),
        _ => found == wanted,
    }
}
