//! What tells the items of a list apart, so that lists are compared item by item and not place by place.

use std::collections::HashSet;

use crate::node::{Content, Node};

/// Keys that name an item, the surest first.
const NAMING: [&str; 10] =
    ["code", "key", "term", "field", "name", "page", "entity", "title", "element", "widget"];

/// A name for each item, all different; none for a list whose items cannot be told apart.
pub(super) fn names(items: &[Node]) -> Option<Vec<String>> {
    if items.iter().all(|item| matches!(item.content, Content::Map(_))) {
        return NAMING
            .iter()
            .find_map(|key| different(items, |item| item.get(key)?.text().map(str::to_owned)));
    }
    if items.iter().any(|item| matches!(item.content, Content::Map(_))) {
        return None;
    }
    different(items, |item| match &item.content {
        Content::Scalar { text, .. } => Some(text.clone()),
        _ => Some(item.value().to_string()),
    })
}

fn different(items: &[Node], name: impl Fn(&Node) -> Option<String>) -> Option<Vec<String>> {
    let names: Vec<String> = items.iter().map(name).collect::<Option<_>>()?;
    let mut seen = HashSet::new();
    names.iter().all(|name| seen.insert(name.as_str())).then_some(names)
}

/// Whether two parts say the same, wherever they stand.
pub(super) fn same(a: &Node, b: &Node) -> bool {
    match (&a.content, &b.content) {
        (Content::Scalar { .. }, Content::Scalar { .. }) => {
            (a.is_null() && b.is_null()) || (a.text() == b.text() && a.value() == b.value())
        }
        (Content::List(a), Content::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Content::Map(a), Content::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| {
                    b.iter().any(|(other, its)| other.text == key.text && same(value, its))
                })
        }
        _ => false,
    }
}
