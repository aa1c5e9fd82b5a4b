//! Values as people read them, for whoever writes them into documents, messages and sheets.

use anju_definitions::FieldType;
use serde_json::Value;

use crate::{Object, Records, Result, plan::FieldPlan, value};

impl Records {
    /// What people read of one field of a record's JSON: titles for codes, yuan for fen, names for references,
    /// addresses in one line. A mask stays one; nothing for an absent value.
    pub fn text_of(&self, entity: &str, record: &Object, field: &str) -> Result<String> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let given = plan.field(field).zip(record.get(field).filter(|value| !value.is_null()));
        Ok(given.map(|(field, given)| text(field, given, record)).unwrap_or_default())
    }
}

fn text(field: &FieldPlan, given: &Value, record: &Object) -> String {
    let masked = record.get("$masked").and_then(Value::as_array);
    let is_masked = masked.is_some_and(|masked| masked.iter().any(|name| *name == *field.name));
    let named = record.get("$refs").and_then(|references| references.get(&field.name));
    match (field.kind, named, given) {
        (_, _, Value::String(mask)) if is_masked => mask.clone(),
        (FieldType::Ref, Some(name), _) => name.as_str().unwrap_or_default().to_owned(),
        (FieldType::RefList, Some(names), _) => {
            let names = names.as_array().map_or(&[][..], Vec::as_slice).iter();
            names.filter_map(Value::as_str).collect::<Vec<_>>().join("、")
        }
        _ => value::to_text(field, given),
    }
}
