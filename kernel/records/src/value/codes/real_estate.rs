//! Numbers of real-estate certificates: those of the unified register since 2015, and the older ones of houses.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use crate::value::kind::half_width;

/// Abbreviations of the provinces.
const PROVINCES: &str = "京津沪渝冀晋辽吉黑苏浙皖闽赣鲁豫鄂湘粤琼川贵云滇陕甘青蒙桂藏宁新";

static UNIFIED: LazyLock<Regex> = LazyLock::new(|| {
    let text = format!(r"^([{PROVINCES}])（([0-9]{{4}})）([\p{{Han}}]{{1,12}}?)不动产权第([0-9]{{1,10}})号$");
    // The pattern is a literal and is exercised by the tests below.
    Regex::new(&text).expect("literal pattern")
});

/// 沪房地浦字（2005）第012345号, also without a district.
static SHANGHAI: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^沪房地（?([\p{Han}]{0,6}?)）?字（([0-9]{4})）第([0-9]{1,10})号$").expect("literal pattern")
});

/// The first year of the unified register, and of the older certificates.
const UNIFIED_SINCE: i16 = 2015;
const OLDER_SINCE: i16 = 1980;

/// The number as it is printed: full-width brackets, plain digits, no white space. `None` when it is none.
pub(crate) fn real_estate_certificate(text: &str, today: Date) -> Option<String> {
    let text: String = half_width(text).chars().filter(|c| !c.is_whitespace()).map(printed).collect();
    let in_years =
        |year: &str, since: i16| year.parse().is_ok_and(|year: i16| (since..=today.year()).contains(&year));
    if let Some(found) = UNIFIED.captures(&text) {
        return in_years(&found[2], UNIFIED_SINCE).then_some(text);
    }
    let found = SHANGHAI.captures(&text)?;
    let (district, year, number) = (&found[1], &found[2], &found[3]);
    in_years(year, OLDER_SINCE).then(|| format!("沪房地{district}字（{year}）第{number}号"))
}

fn printed(c: char) -> char {
    match c {
        '(' | '[' | '〔' | '【' | '{' => '（',
        ')' | ']' | '〕' | '】' | '}' => '）',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 11, 24);

    fn read(text: &str) -> Option<String> {
        real_estate_certificate(text, TODAY)
    }

    #[test]
    fn numbers_of_both_registers_are_known_however_they_are_typed() {
        for (typed, printed) in [
            ("沪（2023）浦字不动产权第001234号", "沪（2023）浦字不动产权第001234号"),
            ("沪(2023) 浦字 不动产权第 ００１２３４ 号", "沪（2023）浦字不动产权第001234号"),
            ("苏〔2016〕南京市不动产权第0001234号", "苏（2016）南京市不动产权第0001234号"),
            ("沪房地浦字（2005）第012345号", "沪房地浦字（2005）第012345号"),
            ("沪房地(浦)字[2005]第012345号", "沪房地浦字（2005）第012345号"),
            ("沪房地字（1999）第7号", "沪房地字（1999）第7号"),
        ] {
            assert_eq!(read(typed).as_deref(), Some(printed), "{typed}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "001234",
            "沪（2023）浦字不动产权第号",
            "沪（2013）浦字不动产权第1号",
            "沪（2027）浦字不动产权第1号",
            "海（2023）浦字不动产权第1号",
            "沪（2023）浦字不动产证明第1号",
            "沪房地浦字（2050）第1号",
            "沪（2023）浦字不动产权第1号附",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_stays_as_it_is(
            year in 2015i16..=2026, district in "[浦黄徐长静普虹杨闵宝嘉金松青奉崇]字", number in 0u32..10_000_000,
        ) {
            let printed = format!("沪（{year}）{district}不动产权第{number:06}号");
            prop_assert_eq!(read(&printed), Some(printed.clone()));
        }

        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,40}") {
            if let Some(printed) = read(&text) {
                prop_assert_eq!(read(&printed), Some(printed.clone()));
            }
        }
    }
}
