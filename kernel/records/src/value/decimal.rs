//! Fixed-point numbers: `"56.30"` with scale 2 lies in the database as 5630. No floats.

/// Why a text is no number of the wanted scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalFault {
    NotANumber,
    TooManyPlaces,
    TooLarge,
}

/// Most places a decimal may have.
pub(crate) const SCALE_MAX: u32 = 9;

/// Digits, an optional sign, an optional fraction; thousands separators and exponents are refused.
pub(crate) fn parse(text: &str, scale: u32) -> Result<i64, DecimalFault> {
    let text = text.trim();
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(DecimalFault::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > scale as usize {
        return Err(DecimalFault::TooManyPlaces);
    }
    let padding = scale as usize - fraction.len();
    let mut scaled: i64 = 0;
    let zeros = std::iter::repeat_n(b'0', padding);
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        scaled = scaled
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(i64::from(digit - b'0')))
            .ok_or(DecimalFault::TooLarge)?;
    }
    Ok(if negative { -scaled } else { scaled })
}

/// With exactly `scale` places.
pub(crate) fn format(scaled: i64, scale: u32) -> String {
    if scale == 0 {
        return scaled.to_string();
    }
    let divisor = 10u64.pow(scale.min(SCALE_MAX + 8));
    let magnitude = scaled.unsigned_abs();
    let sign = if scaled < 0 { "-" } else { "" };
    format!("{sign}{}.{:0places$}", magnitude / divisor, magnitude % divisor, places = scale as usize)
}

/// A number's text rounded half away from zero to `scale` places; `None` when it is no plain number or too large.
pub(crate) fn rounded(text: &str, scale: u32) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(scale as usize)];
    let scaled = parse(&format!("{whole}.{kept}"), scale).ok()?;
    let up = fraction.as_bytes().get(scale as usize).is_some_and(|digit| *digit >= b'5');
    let step = if whole.starts_with('-') { -1 } else { 1 };
    let scaled = if up { scaled.checked_add(step)? } else { scaled };
    Some(format(scaled, scale))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_exact_scaled_integers() {
        assert_eq!(parse("56.3", 2), Ok(5630));
        assert_eq!(parse("-0.05", 2), Ok(-5));
        assert_eq!(parse(" 7 ", 2), Ok(700));
        assert_eq!(parse("1.500", 2), Ok(150));
        assert_eq!(parse("1.505", 2), Err(DecimalFault::TooManyPlaces));
        assert_eq!(parse("1e5", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse("1,000", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse(".", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse("", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse("99999999999999999999", 2), Err(DecimalFault::TooLarge));
        assert_eq!(parse("-", 0), Err(DecimalFault::NotANumber));
        assert_eq!(parse("٣", 0), Err(DecimalFault::NotANumber));
    }

    #[test]
    fn results_are_rounded_half_away_from_zero() {
        for (text, scale, round) in [
            ("56.335", 2, "56.34"),
            ("56.3349", 2, "56.33"),
            ("-0.005", 2, "-0.01"),
            ("7", 2, "7.00"),
            ("0.5", 0, "1"),
            ("-0.4", 0, "0"),
            ("99.999", 2, "100.00"),
            ("-1.5", 0, "-2"),
        ] {
            assert_eq!(rounded(text, scale).as_deref(), Some(round), "{text}");
        }
        assert_eq!(rounded("1e5", 2), None);
        assert_eq!(rounded("99999999999999999999", 2), None);
    }

    proptest! {
        #[test]
        fn formatting_and_parsing_are_inverse(scaled in i64::MIN + 1..i64::MAX, scale in 0u32..=SCALE_MAX) {
            prop_assert_eq!(parse(&format(scaled, scale), scale), Ok(scaled));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,30}", scale in 0u32..=SCALE_MAX) {
            let _ = parse(&text, scale);
        }
    }
}
