//! What names a person and what belongs to one.

use jiff::civil::Date;
use serde_json::Value;

use super::text::check_length;
use crate::{
    plan::FieldPlan,
    value::{
        codes,
        kind::{Kind, Parsed, fault, half_width, input_text, plain_text},
        mask::{ends, masked_name},
    },
};

/// Which rules it follows is judged with the whole record: they depend on the kind of certificate.
pub(crate) struct IdNumber;
pub(crate) struct Phone;
pub(crate) struct BankCard;
pub(crate) struct Name;

impl Kind for IdNumber {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let number: String = anju_crypto::normalise(input_text(input)?).split_whitespace().collect();
        check_length(field, &number)?;
        Ok(Value::from(number))
    }

    fn mask(&self, _field: &FieldPlan, value: &Value) -> String {
        ends(&plain_text(value), 3, 4)
    }

    fn mask_keeps_something(&self) -> bool {
        true
    }

    fn search_form(&self, text: &str) -> String {
        anju_crypto::normalise(text)
    }
}

impl Kind for Phone {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let number = codes::phone(&anju_crypto::normalise(input_text(input)?));
        number
            .map(Value::String)
            .ok_or_else(|| fault("format", "电话号码应为 11 位手机号，或带区号的固定电话，如 021-12345678"))
    }

    fn mask(&self, _field: &FieldPlan, value: &Value) -> String {
        ends(&plain_text(value), 3, 4)
    }

    fn mask_keeps_something(&self) -> bool {
        true
    }

    fn search_form(&self, text: &str) -> String {
        let plain = anju_crypto::normalise(text);
        codes::phone(&plain).unwrap_or(plain)
    }
}

impl Kind for BankCard {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let number = compact(input_text(input)?);
        let well_formed =
            (15..=19).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if !well_formed {
            return Err(fault("format", "银行卡号应为 15 至 19 位数字"));
        }
        if !codes::luhn_is_valid(&number) {
            return Err(fault("format", "银行卡号校验位不正确，请核对"));
        }
        Ok(Value::from(number))
    }

    fn mask(&self, _field: &FieldPlan, value: &Value) -> String {
        ends(&plain_text(value), 0, 4)
    }

    fn mask_keeps_something(&self) -> bool {
        true
    }

    fn search_form(&self, text: &str) -> String {
        compact(text)
    }
}

fn compact(number: &str) -> String {
    half_width(number).chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

impl Kind for Name {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let name = self.search_form(input_text(input)?);
        if !name.chars().all(is_name_sign) || !name.chars().any(char::is_alphabetic) {
            return Err(fault("format", "姓名只能含汉字、字母、间隔号和空格"));
        }
        check_length(field, &name)?;
        Ok(Value::from(name))
    }

    fn mask(&self, _field: &FieldPlan, value: &Value) -> String {
        masked_name(&plain_text(value))
    }

    fn mask_keeps_something(&self) -> bool {
        true
    }

    /// One middle dot for all that are in use, plain Latin letters, single spaces, none between Chinese characters.
    fn search_form(&self, text: &str) -> String {
        let plain: String = half_width(text).chars().map(|c| if is_dot(c) { '·' } else { c }).collect();
        let mut name = String::with_capacity(plain.len());
        for part in plain.split_whitespace() {
            let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            if latin(name.chars().next_back()) && latin(part.chars().next()) {
                name.push(' ');
            }
            name.push_str(part);
        }
        name
    }
}

/// Dots between the parts of a name.
fn is_dot(c: char) -> bool {
    matches!(c, '•' | '‧' | '∙' | '⋅' | '・' | '･' | '．')
}

fn is_name_sign(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '·' | ' ' | '-' | '\'' | '’' | '.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::testing::{a_field, faulty, parsed};

    #[test]
    fn names_are_kept_in_one_form() {
        let name = a_field(json!({"type": "person_name"}));
        for (typed, kept) in [
            (" 张　三 ", "张三"),
            ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
            ("Ｊｏｈｎ   Smith", "John Smith"),
            ("O'Neill-李", "O'Neill-李"),
            ("𠮷野", "𠮷野"),
        ] {
            assert_eq!(parsed(&name, json!(typed)), kept, "{typed}");
        }
        for wrong in ["张三1", "<b>", "·", "张\n三1", "张三（代）"] {
            assert!(faulty(&name, json!(wrong)).starts_with("format"), "{wrong}");
        }
        assert_eq!(Name.mask(&name, &json!("张三丰")), "张**");
    }

    #[test]
    fn bank_cards_keep_their_last_four_digits_only() {
        let card = a_field(json!({"type": "bank_card"}));
        assert_eq!(parsed(&card, json!("６２２２ 0200 0000-0000 000")).as_str().map(str::len), Some(19));
        assert!(faulty(&card, json!("6222020000000000001")).contains("校验位"));
        assert!(faulty(&card, json!("622202")).contains("15 至 19 位"));
        assert_eq!(BankCard.mask(&card, &json!("6222021234567890")), "************7890");
    }
}
