//! What is left of a text that is masked.

use super::kind::BLANK_MASK;

/// A person's name as the public may see it: the first character, the rest starred.
pub fn masked_name(name: &str) -> String {
    let count = name.chars().count();
    name.chars().take(1).chain(std::iter::repeat_n('*', count.saturating_sub(1))).collect()
}

/// The first and last characters of a number; nothing of one that is hardly longer than they are.
pub(crate) fn ends(clear: &str, first: usize, last: usize) -> String {
    let length = clear.chars().count();
    if length < first + last + 2 {
        return BLANK_MASK.to_owned();
    }
    let head: String = clear.chars().take(first).collect();
    let tail: String = clear.chars().skip(length - last).collect();
    format!("{head}{}{tail}", "*".repeat(length - first - last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{mask, testing::a_field};

    #[test]
    fn a71_names_keep_their_first_character_only() {
        assert_eq!(masked_name("张三"), "张*");
        assert_eq!(masked_name("欧阳若琳"), "欧***");
        assert_eq!(masked_name("李"), "李");
        assert_eq!(masked_name(""), "");
    }

    #[test]
    fn a71_numbers_keep_their_ends_only() {
        let masked = |kind: &str, value: serde_json::Value| mask(&a_field(json!({ "type": kind })), &value);
        assert_eq!(masked("id_number", json!("11010519491231002X")), "110***********002X");
        assert_eq!(masked("phone", json!("13800138000")), "138****8000");
        assert_eq!(masked("bank_card", json!("6222021234567890")), "************7890");
        assert_eq!(masked("person_name", json!("张三")), "张*");
        assert_eq!(masked("id_number", json!("12345678")), "****");
        assert_eq!(masked("text", json!("张三")), "****");
        assert_eq!(masked("money", json!(1_200_000)), "****");
    }
}
