//! Shipped and site's files to one set.

use std::collections::{HashMap, HashSet};

use crate::node::{self, Node};
use crate::parse::kind_of;
use crate::{Kind, Source};

/// The first part of the path of every file of a site.
pub const SITE: &str = "site";

/// Where the definition of a site lies: `site/<app>/definitions/<folder>/<name>.yaml`.
pub fn definition_path(kind: Kind, key: &str) -> String {
    let (app, name) = key.split_once('.').unwrap_or(("", key));
    format!("{SITE}/{app}/definitions/{}/{name}.yaml", kind.folder())
}

/// Kind and key of a definition, as far as its text tells.
pub fn name_of(text: &str) -> Option<(Kind, String)> {
    let root = node::read(text).0?;
    let kind = kind_of(&root)?;
    Some((kind, root.get(kind.name())?.text()?.to_owned()))
}

/// One set of files: the shipped ones but those that the site has replaced, and the site's. A file beside a
/// definition (a diagram, a template) that the site has not replaced is taken from the shipped definition.
pub fn compose(shipped: &[Source], site: &[Source]) -> Vec<Source> {
    let own: HashMap<(Kind, String), &Source> = named(site);
    let mut files: Vec<Source> = Vec::with_capacity(shipped.len() + site.len());
    let mut replaced: HashMap<(Kind, String), &Source> = HashMap::new();
    for source in shipped {
        match source.is_definition().then(|| name_of(&source.text)).flatten() {
            Some(name) if own.contains_key(&name) => drop(replaced.insert(name, source)),
            _ => files.push(source.clone()),
        }
    }
    files.extend(site.iter().cloned());
    let paths: HashSet<String> = files.iter().map(|source| source.path.clone()).collect();
    for (name, source) in own {
        let Some(earlier) = replaced.get(&name) else { continue };
        let Some(sibling) = sibling_of(name.0, &source.text) else { continue };
        let (wanted, there) = (beside(&source.path, &sibling), beside(&earlier.path, &sibling));
        if paths.contains(&wanted) {
            continue;
        }
        files.extend(shipped.iter().find(|s| s.path == there).map(|s| Source::new(wanted, s.text.clone())));
    }
    files
}

/// The definitions among the files, by name.
pub(super) fn named(files: &[Source]) -> HashMap<(Kind, String), &Source> {
    let definitions = files.iter().filter(|source| source.is_definition());
    definitions.filter_map(|source| Some((name_of(&source.text)?, source))).collect()
}

/// The name of the file that belongs to the definition.
pub(super) fn sibling_of(kind: Kind, text: &str) -> Option<String> {
    let part = match kind {
        Kind::Process => "bpmn",
        Kind::Decision => "file",
        Kind::Document => "template",
        _ => return None,
    };
    node::read(text).0.as_ref().and_then(|root| root.get(part)).and_then(Node::text).map(str::to_owned)
}

pub(super) fn beside(path: &str, file: &str) -> String {
    path.rsplit_once('/').map_or_else(|| file.to_owned(), |(folder, _)| format!("{folder}/{file}"))
}
