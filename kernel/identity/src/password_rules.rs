//! What a password must be.

/// Longest password in characters; nothing is ever cut off.
pub(crate) const LENGTH_MAX: usize = 128;
const CLASSES_MIN: usize = 3;
/// Names shorter than this are too common in words to forbid.
const NAME_LENGTH_MIN: usize = 2;

/// What is wrong with the password, for the user; `None` when nothing is. `names` are the account's name,
/// the person's name and the like.
pub(crate) fn fault(password: &str, length_min: usize, names: &[&str]) -> Option<String> {
    let length = password.chars().count();
    if length < length_min {
        return Some(format!("密码至少 {length_min} 位"));
    }
    if length > LENGTH_MAX {
        return Some(format!("密码不能超过 {LENGTH_MAX} 位"));
    }
    if classes(password) < CLASSES_MIN {
        return Some("密码须包含大写字母、小写字母、数字、符号中的至少三类".to_owned());
    }
    let lower = password.to_lowercase();
    let contained = names
        .iter()
        .map(|name| name.trim().to_lowercase())
        .any(|name| name.chars().count() >= NAME_LENGTH_MIN && lower.contains(&name));
    contained.then(|| "密码不能包含账号、姓名或手机号".to_owned())
}

fn classes(password: &str) -> usize {
    let tests: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric(),
    ];
    tests.iter().filter(|test| password.chars().any(test)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["chen.jy", "陈静怡", "13800138000"];

    #[test]
    fn a02_accepted_passwords() {
        for password in [
            "Shanghai-2026",
            "abcDEF1234",
            "abc-def-123",
            "ABC-DEF-123",
            "住房保障Ab12345",
            "Correct Horse 9",
            "zaq1ZAQ!zaq1",
            "aB3!aB3!aB3!",
            "密码密码密码密码aB1",
            "____aaaa1111",
        ] {
            assert_eq!(fault(password, 10, &NAMES), None, "{password}");
        }
        assert_eq!(fault(&format!("aB1{}", "x".repeat(125)), 10, &NAMES), None);
    }

    #[test]
    fn a02_refused_passwords() {
        for password in [
            "",
            "aB3!",
            "aB3!aB3!a",
            "abcdefghij",
            "ABCDEFGHIJ",
            "1234567890",
            "abcdefg123",
            "ABCDEFG123",
            "abcdefghi-",
            "chen.jy-A1x",
            "CHEN.JY-a1x",
            "x陈静怡Abc123",
            "Ab-13800138000",
            "密码密码密码密码密码",
        ] {
            assert!(fault(password, 10, &NAMES).is_some(), "{password}");
        }
        assert!(fault(&format!("aB1{}", "x".repeat(126)), 10, &NAMES).is_some());
        assert!(fault("Shanghai-26", 12, &NAMES).is_some(), "administrators need twelve");
    }

    #[test]
    fn a02_an_absent_or_single_letter_name_forbids_nothing() {
        assert_eq!(fault("Shanghai-2026", 10, &["", "S"]), None);
    }
}
