//! A tree of nodes as YAML that the parser reads back as the same tree. Comments are not kept: they belong to the text
//! that somebody wrote.

use crate::node::{Content, Key, Node};

/// Longest line that a map or list is put on.
const LINE_MAX: usize = 110;

pub(crate) fn emit(root: &Node) -> String {
    let mut out = String::new();
    match &root.content {
        Content::Map(entries) if !entries.is_empty() => map(entries, 0, &mut out),
        _ => {
            flow(root, &mut out);
            out.push('\n');
        }
    }
    out
}

fn map(entries: &[(Key, Node)], indent: usize, out: &mut String) {
    for (key, value) in entries {
        pad(indent, out);
        entry(key, value, indent, out);
    }
}

/// `key: value`, the value on the same line or below.
fn entry(key: &Key, value: &Node, indent: usize, out: &mut String) {
    out.push_str(&key_text(&key.text));
    out.push(':');
    let mut line = String::new();
    flow(value, &mut line);
    let fits = indent + key.text.chars().count() + 2 + width(&line) <= LINE_MAX;
    match &value.content {
        Content::Scalar { .. } => one_line(&line, out),
        Content::Map(entries) if !entries.is_empty() && (!fits || nests(value)) => {
            out.push('\n');
            map(entries, indent + 2, out);
        }
        Content::List(items) if !items.is_empty() && (!fits || nests(value)) => {
            out.push('\n');
            list(items, indent + 2, out);
        }
        _ => one_line(&line, out),
    }
}

fn list(items: &[Node], indent: usize, out: &mut String) {
    for item in items {
        pad(indent, out);
        out.push('-');
        let mut line = String::new();
        flow(item, &mut line);
        match &item.content {
            Content::Map(entries) if indent + 2 + width(&line) > LINE_MAX && !entries.is_empty() => {
                out.push(' ');
                let ((key, value), rest) = (&entries[0], &entries[1..]);
                entry(key, value, indent + 2, out);
                map(rest, indent + 2, out);
            }
            _ => one_line(&line, out),
        }
    }
}

fn one_line(line: &str, out: &mut String) {
    out.push(' ');
    out.push_str(line);
    out.push('\n');
}

/// Whether maps stand in maps: those read better one below the other.
fn nests(node: &Node) -> bool {
    let is_map = |node: &Node| matches!(node.content, Content::Map(_));
    match &node.content {
        Content::Map(entries) => entries.iter().any(|(_, value)| is_map(value) || nests(value)),
        Content::List(items) => items.iter().any(is_map),
        Content::Scalar { .. } => false,
    }
}

fn flow(node: &Node, out: &mut String) {
    match &node.content {
        Content::Scalar { .. } if node.is_null() => out.push_str("null"),
        Content::Scalar { text, plain: true } if is_plain(text) => out.push_str(text),
        Content::Scalar { text, .. } => out.push_str(&quoted(text)),
        Content::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                flow(item, out);
            }
            out.push(']');
        }
        Content::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Content::Map(entries) => {
            out.push_str("{ ");
            for (i, (key, value)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(&key_text(&key.text));
                out.push_str(": ");
                flow(value, out);
            }
            out.push_str(" }");
        }
    }
}

fn key_text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// JSON's quoting is YAML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the text means itself without quotes, in maps and lists on one line too. Rather too few than too many.
fn is_plain(text: &str) -> bool {
    let harmless =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | ' ' | '-' | '（' | '）' | '，');
    let ends = |c: char| c.is_alphanumeric() || matches!(c, '_' | '（' | '）');
    text.chars().all(harmless)
        && text.starts_with(ends)
        && text.ends_with(ends)
        && !text.contains(['\u{feff}', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn width(line: &str) -> usize {
    line.chars().count()
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}
