//! One file to one definition and all its problems.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::load::Parsed;
use crate::node::{self, Content, Node};
use crate::{
    Connector, Decision, Dictionary, Document, Entity, Extension, Kind, Menu, Message, Page, Problem,
    Process, Role, Sequence, Source, shape,
};

/// A definition of any kind.
#[derive(Debug)]
pub(crate) enum Definition {
    Entity(Arc<Entity>),
    Dictionary(Dictionary),
    Page(Page),
    Process(Process),
    Decision(Decision),
    Document(Document),
    Role(Role),
    Menu(Menu),
    Message(Message),
    Sequence(Sequence),
    Connector(Connector),
    Extension(Extension),
}

pub(crate) fn parse(source: &Source) -> Parsed {
    let mut parsed = Parsed::default();
    let (root, faults) = node::read(&source.text);
    let mut report =
        |line, code, message| parsed.problems.push(Problem::error(&source.path, line, code, message));
    let broken = root.is_none() && !faults.is_empty();
    for (line, code, message) in faults {
        report(line, code, message);
    }
    let Some((root, kind)) = root.as_ref().and_then(|root| Some((root, kind_of(root)?))) else {
        if !broken {
            let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            report(1, "unknown_kind", format!("第一个键应为定义的种类：{}", names.join("、")));
        }
        return parsed;
    };
    if let Some((app, folder)) = source.app_and_folder() {
        if Kind::from_folder(folder) != Some(kind) {
            let message =
                format!("{}“{}”应放在目录 {} 下，而不是 {folder}", kind.title(), kind, kind.folder());
            report(root.line, "wrong_folder", message);
        }
        if let Some(key) = root.get(kind.name()).and_then(Node::text) {
            check_key(key, app, root.line, &mut report);
        }
    } else {
        report(1, "wrong_folder", "定义文件应放在 <应用>/definitions/<种类>/ 下".into());
    }
    root.lines("", &mut parsed.lines);
    parsed.name = root.get(kind.name()).and_then(Node::text).map(|key| (kind, key.to_owned()));
    let (value, faults) = shape::fit(root, kind);
    let sound = faults.is_empty();
    for (line, code, message) in faults {
        parsed.problems.push(Problem::error(&source.path, line, code, message));
    }
    match build(kind, value) {
        Ok(definition) => parsed.definition = Some(definition),
        // The faults of shape name the cause already.
        Err(_) if !sound => {}
        Err((path, cause)) => {
            let line = locate(root, &path);
            let message = format!("{path}：{cause}");
            parsed.problems.push(Problem::error(&source.path, line, "wrong_shape", message));
        }
    }
    parsed
}

pub(crate) fn kind_of(root: &Node) -> Option<Kind> {
    match &root.content {
        Content::Map(entries) => Kind::from_name(&entries.first()?.0.text),
        _ => None,
    }
}

fn check_key(key: &str, app: &str, line: u32, report: &mut impl FnMut(u32, &'static str, String)) {
    let parts: Vec<&str> = key.split('.').collect();
    if parts.len() != 2 || !parts.iter().all(|part| is_snake_case(part)) {
        report(line, "key_syntax", format!("“{key}”应为 应用.名称，只用小写字母、数字和下划线"));
    } else if parts[0] != app {
        report(line, "key_app", format!("“{key}”应以所在应用“{app}.”开头"));
    }
}

/// Lower snake case: a letter, then letters, digits and single underscores between them.
pub(crate) fn is_snake_case(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('_')
        && !text.contains("__")
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The definition, or the path and cause of the first thing that does not fit.
fn build(kind: Kind, value: Value) -> Result<Definition, (String, String)> {
    Ok(match kind {
        Kind::Entity => Definition::Entity(Arc::new(typed(value)?)),
        Kind::Dictionary => Definition::Dictionary(typed(value)?),
        Kind::Page => Definition::Page(typed(value)?),
        Kind::Process => Definition::Process(typed(value)?),
        Kind::Decision => Definition::Decision(typed(value)?),
        Kind::Document => Definition::Document(typed(value)?),
        Kind::Role => Definition::Role(typed(value)?),
        Kind::Menu => Definition::Menu(typed(value)?),
        Kind::Message => Definition::Message(typed(value)?),
        Kind::Sequence => Definition::Sequence(typed(value)?),
        Kind::Connector => Definition::Connector(typed(value)?),
        Kind::Extension => Definition::Extension(typed(value)?),
    })
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| (error.path().to_string(), error.inner().to_string()))
}

/// The line of the node at a path as serde_path_to_error prints it: `fields.status.items[2]`.
fn locate(root: &Node, path: &str) -> u32 {
    let mut node = root;
    for part in path.split(['.', '[']).map(|part| part.trim_end_matches(']')) {
        let below = match &node.content {
            Content::Map(_) => node.get(part),
            Content::List(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            Content::Scalar { .. } => None,
        };
        let Some(below) = below else { break };
        node = below;
    }
    node.line
}
