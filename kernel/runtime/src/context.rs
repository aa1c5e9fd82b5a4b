//! What expressions of effects, documents and defaults may look at.

use anju_definitions::{Catalog, FieldType};
use anju_records::{Actor, Object, Record};
use serde_json::{Value, json};

use crate::Runtime;

/// Days ahead for which expressions know the working day: `working_days_ahead[7]`.
const WORKING_DAYS_AHEAD: u32 = 60;

impl Runtime {
    /// `record` (decimals as numbers), `titles` of its choices, `actor`, `today`, `working_days_ahead`.
    pub(crate) fn expression_context(
        &self,
        entity: &str,
        record: &Record,
        actor: &Actor,
    ) -> Result<Object, anju_records::Error> {
        let today = self.today();
        let calendar = self.calendar();
        let ahead: Vec<String> =
            (0..=WORKING_DAYS_AHEAD).map(|days| calendar.add_working_days(today, days).to_string()).collect();
        let catalog = self.catalog.load();
        let mut shown = self.records.expression_context(entity, &record.values)?;
        shown.insert("$refs".to_owned(), record.get("$refs").clone());
        Ok(Object::from_iter([
            ("record".to_owned(), Value::Object(shown)),
            ("titles".to_owned(), Value::Object(titles(&catalog, entity, record))),
            ("actor".to_owned(), json!({ "account_id": actor.account_id, "name": actor.name })),
            ("today".to_owned(), json!(today.to_string())),
            ("working_days_ahead".to_owned(), json!(ahead)),
        ]))
    }
}

/// Titles of the record's choices, and of those of its child rows by `child.field` as a list.
fn titles(catalog: &Catalog, entity: &str, record: &Record) -> Object {
    let mut titles = titles_of(catalog, entity, &record.values);
    for child in catalog.children_of(entity) {
        let Some(parent) = &child.parent else { continue };
        let rows: Vec<Value> = record
            .rows(&parent.as_name)
            .iter()
            .filter_map(Value::as_object)
            .map(|row| Value::Object(titles_of(catalog, &child.entity, row)))
            .collect();
        titles.insert(parent.as_name.clone(), Value::Array(rows));
    }
    titles
}

fn titles_of(catalog: &Catalog, entity: &str, values: &Object) -> Object {
    let Some(definition) = catalog.entity(entity) else { return Object::new() };
    definition
        .fields
        .iter()
        .filter_map(|(name, field)| {
            let dictionary = catalog.dictionary(field.dictionary.as_deref()?)?;
            let title = |code: &Value| dictionary.item(code.as_str()?).map(|item| item.title.clone());
            let value = values.get(name)?;
            let title = match field.field_type {
                FieldType::MultiChoice => {
                    value.as_array()?.iter().filter_map(title).collect::<Vec<_>>().join("、")
                }
                _ => title(value)?,
            };
            Some((name.clone(), Value::String(title)))
        })
        .collect()
}

/// A literal, or with a leading `=` the value of an expression.
pub(crate) fn resolve(value: &Value, context: &Value) -> Result<Value, anju_records::Error> {
    match value.as_str().and_then(|text| text.strip_prefix('=')) {
        Some(expression) => anju_decisions::evaluate(expression, context)
            .map_err(|error| anju_records::Error::Internal(format!("`{expression}`: {error}"))),
        None => Ok(value.clone()),
    }
}
