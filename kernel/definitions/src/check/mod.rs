//! The definitions of all applications against each other: every reference leads somewhere, every attribute
//! fits, every field named exists.

mod attributes;
mod bpmn;
mod connectors;
mod decisions;
mod dictionaries;
mod documents;
mod effects;
mod entities;
mod extensions;
mod fields;
mod filters;
mod menus;
mod messages;
mod pages;
mod processes;
mod roles;
mod rules;
mod sequences;
mod time;

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::catalog::Origin;
use crate::hint::hint;
use crate::load::Loaded;
use crate::path::{self, Path, PathError};
use crate::{COUNTDOWN, Catalog, Entity, Field, Kind, Problem};

/// Every cross-reference problem.
pub(crate) fn check(loaded: &Loaded) -> Vec<Problem> {
    let catalog = &loaded.catalog;
    let mut problems = Vec::new();
    each(loaded, Kind::Entity, &catalog.entities, entities::check, &mut problems);
    each(loaded, Kind::Dictionary, &catalog.dictionaries, dictionaries::check, &mut problems);
    each(loaded, Kind::Page, &catalog.pages, pages::check, &mut problems);
    each(loaded, Kind::Process, &catalog.processes, processes::check, &mut problems);
    each(loaded, Kind::Decision, &catalog.decisions, decisions::check, &mut problems);
    each(loaded, Kind::Document, &catalog.documents, documents::check, &mut problems);
    each(loaded, Kind::Role, &catalog.roles, roles::check, &mut problems);
    each(loaded, Kind::Menu, &catalog.menus, menus::check, &mut problems);
    each(loaded, Kind::Message, &catalog.messages, messages::check, &mut problems);
    each(loaded, Kind::Sequence, &catalog.sequences, sequences::check, &mut problems);
    each(loaded, Kind::Connector, &catalog.connectors, connectors::check, &mut problems);
    each(loaded, Kind::Extension, &catalog.extensions, extensions::check, &mut problems);
    problems
}

fn each<'a, T>(
    loaded: &'a Loaded,
    kind: Kind,
    definitions: &'a IndexMap<String, Arc<T>>,
    check: fn(&mut Check<'a>, &'a T),
    problems: &mut Vec<Problem>,
) {
    for (key, definition) in definitions {
        let Some(origin) = loaded.catalog.origins.get(&(kind, key.clone())) else { continue };
        let mut at = Check { catalog: &loaded.catalog, broken: &loaded.broken, origin, problems: Vec::new() };
        check(&mut at, definition);
        problems.append(&mut at.problems);
    }
}

/// The check of one definition. Paths say where in its file: keys and indexes joined with `/`.
pub(super) struct Check<'a> {
    pub catalog: &'a Catalog,
    broken: &'a HashSet<(Kind, String)>,
    origin: &'a Origin,
    problems: Vec<Problem>,
}

/// Which paths a place takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Fields of the entity itself.
    Own,
    /// Also through references: one value for each record.
    One,
    /// Also through child tables.
    Any,
}

impl<'a> Check<'a> {
    pub fn error(&mut self, place: &str, code: &'static str, message: impl Into<String>) {
        let place = self.origin.place(place);
        self.problems.push(Problem::error(&place.file, place.line, code, message));
    }

    pub fn warning(&mut self, place: &str, code: &'static str, message: impl Into<String>) {
        let place = self.origin.place(place);
        self.problems.push(Problem::warning(&place.file, place.line, code, message));
    }

    /// A problem in the file that stands beside the definition.
    pub fn error_beside(&mut self, file: &str, line: u32, code: &'static str, message: impl Into<String>) {
        self.problems.push(Problem::error(&self.origin.beside(file), line, code, message));
    }

    /// Whether the definition exists; a problem if not.
    pub fn refers(&mut self, place: &str, kind: Kind, key: &str) -> bool {
        if self.catalog.has(kind, key) {
            return true;
        }
        if !self.broken.contains(&(kind, key.to_owned())) {
            let hint = hint(key, self.catalog.keys(kind));
            self.error(place, "dangling_reference", format!("没有{}“{key}”{hint}", kind.title()));
        }
        false
    }

    /// The path from the entity, a problem if it leads nowhere. An entity that does not exist is reported
    /// where it is named.
    pub fn path(&mut self, place: &str, entity: &str, path: &'a str, reach: Reach) -> Option<Path<'a>> {
        match path::resolve(self.catalog, entity, path) {
            Ok(found) if reach == Reach::Own && !found.hops.is_empty() => {
                self.error(place, "path_reach", format!("“{path}”应为本实体的字段，不能经过引用或子表"));
                None
            }
            Ok(found) if reach == Reach::One && found.is_many() => {
                self.error(place, "path_reach", format!("“{path}”经过子表，此处每条记录只能有一个值"));
                None
            }
            Ok(found) => Some(found),
            Err(PathError::NoEntity(_)) => None,
            Err(error) => {
                self.error(place, "no_field", format!("{error}{}", self.field_hint(&error)));
                None
            }
        }
    }

    /// The child table at the end of the path.
    pub fn rows(&mut self, place: &str, entity: &str, path: &str) -> Option<&'a Arc<Entity>> {
        match path::rows(self.catalog, entity, path) {
            Ok(child) => Some(child),
            Err(PathError::NoEntity(_)) => None,
            Err(error) => {
                self.error(place, "no_field", format!("{error}{}", self.field_hint(&error)));
                None
            }
        }
    }

    /// Whether a path is the countdown rather than a field; a problem when no process of the entity keeps one.
    pub fn is_countdown(&mut self, place: &str, entity: &str, path: &str) -> bool {
        if path != COUNTDOWN {
            return false;
        }
        if self.catalog.entity(entity).is_some() && self.catalog.countdown_of(entity).is_none() {
            let message = format!("实体“{entity}”没有带 due_field 的流程，不能使用“{COUNTDOWN}”");
            self.error(place, "no_countdown", message);
        }
        true
    }

    /// A field of the entity itself that is not built in.
    pub fn own_field(&mut self, place: &str, entity: &str, name: &'a str) -> Option<&'a Field> {
        let found = self.path(place, entity, name, Reach::Own)?;
        if found.field().is_none() {
            self.error(place, "built_in_field", format!("“{name}”是内置字段，不能在此使用"));
        }
        found.field()
    }

    /// `{field.path}` placeholders of a text.
    pub fn placeholders(&mut self, place: &str, entity: &str, text: &'a str) -> Vec<Path<'a>> {
        let names = match placeholders(text) {
            Ok(names) => names,
            Err(message) => {
                self.error(place, "placeholder", message);
                return Vec::new();
            }
        };
        names.into_iter().filter_map(|name| self.path(place, entity, name, Reach::One)).collect()
    }

    fn field_hint(&self, error: &PathError) -> String {
        let PathError::NoField { entity, name } = error else { return String::new() };
        let Some(entity) = self.catalog.entity(entity) else { return String::new() };
        let children = self.catalog.children_of(&entity.entity).iter();
        let children =
            children.filter_map(|child| child.parent.as_ref()).map(|parent| parent.as_name.as_str());
        hint(name, entity.fields.keys().map(String::as_str).chain(children))
    }
}

/// The names between braces, or why the braces do not match.
pub(super) fn placeholders(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').ok_or("多余的“}”")?;
        let end = inside
            .find(['{', '}'])
            .filter(|end| inside[*end..].starts_with('}'))
            .ok_or("“{”没有对应的“}”")?;
        if end == 0 {
            return Err("“{}”中应有名称".into());
        }
        names.push(&inside[..end]);
        rest = &inside[end + 1..];
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn placeholders_are_the_names_between_braces() {
        assert_eq!(placeholders("{a.b} 和 {c}"), Ok(vec!["a.b", "c"]));
        assert_eq!(placeholders("无"), Ok(vec![]));
        assert!(placeholders("{a").is_err());
        assert!(placeholders("a}").is_err());
        assert!(placeholders("{}").is_err());
        assert!(placeholders("{a{b}}").is_err());
    }
}
