use serde_json::Value;

use crate::hint::hint;
use crate::{Connector, Operation};

use super::{Check, fields, placeholders};

pub(super) fn check(at: &mut Check<'_>, connector: &Connector) {
    if connector.timeout_ms == 0 || connector.timeout_ms > 600_000 {
        at.error("timeout_ms", "bounds", "timeout_ms 应在 1 至 600000 之间");
    }
    if connector.retry.attempts_max == 0 || connector.retry.first_wait_ms > connector.retry.wait_max_ms {
        at.error("retry", "bounds", "attempts_max 应至少为 1，first_wait_ms 不应超过 wait_max_ms");
    }
    for (name, operation) in &connector.operations {
        let place = format!("operations/{name}");
        fields::name(at, &place, name);
        self::operation(at, &place, connector, operation);
    }
}

fn operation(at: &mut Check<'_>, place: &str, connector: &Connector, operation: &Operation) {
    match placeholders(&operation.path) {
        Ok(names) => names.into_iter().for_each(|name| needed(at, &format!("{place}/path"), operation, name)),
        Err(message) => at.error(&format!("{place}/path"), "placeholder", message),
    }
    if let Some(body) = &operation.body {
        self::body(at, &format!("{place}/body"), operation, body);
    }
    if let Some(deferred) = &operation.deferred {
        let place = format!("{place}/deferred");
        if !connector.operations.contains_key(&deferred.poll) {
            let hint = hint(&deferred.poll, connector.operations.keys().map(String::as_str));
            let message = format!("本连接器没有操作“{}”{hint}", deferred.poll);
            at.error(&format!("{place}/poll"), "dangling_reference", message);
        }
        if !deferred.receipt.starts_with('/') {
            at.error(&format!("{place}/receipt"), "pointer", "应为 JSON 指针，以“/”开头");
        }
        if deferred.every_ms == 0 || deferred.give_up_hours == 0 {
            at.error(&place, "bounds", "every_ms 和 give_up_hours 应大于 0");
        }
    }
}

/// Strings that are one whole placeholder; others are literal.
fn body(at: &mut Check<'_>, place: &str, operation: &Operation, value: &Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                needed(at, place, operation, name);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| body(at, &format!("{place}/{i}"), operation, item));
        }
        Value::Object(entries) => {
            entries.iter().for_each(|(key, item)| body(at, &format!("{place}/{key}"), operation, item));
        }
        _ => {}
    }
}

fn needed(at: &mut Check<'_>, place: &str, operation: &Operation, name: &str) {
    if !operation.needs.iter().any(|need| need == name) {
        let hint = hint(name, operation.needs.iter().map(String::as_str));
        at.error(place, "call_values", format!("needs 中没有“{name}”{hint}"));
    }
}
