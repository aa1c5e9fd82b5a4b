use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::kind::{Kind, Parsed, fault},
};

/// Longest JSON value in bytes.
const JSON_BYTES_MAX: usize = 64 * 1024;

/// Any JSON value.
pub(crate) struct Json;

impl Kind for Json {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        if input.to_string().len() > JSON_BYTES_MAX {
            return Err(fault("length", "内容过大，不能超过 64 KB"));
        }
        Ok(input.clone())
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        value.to_string()
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        serde_json::from_str(text).map_err(|_| fault("format", "应为 JSON"))
    }
}
