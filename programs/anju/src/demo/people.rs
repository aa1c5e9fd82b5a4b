//! Plausible people and addresses of Shanghai.

use anju_runtime::definitions::Catalog;
use serde_json::{Value, json};

use super::dice::Dice;

const SURNAMES: [&str; 28] = [
    "王", "李", "张", "陈", "刘", "杨", "黄", "赵", "周", "吴", "徐", "孙", "朱", "马", "胡", "郭", "林",
    "何", "高", "罗", "沈", "陆", "顾", "金", "姚", "钱", "唐", "欧阳",
];
const MEN: [&str; 16] = [
    "建国", "志强", "晓明", "文杰", "俊豪", "子轩", "海波", "国平", "伟", "磊", "斌", "浩然", "一鸣", "嘉诚",
    "振华", "宇航",
];
const WOMEN: [&str; 16] = [
    "丽华", "雅琴", "静怡", "婷婷", "梦洁", "玉兰", "芳", "敏", "燕", "欣悦", "秀英", "佳颖", "晓雯", "思琪",
    "慧", "雨桐",
];
/// Characters that given names are made of.
const MALE_CHARACTERS: &str = "伟强磊军勇杰涛斌波辉刚健明亮峰超飞鹏浩宇轩泽晨阳毅博文华国建志海云龙俊豪嘉诚一鸣子天佳振东旭凯洋林平安康";
const FEMALE_CHARACTERS: &str = "芳娜敏静丽艳娟霞燕玲婷雪梅琴云莉兰英慧颖洁欣怡悦佳雯思琪雨桐晓梦玉秀珍红萍蓉菲嘉宁诗涵馨月蕾薇倩瑶依琳珊";
const ROADS: [&str; 20] = [
    "淮海中路",
    "天钥桥路",
    "仙霞路",
    "共和新路",
    "曹杨路",
    "四川北路",
    "控江路",
    "七莘路",
    "牡丹江路",
    "塔城路",
    "张杨路",
    "龙胜路",
    "荣乐中路",
    "公园路",
    "南桥路",
    "人民路",
    "浦三路",
    "长寿路",
    "漕宝路",
    "国和路",
];
const EMPLOYERS: [&str; 14] = [
    "上海申江物业管理有限公司",
    "上海沪东机电设备有限公司",
    "上海浦润餐饮管理有限公司",
    "上海临港物流有限公司",
    "上海汇新软件有限公司",
    "上海虹桥商贸有限公司",
    "上海春申医疗器械有限公司",
    "上海淞沪建筑工程有限公司",
    "上海市第六人民医院",
    "上海地铁第二运营有限公司",
    "上海强生出租汽车有限公司",
    "上海邮政速递物流有限公司",
    "上海静安环境卫生有限公司",
    "上海张江生物技术有限公司",
];
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Places of birth outside the city, for those who came to work.
const ELSEWHERE: [&str; 8] = ["320102", "330106", "340104", "360102", "410105", "420106", "510107", "370202"];

pub struct Adult {
    pub name: String,
    pub id_no: String,
    pub born_here: bool,
}

/// An adult between 22 and 58 years in the given year.
pub fn adult(dice: &mut Dice, year: i64, districts: &[&str]) -> Adult {
    let born_here = dice.percent(45);
    let region = if born_here { *dice.one_of(districts) } else { *dice.one_of(&ELSEWHERE) };
    let born = year - dice.between(22, 58);
    let sequence = dice.between(1, 998);
    let digits =
        format!("{region}{born:04}{:02}{:02}{sequence:03}", dice.between(1, 12), dice.between(1, 28));
    let given = if sequence % 2 == 1 { *dice.one_of(&MEN) } else { *dice.one_of(&WOMEN) };
    Adult { name: format!("{}{given}", dice.one_of(&SURNAMES)), id_no: with_check(&digits), born_here }
}

/// Somebody born in a year, with a name out of some hundred thousand: a whole city's worth.
pub fn citizen(dice: &mut Dice, born: i64, region: &str, surname: &str) -> (String, String) {
    let sequence = dice.between(1, 998);
    let digits =
        format!("{region}{born:04}{:02}{:02}{sequence:03}", dice.between(1, 12), dice.between(1, 28));
    let characters: Vec<char> =
        if sequence % 2 == 1 { MALE_CHARACTERS } else { FEMALE_CHARACTERS }.chars().collect();
    let mut name = surname.to_owned();
    for _ in 0..dice.between(3, 8) / 3 {
        name.push(*dice.one_of(&characters));
    }
    (name, with_check(&digits))
}

/// A surname.
pub fn surname(dice: &mut Dice) -> &'static str {
    dice.one_of::<&'static str>(&SURNAMES)
}

/// Where somebody's number was given: in the city, or somewhere else.
pub fn birth_region(dice: &mut Dice, born_here: bool, districts: &[&str]) -> String {
    if born_here { dice.one_of(districts) } else { dice.one_of(&ELSEWHERE) }.to_string()
}

/// A child of up to 17 years.
pub fn child(dice: &mut Dice, year: i64, region: &str, surname: &str) -> (String, String) {
    let sequence = dice.between(1, 998);
    let born = year - dice.between(1, 17);
    let digits =
        format!("{region}{born:04}{:02}{:02}{sequence:03}", dice.between(1, 12), dice.between(1, 28));
    let given = if sequence % 2 == 1 { *dice.one_of(&MEN) } else { *dice.one_of(&WOMEN) };
    (format!("{surname}{given}"), with_check(&digits))
}

/// Appends the check character of GB 11643.
pub fn with_check(digits: &str) -> String {
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

pub fn phone(dice: &mut Dice) -> String {
    format!("1{}{:08}", dice.one_of(&["36", "38", "39", "58", "86", "91"]), dice.between(0, 99_999_999))
}

/// A lane with houses, to which their numbers are added.
pub fn lane(dice: &mut Dice, district: &str) -> String {
    let (road, lane) = (dice.one_of(&ROADS), dice.between(8, 1_990));
    format!("上海市{district}{road}{lane}弄")
}

pub fn address(dice: &mut Dice, district: &str) -> String {
    let lane = lane(dice, district);
    let (building, floor, room) = (dice.between(1, 60), dice.between(1, 18), dice.between(1, 4));
    format!("{lane}{building}号{floor}{room:02}室")
}

pub fn employer(dice: &mut Dice) -> &'static str {
    dice.one_of::<&'static str>(&EMPLOYERS)
}

/// Title of a district.
pub fn district_title(catalog: &Catalog, code: &str) -> String {
    let dictionary = catalog.dictionary("platform.district");
    dictionary.and_then(|all| all.item(code)).map_or_else(|| code.to_owned(), |item| item.title.clone())
}

/// A sub-district of the district.
pub fn subdistrict(dice: &mut Dice, catalog: &Catalog, district: &str) -> Value {
    let Some(regions) = catalog.dictionary("platform.region") else { return Value::Null };
    let below: Vec<&str> = regions
        .items
        .iter()
        .filter(|item| item.parent.as_deref() == Some(district))
        .map(|item| item.code.as_str())
        .collect();
    if below.is_empty() { Value::Null } else { json!(dice.one_of(&below)) }
}
