//! The part of JSON Schema that answers are described with. A keyword it does not know is an error, so that no
//! promise is silently left unchecked.

use serde_json::{Map, Value};

const DEPTH_MAX: usize = 32;
const ANNOTATIONS: [&str; 4] = ["title", "description", "$comment", "examples"];

/// What a good answer looks like: `type`, `required`, `properties`, `additionalProperties: false`, `items`,
/// `enum`, `const`, `minItems`, `maxItems`, `maxLength`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    types: Vec<Type>,
    required: Vec<String>,
    properties: Vec<(String, Shape)>,
    closed: bool,
    items: Option<Box<Shape>>,
    allowed: Option<Vec<Value>>,
    items_min: Option<usize>,
    items_max: Option<usize>,
    length_max: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Shape {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with it, with the place as a JSON pointer.
    pub fn parse(schema: &Value) -> Result<Self, String> {
        parse(schema, "", 0)
    }

    /// Whether the value has the shape.
    ///
    /// # Errors
    /// The first place that has not, as a JSON pointer, and what was expected there. No value of the answer
    /// is repeated.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.check_at(value, "")
    }

    fn check_at(&self, value: &Value, at: &str) -> Result<(), String> {
        let place = if at.is_empty() { "/" } else { at };
        if !self.types.is_empty() && !self.types.iter().any(|expected| expected.holds(value)) {
            let expected: Vec<&str> = self.types.iter().map(|expected| expected.word()).collect();
            return Err(format!("{place} 应为 {}", expected.join(" 或 ")));
        }
        if self.allowed.as_ref().is_some_and(|allowed| !allowed.contains(value)) {
            return Err(format!("{place} 的取值不在约定范围内"));
        }
        match value {
            Value::Object(map) => self.check_object(map, at),
            Value::Array(list) => self.check_list(list, at, place),
            Value::String(text) if self.length_max.is_some_and(|max| text.chars().count() > max) => {
                Err(format!("{place} 过长"))
            }
            _ => Ok(()),
        }
    }

    fn check_object(&self, map: &Map<String, Value>, at: &str) -> Result<(), String> {
        if let Some(missing) = self.required.iter().find(|name| !map.contains_key(*name)) {
            return Err(format!("缺少 {at}/{missing}"));
        }
        if self.closed && map.keys().any(|name| !self.properties.iter().any(|(known, _)| known == name)) {
            return Err(format!("{at}/ 含有未约定的字段"));
        }
        self.properties.iter().try_for_each(|(name, shape)| match map.get(name) {
            Some(value) => shape.check_at(value, &format!("{at}/{name}")),
            None => Ok(()),
        })
    }

    fn check_list(&self, list: &[Value], at: &str, place: &str) -> Result<(), String> {
        if self.items_min.is_some_and(|min| list.len() < min)
            || self.items_max.is_some_and(|max| list.len() > max)
        {
            return Err(format!("{place} 的项数不符合约定"));
        }
        let Some(shape) = &self.items else { return Ok(()) };
        list.iter().enumerate().try_for_each(|(index, value)| shape.check_at(value, &format!("{at}/{index}")))
    }
}

impl Type {
    fn parse(word: &str) -> Option<Self> {
        [Self::Null, Self::Boolean, Self::Integer, Self::Number, Self::String, Self::Array, Self::Object]
            .into_iter()
            .find(|kind| kind.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::String => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

fn parse(schema: &Value, at: &str, depth: usize) -> Result<Shape, String> {
    if depth > DEPTH_MAX {
        return Err(format!("{at}: 嵌套超过 {DEPTH_MAX} 层"));
    }
    let map = schema.as_object().ok_or_else(|| format!("{at}: 应为对象"))?;
    let mut shape = Shape::default();
    for (keyword, value) in map {
        let here = format!("{at}/{keyword}");
        let bad = || format!("{here}: 取值不合法");
        match keyword.as_str() {
            "type" => shape.types = types(value).ok_or_else(bad)?,
            "required" => shape.required = texts(value).ok_or_else(bad)?,
            "properties" => {
                let all = value.as_object().ok_or_else(bad)?;
                for (name, inner) in all {
                    shape
                        .properties
                        .push((name.clone(), parse(inner, &format!("{here}/{name}"), depth + 1)?));
                }
            }
            "additionalProperties" => shape.closed = !value.as_bool().ok_or_else(bad)?,
            "items" => shape.items = Some(Box::new(parse(value, &here, depth + 1)?)),
            "enum" => shape.allowed = Some(value.as_array().ok_or_else(bad)?.clone()),
            "const" => shape.allowed = Some(vec![value.clone()]),
            "minItems" => shape.items_min = Some(count(value).ok_or_else(bad)?),
            "maxItems" => shape.items_max = Some(count(value).ok_or_else(bad)?),
            "maxLength" => shape.length_max = Some(count(value).ok_or_else(bad)?),
            known if ANNOTATIONS.contains(&known) => {}
            _ => return Err(format!("{here}: 此处不检查这个关键字，不能使用")),
        }
    }
    Ok(shape)
}

fn types(value: &Value) -> Option<Vec<Type>> {
    match value {
        Value::String(word) => Some(vec![Type::parse(word)?]),
        Value::Array(words) if !words.is_empty() => {
            words.iter().map(|word| Type::parse(word.as_str()?)).collect()
        }
        _ => None,
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marriage() -> Shape {
        Shape::parse(&json!({
            "type": "object",
            "required": ["code", "data"],
            "properties": {
                "code": { "const": "0" },
                "data": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {
                        "status": { "enum": ["未婚", "已婚"] },
                        "spouse": { "type": ["object", "null"] },
                        "children": { "type": "array", "maxItems": 1, "items": { "type": "string", "maxLength": 2 } },
                    },
                },
            },
        }))
        .expect("a legal schema")
    }

    #[test]
    fn a_good_answer_passes_and_fields_nobody_asked_for_do_not_matter() {
        let answer = json!({ "code": "0", "data": { "status": "已婚", "spouse": null, "more": 1, "children": ["张"] } });
        assert_eq!(marriage().check(&answer), Ok(()));
    }

    #[test]
    fn the_first_wrong_place_is_named_without_its_value() {
        for (answer, why) in [
            (json!([]), "/ 应为 object"),
            (json!({ "code": "0" }), "缺少 /data"),
            (json!({ "code": "0", "data": {} }), "缺少 /data/status"),
            (json!({ "code": "0", "data": { "status": "31010119" } }), "/data/status 的取值不在约定范围内"),
            (
                json!({ "code": "0", "data": { "status": "未婚", "spouse": "李四" } }),
                "/data/spouse 应为 object 或 null",
            ),
            (
                json!({ "code": "0", "data": { "status": "未婚", "children": [1] } }),
                "/data/children/0 应为 string",
            ),
            (
                json!({ "code": "0", "data": { "status": "未婚", "children": ["张", "王"] } }),
                "/data/children 的项数不符合约定",
            ),
            (
                json!({ "code": "0", "data": { "status": "未婚", "children": ["张三丰"] } }),
                "/data/children/0 过长",
            ),
        ] {
            assert_eq!(marriage().check(&answer), Err(why.to_owned()), "{answer}");
        }
    }

    #[test]
    fn a_schema_that_could_not_be_checked_is_refused() {
        for schema in [
            json!({ "oneOf": [] }),
            json!({ "type": "text" }),
            json!({ "properties": { "a": { "pattern": "x" } } }),
            json!(true),
        ] {
            assert!(Shape::parse(&schema).is_err(), "{schema}");
        }
    }
}
