use jiff::civil::Date;
use serde_json::Value;

use crate::{
    plan::FieldPlan,
    value::{
        kind::{Kind, Parsed, fault, input_text, plain_text},
        markup::{Piece, escaped, read},
    },
};

/// Longest markup in bytes.
const MARKUP_BYTES_MAX: usize = 256 * 1024;

/// Markup out of a short list of tags, well formed.
pub(crate) struct RichText;

impl Kind for RichText {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let text = input_text(input)?;
        if text.len() > MARKUP_BYTES_MAX {
            return Err(fault("length", format!("内容过大，不能超过 {} KB", MARKUP_BYTES_MAX / 1024)));
        }
        let pieces = read(text).map_err(|why| fault("format", why))?;
        let mut markup = String::with_capacity(text.len());
        let mut characters = 0;
        for piece in &pieces {
            piece.write(&mut markup);
            characters += piece.text().map_or(0, |text| text.chars().count());
        }
        if characters > field.length_max {
            return Err(fault("length", format!("不能超过 {} 个字", field.length_max)));
        }
        let empty = pieces.iter().all(|piece| piece.text().is_none_or(|text| text.trim().is_empty()));
        Ok(if empty { Value::Null } else { Value::String(markup) })
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        let markup = plain_text(value);
        let Ok(pieces) = read(&markup) else { return markup };
        let mut text = String::with_capacity(markup.len());
        for piece in &pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                piece if piece.ends_line() && !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
                _ => {}
            }
        }
        text.trim_end().to_owned()
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        let paragraphs = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(Value::String(paragraphs.map(|line| format!("<p>{}</p>", escaped(line))).collect()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::testing::{a_field, faulty, parsed};

    #[test]
    fn text_goes_in_and_out_without_its_markup() {
        let field = a_field(json!({"type": "rich_text", "length_max": 12}));
        let markup = "<h3>说明</h3><ul><li>甲 &amp; 乙</li><li>丙</li></ul>";
        assert_eq!(parsed(&field, json!(markup)), markup);
        assert_eq!(RichText.to_text(&field, &json!(markup)), "说明\n甲 & 乙\n丙");
        assert_eq!(RichText.read_text(&field, "甲<乙\n\n丙").unwrap(), "<p>甲&lt;乙</p><p>丙</p>");
        assert_eq!(parsed(&field, json!("<p> <br></p>")), json!(null));
        assert_eq!(faulty(&field, json!("<p>一二三四五六七八九十一二三</p>")), "length: 不能超过 12 个字");
        assert!(faulty(&field, json!("<p onclick=\"x\">甲</p>")).starts_with("format"));
    }
}
