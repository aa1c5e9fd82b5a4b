//! The log of attempts, `sys_call`: who was asked when, how it went, never what about.

use anju_store::{ColumnKind, IndexSpec, Store, TableSpec};
use jiff::Timestamp;
use serde_json::Value;

use crate::{Object, transport::Attempt};

pub(crate) const TABLE: &str = "sys_call";
const ERROR_LENGTH_MAX: usize = 500;
/// Shorter values are too common to be removed from a text without mutilating it.
const REMOVED_LENGTH_MIN: usize = 2;
const DIGITS_KEPT_MAX: usize = 5;

/// The tables this crate keeps.
pub fn tables() -> Vec<TableSpec> {
    let table = TableSpec::new(TABLE)
        .column("id", ColumnKind::Text)
        .column("connector", ColumnKind::Text)
        .column("operation", ColumnKind::Text)
        .column("key", ColumnKind::Text)
        .column("started", ColumnKind::Int)
        .column("ms", ColumnKind::Int)
        .nullable("status", ColumnKind::Int)
        .column("outcome", ColumnKind::Text)
        .nullable("error", ColumnKind::Text)
        .primary_key(["id"])
        .index(IndexSpec::on(["key"]))
        .index(IndexSpec::on(["connector", "started"]))
        .authenticated();
    vec![table]
}

/// One attempt to be written.
pub(crate) struct Entry<'a> {
    pub id: String,
    pub connector: &'a str,
    pub operation: &'a str,
    pub key: &'a str,
    pub started: Timestamp,
    pub ms: i64,
    pub attempt: &'a Attempt,
    pub values: &'a Object,
}

/// Writes the attempt in its own transaction, since it happened whatever becomes of the answer.
pub(crate) async fn write(store: &Store, entry: Entry<'_>) -> anju_store::Result<()> {
    let failure = entry.attempt.result.as_ref().err();
    let error = failure.map(|error| without_personal_data(&error.to_string(), entry.values));
    let row = vec![
        ("id", entry.id.into()),
        ("connector", entry.connector.into()),
        ("operation", entry.operation.into()),
        ("key", entry.key.into()),
        ("started", entry.started.into()),
        ("ms", entry.ms.into()),
        ("status", entry.attempt.status.map(i64::from).into()),
        ("outcome", failure.map_or("answered", |error| error.code()).into()),
        ("error", error.into()),
    ];
    let mut tx = store.begin().await?;
    tx.insert(TABLE, row).await?;
    tx.commit().await
}

/// The text without the values of the call and without longer runs of digits, cut to its longest length.
pub(crate) fn without_personal_data(text: &str, values: &Object) -> String {
    let mut cleaned = text.to_owned();
    for value in values.values().filter_map(Value::as_str) {
        if value.chars().count() >= REMOVED_LENGTH_MIN {
            cleaned = cleaned.replace(value, "***");
        }
    }
    without_long_numbers(&cleaned).chars().take(ERROR_LENGTH_MAX).collect()
}

fn without_long_numbers(text: &str) -> String {
    let mut cleaned = String::new();
    let mut digits = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        cleaned.push_str(if digits.len() > DIGITS_KEPT_MAX { "***" } else { &digits });
        digits.clear();
        cleaned.push(character);
    }
    cleaned.pop();
    cleaned
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_log_names_neither_people_nor_numbers() {
        let values = json!({ "name": "张三", "id_no": "11010519491231002X", "n": 1 });
        let cleaned = without_personal_data(
            "张三（11010519491231002X）与13800000001不符（代码 4003）",
            values.as_object().expect("an object"),
        );
        assert_eq!(cleaned, "***（***）与***不符（代码 4003）");
    }
}
