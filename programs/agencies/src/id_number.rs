//! Identity numbers by GB 11643: 17 digits and a check character.

use jiff::civil::Date;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// Whether the number has 18 characters, a real date of birth and the right check character.
pub fn is_valid(id_no: &str) -> bool {
    let bytes = id_no.as_bytes();
    bytes.len() == 18
        && bytes[0] != b'0'
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && born(id_no).is_some()
        && check_character(&id_no[..17]) == char::from(bytes[17])
}

/// The date of birth in the number.
pub fn born(id_no: &str) -> Option<Date> {
    let part = |range: std::ops::Range<usize>| id_no.get(range)?.parse::<i16>().ok();
    let date = Date::new(part(6..10)?, part(10..12)? as i8, part(12..14)? as i8).ok()?;
    (1900..2100).contains(&date.year()).then_some(date)
}

/// The check character of the first 17 digits.
pub fn check_character(digits: &str) -> char {
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from(CHECKS[(sum % 11) as usize])
}

/// The number with the same region and sequence, the other sex, and the neighbouring year of birth where
/// that day exists. Applied twice it gives the first number again, so that couples agree about each other.
pub fn counterpart(id_no: &str) -> String {
    let sequence: u32 = id_no[14..17].parse().unwrap_or_default();
    let other_year = born(id_no)
        .and_then(|date| Date::new(date.year() ^ 1, date.month(), date.day()).ok())
        .map_or_else(|| id_no[6..10].to_owned(), |date| format!("{:04}", date.year()));
    let digits = format!("{}{other_year}{}{:03}", &id_no[..6], &id_no[10..14], sequence ^ 1);
    let check = check_character(&digits);
    format!("{digits}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_valid_only_with_its_date_and_check_character() {
        assert!(is_valid("11010519491231002X"));
        assert!(!is_valid("110105194912310021"));
        assert!(!is_valid("11010519491331002X"));
        assert!(!is_valid("1101051949123100"));
        assert!(!is_valid("一一010519491231"));
    }

    #[test]
    fn counterparts_point_at_each_other() {
        for id_no in ["11010519491231002X", "310101199202290018"] {
            let digits = &id_no[..17];
            let id_no = format!("{digits}{}", check_character(digits));
            let spouse = counterpart(&id_no);
            assert!(is_valid(&spouse), "{spouse}");
            assert_ne!(spouse, id_no);
            assert_eq!(counterpart(&spouse), id_no);
        }
    }
}
