//! Changes of the items of a dictionary, made to its text.

use serde::Deserialize;

use super::emit;
use crate::node::{Content, Key, Node, read};
use crate::{DictionaryItem, Tone};

/// Most items of a dictionary.
const ITEMS_MAX: usize = 20_000;

/// One change of the items of a dictionary.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum ItemChange {
    /// A new item, at the end or after another.
    Add {
        code: String,
        title: String,
        #[serde(default)]
        parent: Option<String>,
        #[serde(default)]
        tone: Option<Tone>,
        #[serde(default)]
        after: Option<String>,
    },
    /// Another title, place in the tree, colour; or no longer offered, or offered again.
    Change {
        code: String,
        #[serde(default)]
        title: Option<String>,
        /// An empty text moves the item to the top level.
        #[serde(default)]
        parent: Option<String>,
        #[serde(default)]
        tone: Option<Tone>,
        #[serde(default)]
        retired: Option<bool>,
    },
    /// Gone for good; publishing refuses it while a record uses the code.
    Remove { code: String },
    /// All codes in their new order.
    Order { codes: Vec<String> },
}

/// What is wrong with a change: its place in the list, a stable code, a Chinese message.
pub type ItemFault = (usize, &'static str, String);

/// The dictionary's text after the changes, or every change that cannot be made.
pub fn edit_items(text: &str, changes: &[ItemChange]) -> Result<String, Vec<ItemFault>> {
    let broken = || vec![(0, "unreadable", "字典的定义无法读取".to_owned())];
    let mut root = read(text).0.ok_or_else(broken)?;
    let Content::Map(parts) = &mut root.content else { return Err(broken()) };
    let Some((_, items)) = parts.iter_mut().find(|(key, _)| key.text == "items") else {
        return Err(broken());
    };
    let Content::List(items) = &mut items.content else { return Err(broken()) };
    let mut faults = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        if let Err((code, message)) = apply(items, change) {
            faults.push((index, code, message));
        }
    }
    if items.len() > ITEMS_MAX {
        faults.push((changes.len().saturating_sub(1), "too_many", format!("字典最多 {ITEMS_MAX} 项")));
    }
    if faults.is_empty() { Ok(emit(&root)) } else { Err(faults) }
}

fn apply(items: &mut Vec<Node>, change: &ItemChange) -> Result<(), (&'static str, String)> {
    match change {
        ItemChange::Add { code, title, parent, tone, after } => {
            if position(items, code).is_some() {
                return Err(("duplicate", format!("代码“{code}”已存在")));
            }
            let at = match after {
                Some(after) => known(items, after)? + 1,
                None => items.len(),
            };
            if let Some(parent) = parent {
                known(items, parent)?;
            }
            let item = DictionaryItem {
                code: code.clone(),
                title: title.clone(),
                parent: parent.clone(),
                tone: *tone,
                retired: false,
                note: None,
            };
            items.insert(at, node_of(&item));
            Ok(())
        }
        ItemChange::Change { code, title, parent, tone, retired } => {
            let at = known(items, code)?;
            if let Some(parent) = parent.as_ref().filter(|parent| !parent.is_empty()) {
                known(items, parent)?;
            }
            let mut set = |key: &str, value: Option<Node>| put(&mut items[at], key, value);
            if let Some(title) = title {
                set("title", Some(scalar(title)));
            }
            if let Some(parent) = parent {
                set("parent", (!parent.is_empty()).then(|| scalar(parent)));
            }
            if let Some(tone) = tone {
                set("tone", Some(tone_node(*tone)));
            }
            if let Some(retired) = retired {
                set("retired", retired.then(|| plain("true")));
            }
            Ok(())
        }
        ItemChange::Remove { code } => {
            let at = known(items, code)?;
            items.remove(at);
            Ok(())
        }
        ItemChange::Order { codes } => reorder(items, codes),
    }
}

fn reorder(items: &mut Vec<Node>, codes: &[String]) -> Result<(), (&'static str, String)> {
    let mut ordered = Vec::with_capacity(items.len());
    let mut left = items.clone();
    for code in codes {
        let at = known(&left, code)?;
        ordered.push(left.remove(at));
    }
    if let Some(forgotten) = left.first().and_then(code_of) {
        return Err(("incomplete", format!("顺序中缺少代码“{forgotten}”")));
    }
    *items = ordered;
    Ok(())
}

fn code_of(item: &Node) -> Option<&str> {
    item.get("code").and_then(Node::text)
}

fn position(items: &[Node], code: &str) -> Option<usize> {
    items.iter().position(|item| code_of(item) == Some(code))
}

fn known(items: &[Node], code: &str) -> Result<usize, (&'static str, String)> {
    position(items, code).ok_or_else(|| ("unknown", format!("没有代码“{code}”")))
}

/// Sets or removes a key of an item.
fn put(item: &mut Node, key: &str, value: Option<Node>) {
    let Content::Map(entries) = &mut item.content else { return };
    let at = entries.iter().position(|(known, _)| known.text == key);
    match (at, value) {
        (Some(at), Some(value)) => entries[at].1 = value,
        (Some(at), None) => drop(entries.remove(at)),
        (None, Some(value)) => entries.push((Key { text: key.to_owned(), line: item.line }, value)),
        (None, None) => {}
    }
}

/// Text, in quotes where it could be read as something else.
fn scalar(text: &str) -> Node {
    let unquoted = plain(text);
    if unquoted.value() == text {
        return unquoted;
    }
    Node { line: 1, content: Content::Scalar { text: text.to_owned(), plain: false } }
}

fn plain(text: &str) -> Node {
    Node { line: 1, content: Content::Scalar { text: text.to_owned(), plain: true } }
}

fn node_of(item: &DictionaryItem) -> Node {
    let mut node = Node { line: 1, content: Content::Map(Vec::new()) };
    put(&mut node, "code", Some(scalar(&item.code)));
    put(&mut node, "title", Some(scalar(&item.title)));
    put(&mut node, "parent", item.parent.as_deref().map(scalar));
    put(&mut node, "tone", item.tone.map(tone_node));
    node
}

/// As definitions write it.
fn tone_node(tone: Tone) -> Node {
    scalar(serde_json::json!(tone).as_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "dictionary: a.b\ntitle: 区\nitems:\n  - { code: 31, title: 上海 }\n  - { code: 310101, title: 黄浦, parent: 31 }\n";

    fn changes(json: serde_json::Value) -> Vec<ItemChange> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn items_are_added_changed_retired_and_ordered_in_the_text() {
        let edited = edit_items(
            TEXT,
            &changes(serde_json::json!([
                { "op": "add", "code": "310115", "title": "浦东", "parent": "31", "after": "31" },
                { "op": "add", "code": "310101001", "title": "外滩", "parent": "310101", "tone": "info" },
                { "op": "change", "code": "310101", "title": "黄浦区", "retired": true },
                { "op": "change", "code": "310115", "parent": "" },
                { "op": "order", "codes": ["310115", "31", "310101", "310101001"] },
            ])),
        )
        .unwrap();
        insta::assert_snapshot!(edited, @r#"
        dictionary: a.b
        title: 区
        items:
          - { code: "310115", title: 浦东 }
          - { code: 31, title: 上海 }
          - { code: 310101, title: 黄浦区, parent: 31, retired: true }
          - { code: "310101001", title: 外滩, parent: "310101", tone: info }
        "#);
        let back = edit_items(
            &edited,
            &changes(
                serde_json::json!([{ "op": "change", "code": "310101", "retired": false }, { "op": "remove", "code": "310101001" }]),
            ),
        );
        assert!(!back.unwrap().contains("retired"));
    }

    #[test]
    fn every_change_that_cannot_be_made_is_told() {
        let faults = edit_items(
            TEXT,
            &changes(serde_json::json!([
                { "op": "add", "code": "31", "title": "又一个" },
                { "op": "add", "code": "32", "title": "江苏", "parent": "3" },
                { "op": "change", "code": "99", "title": "无" },
                { "op": "order", "codes": ["31"] },
                { "op": "remove", "code": "98" },
            ])),
        )
        .unwrap_err();
        let codes: Vec<(usize, &str)> = faults.iter().map(|(at, code, _)| (*at, *code)).collect();
        assert_eq!(
            codes,
            [(0, "duplicate"), (1, "unknown"), (2, "unknown"), (3, "incomplete"), (4, "unknown")]
        );
    }
}
