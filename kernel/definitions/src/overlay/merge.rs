//! Three texts of one definition to one: as it was shipped, as it is shipped now, as the site has it.

use std::collections::BTreeSet;

use super::diff::parts;
use super::identity::same;
use crate::node::{Content, Key, Node, join};

/// The three forms of a part; any may be absent.
#[derive(Clone, Copy)]
pub(super) struct Three<'a> {
    pub old: Option<&'a Node>,
    pub new: Option<&'a Node>,
    pub site: Option<&'a Node>,
}

/// What becomes of the part, none if it goes. Where the site and the release have changed the same thing differently
/// the site's stays, and the path is noted.
pub(super) fn merge(path: &str, three: Three<'_>, clashes: &mut Vec<String>) -> Option<Node> {
    let Three { old, new, site } = three;
    if alike(site, new) || alike(old, new) {
        return site.cloned();
    }
    if alike(old, site) {
        return new.cloned();
    }
    if let (Some(new), Some(site)) = (new, site) {
        let mergeable = |node: &Node| parts(node).is_some_and(|parts| !parts.is_empty());
        let same_shape = std::mem::discriminant(&new.content) == std::mem::discriminant(&site.content);
        let old_fits = old.is_none_or(|old| {
            parts(old).is_some()
                && std::mem::discriminant(&old.content) == std::mem::discriminant(&new.content)
        });
        if mergeable(new) && mergeable(site) && same_shape && old_fits {
            return Some(merge_parts(path, old, new, site, clashes));
        }
    }
    clashes.push(path.to_owned());
    site.cloned()
}

fn alike(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

fn merge_parts(path: &str, old: Option<&Node>, new: &Node, site: &Node, clashes: &mut Vec<String>) -> Node {
    let of = |node: Option<&Node>, name: &str| {
        node.and_then(|node| Some(parts(node)?.into_iter().find(|(n, _)| n == name)?.1.clone()))
    };
    let mut merged: Vec<(String, Node)> = Vec::new();
    for name in order(new, site) {
        let (old, new, site) = (of(old, &name), of(Some(new), &name), of(Some(site), &name));
        let three = Three { old: old.as_ref(), new: new.as_ref(), site: site.as_ref() };
        merged.extend(merge(&join(path, &name), three, clashes).map(|node| (name, node)));
    }
    let content = match &new.content {
        Content::Map(_) => Content::Map(
            merged.into_iter().map(|(text, node)| (Key { text, line: node.line }, node)).collect(),
        ),
        _ => Content::List(merged.into_iter().map(|(_, node)| node).collect()),
    };
    Node { line: site.line, content }
}

/// The names of both: the release's order, and what only the site has after the part it follows there.
fn order(new: &Node, site: &Node) -> Vec<String> {
    let names = |node: &Node| -> Vec<String> {
        parts(node).unwrap_or_default().into_iter().map(|(name, _)| name).collect()
    };
    let mut ordered = names(new);
    let known: BTreeSet<String> = ordered.iter().cloned().collect();
    let mut after: Option<String> = None;
    for name in names(site) {
        if !known.contains(&name) {
            let at = after.as_ref().and_then(|after| ordered.iter().position(|name| name == after));
            ordered.insert(at.map_or(0, |at| at + 1), name.clone());
        }
        after = Some(name);
    }
    ordered
}
