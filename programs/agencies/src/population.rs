//! Everybody with a valid identity number, derived from the number: most own nothing, some own flats or hold
//! public housing, couples agree about each other, careers fit the age. The same number and seed give the
//! same answer for ever; nothing depends on today's date.

use serde_json::{Value, json};

use crate::id_number;

/// Districts with their GB/T 2260 codes and roads that run there.
const DISTRICTS: [(&str, &str, [&str; 4]); 16] = [
    ("310101", "黄浦区", ["淮海中路", "南京东路", "蒙自路", "瞿溪路"]),
    ("310104", "徐汇区", ["漕宝路", "天钥桥路", "龙华西路", "田林路"]),
    ("310105", "长宁区", ["仙霞路", "天山路", "虹桥路", "茅台路"]),
    ("310106", "静安区", ["共和新路", "新闸路", "大宁路", "万荣路"]),
    ("310107", "普陀区", ["真北路", "曹杨路", "长寿路", "桃浦路"]),
    ("310109", "虹口区", ["四川北路", "曲阳路", "大连路", "广灵四路"]),
    ("310110", "杨浦区", ["控江路", "黄兴路", "国和路", "长海路"]),
    ("310112", "闵行区", ["莘松路", "七莘路", "剑川路", "浦江大道"]),
    ("310113", "宝山区", ["牡丹江路", "共富路", "顾太路", "友谊路"]),
    ("310114", "嘉定区", ["塔城路", "曹安公路", "丰庄路", "胜辛路"]),
    ("310115", "浦东新区", ["张杨路", "浦三路", "川沙路", "航头路"]),
    ("310116", "金山区", ["卫零路", "龙胜路", "朱泾公园路", "亭卫公路"]),
    ("310117", "松江区", ["荣乐中路", "泗泾古楼路", "九亭大街", "谷阳北路"]),
    ("310118", "青浦区", ["公园路", "盈港路", "华徐公路", "沪青平公路"]),
    ("310120", "奉贤区", ["南桥路", "解放东路", "望园路", "航南公路"]),
    ("310151", "崇明区", ["人民路", "鼓浪屿路", "陈海公路", "翠竹路"]),
];
const SURNAMES: [&str; 20] = [
    "陈", "王", "张", "李", "徐", "朱", "沈", "陆", "顾", "周", "吴", "黄", "杨", "刘", "赵", "孙", "钱",
    "金", "姚", "严",
];
const GIVEN: [&str; 24] = [
    "建国", "志强", "晓明", "文杰", "俊豪", "子轩", "海波", "国平", "伟", "磊", "斌", "浩然", "丽华", "雅琴",
    "静怡", "婷婷", "梦洁", "玉兰", "芳", "敏", "燕", "欣悦", "秀英", "佳颖",
];
const EMPLOYERS: [&str; 8] =
    ["申江物业", "沪东机电", "浦润餐饮", "临港物流", "汇新软件", "虹桥商贸", "春申医疗器械", "淞沪建筑工程"];
/// Careers are counted up to this year.
const PRESENT_YEAR: i64 = 2025;
/// Nobody born after this year is married.
const MARRIED_BORN_MAX: i16 = 2002;

/// A stream of numbers that depends on the seed, the subject and the question only.
struct Draw(u64);

impl Draw {
    fn about(seed: u64, subject: &str, question: &str) -> Self {
        Self(hash(&[&seed.to_le_bytes(), subject.as_bytes(), question.as_bytes()]))
    }

    /// A number below `bound`, which is above zero.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % bound
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1).unsigned_abs()) as i64
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// FNV-1a over the parts, mixed; not for secrets.
pub fn hash(parts: &[&[u8]]) -> u64 {
    let folded = parts
        .iter()
        .flat_map(|part| part.iter().chain(&[0xff]))
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    mix(folded)
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What the real-estate registry holds: `{properties: […]}`.
pub fn registry(seed: u64, id_no: &str) -> Value {
    let mut draw = Draw::about(seed, id_no, "registry");
    let owned =
        if born_year(id_no) > 2007 { 0 } else { [(72, 0), (92, 1), (98, 2), (100, 3)].pick(draw.below(100)) };
    let properties: Vec<Value> = (0..owned).map(|_| property(&mut draw)).collect();
    json!({ "properties": properties })
}

fn property(draw: &mut Draw) -> Value {
    let (code, district, roads) = draw.one_of(&DISTRICTS);
    let year = draw.between(1998, 2023);
    let address = address(draw, district, roads);
    json!({
        "certificate_no": format!("沪（{year}）{}字不动产权第{:06}号", district.chars().next().unwrap_or_default(), draw.between(1, 999_999)),
        "address": address,
        "district": code,
        "area": square_metres(draw, 3_200, 14_500),
        "use": "居住",
        "share": if draw.below(100) < 60 { "全部" } else { "共同共有" },
        "registered_on": day(draw, year),
    })
}

/// What the public-housing registry holds: `{dwellings: […]}`; `area` is the living area.
pub fn public_housing(seed: u64, id_no: &str) -> Value {
    let mut draw = Draw::about(seed, id_no, "public-housing");
    let held = born_year(id_no) <= 2000 && draw.below(100) < 12;
    let dwellings: Vec<Value> = (0..u8::from(held))
        .map(|_| {
            let (code, district, roads) = draw.one_of(&DISTRICTS[..7]);
            json!({
                "certificate_no": format!("公租凭证{:07}", draw.between(1, 9_999_999)),
                "address": address(&mut draw, district, roads),
                "district": code,
                "area": square_metres(&mut draw, 900, 3_200),
                "role": if draw.below(100) < 45 { "承租人" } else { "同住人" },
            })
        })
        .collect();
    json!({ "dwellings": dwellings })
}

/// What the resettlement-housing system holds: `{settlements: […]}`.
pub fn resettlement(seed: u64, id_no: &str) -> Value {
    let mut draw = Draw::about(seed, id_no, "resettlement");
    let settled = draw.below(100) < 5;
    let settlements: Vec<Value> = (0..u8::from(settled))
        .map(|_| {
            let (code, district, roads) = draw.one_of(&DISTRICTS);
            let year = draw.between(2005, 2022);
            json!({
                "agreement_no": format!("征补{year}{:05}", draw.between(1, 99_999)),
                "address": address(&mut draw, district, roads),
                "district": code,
                "area": square_metres(&mut draw, 5_000, 11_000),
                "signed_on": day(&mut draw, year),
            })
        })
        .collect();
    json!({ "settlements": settlements })
}

/// What the marriage register holds: `{status, registered_on, spouse}`.
pub fn marriage(seed: u64, id_no: &str) -> Value {
    let spouse = id_number::counterpart(id_no);
    let couple =
        if id_no < spouse.as_str() { format!("{id_no}{spouse}") } else { format!("{spouse}{id_no}") };
    let mut draw = Draw::about(seed, &couple, "marriage");
    let youngest = born_year(id_no).max(born_year(&spouse));
    let status = if youngest > MARRIED_BORN_MAX {
        "未婚"
    } else {
        [(28, "未婚"), (88, "已婚"), (100, "离异")].pick(draw.below(100))
    };
    if status == "未婚" {
        return json!({ "status": status, "registered_on": null, "spouse": null });
    }
    let year = (i64::from(youngest) + draw.between(22, 34)).min(PRESENT_YEAR - 1);
    let registered_on = day(&mut draw, year);
    if status == "离异" {
        return json!({ "status": status, "registered_on": registered_on, "spouse": null });
    }
    json!({
        "status": status,
        "registered_on": registered_on,
        "spouse": { "name": name(seed, &spouse), "id_no": spouse },
    })
}

/// What the social-insurance fund holds: months paid altogether, without a gap up to now, and by whom.
pub fn social_insurance(seed: u64, id_no: &str) -> Value {
    let mut draw = Draw::about(seed, id_no, "social-insurance");
    let working_years = (PRESENT_YEAR - i64::from(born_year(id_no)) - 20).clamp(0, 40);
    if working_years == 0 || draw.below(100) < 6 {
        return json!({ "months_paid": 0, "months_continuous": 0, "in_payment": false, "employer": null });
    }
    let months_paid = draw.between(1, working_years * 12);
    let in_payment = working_years < 40 && draw.below(100) < 90;
    let months_continuous = if in_payment { draw.between(1, months_paid) } else { 0 };
    let employer = in_payment.then(|| format!("上海{}有限公司", draw.one_of(&EMPLOYERS)));
    json!({
        "months_paid": months_paid,
        "months_continuous": months_continuous,
        "in_payment": in_payment,
        "employer": employer,
    })
}

fn name(seed: u64, id_no: &str) -> String {
    let mut draw = Draw::about(seed, id_no, "name");
    let surname = draw.one_of(&SURNAMES);
    let woman = id_no.as_bytes()[16].is_multiple_of(2);
    let given = if woman { draw.one_of(&GIVEN[12..]) } else { draw.one_of(&GIVEN[..12]) };
    format!("{surname}{given}")
}

fn address(draw: &mut Draw, district: &str, roads: &[&str]) -> String {
    let road = draw.one_of(roads);
    let (lane, building) = (draw.between(8, 1_999), draw.between(1, 60));
    let (floor, room) = (draw.between(1, 18), draw.between(1, 4));
    format!("上海市{district}{road}{lane}弄{building}号{floor}{room:02}室")
}

/// Areas are given in hundredths of a square metre.
fn square_metres(draw: &mut Draw, least: i64, most: i64) -> String {
    let hundredths = draw.between(least, most);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn day(draw: &mut Draw, year: i64) -> String {
    format!("{year:04}-{:02}-{:02}", draw.between(1, 12), draw.between(1, 28))
}

fn born_year(id_no: &str) -> i16 {
    id_number::born(id_no).map_or(i16::MAX, |date| date.year())
}

/// Picks by upper bounds in hundredths, the last of which is 100.
trait Pick<T> {
    fn pick(&self, drawn: u64) -> T;
}

impl<T: Copy, const N: usize> Pick<T> for [(u64, T); N] {
    fn pick(&self, drawn: u64) -> T {
        self.iter().find(|(bound, _)| drawn < *bound).unwrap_or(&self[N - 1]).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people() -> impl Iterator<Item = String> {
        (0..2_000).map(|n| {
            let digits =
                format!("310115{:04}{:02}{:02}{:03}", 1945 + n % 65, 1 + n % 12, 1 + n % 28, n % 1_000);
            let check = id_number::check_character(&digits);
            format!("{digits}{check}")
        })
    }

    #[test]
    fn the_same_number_gives_the_same_answers() {
        for id_no in people().take(50) {
            assert_eq!(registry(1, &id_no), registry(1, &id_no));
            assert_eq!(social_insurance(1, &id_no), social_insurance(1, &id_no));
        }
    }

    #[test]
    fn most_people_own_nothing_and_some_own_flats() {
        let owners = people()
            .filter(|id_no| registry(0, id_no)["properties"].as_array().is_some_and(|all| !all.is_empty()))
            .count();
        assert!((300..800).contains(&owners), "{owners} of 2,000");
    }

    #[test]
    fn couples_agree_about_each_other() {
        let mut married = 0;
        for id_no in people() {
            let answer = marriage(0, &id_no);
            if let Some(spouse) = answer["spouse"]["id_no"].as_str() {
                married += 1;
                let back = marriage(0, spouse);
                assert_eq!(back["spouse"]["id_no"], id_no);
                assert_eq!(back["registered_on"], answer["registered_on"]);
            }
        }
        assert!(married > 500);
    }
}
