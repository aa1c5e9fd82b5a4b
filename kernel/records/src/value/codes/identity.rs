//! Numbers that name persons and organisations: certificates, phones, credit codes.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

/// Which rules a certificate number follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// 居民身份证 and 户口簿: GB 11643.
    Resident,
    Passport,
    /// 港澳居民来往内地通行证.
    HongKongMacau,
    /// 台湾居民来往大陆通行证.
    Taiwan,
    /// 军官证, 士兵证, 文职干部证.
    Military,
    /// Anything else: letters and digits.
    Other,
}

impl Certificate {
    /// By the title of the dictionary's item.
    pub(crate) fn from_title(title: &str) -> Self {
        let names = |words: &[&str]| words.iter().any(|word| title.contains(word));
        match () {
            () if names(&["居民身份证", "户口", "居住证"]) || title == "身份证" => {
                Self::Resident
            }
            () if names(&["护照"]) => Self::Passport,
            () if names(&["港澳", "香港", "澳门", "回乡证"]) => Self::HongKongMacau,
            () if names(&["台湾", "台胞"]) => Self::Taiwan,
            () if names(&["军官", "士兵", "军人", "文职干部", "武警"]) => Self::Military,
            () => Self::Other,
        }
    }

    /// `None` when the number is in order, otherwise what is wrong with it. `number` is normalised.
    pub(crate) fn fault(self, number: &str, today: Date) -> Option<&'static str> {
        match self {
            Self::Resident => resident_fault(number, today),
            Self::Passport => (!PASSPORT.is_match(number)).then_some("护照号码应为 5 至 17 位字母或数字"),
            Self::HongKongMacau => (!HONG_KONG_MACAU.is_match(number))
                .then_some("港澳居民来往内地通行证号码应为 H 或 M 加 8 位或 10 位数字"),
            Self::Taiwan => (!TAIWAN.is_match(number))
                .then_some("台湾居民来往大陆通行证号码应为 8 位数字或 10 位数字加字母"),
            Self::Military => {
                (!MILITARY.is_match(number)).then_some("军人证件号码应为 4 至 20 位汉字、字母或数字")
            }
            Self::Other => (!OTHER.is_match(number)).then_some("证件号码应为 4 至 30 位字母或数字"),
        }
    }
}

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        // The pattern is a literal and is exercised by the tests below.
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($text).expect("literal pattern"));
    };
}
pattern!(PASSPORT, r"^[A-Z0-9]{5,17}$");
pattern!(HONG_KONG_MACAU, r"^[HM]([0-9]{8}|[0-9]{10})$");
pattern!(TAIWAN, r"^([0-9]{8}|[0-9]{10}[A-Z]?)$");
pattern!(MILITARY, r"^[\p{Han}A-Z0-9]{4,20}$");
pattern!(OTHER, r"^[A-Z0-9]{4,30}$");
pattern!(MOBILE, r"^1[3-9][0-9]{9}$");
pattern!(FIXED, r"^(0(?:10|2[0-9])|0[3-9][0-9]{2})-?([2-9][0-9]{6,7})(?:-([0-9]{1,6}))?$");

/// First two digits of resident numbers: the provinces of GB/T 2260, and the residence permits of Hong Kong,
/// Macau and Taiwan residents.
const REGIONS: [u32; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
    61, 62, 63, 64, 65, 71, 81, 82, 83,
];

fn resident_fault(number: &str, today: Date) -> Option<&'static str> {
    let bytes = number.as_bytes();
    let well_formed = bytes.len() == 18
        && bytes[..17].iter().all(u8::is_ascii_digit)
        && (bytes[17].is_ascii_digit() || bytes[17] == b'X');
    if !well_formed {
        return Some("身份证号码应为 18 位，前 17 位为数字，末位为数字或 X");
    }
    if !REGIONS.contains(&digits(&bytes[..2])) {
        return Some("身份证号码的地区代码不存在");
    }
    match birth_date(number) {
        None => return Some("身份证号码中的出生日期不存在"),
        Some(born) if born > today || born.year() < 1850 => return Some("身份证号码中的出生日期不合理"),
        Some(_) => {}
    }
    (check_digit(&bytes[..17]) != bytes[17]).then_some("身份证号码校验位不正确，请核对")
}

/// Birth date inside an 18-digit resident number.
pub(crate) fn birth_date(number: &str) -> Option<Date> {
    let bytes = number.as_bytes();
    let part = |range: std::ops::Range<usize>| bytes.get(range).map(digits);
    let (year, month, day) = (part(6..10)?, part(10..12)?, part(12..14)?);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn digits(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum * 10 + u32::from(byte.wrapping_sub(b'0')))
}

/// GB 11643 (ISO 7064 MOD 11-2) over the first 17 digits.
pub(crate) fn check_digit(first_17: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const DIGITS: &[u8; 11] = b"10X98765432";
    let sum: u32 = first_17.iter().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    DIGITS[(sum % 11) as usize]
}

/// A phone number in the form it is kept in: mobile as 11 digits, fixed as `021-12345678`.
pub(crate) fn phone(input: &str) -> Option<String> {
    let compact: String = input.chars().filter(|c| !c.is_whitespace()).collect();
    let compact = compact.strip_prefix("+86").or_else(|| compact.strip_prefix("0086")).unwrap_or(&compact);
    let without_dashes = compact.replace('-', "");
    if MOBILE.is_match(&without_dashes) {
        return Some(without_dashes);
    }
    let parts = FIXED.captures(compact)?;
    let extension = parts.get(3).map(|m| format!("-{}", m.as_str())).unwrap_or_default();
    Some(format!("{}-{}{extension}", &parts[1], &parts[2]))
}

/// Digits and letters of credit codes.
const CREDIT_CODE_SIGNS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// GB 32100: whether the check character of an 18-character unified social credit code is right.
pub(crate) fn credit_code_is_valid(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 18 && credit_check_sign(&bytes[..17]) == Some(bytes[17])
}

/// The check character over the first 17; none when one of them is no sign of a credit code.
fn credit_check_sign(first_17: &[u8]) -> Option<u8> {
    let mut sum = 0;
    let mut weight = 1;
    for byte in first_17 {
        sum += CREDIT_CODE_SIGNS.iter().position(|sign| sign == byte)? * weight;
        weight = weight * 3 % 31;
    }
    Some(CREDIT_CODE_SIGNS[(31 - sum % 31) % 31])
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 11, 24);

    fn resident(region: u32, born: Date, order: u32) -> String {
        let first = format!("{region:06}{:04}{:02}{:02}{order:03}", born.year(), born.month(), born.day());
        format!("{first}{}", char::from(check_digit(first.as_bytes())))
    }

    #[test]
    fn known_numbers_are_right() {
        assert_eq!(Certificate::Resident.fault("11010519491231002X", TODAY), None);
        assert!(credit_code_is_valid("91350100M000100Y43"));
        assert!(!credit_code_is_valid("91350100M000100Y44"));
        assert!(!credit_code_is_valid("91350100I000100Y43"));
    }

    #[test]
    fn impossible_resident_numbers_are_refused_with_a_reason() {
        let fault = |number: &str| Certificate::Resident.fault(number, TODAY).unwrap();
        assert!(fault("110105194912310021").contains("校验位"));
        assert!(fault("1101051949123100").contains("18 位"));
        assert!(fault("010105194912310021").contains("地区"));
        assert!(fault("110105194902300021").contains("不存在"));
        assert!(fault("110105202712310021").contains("不合理"));
        assert!(fault("11010519491231００2X").contains("18 位"));
    }

    #[test]
    fn other_certificates_have_their_own_patterns() {
        assert_eq!(Certificate::from_title("台湾居民来往大陆通行证"), Certificate::Taiwan);
        assert_eq!(Certificate::from_title("港澳居民来往内地通行证"), Certificate::HongKongMacau);
        assert_eq!(Certificate::HongKongMacau.fault("H12345678", TODAY), None);
        assert!(Certificate::HongKongMacau.fault("X12345678", TODAY).is_some());
        assert_eq!(Certificate::Passport.fault("E12345678", TODAY), None);
        assert_eq!(Certificate::Taiwan.fault("12345678", TODAY), None);
        assert_eq!(Certificate::Military.fault("军字第1234567号", TODAY), None);
        assert!(Certificate::Other.fault("A-1", TODAY).is_some());
    }

    #[test]
    fn phones_are_kept_in_one_form() {
        assert_eq!(phone("+86 138-0013-8000").as_deref(), Some("13800138000"));
        assert_eq!(phone("02162345678").as_deref(), Some("021-62345678"));
        assert_eq!(phone("0512-62345678-801").as_deref(), Some("0512-62345678-801"));
        assert_eq!(phone("12800138000"), None);
        assert_eq!(phone("62345678"), None);
    }

    proptest! {
        #[test]
        fn every_well_made_number_passes_and_every_single_digit_error_is_caught(
            region in prop::sample::select(&REGIONS[..]), days in 0i64..40_000, order in 0u32..1000,
            at in 0usize..18, by in 1u8..10,
        ) {
            let born = date(1900, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let number = resident(region * 10_000 + 115, born, order);
            prop_assert_eq!(Certificate::Resident.fault(&number, TODAY), None);
            prop_assert_eq!(birth_date(&number), Some(born));
            let mut wrong = number.into_bytes();
            // The last character may be X.
            wrong[at] = if wrong[at] == b'X' { b'0' + by } else { b'0' + (wrong[at] - b'0' + by) % 10 };
            let wrong = String::from_utf8(wrong).unwrap();
            prop_assert!(Certificate::Resident.fault(&wrong, TODAY).is_some());
        }

        #[test]
        fn every_well_made_credit_code_passes_and_every_single_sign_error_is_caught(
            first in prop::collection::vec(0usize..31, 17), at in 0usize..18, by in 1usize..31,
        ) {
            let mut code: Vec<u8> = first.into_iter().map(|sign| CREDIT_CODE_SIGNS[sign]).collect();
            code.push(credit_check_sign(&code).unwrap());
            prop_assert!(credit_code_is_valid(&String::from_utf8(code.clone()).unwrap()));
            let sign = CREDIT_CODE_SIGNS.iter().position(|sign| *sign == code[at]).unwrap();
            code[at] = CREDIT_CODE_SIGNS[(sign + by) % 31];
            prop_assert!(!credit_code_is_valid(&String::from_utf8(code).unwrap()));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,24}") {
            for kind in [Certificate::Resident, Certificate::Other, Certificate::Taiwan] {
                let _ = kind.fault(&text, TODAY);
            }
            let _ = (phone(&text), credit_code_is_valid(&text));
        }
    }
}
