use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::{FieldPlan, Unnamed},
    value::kind::{Fault, Kind, Parsed, cell_parts, fault, input_text, plain_text, shortened},
};

pub(crate) struct Boolean;
/// A code of a dictionary.
pub(crate) struct Choice;
/// Several codes, each once.
pub(crate) struct MultiChoice;

impl Kind for Boolean {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        input.as_bool().map(Value::Bool).ok_or_else(|| fault("type", "应为是或否"))
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        if value == &Value::Bool(true) { "是" } else { "否" }.to_owned()
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        match text {
            "是" | "有" | "1" | "true" | "TRUE" | "Y" | "y" => Ok(Value::Bool(true)),
            "否" | "无" | "0" | "false" | "FALSE" | "N" | "n" => Ok(Value::Bool(false)),
            _ => Err(fault("format", "应填“是”或“否”")),
        }
    }
}

impl Kind for Choice {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        chosen(field, input).map(Value::from)
    }

    fn to_text(&self, field: &FieldPlan, value: &Value) -> String {
        title(field, value)
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        named(field, text).map(Value::from)
    }

    fn cell_help(&self, field: &FieldPlan) -> &'static str {
        if field.codes.values().any(|code| !code.leaf) {
            "填写名称，重名的写作“上级/名称”，或填写代码"
        } else {
            "填写名称或代码"
        }
    }
}

impl Kind for MultiChoice {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let items = input.as_array().ok_or_else(|| fault("type", "应为多个选项"))?;
        if items.len() > field.count_max() {
            return Err(fault("length", format!("最多选 {} 项", field.count_max())));
        }
        let mut codes: Vec<&str> = Vec::with_capacity(items.len());
        for item in items {
            let code = chosen(field, item)?;
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        Ok(Value::from(codes))
    }

    fn to_text(&self, field: &FieldPlan, value: &Value) -> String {
        let codes = value.as_array().map_or(&[][..], Vec::as_slice).iter();
        codes.map(|code| title(field, code)).collect::<Vec<_>>().join("、")
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        cell_parts(text)
            .map(|part| named(field, part).map(Value::from))
            .collect::<Result<_, _>>()
            .map(Value::Array)
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "多项之间用顿号分开"
    }
}

/// A code that may be chosen. Retired ones are judged where it is known that they are new.
pub(crate) fn chosen<'a>(field: &FieldPlan, input: &'a Value) -> Result<&'a str, Fault> {
    let code = input_text(input)?;
    match field.codes.get(code) {
        None => Err(fault("choice", format!("没有“{}”这个选项", shortened(code)))),
        Some(item) if field.definition.leaf_only && !item.leaf => {
            Err(fault("choice", format!("请选到“{}”的最末一级", item.title)))
        }
        Some(_) => Ok(code),
    }
}

/// The title of a code; the code itself when the dictionary no longer has it.
fn title(field: &FieldPlan, code: &Value) -> String {
    let item = code.as_str().and_then(|code| field.codes.get(code));
    item.map_or_else(|| plain_text(code), |item| item.title.clone())
}

fn named<'f>(field: &'f FieldPlan, text: &str) -> Result<&'f str, Fault> {
    field.codes.named(text).map_err(|why| match why {
        Unnamed::Ambiguous => {
            fault("choice", format!("有多个名为“{text}”的选项，请写作“上级/名称”，或填写代码"))
        }
        Unnamed::Unknown => fault("choice", format!("没有“{}”这个选项", shortened(text))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::testing::{a_region_field, faulty, parsed};

    #[test]
    fn trees_may_be_chosen_at_any_level_or_to_the_last() {
        let any = a_region_field(json!({"type": "choice"}));
        assert_eq!(parsed(&any, json!("310115")), "310115");
        let last = a_region_field(json!({"type": "choice", "leaf_only": true}));
        assert_eq!(faulty(&last, json!("310115")), "choice: 请选到“浦东新区”的最末一级");
        assert_eq!(parsed(&last, json!("310115005001")), "310115005001");
        assert_eq!(faulty(&any, json!("1")), "choice: 没有“1”这个选项");
    }

    #[test]
    fn cells_name_codes_by_title_and_path() {
        let one = a_region_field(json!({"type": "choice"}));
        assert_eq!(Choice.read_text(&one, "浦东新区/陆家嘴街道").unwrap(), "310115005");
        assert!(Choice.read_text(&one, "陆家嘴街道").unwrap_err().message.contains("上级/名称"));
        assert_eq!(Choice.to_text(&one, &json!("310115005")), "陆家嘴街道");
        let many = a_region_field(json!({"type": "multi_choice", "count_max": 2}));
        let codes = MultiChoice.read_text(&many, "浦东新区、黄浦区").unwrap();
        assert_eq!(
            (codes.clone(), MultiChoice.to_text(&many, &codes)),
            (json!(["310115", "310101"]), "浦东新区、黄浦区".into())
        );
        assert_eq!(parsed(&many, json!(["310115", "310115"])), json!(["310115"]));
        assert_eq!(faulty(&many, json!(["310115", "310101", "310115005"])), "length: 最多选 2 项");
        assert_eq!(parsed(&many, json!([])), json!(null));
    }
}
