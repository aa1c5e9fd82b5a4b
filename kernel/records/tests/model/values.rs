//! Values of every type of field: what may be handed in, what becomes of it, how people read it and what a mask leaves.

use anju_definitions::FieldType;
use jiff::{Timestamp, tz};
use serde_json::{Value, json};

use crate::{
    design::{Dictionary, Field},
    dice::Dice,
};

/// Codes of regions with title and parent.
pub const REGIONS: [(&str, &str, Option<&str>); 5] = [
    ("310101", "黄浦区", None),
    ("310101002", "南京东路街道", Some("310101")),
    ("310115", "浦东新区", None),
    ("310115004", "潍坊新村街道", Some("310115")),
    ("310115005", "陆家嘴街道", Some("310115")),
];
/// `old` can no longer be chosen.
pub const STATES: [(&str, &str); 4] = [("a", "甲态"), ("b", "乙态"), ("c", "丙态"), ("old", "旧态")];

const DAYS: [&str; 5] = ["2024-02-29", "2025-12-31", "2026-01-01", "2026-11-24", "2027-03-01"];
const CARD: &str = "6222020000000001230";

/// A value as somebody hands it in.
#[derive(Debug, Clone)]
pub struct Given {
    pub input: Value,
    /// Its canonical form, or the code of what is wrong with it.
    pub becomes: Result<Value, &'static str>,
    /// A fault that shows only with the whole record.
    pub later: Option<&'static str>,
}

/// What values may point to.
#[derive(Default)]
pub struct Surroundings {
    /// Ids of live records of the field's target.
    pub ids: Vec<String>,
    /// Ids of deleted ones.
    pub gone: Vec<String>,
    pub pdf: String,
    pub picture: String,
    pub film: String,
    /// `YYYY-MM-DD`
    pub today: String,
}

fn good(input: Value, becomes: Value) -> Given {
    Given { input, becomes: Ok(becomes), later: None }
}

fn same(value: Value) -> Given {
    good(value.clone(), value)
}

fn bad(input: Value, code: &'static str) -> Given {
    Given { input, becomes: Err(code), later: None }
}

/// One of the things people hand in for the field; mostly in order.
pub fn given(dice: &mut Dice, field: &Field, around: &Surroundings) -> Given {
    if dice.percent(8) {
        return good([Value::Null, json!("  ")][dice.below(2)].clone(), Value::Null);
    }
    let faulty = dice.percent(2);
    let specimen = match faulty {
        true => wrong(dice, field, around),
        false => right(dice, field, around),
    };
    limited(field, specimen, around)
}

/// A value in order, bounds aside.
fn right(dice: &mut Dice, field: &Field, around: &Surroundings) -> Given {
    use FieldType as T;
    let id = |dice: &mut Dice| {
        let ids = if dice.percent(4) { &around.gone } else { &around.ids };
        dice.any_of(ids).cloned().unwrap_or_else(|| "nobody".to_owned())
    };
    match field.kind {
        T::Text | T::LongText | T::Sequence => {
            let text = match dice.below(20) {
                0 => "七个字的文本呀".to_owned(),
                1..9 => (*dice.one_of(&["甲", "乙", "abc", "ABC", "x_%", "甲乙丙丁"])).to_owned(),
                _ => format!("名{}", dice.below(60)),
            };
            match dice.below(3) {
                0 => good(json!(format!(" {text} ")), json!(text)),
                _ => same(json!(text)),
            }
        }
        T::RichText => match dice.below(3) {
            0 => good(json!("<div>朝<b>北</b></div>"), json!("<p>朝<strong>北</strong></p>")),
            1 => good(json!("<p> </p>"), Value::Null),
            _ => same(json!("<p>朝南</p>")),
        },
        T::Integer | T::Money => {
            let number = if dice.percent(8) { [-2, 9][dice.below(2)] } else { dice.below(5) as i64 };
            let text = json!(number.to_string());
            if dice.percent(20) { good(text, json!(number)) } else { same(json!(number)) }
        }
        T::Decimal => {
            let low = if dice.percent(8) { -5 } else { 0 };
            let scaled = low + dice.below(32) as i64 * 10_i64.pow(field.scale) / 8;
            let text = json!(decimal(scaled, field.scale));
            let short = json!(decimal(scaled, field.scale).trim_end_matches('0').trim_end_matches('.'));
            if dice.percent(20) { good(short, text) } else { same(text) }
        }
        T::Boolean => same(json!(dice.percent(50))),
        T::Date => same(json!(DAYS[if dice.percent(8) { 4 } else { dice.below(4) }])),
        T::DateTime => match dice.below(4) {
            0 => good(json!("2026-01-31T01:00:00Z"), json!("2026-01-31T09:00:00+08:00")),
            1 => good(json!("2025-12-31T23:59"), json!("2025-12-31T23:59:00+08:00")),
            2 => same(json!("2026-11-24T00:00:00+08:00")),
            _ => same(json!("2026-01-31T09:00:00+08:00")),
        },
        T::Choice => chosen(dice, field),
        T::MultiChoice => {
            let most = if dice.percent(8) { 3 } else { field.count_max.unwrap_or(3) };
            let codes: Vec<&str> =
                (0..1 + dice.below(most)).map(|_| *dice.one_of(&["a", "b", "c"])).collect();
            let mut once: Vec<&str> = Vec::new();
            codes.iter().for_each(|code| {
                if !once.contains(code) {
                    once.push(code)
                }
            });
            good(json!(codes), json!(once))
        }
        T::Ref => same(json!(id(dice))),
        T::RefList => {
            let ids: Vec<String> = (0..1 + dice.below(2)).map(|_| id(dice)).collect();
            let mut once = ids.clone();
            once.dedup();
            good(json!(ids), json!(once))
        }
        T::File if field.many => same(json!([around.pdf])),
        T::File => same(json!(around.pdf)),
        T::Image => same(json!(around.picture)),
        T::Video => same(json!(around.film)),
        T::GeoPoint => good(
            json!({ "longitude": "121.4737019", "latitude": 31.23 }),
            json!({ "longitude": "121.473701", "latitude": "31.230000" }),
        ),
        T::Address => {
            let (code, _, parent) = *dice.one_of(&REGIONS[3..]);
            let detail = *dice.one_of(&["１号", "3101弄2号", "Region路"]);
            let plain = detail.replace('１', "1");
            good(
                json!({ "region": code, "detail": detail }),
                json!({ "region": [parent.expect("a parent"), code], "detail": plain }),
            )
        }
        T::IdNumber => match dice.below(8) {
            0 => good(json!("11010519491231002x"), json!("11010519491231002X")),
            _ => same(json!(id_number(dice.below(40)))),
        },
        T::PersonName => match dice.below(3) {
            0 => good(json!(" 李 四 "), json!("李四")),
            1 => same(json!(dice.one_of(&["张三", "欧阳若琳"]))),
            _ => same(json!(format!("王{}", dice.one_of(&["一", "二", "三", "四", "五", "六", "七", "八"])))),
        },
        T::Phone => match dice.below(3) {
            0 => good(json!("+86 138-0013-8000"), json!("13800138000")),
            1 => same(json!("021-62345678")),
            _ => same(json!(format!("139001390{:02}", dice.below(40)))),
        },
        T::BankCard => good(json!("6222 0200-0000 0001 230"), json!(CARD)),
        T::CreditCode => good(json!("91350100m000100y43"), json!("91350100M000100Y43")),
        T::RealEstateCertificate => {
            good(json!("沪(2023)浦字不动产权第 001234 号"), json!("沪（2023）浦字不动产权第001234号"))
        }
        T::Json => same([json!({ "k": [1, "二"] }), json!([]), json!(7)][dice.below(3)].clone()),
        T::Computed => unreachable!("a computed field has the type of its result"),
    }
}

/// A resident's number with its check sign (GB 11643).
fn id_number(order: usize) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let body = format!("31011519900101{order:03}");
    let sum: usize =
        body.bytes().zip(WEIGHTS).map(|(digit, weight)| usize::from(digit - b'0') * weight).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum % 11])
}

fn chosen(dice: &mut Dice, field: &Field) -> Given {
    if field.dictionary == Some(Dictionary::Region) {
        let leaves = [REGIONS[1], REGIONS[3], REGIONS[4]];
        let to_the_last = field.leaf_only && dice.percent(92);
        return same(json!(if to_the_last { dice.one_of(&leaves).0 } else { dice.one_of(&REGIONS).0 }));
    }
    let code = dice.one_of(&["a", "b", "c"]);
    same(json!(code))
}

/// A value that is refused whatever the field's bounds are.
fn wrong(dice: &mut Dice, field: &Field, around: &Surroundings) -> Given {
    use FieldType as T;
    match field.kind {
        T::Text | T::Sequence => {
            [bad(json!("甲\n乙"), "format"), bad(json!(5), "type")][dice.below(2)].clone()
        }
        T::LongText => bad(json!("甲\u{7}"), "format"),
        T::RichText => bad(json!("<script>1</script>"), "format"),
        T::Integer | T::Money => [bad(json!("x"), "type"), bad(json!(1.5), "format")][dice.below(2)].clone(),
        T::Decimal => bad(json!("1.0000000001"), "format"),
        T::Boolean => bad(json!("是"), "type"),
        T::Date => {
            [bad(json!("2026-02-30"), "format"), bad(json!(20_260_101), "type")][dice.below(2)].clone()
        }
        T::DateTime => bad(json!("昨天"), "format"),
        T::Choice if field.dictionary == Some(Dictionary::State) && dice.percent(50) => {
            Given { later: Some("choice"), ..same(json!("old")) }
        }
        T::Choice => bad(json!("zz"), "choice"),
        T::MultiChoice => [bad(json!(["a", "zz"]), "choice"), bad(json!("a"), "type")][dice.below(2)].clone(),
        T::Ref => bad(json!("no id!"), "format"),
        T::RefList => bad(json!("no list"), "type"),
        T::File | T::Image | T::Video if field.many => bad(json!("no list"), "type"),
        T::File => same(json!("no-such-file")),
        T::Image | T::Video => same(json!(around.pdf)),
        T::GeoPoint => bad(json!({ "longitude": "31.23", "latitude": "121.47" }), "range"),
        T::Address => {
            [bad(json!({ "detail": "1号" }), "required"), bad(json!("1号"), "type")][dice.below(2)].clone()
        }
        T::IdNumber => Given { later: Some("format"), ..same(json!("110105194912310021")) },
        T::PersonName => bad(json!("张3"), "format"),
        T::Phone => bad(json!("62345678"), "format"),
        T::BankCard => bad(json!("6222020000000001231"), "format"),
        T::CreditCode => bad(json!("91350100M000100Y44"), "format"),
        T::RealEstateCertificate => bad(json!("某证第1号"), "format"),
        T::Json | T::Computed => same(json!(null)),
    }
}

/// The value within the bounds of the field, or the fault.
fn limited(field: &Field, given: Given, around: &Surroundings) -> Given {
    let Ok(value) = &given.becomes else { return given };
    let refused = |code| Given { becomes: Err(code), ..given.clone() };
    let too_long = |text: &str| field.length_max.is_some_and(|most| text.chars().count() > most);
    match (field.kind, value) {
        (FieldType::Text | FieldType::LongText | FieldType::PersonName, Value::String(text))
            if too_long(text) =>
        {
            refused("length")
        }
        (FieldType::Integer | FieldType::Money | FieldType::Decimal, value) if !value.is_null() => {
            let number = scaled(value);
            let outside =
                field.min.is_some_and(|min| number < min) || field.max.is_some_and(|max| number > max);
            if outside { refused("range") } else { given }
        }
        (FieldType::Date, Value::String(day)) if field.until_today && *day > around.today => refused("range"),
        (FieldType::Choice, Value::String(code)) if field.leaf_only && code.len() == 6 => refused("choice"),
        (FieldType::MultiChoice | FieldType::RefList, Value::Array(_)) => {
            // as handed in, before what repeats is left out
            let items = given.input.as_array().map_or(0, Vec::len);
            if field.count_max.is_some_and(|most| items > most) { refused("length") } else { given }
        }
        _ => given,
    }
}

/// A number as the integer it lies as.
pub fn scaled(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.replace('.', "").parse().expect("a decimal"),
        other => other.as_i64().expect("a number"),
    }
}

/// With exactly so many places.
pub fn decimal(scaled: i64, scale: u32) -> String {
    if scale == 0 {
        return scaled.to_string();
    }
    let digits = format!("{:0width$}", scaled.unsigned_abs(), width = scale as usize + 1);
    let (whole, part) = digits.split_at(digits.len() - scale as usize);
    format!("{}{whole}.{part}", if scaled < 0 { "-" } else { "" })
}

/// A moment as it is told.
pub fn moment(ms: i64) -> String {
    let moment = Timestamp::from_millisecond(ms)
        .expect("a moment")
        .to_zoned_datetime(tz::TimeZone::fixed(tz::offset(8)));
    moment.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string()
}

/// What people read; references aside.
pub fn shown(field: &Field, value: &Value) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match (field.kind, value) {
        (_, Value::Null) => String::new(),
        (FieldType::Money, value) => decimal(scaled(value), 2),
        (FieldType::Boolean, value) => if *value == json!(true) { "是" } else { "否" }.to_owned(),
        (FieldType::DateTime, Value::String(text)) => text.replace("+08:00", "").replace('T', " "),
        (FieldType::Choice, Value::String(code)) => title(code).to_owned(),
        (FieldType::MultiChoice, Value::Array(codes)) => {
            codes.iter().map(|code| title(code.as_str().unwrap_or_default())).collect::<Vec<_>>().join("、")
        }
        (FieldType::RichText, Value::String(markup)) => match markup.contains('北') {
            true => "朝北".to_owned(),
            false => "朝南".to_owned(),
        },
        (FieldType::GeoPoint, point) => {
            format!("{},{}", plain(&point["longitude"]), plain(&point["latitude"]))
        }
        (FieldType::Address, address) => format!("{}{}", regions(address), plain(&address["detail"])),
        (_, other) => plain(other),
    }
}

fn title(code: &str) -> &'static str {
    let region = REGIONS.iter().find(|region| region.0 == code).map(|region| region.1);
    let state = STATES.iter().find(|state| state.0 == code).map(|state| state.1);
    region.or(state).unwrap_or_default()
}

fn regions(address: &Value) -> String {
    let path = address["region"].as_array().map_or(&[][..], Vec::as_slice);
    path.iter().filter_map(Value::as_str).map(title).collect()
}

/// What a mask leaves of a value.
pub fn masked(field: &Field, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let ends = |first: usize, last: usize| -> String {
        let signs: Vec<char> = text.chars().collect();
        let hidden = first..signs.len() - last;
        signs.iter().enumerate().map(|(at, sign)| if hidden.contains(&at) { '*' } else { *sign }).collect()
    };
    match field.kind {
        FieldType::IdNumber | FieldType::Phone => ends(3, 4),
        FieldType::BankCard => ends(0, 4),
        FieldType::PersonName => ends(1, 0),
        FieldType::Address => format!("{}****", regions(value)),
        _ => "****".to_owned(),
    }
}
