use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::kind::{Fault, Kind, Parsed, fault, input_text},
};

/// Text, on one line or several.
pub(crate) struct Text {
    pub lines: bool,
}

impl Kind for Text {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let text = input_text(input)?;
        let forbidden = |c: char| c.is_control() && !(self.lines && matches!(c, '\n' | '\r' | '\t'));
        if text.chars().any(forbidden) {
            let message = match self.lines {
                true => "含有不可见字符",
                false => "应为一行文字，不能含换行或不可见字符",
            };
            return Err(fault("format", message));
        }
        let text = text.trim();
        check_length(field, text)?;
        if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return Err(fault("format", "格式不正确"));
        }
        Ok(Value::from(text))
    }
}

pub(crate) fn check_length(field: &FieldPlan, text: &str) -> Result<(), Fault> {
    // Characters are only counted where bytes do not already settle it.
    if text.len() > field.length_max && text.chars().count() > field.length_max {
        return Err(fault("length", format!("不能超过 {} 个字", field.length_max)));
    }
    match field.definition.length_min {
        Some(least) if text.chars().count() < least => Err(fault("length", format!("至少 {least} 个字"))),
        _ => Ok(()),
    }
}
