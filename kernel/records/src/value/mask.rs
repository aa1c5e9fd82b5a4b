//! What is shown of a sensitive value.

use anju_definitions::FieldType;

/// Certificate numbers keep the first 3 and last 4 characters, phones 3 and 4, everything else nothing.
pub(crate) fn mask(kind: FieldType, clear: &str) -> String {
    match kind {
        FieldType::IdNumber | FieldType::Phone => ends(clear, 3, 4),
        _ => "****".to_owned(),
    }
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
    fn a71_numbers_keep_their_ends_only() {
        assert_eq!(mask(FieldType::IdNumber, "11010519491231002X"), "110***********002X");
        assert_eq!(mask(FieldType::Phone, "13800138000"), "138****8000");
        assert_eq!(mask(FieldType::IdNumber, "12345678"), "****");
        assert_eq!(mask(FieldType::Text, "张三"), "****");
        assert_eq!(mask(FieldType::Money, "1200000"), "****");
    }
}
