use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::kind::{Fault, Kind, Parsed, cell_parts, fault, input_text, plain_text},
};

/// The id of a record.
pub(crate) struct Reference;
/// Ids of records, each once.
pub(crate) struct References;
/// The id of a stored file, or several.
pub(crate) struct Files;

impl Kind for Reference {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        identifier(input).map(Value::from)
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "填写对应记录的编号"
    }
}

impl Kind for References {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        identifiers(field, input)
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        joined(value)
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        Ok(cell_parts(text).collect())
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "填写对应记录的编号，多项之间用顿号分开"
    }
}

impl Kind for Files {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        match field.definition.many {
            true => identifiers(field, input),
            false => identifier(input).map(Value::from),
        }
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        joined(value)
    }
}

fn joined(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(plain_text).collect::<Vec<_>>().join("、"),
        one => plain_text(one),
    }
}

fn identifiers(field: &FieldPlan, input: &Value) -> Parsed {
    let items = input.as_array().ok_or_else(|| fault("type", "应为列表"))?;
    if items.len() > field.count_max() {
        return Err(fault("length", format!("最多 {} 项", field.count_max())));
    }
    let mut ids: Vec<&str> = Vec::with_capacity(items.len());
    for item in items {
        let id = identifier(item)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(Value::from(ids))
}

fn identifier(input: &Value) -> Result<&str, Fault> {
    let id = input_text(input)?;
    let well_formed = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if well_formed { Ok(id) } else { Err(fault("format", "编号格式不正确")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::value::testing::{a_field, faulty, parsed};

    #[test]
    fn lists_hold_each_id_once_and_not_too_many() {
        let files = a_field(json!({"type": "image", "many": true, "count_max": 2}));
        assert_eq!(parsed(&files, json!(["a", "a"])), json!(["a"]));
        assert_eq!(parsed(&files, json!([])), json!(null));
        assert_eq!(faulty(&files, json!(["a", "b", "c"])), "length: 最多 2 项");
        assert_eq!(faulty(&files, json!("a")), "type: 应为列表");
        let one = a_field(json!({"type": "file"}));
        assert_eq!(parsed(&one, json!("f-1")), "f-1");
        assert_eq!(faulty(&one, json!("../x")), "format: 编号格式不正确");
    }
}
