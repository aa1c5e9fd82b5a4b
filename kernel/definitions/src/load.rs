//! All files of all applications to one catalog, with every problem found on the way.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::Origin;
use crate::parse::{Definition, parse};
use crate::{Catalog, Kind, Problem, Source, extend};

/// Largest file.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Most definitions of one catalog.
pub const DEFINITIONS_MAX: usize = 10_000;

/// What the loader knows beside the catalog, for the checker.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub catalog: Catalog,
    pub problems: Vec<Problem>,
    /// Definitions that exist but could not be read: references to them are not reported again.
    pub broken: HashSet<(Kind, String)>,
}

/// Parses and checks. The catalog holds every definition that could be read; it may be used when no problem
/// is an error. Problems come in the order of file and line.
pub fn load(sources: &[Source]) -> (Catalog, Vec<Problem>) {
    let mut loaded = read_all(sources);
    let found = crate::check::check(&loaded);
    loaded.problems.extend(found);
    let Loaded { catalog, mut problems, .. } = loaded;
    problems
        .sort_by(|a, b| (&a.file, a.line, a.code, &a.message).cmp(&(&b.file, b.line, b.code, &b.message)));
    problems.dedup();
    (catalog, problems)
}

fn read_all(sources: &[Source]) -> Loaded {
    let mut loaded = Loaded::default();
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    let by_path: HashMap<&str, &Source> =
        sorted.iter().map(|source| (source.path.as_str(), *source)).collect();
    loaded.catalog.version = version(&sorted);
    let definitions: Vec<&Source> = sorted.iter().copied().filter(|source| source.is_definition()).collect();
    if let Some(first) = definitions.get(DEFINITIONS_MAX) {
        let message = format!("定义超过 {DEFINITIONS_MAX} 个，此文件起未读取");
        loaded.problems.push(Problem::error(&first.path, 1, "too_many", message));
    }
    for source in sorted.iter().filter(|source| source.text.len() > FILE_BYTES_MAX) {
        let message = format!("文件超过 {FILE_BYTES_MAX} 字节");
        loaded.problems.push(Problem::error(&source.path, 1, "too_large", message));
    }
    for source in definitions.into_iter().take(DEFINITIONS_MAX) {
        if source.text.len() <= FILE_BYTES_MAX {
            take(source, &by_path, &mut loaded);
        }
    }
    extend::extend(&mut loaded);
    loaded.catalog.index();
    extend::show(&mut loaded.catalog);
    loaded
}

fn take(source: &Source, by_path: &HashMap<&str, &Source>, loaded: &mut Loaded) {
    let parsed = parse(source);
    loaded.problems.extend(parsed.problems);
    let Some((kind, key)) = parsed.name else { return };
    if let Some(first) = loaded.catalog.origins.get(&(kind, key.clone())) {
        let message = format!("{}“{key}”已在 {} 中定义", kind.title(), first.file);
        loaded.problems.push(Problem::error(&source.path, 1, "duplicate_definition", message));
        return;
    }
    let origin = Origin { file: source.path.clone(), lines: parsed.lines, ..Origin::default() };
    let Some(mut definition) = parsed.definition else {
        loaded.broken.insert((kind, key.clone()));
        loaded.catalog.origins.insert((kind, key), origin);
        return;
    };
    if let Some(problem) = fill(&mut definition, source, &origin, by_path) {
        loaded.problems.push(problem);
    }
    loaded.catalog.origins.insert((kind, key.clone()), origin);
    insert(&mut loaded.catalog, key, definition);
}

/// Puts the content of the file beside a definition into it.
fn fill(
    definition: &mut Definition,
    source: &Source,
    origin: &Origin,
    by_path: &HashMap<&str, &Source>,
) -> Option<Problem> {
    let (part, name) = match definition {
        Definition::Process(process) => ("bpmn", process.bpmn.clone()),
        Definition::Decision(decision) => ("file", decision.file.clone()),
        Definition::Document(document) => ("template", document.template.clone()),
        _ => return None,
    };
    let line = origin.line(part);
    if name.contains(['/', '\\']) {
        let message = format!("“{name}”应为同一目录下的文件名，不含路径");
        return Some(Problem::error(&source.path, line, "sibling_file", message));
    }
    let Some(sibling) = by_path.get(origin.beside(&name).as_str()) else {
        let message = format!("同一目录下没有文件“{name}”");
        return Some(Problem::error(&source.path, line, "sibling_file", message));
    };
    if sibling.text.len() > FILE_BYTES_MAX {
        return None;
    }
    match definition {
        Definition::Process(process) => process.xml.clone_from(&sibling.text),
        Definition::Document(document) => document.source.clone_from(&sibling.text),
        Definition::Decision(decision) => match serde_json::from_str::<Value>(&sibling.text) {
            Ok(graph) => decision.graph = graph,
            Err(error) => {
                let line = u32::try_from(error.line()).unwrap_or(u32::MAX).max(1);
                let message = format!("不是合法的 JSON：{error}");
                return Some(Problem::error(&sibling.path, line, "json_syntax", message));
            }
        },
        _ => {}
    }
    None
}

fn insert(catalog: &mut Catalog, key: String, definition: Definition) {
    match definition {
        Definition::Entity(d) => drop(catalog.entities.insert(key, d)),
        Definition::Dictionary(d) => drop(catalog.dictionaries.insert(key, Arc::new(d))),
        Definition::Page(d) => drop(catalog.pages.insert(key, Arc::new(d))),
        Definition::Process(d) => drop(catalog.processes.insert(key, Arc::new(d))),
        Definition::Decision(d) => drop(catalog.decisions.insert(key, Arc::new(d))),
        Definition::Document(d) => drop(catalog.documents.insert(key, Arc::new(d))),
        Definition::Role(d) => drop(catalog.roles.insert(key, Arc::new(d))),
        Definition::Menu(d) => drop(catalog.menus.insert(key, Arc::new(d))),
        Definition::Message(d) => drop(catalog.messages.insert(key, Arc::new(d))),
        Definition::Sequence(d) => drop(catalog.sequences.insert(key, Arc::new(d))),
        Definition::Connector(d) => drop(catalog.connectors.insert(key, Arc::new(d))),
        Definition::Extension(d) => drop(catalog.extensions.insert(key, Arc::new(d))),
    }
}

fn version(sorted: &[&Source]) -> String {
    use sm3::Digest;
    let mut digest = sm3::Sm3::new();
    for source in sorted {
        for part in [&source.path, &source.text] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    hex::encode(digest.finalize())
}

/// What came out of one file.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// Known as soon as the first key can be read.
    pub name: Option<(Kind, String)>,
    pub definition: Option<Definition>,
    pub lines: BTreeMap<String, u32>,
    pub problems: Vec<Problem>,
}
