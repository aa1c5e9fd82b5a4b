//! What is shown of a sensitive value.

use anju_definitions::FieldType;

/// Certificate numbers keep the first 3 and last 4 characters, phones 3 and 4, everything else nothing.
pub(crate) fn mask(kind: FieldType, clear: &str) -> String {
    match kind {
        FieldType::IdNumber | FieldType::Phone => ends(clear, 3, 4),
        _ => "****".to_owned(),
    }
}

/// A person's name as the public may see it: the first character, the rest starred.
pub fn masked_name(name: &str) -> String {
    let count = name.chars().count();
    name.chars().take(1).chain(std::iter::repeat_n('*', count.saturating_sub(1))).collect()
}

fn ends(clear: &str, first: usize, last: usize) -> String {
    let length = clear.chars().count();
    if length < first + last + 2 {
        return "****".to_owned();
    }
    let head: String = clear.chars().take(first).collect();
    let tail: String = clear.chars().skip(length - last).collect();
    format!("{head}{}{tail}", "*".repeat(length - first - last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a71_names_keep_their_first_character_only() {
        assert_eq!(masked_name("张三"), "张*");
        assert_eq!(masked_name("欧阳若琳"), "欧***");
        assert_eq!(masked_name("李"), "李");
        assert_eq!(masked_name(""), "");
    }

    #[test]
    fn a71_numbers_keep_their_ends_only() {
        assert_eq!(mask(FieldType::IdNumber, "11010519491231002X"), "110***********002X");
        assert_eq!(mask(FieldType::Phone, "13800138000"), "138****8000");
        assert_eq!(mask(FieldType::IdNumber, "12345678"), "****");
        assert_eq!(mask(FieldType::Text, "张三"), "****");
        assert_eq!(mask(FieldType::Money, "1200000"), "****");
    }
}
