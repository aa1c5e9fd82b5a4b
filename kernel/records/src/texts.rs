//! Values as people read them, for whoever writes them into documents, messages and sheets.

use anju_definitions::FieldType;
use serde_json::Value;

use crate::{Object, Records, Result, plan::FieldPlan, value};

impl Records {
    /// What people read of each field of a record's JSON: titles for codes, yuan for fen, names for references,
    /// addresses in one line. Masks stay masks; absent values and child tables are left out.
    pub fn texts(&self, entity: &str, record: &Object) -> Result<Object> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let mut texts = Object::new();
        for field in &plan.fields {
            let Some(given) = record.get(&field.name).filter(|value| !value.is_null()) else { continue };
            texts.insert(field.name.clone(), Value::String(text(field, given, record)));
        }
        Ok(texts)
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
