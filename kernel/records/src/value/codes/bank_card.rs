//! Bank card numbers (ISO/IEC 7812).

/// Whether the last digit is the Luhn digit of the others. Anything but digits is not valid.
pub(crate) fn luhn_is_valid(number: &str) -> bool {
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let digits = number.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 =
        digits.enumerate().map(|(at, digit)| if at % 2 == 1 { doubled(digit) } else { digit }).sum();
    sum.is_multiple_of(10)
}

/// Twice the digit, cast out to one digit again.
fn doubled(digit: u32) -> u32 {
    let twice = digit * 2;
    if twice > 9 { twice - 9 } else { twice }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_numbers_are_right() {
        assert!(luhn_is_valid("79927398713"));
        assert!(!luhn_is_valid("79927398710"));
        assert!(!luhn_is_valid("７９９２７３９８７１３"));
        assert!(!luhn_is_valid(""));
    }

    proptest! {
        #[test]
        fn every_well_made_number_passes_and_every_single_digit_error_is_caught(
            first in "[1-9][0-9]{14,17}", at in 0usize..19, by in 1u8..10,
        ) {
            let made: Vec<String> = (0..10).map(|digit| format!("{first}{digit}")).filter(|n| luhn_is_valid(n)).collect();
            prop_assert_eq!(made.len(), 1, "one digit fits");
            let mut wrong = made[0].clone().into_bytes();
            let at = at % wrong.len();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert!(!luhn_is_valid(&String::from_utf8(wrong).unwrap()));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,24}") {
            let _ = luhn_is_valid(&text);
        }
    }
}
