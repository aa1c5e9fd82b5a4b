//! What differs between two texts of a definition: parts, not lines.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::identity::{names, same};
use crate::node::{Content, Node, join, read};

/// One part that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TextChange {
    /// Keys, and names of list items, joined with `/`; empty for the whole.
    pub path: String,
    /// Null when the part is new.
    pub before: Value,
    /// Null when the part is gone.
    pub after: Value,
}

/// The parts that differ, from the outside in, in the order of the newer text. A text that is absent or cannot be
/// read is null.
pub fn changes(before: Option<&str>, after: Option<&str>) -> Vec<TextChange> {
    let root = |text: Option<&str>| text.and_then(|text| read(text).0);
    let mut found = Vec::new();
    compare("", root(before).as_ref(), root(after).as_ref(), &mut found);
    found
}

fn compare(path: &str, before: Option<&Node>, after: Option<&Node>, found: &mut Vec<TextChange>) {
    match (before, after) {
        (Some(a), Some(b)) if same(a, b) => {}
        (Some(a), Some(b)) => match (parts(a), parts(b)) {
            (Some(a), Some(b)) if !a.is_empty() || !b.is_empty() => compare_parts(path, &a, &b, found),
            _ => found.push(change(path, Some(a), Some(b))),
        },
        (None, None) => {}
        (a, b) => found.push(change(path, a, b)),
    }
}

fn compare_parts(path: &str, a: &[(String, &Node)], b: &[(String, &Node)], found: &mut Vec<TextChange>) {
    let earlier: BTreeMap<&str, &Node> = a.iter().map(|(name, node)| (name.as_str(), *node)).collect();
    let later: BTreeMap<&str, &Node> = b.iter().map(|(name, node)| (name.as_str(), *node)).collect();
    let before = found.len();
    for (name, node) in b {
        compare(&join(path, name), earlier.get(name.as_str()).copied(), Some(node), found);
    }
    for (name, node) in a.iter().filter(|(name, _)| !later.contains_key(name.as_str())) {
        compare(&join(path, name), Some(node), None, found);
    }
    if found.len() == before {
        // The same parts in another order.
        let order = |parts: &[(String, &Node)]| Value::from_iter(parts.iter().map(|(name, _)| name.as_str()));
        found.push(TextChange { path: path.to_owned(), before: order(a), after: order(b) });
    }
}

/// The parts of a map or of a list whose items have names.
pub(super) fn parts(node: &Node) -> Option<Vec<(String, &Node)>> {
    match &node.content {
        Content::Map(entries) => Some(entries.iter().map(|(key, node)| (key.text.clone(), node)).collect()),
        Content::List(items) => Some(names(items)?.into_iter().zip(items).collect()),
        Content::Scalar { .. } => None,
    }
}

fn change(path: &str, before: Option<&Node>, after: Option<&Node>) -> TextChange {
    let value = |node: Option<&Node>| node.map_or(Value::Null, Node::value);
    TextChange { path: path.to_owned(), before: value(before), after: value(after) }
}
