//! Whether a tree of nodes has the shape of its kind: every unknown key, missing key, wrong type and unknown
//! word at once, where serde would stop at the first. The shapes are the kinds' own JSON Schemas.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::Kind;
use crate::hint::hint;
use crate::node::{Content, FAULTS_MAX, Fault, Node};

static SCHEMAS: LazyLock<Vec<(Kind, Value)>> =
    LazyLock::new(|| Kind::ALL.into_iter().map(|kind| (kind, crate::schema::schema(kind))).collect());

/// The value of the tree, as far as it fits the kind, and everything in it that does not.
pub(crate) fn fit(root: &Node, kind: Kind) -> (Value, Vec<Fault>) {
    // SCHEMAS holds every kind.
    let schema = SCHEMAS.iter().find(|(k, _)| *k == kind).map_or(&Value::Null, |(_, schema)| schema);
    let mut fitting = Fitting { defs: &schema["$defs"], faults: Vec::new() };
    let value = fitting.value(root, schema, "");
    (value, fitting.faults)
}

struct Fitting<'s> {
    defs: &'s Value,
    faults: Vec<Fault>,
}

/// A schema with its references and alternatives taken together.
#[derive(Default)]
struct Shape<'s> {
    types: Vec<&'s str>,
    nullable: bool,
    words: Vec<&'s str>,
    properties: Vec<(&'s str, &'s Value)>,
    required: Vec<&'s str>,
    rest: Option<&'s Value>,
    items: Option<&'s Value>,
    minimum: Option<i64>,
    alternatives: Vec<&'s Value>,
}

impl<'s> Fitting<'s> {
    fn value(&mut self, node: &Node, schema: &'s Value, path: &str) -> Value {
        let mut shape = Shape::default();
        self.gather(schema, &mut shape);
        if shape.nullable && node.is_null() {
            return Value::Null;
        }
        if !shape.alternatives.is_empty() && !self.choose(node, &mut shape, path) {
            return Value::Null;
        }
        match shape.types.first().copied() {
            None => node.value(),
            Some("object") => self.object(node, &shape, path),
            Some("array") => self.array(node, &shape, path),
            Some("string") => self.text(node, &shape, path),
            Some(other) => self.plain(node, other, &shape, path),
        }
    }

    fn gather(&self, schema: &'s Value, shape: &mut Shape<'s>) {
        let Some(schema) = schema.as_object() else { return };
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
        {
            self.gather(&self.defs[name], shape);
        }
        match schema.get("type") {
            Some(Value::String(one)) => shape.add_type(one),
            Some(Value::Array(several)) => {
                several.iter().filter_map(Value::as_str).for_each(|t| shape.add_type(t))
            }
            _ => {}
        }
        shape.words.extend(schema.get("const").and_then(Value::as_str));
        shape.words.extend(
            schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str),
        );
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            shape.properties.extend(properties.iter().map(|(key, value)| (key.as_str(), value)));
        }
        shape.required.extend(
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str),
        );
        if let Some(rest) = schema.get("additionalProperties").filter(|rest| **rest != Value::Bool(false)) {
            shape.rest = Some(rest);
        }
        shape.items = schema.get("items").or(shape.items);
        shape.minimum = schema.get("minimum").and_then(Value::as_i64).or(shape.minimum);
        let alternatives = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
        for alternative in alternatives.into_iter().flatten() {
            if alternative["type"] == "null" {
                shape.nullable = true;
            } else {
                shape.alternatives.push(alternative);
            }
        }
    }

    /// Takes the alternative the node means into the shape; false if none can be meant.
    fn choose(&mut self, node: &Node, shape: &mut Shape<'s>, path: &str) -> bool {
        let alternatives = std::mem::take(&mut shape.alternatives);
        let shapes: Vec<Shape<'s>> = alternatives
            .iter()
            .map(|alternative| {
                let mut shape = Shape::default();
                self.gather(alternative, &mut shape);
                shape
            })
            .collect();
        if alternatives.len() == 1 {
            self.gather(alternatives[0], shape);
            return shape.alternatives.is_empty() || self.choose(node, shape, path);
        }
        if shapes.iter().all(|s| !s.words.is_empty()) {
            shape.add_type("string");
            shape.words.extend(shapes.iter().flat_map(|s| s.words.iter().copied()));
            return true;
        }
        if !matches!(node.content, Content::Map(_)) {
            let keys = keys_of(&shapes);
            self.fault(
                node.line,
                "wrong_type",
                format!("{}应为键值形式，可用的键：{}", subject(path), keys.join("、")),
            );
            return false;
        }
        let chosen = match tag_of(&shapes) {
            Some(tag) => self.by_tag(node, tag, &shapes, path),
            None => self.by_keys(node, &shapes, path),
        };
        if let Some(index) = chosen {
            self.gather(alternatives[index], shape);
        }
        chosen.is_some()
    }

    fn by_tag(&mut self, node: &Node, tag: &str, shapes: &[Shape<'s>], path: &str) -> Option<usize> {
        let words: Vec<&str> = shapes.iter().filter_map(|s| s.tag_word(tag)).collect();
        let Some(given) = node.get(tag) else {
            let message = format!("{}缺少“{tag}”，可用：{}", subject(path), words.join("、"));
            self.fault(node.line, "missing_key", message);
            return None;
        };
        let text = given.text().unwrap_or_default();
        let found = shapes.iter().position(|s| s.tag_word(tag) == Some(text));
        if found.is_none() {
            self.unknown_word(given.line, &below(path, tag), text, &words);
        }
        found
    }

    fn by_keys(&mut self, node: &Node, shapes: &[Shape<'s>], path: &str) -> Option<usize> {
        let score = |s: &Shape<'_>| s.required.iter().filter(|key| node.get(key).is_some()).count();
        let best = shapes.iter().enumerate().max_by_key(|(index, s)| (score(s), usize::MAX - index));
        match best {
            Some((index, s)) if score(s) > 0 => Some(index),
            _ => {
                let keys = keys_of(shapes);
                let given = first_key(node).unwrap_or_default();
                let message = format!(
                    "{}不认识“{given}”，可用的键：{}{}",
                    subject(path),
                    keys.join("、"),
                    hint(given, keys.iter().copied())
                );
                self.fault(node.line, "unknown_key", message);
                None
            }
        }
    }

    fn object(&mut self, node: &Node, shape: &Shape<'s>, path: &str) -> Value {
        let Content::Map(entries) = &node.content else {
            self.fault(node.line, "wrong_type", format!("{}应为键值形式", subject(path)));
            return Value::Null;
        };
        let mut object = Map::new();
        for (key, child) in entries {
            let path = below(path, &key.text);
            let known =
                shape.properties.iter().find(|(name, _)| *name == key.text).map(|(_, schema)| *schema);
            match known.or(shape.rest) {
                Some(schema) => drop(object.insert(key.text.clone(), self.value(child, schema, &path))),
                None => {
                    let names = shape.properties.iter().map(|(name, _)| *name);
                    let message = format!("不认识的键“{path}”{}", hint(&key.text, names));
                    self.fault(key.line, "unknown_key", message);
                }
            }
        }
        for key in &shape.required {
            if node.get(key).is_none() {
                self.fault(node.line, "missing_key", format!("{}缺少“{key}”", subject(path)));
            }
        }
        Value::Object(object)
    }

    fn array(&mut self, node: &Node, shape: &Shape<'s>, path: &str) -> Value {
        let Content::List(items) = &node.content else {
            self.fault(node.line, "wrong_type", format!("{}应为列表", subject(path)));
            return Value::Null;
        };
        let schema = shape.items.unwrap_or(&Value::Null);
        let items =
            items.iter().enumerate().map(|(i, item)| self.value(item, schema, &format!("{path}[{i}]")));
        Value::Array(items.collect())
    }

    /// Text as it is written, so that an unquoted code `0101` stays what it is.
    fn text(&mut self, node: &Node, shape: &Shape<'s>, path: &str) -> Value {
        let Some(text) = node.text().filter(|_| !node.is_null()) else {
            self.fault(node.line, "wrong_type", format!("{}应为文字", subject(path)));
            return Value::Null;
        };
        if !shape.words.is_empty() && !shape.words.contains(&text) {
            self.unknown_word(node.line, path, text, &shape.words);
            return Value::Null;
        }
        Value::String(text.to_owned())
    }

    fn plain(&mut self, node: &Node, wanted: &str, shape: &Shape<'s>, path: &str) -> Value {
        let value = node.value();
        let (fits, name) = match wanted {
            "boolean" => (value.is_boolean(), " true 或 false"),
            "integer" if shape.minimum == Some(0) => (value.is_u64(), "不小于 0 的整数"),
            "integer" => (value.is_i64() || value.is_u64(), "整数"),
            "number" => (value.is_number(), "数字"),
            _ => (true, ""),
        };
        if !fits {
            let given = node.text().map(|text| format!("，而不是“{text}”")).unwrap_or_default();
            self.fault(node.line, "wrong_type", format!("{}应为{name}{given}", subject(path)));
            return Value::Null;
        }
        value
    }

    fn unknown_word(&mut self, line: u32, path: &str, given: &str, words: &[&str]) {
        let message = format!(
            "{}的值“{given}”不可用，可用：{}{}",
            subject(path),
            words.join("、"),
            hint(given, words.iter().copied())
        );
        self.fault(line, "unknown_value", message);
    }

    fn fault(&mut self, line: u32, code: &'static str, message: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push((line, code, message));
        }
    }
}

impl<'s> Shape<'s> {
    fn add_type(&mut self, name: &'s str) {
        if name == "null" {
            self.nullable = true;
        } else if !self.types.contains(&name) {
            self.types.push(name);
        }
    }

    /// The word this alternative wants at the key `tag`.
    fn tag_word(&self, tag: &str) -> Option<&'s str> {
        self.properties.iter().find(|(name, _)| *name == tag).and_then(|(_, schema)| schema["const"].as_str())
    }
}

/// The key whose word tells the alternatives apart.
fn tag_of<'s>(shapes: &[Shape<'s>]) -> Option<&'s str> {
    let (tag, _) = shapes.first()?.properties.iter().find(|(_, schema)| schema["const"].is_string())?;
    shapes.iter().all(|s| s.tag_word(tag).is_some()).then_some(*tag)
}

fn keys_of<'s>(shapes: &[Shape<'s>]) -> Vec<&'s str> {
    shapes.iter().filter_map(|s| s.required.first().copied()).collect()
}

fn first_key(node: &Node) -> Option<&str> {
    match &node.content {
        Content::Map(entries) => entries.first().map(|(key, _)| key.text.as_str()),
        _ => None,
    }
}

fn subject(path: &str) -> String {
    if path.is_empty() { "定义".to_owned() } else { format!("“{path}”") }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
