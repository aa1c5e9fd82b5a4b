//! What has gone of a record, and the texts and files that go with it elsewhere.

use anju_definitions::{Disposal, FieldType};
use serde_json::Value;

use crate::{
    history::{StoredChange, ids_in},
    plan::{EntityPlan, FieldPlan},
};

/// Shorter texts are too common to be looked for elsewhere.
const TEXT_CHARACTERS_MIN: usize = 2;

/// What has gone, for those who keep things about the record.
#[derive(Debug, Clone)]
pub struct Erased {
    pub entity: String,
    pub id: String,
    pub then: Disposal,
    /// How the record is named from now on; empty when it is gone.
    pub display: String,
    /// Names of the record's own fields that lost their values.
    pub fields: Vec<String>,
    /// Texts that must not be found any more.
    pub texts: Vec<String>,
    /// Files that the values named, now and earlier.
    pub files: Vec<String>,
}

impl Erased {
    /// A text without the erased texts.
    pub fn clean(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, erased| text.replace(erased.as_str(), "***"))
    }

    /// A JSON value without the erased texts, and without what lies under the names of erased fields.
    pub fn clean_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text)),
            Value::Array(items) => items.iter().map(|item| self.clean_json(item)).collect(),
            Value::Object(entries) => entries
                .iter()
                .filter(|(name, _)| !self.fields.contains(name))
                .map(|(name, value)| (name.clone(), self.clean_json(value)))
                .collect(),
            other => other.clone(),
        }
    }
}

pub(super) fn note<'v>(field: &FieldPlan, values: impl Iterator<Item = &'v Value>, erased: &mut Erased) {
    for value in values {
        match field.kind {
            kind if kind.is_file() => erased.files.extend(ids_in(value).map(str::to_owned)),
            // The region names nobody.
            FieldType::Address => add_text(value["detail"].as_str().unwrap_or_default(), erased),
            kind if is_speaking(kind) => add_text(value.as_str().unwrap_or_default(), erased),
            _ => {}
        }
    }
}

fn add_text(text: &str, erased: &mut Erased) {
    if text.chars().count() >= TEXT_CHARACTERS_MIN && !erased.texts.iter().any(|known| known == text) {
        erased.texts.push(text.to_owned());
    }
}

/// Kinds whose texts tell of somebody wherever they stand.
fn is_speaking(kind: FieldType) -> bool {
    !matches!(
        kind,
        FieldType::Choice
            | FieldType::MultiChoice
            | FieldType::Ref
            | FieldType::RefList
            | FieldType::Decimal
            | FieldType::Date
            | FieldType::DateTime
    )
}

pub(super) fn note_files(plan: &EntityPlan, changes: &[StoredChange], erased: &mut Erased) {
    changes.iter().for_each(|change| note_file(plan, change, erased));
}

/// A file that a value named before. Changes of child rows count too: ids of files are ids of nothing else.
pub(super) fn note_file(plan: &EntityPlan, change: &StoredChange, erased: &mut Erased) {
    let own = plan.field(&change.field).is_some_and(|field| field.kind.is_file());
    if own || change.child.is_some() {
        let ids = [&change.before, &change.after].into_iter().flat_map(ids_in);
        erased.files.extend(ids.filter(|id| uuid::Uuid::parse_str(id).is_ok()).map(str::to_owned));
    }
}
