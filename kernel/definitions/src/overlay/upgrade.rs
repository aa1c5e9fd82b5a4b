//! A site's definitions carried over to a new release.

use std::collections::HashMap;

use serde::Serialize;

use super::compose::{beside, named, sibling_of};
use super::emit;
use super::merge::{Three, merge};
use crate::node::{Content, Node, read};
use crate::{Kind, Source};

/// A site's definitions as they fit the new release, and what somebody should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgrade {
    pub site: Vec<Source>,
    pub conflicts: Vec<Conflict>,
}

/// A place where the release and the site have changed the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// File of the site's definition.
    pub file: String,
    /// Part of the definition, keys joined with `/`; empty for the whole.
    pub path: String,
    pub resolution: Resolution,
    /// What happened, in Chinese.
    pub message: String,
}

/// What stays for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    SiteKept,
    ShippedKept,
}

/// Merges three ways: the release the site built upon, the new release, the site.
pub fn upgrade(old: &[Source], new: &[Source], site: &[Source]) -> Upgrade {
    let (old_named, new_named) = (named(old), named(new));
    let mut outcome = Upgrade { site: Vec::new(), conflicts: Vec::new() };
    for (name, own) in named(site).into_iter().collect::<std::collections::BTreeMap<_, _>>() {
        let (was, is) = (old_named.get(&name).copied(), new_named.get(&name).copied());
        let text = match (name.0, was, is) {
            (_, Some(was), Some(is)) => merged(own, was, is, &mut outcome.conflicts),
            (_, Some(_), None) => {
                let message = format!("新版已不再包含{}“{}”，现场的定义单独保留", name.0.title(), name.1);
                note(&mut outcome.conflicts, own, "", Resolution::SiteKept, message);
                own.text.clone()
            }
            (_, None, Some(_)) => {
                let message = format!("新版增加了{}“{}”，与现场的定义同名", name.0.title(), name.1);
                note(&mut outcome.conflicts, own, "", Resolution::SiteKept, message);
                own.text.clone()
            }
            (Kind::Extension, None, None) => {
                match without_shipped_fields(own, &old_named, &new_named, &mut outcome.conflicts) {
                    Some(text) => text,
                    None => continue,
                }
            }
            (_, None, None) => own.text.clone(),
        };
        outcome.site.push(Source::new(own.path.clone(), text));
        let sibling = Siblings { old, new, site, was, is };
        outcome.site.extend(sibling.carried(name.0, own, &mut outcome.conflicts));
    }
    outcome
}

fn note(
    conflicts: &mut Vec<Conflict>,
    own: &Source,
    path: &str,
    resolution: Resolution,
    message: impl Into<String>,
) {
    let (file, path) = (own.path.clone(), path.to_owned());
    conflicts.push(Conflict { file, path, resolution, message: message.into() });
}

fn merged(own: &Source, was: &Source, is: &Source, conflicts: &mut Vec<Conflict>) -> String {
    if was.text == is.text {
        return own.text.clone();
    }
    let roots = (read(&was.text).0, read(&is.text).0, read(&own.text).0);
    let (Some(was), Some(is), Some(site)) = roots else { return own.text.clone() };
    let mut clashes = Vec::new();
    let three = Three { old: Some(&was), new: Some(&is), site: Some(&site) };
    let merged = merge("", three, &mut clashes);
    for path in clashes {
        let message = format!("新版与现场都修改了“{path}”，保留现场的内容");
        note(conflicts, own, &path, Resolution::SiteKept, message);
    }
    // What the merge has left as it was keeps its comments and its layout.
    merged.map_or_else(
        || own.text.clone(),
        |node| if same_as(&node, &own.text) { own.text.clone() } else { emit(&node) },
    )
}

fn same_as(node: &Node, text: &str) -> bool {
    read(text).0.is_some_and(|other| super::identity::same(node, &other))
}

type Named<'a> = HashMap<(Kind, String), &'a Source>;

/// A field that the release brings itself leaves the extension: the shipped one takes its values over. None when
/// nothing is left of the extension.
fn without_shipped_fields(
    own: &Source,
    old: &Named<'_>,
    new: &Named<'_>,
    conflicts: &mut Vec<Conflict>,
) -> Option<String> {
    let unchanged = || Some(own.text.clone());
    let Some(root) = read(&own.text).0 else { return unchanged() };
    let Some(entity) = root.get("entity").and_then(Node::text) else { return unchanged() };
    let fields_of = |named: &Named<'_>| -> Option<Node> {
        read(&named.get(&(Kind::Entity, entity.to_owned()))?.text).0?.get("fields").cloned()
    };
    let (Some(shipped), earlier) = (fields_of(new), fields_of(old)) else {
        if old.contains_key(&(Kind::Entity, entity.to_owned())) {
            let message = format!("新版已不再包含实体“{entity}”，扩展无处可用");
            note(conflicts, own, "entity", Resolution::SiteKept, message);
        }
        return unchanged();
    };
    let arrived = |name: &str| {
        shipped.get(name).is_some() && earlier.as_ref().is_none_or(|earlier| earlier.get(name).is_none())
    };
    let mut kept = root.clone();
    let mut gone = Vec::new();
    if let Content::Map(parts) = &mut kept.content
        && let Some((_, fields)) = parts.iter_mut().find(|(key, _)| key.text == "fields")
        && let Content::Map(fields) = &mut fields.content
    {
        gone.extend(fields.iter().filter(|(key, _)| arrived(&key.text)).map(|(key, _)| key.text.clone()));
        fields.retain(|(key, _)| !arrived(&key.text));
    }
    if gone.is_empty() {
        return unchanged();
    }
    for name in gone {
        let message = format!("新版的实体“{entity}”增加了同名字段“{name}”，改用新版的字段，原有数据保留");
        note(conflicts, own, &format!("fields/{name}"), Resolution::ShippedKept, message);
    }
    let adds = |part: &str| match kept.get(part).map(|node| &node.content) {
        Some(Content::Map(entries)) => !entries.is_empty(),
        Some(Content::List(items)) => !items.is_empty(),
        _ => false,
    };
    ["fields", "unique", "indexes", "search", "rules", "retention"].into_iter().any(adds).then(|| emit(&kept))
}

/// The files beside a definition.
struct Siblings<'a> {
    old: &'a [Source],
    new: &'a [Source],
    site: &'a [Source],
    was: Option<&'a Source>,
    is: Option<&'a Source>,
}

impl Siblings<'_> {
    /// The site's file beside its definition, or the release's where the site has not touched it.
    fn carried(&self, kind: Kind, own: &Source, conflicts: &mut Vec<Conflict>) -> Option<Source> {
        let name = sibling_of(kind, &own.text)?;
        let find = |files: &[Source], of: Option<&Source>| -> Option<String> {
            let path = beside(&of?.path, &name);
            Some(files.iter().find(|file| file.path == path)?.text.clone())
        };
        let own_file = find(self.site, Some(own))?;
        let (was, is) = (find(self.old, self.was), find(self.new, self.is));
        let path = beside(&own.path, &name);
        let untouched = was.as_deref() == Some(own_file.as_str());
        if let (true, Some(is)) = (untouched, &is) {
            return Some(Source::new(path, is.clone()));
        }
        if was.is_some() && is.is_some() && was != is && is.as_deref() != Some(own_file.as_str()) {
            let message = format!("新版与现场都修改了文件“{name}”，保留现场的文件");
            let (file, resolution) = (path.clone(), Resolution::SiteKept);
            conflicts.push(Conflict { file, path: String::new(), resolution, message });
        }
        Some(Source::new(path, own_file))
    }
}
