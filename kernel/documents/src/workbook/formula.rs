//! Texts that a spreadsheet program would take for formulas (S-05).

use std::borrow::Cow;

/// Characters that make a program compute what follows.
const STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Whether a program might take the text for a formula, as the beginning of a cell or of a line within it; what
/// programs skip before it (spaces, quotes, marks of order) does not protect.
pub fn is_formula_like(text: &str) -> bool {
    if text.starts_with(['\t', '\r', '\n']) {
        return true;
    }
    let skipped = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
    };
    text.trim_start_matches(skipped).starts_with(STARTS)
}

/// The text with an apostrophe before it where it might be taken for a formula, so that every program shows it as
/// text. A text that already looks so shielded gets one more, so that [`unshielded`] always gives back the original.
pub fn shielded(text: &str) -> Cow<'_, str> {
    match is_formula_like(text.trim_start_matches('\'')) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text that was shielded.
pub fn unshielded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(inner) if is_formula_like(inner.trim_start_matches('\'')) => inner,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn s05_whatever_a_program_might_compute_is_shielded() {
        for text in [
            "=1+1",
            "+1",
            "-1+cmd|' /C calc'!A0",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM",
            " =1",
            "\"=1",
            "\"\n=1",
            "\u{feff}=1",
            "\u{200b}=1",
            "'=1",
            "\ttext",
            "\u{3000}=1",
        ] {
            assert!(shielded(text).starts_with('\''), "{text:?}");
            assert_eq!(unshielded(&shielded(text)), text);
        }
        for text in ["", "张三", "O'Neil", "a=b", "1-2", "'quoted'", "浦东-01"] {
            assert_eq!(shielded(text), text);
            assert_eq!(unshielded(text), text);
        }
    }

    proptest! {
        #[test]
        fn s05_shielding_loses_nothing(text in "['=+@\\t\\r\\n\" a＝-]{0,6}") {
            let safe = shielded(&text);
            prop_assert!(safe.starts_with('\'') || !is_formula_like(&safe));
            prop_assert_eq!(unshielded(&safe), text.as_str());
        }
    }
}
