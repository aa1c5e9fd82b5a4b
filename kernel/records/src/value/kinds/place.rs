//! Places: points on earth, addresses.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{choice::chosen, text::check_length};
use crate::{
    plan::FieldPlan,
    value::{
        decimal,
        kind::{BLANK_MASK, Fault, Kind, Parsed, fault, half_width, input_text, plain_text},
        kinds::number::exact,
    },
};

/// Places of a degree that are kept: about a tenth of a metre.
const PLACES: u32 = 6;
/// The country and the sea around it, in millionths of a degree.
const LONGITUDES: std::ops::RangeInclusive<i64> = 73_000_000..=136_000_000;
const LATITUDES: std::ops::RangeInclusive<i64> = 3_000_000..=54_000_000;

/// `{longitude, latitude}`.
pub(crate) struct GeoPoint;
/// `{region, detail}`.
pub(crate) struct Address;

impl Kind for GeoPoint {
    fn parse(&self, _field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        let (longitude, latitude) = match input {
            Value::Object(_) => (degrees(&input["longitude"])?, degrees(&input["latitude"])?),
            _ => return Err(fault("type", "应为经度和纬度")),
        };
        if LONGITUDES.contains(&latitude) && LATITUDES.contains(&longitude) {
            return Err(fault("range", "经度和纬度可能填反了"));
        }
        if !LONGITUDES.contains(&longitude) || !LATITUDES.contains(&latitude) {
            return Err(fault("range", "不在我国境内：经度应在 73 至 136 之间，纬度应在 3 至 54 之间"));
        }
        let text = |degrees: i64| decimal::format(degrees, PLACES);
        Ok(json!({ "longitude": text(longitude), "latitude": text(latitude) }))
    }

    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        format!("{},{}", plain_text(&value["longitude"]), plain_text(&value["latitude"]))
    }

    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        let text = half_width(text);
        let mut parts = text.split([',', ' ', ';', '、']).filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next()) {
            (Some(longitude), Some(latitude), None) => {
                Ok(json!({ "longitude": longitude, "latitude": latitude }))
            }
            _ => Err(fault("format", "应为“经度,纬度”，如 121.473701,31.230416")),
        }
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "经度,纬度，如 121.473701,31.230416"
    }

    fn in_expressions(&self, value: &Value) -> Value {
        json!({ "longitude": exact(&value["longitude"]), "latitude": exact(&value["latitude"]) })
    }
}

/// Millionths of a degree; further places are cut off.
fn degrees(input: &Value) -> Result<i64, Fault> {
    let text = match input {
        Value::String(text) => half_width(text.trim()),
        Value::Number(number) => number.to_string(),
        _ => return Err(fault("required", "请填写经度和纬度")),
    };
    let kept = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            let places = fraction.len().min(PLACES as usize);
            format!("{whole}.{}", &fraction[..places])
        }
        _ => text,
    };
    decimal::parse(&kept, PLACES).map_err(|_| fault("format", "经度和纬度应为度数，如 121.473701"))
}

impl Kind for Address {
    fn parse(&self, field: &FieldPlan, input: &Value, _today: Date) -> Parsed {
        if !input.is_object() {
            return Err(fault("type", "应为所在地区和详细地址"));
        }
        // The last code of a path says it all.
        let region = match &input["region"] {
            Value::Array(path) => path.last().unwrap_or(&Value::Null),
            one => one,
        };
        if region.is_null() {
            return Err(fault("required", "请选择所在地区"));
        }
        let code = chosen(field, region)?;
        let detail = match &input["detail"] {
            Value::Null => String::new(),
            detail => half_width_numbers(input_text(detail)?.trim()),
        };
        if detail.chars().any(char::is_control) {
            return Err(fault("format", "应为一行文字，不能含换行或不可见字符"));
        }
        check_length(field, &detail)?;
        Ok(json!({ "region": field.codes.path(code), "detail": detail }))
    }

    fn to_text(&self, field: &FieldPlan, value: &Value) -> String {
        region_text(field, value) + &plain_text(&value["detail"])
    }

    fn read_text(&self, field: &FieldPlan, text: &str) -> Parsed {
        let Some((code, detail)) = field.codes.leading(text) else {
            return Err(fault("format", "地址应以地区名称开头，如“浦东新区陆家嘴街道……”"));
        };
        Ok(json!({ "region": code, "detail": detail }))
    }

    fn mask(&self, field: &FieldPlan, value: &Value) -> String {
        region_text(field, value) + BLANK_MASK
    }

    fn mask_keeps_something(&self) -> bool {
        true
    }

    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        "从地区名称写起，如“浦东新区陆家嘴街道世纪大道1号”"
    }
}

fn region_text(field: &FieldPlan, value: &Value) -> String {
    let last = value["region"].as_array().and_then(|path| path.last()).and_then(Value::as_str);
    last.map_or_else(String::new, |code| field.codes.path_text(code, ""))
}

/// House numbers in plain digits and letters; Chinese punctuation stays.
fn half_width_numbers(text: &str) -> String {
    let plain = |c: char| match c {
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::testing::{a_field, a_region_field, faulty, parsed};

    #[test]
    fn points_lie_in_the_country_with_six_places() {
        let field = a_field(json!({"type": "geo_point"}));
        let point = json!({"longitude": "121.473701", "latitude": "31.230416"});
        assert_eq!(parsed(&field, json!({"longitude": 121.473_701_9, "latitude": "31.2304161"})), point);
        assert_eq!(parsed(&field, GeoPoint.read_text(&field, "121.473701，31.230416").unwrap()), point);
        assert_eq!(GeoPoint.to_text(&field, &point), "121.473701,31.230416");
        assert_eq!(parsed(&field, json!({"longitude": 121, "latitude": 31}))["latitude"], "31.000000");
        assert!(faulty(&field, json!({"longitude": 31, "latitude": 121})).contains("填反"));
        assert!(faulty(&field, json!({"longitude": 0, "latitude": 51})).contains("境内"));
        assert!(faulty(&field, json!({"longitude": "东", "latitude": 31})).contains("度数"));
        assert!(faulty(&field, json!({"longitude": 121})).starts_with("required"));
        assert!(faulty(&field, json!("121,31")).starts_with("type"));
    }

    #[test]
    fn addresses_hold_the_whole_path_and_read_as_one_text() {
        let field = a_region_field(json!({"type": "address", "length_max": 20}));
        let address = json!({"region": ["310115", "310115005"], "detail": "世纪大道100号"});
        assert_eq!(parsed(&field, json!({"region": "310115005", "detail": " 世纪大道１００号"})), address);
        assert_eq!(parsed(&field, address.clone()), address);
        assert_eq!(Address.to_text(&field, &address), "浦东新区陆家嘴街道世纪大道100号");
        assert_eq!(
            parsed(&field, Address.read_text(&field, "浦东新区陆家嘴街道世纪大道100号").unwrap()),
            address
        );
        assert_eq!(Address.mask(&field, &address), "浦东新区陆家嘴街道****");
        assert!(faulty(&field, json!({"detail": "世纪大道"})).starts_with("required"));
        assert!(faulty(&field, json!({"region": "1"})).starts_with("choice"));
        assert!(faulty(&field, json!({"region": "310115", "detail": "号".repeat(21)})).starts_with("length"));
        assert!(Address.read_text(&field, "世纪大道100号").is_err());
    }
}
