//! Extensions become part of the entities they extend, and appear at the end of their pages.

use std::sync::Arc;

use crate::hint::hint;
use crate::load::Loaded;
use crate::{Catalog, Entity, Extension, Kind, Page, PageBody, Problem, Section};

/// Puts all extensions into their entities, in the order of their keys.
pub(crate) fn extend(loaded: &mut Loaded) {
    let mut extensions: Vec<Arc<Extension>> = loaded.catalog.extensions.values().cloned().collect();
    extensions.sort_by(|a, b| a.extension.cmp(&b.extension));
    for extension in extensions {
        match loaded.catalog.entities.get(&extension.entity) {
            Some(entity) => {
                let mut entity = Entity::clone(entity);
                add(loaded, &mut entity, &extension);
                loaded.catalog.entities.insert(extension.entity.clone(), Arc::new(entity));
            }
            None if loaded.broken.contains(&(Kind::Entity, extension.entity.clone())) => {}
            None => {
                let hint = hint(&extension.entity, loaded.catalog.entities.keys().map(String::as_str));
                let message = format!("没有实体“{}”{hint}", extension.entity);
                report(loaded, &extension, "entity", "dangling_reference", message);
            }
        }
    }
}

fn add(loaded: &mut Loaded, entity: &mut Entity, extension: &Extension) {
    for (name, field) in &extension.fields {
        let place = format!("fields/{name}");
        if entity.fields.contains_key(name) {
            let message = format!("实体“{}”已有字段“{name}”，请改用别的名称", entity.entity);
            report(loaded, extension, &place, "extension_field", message);
            continue;
        }
        entity.fields.insert(name.clone(), field.clone());
        move_lines(&mut loaded.catalog, extension, &place, &place);
    }
    let lists = [
        ("unique", extension.unique.len(), entity.unique.len()),
        ("indexes", extension.indexes.len(), entity.indexes.len()),
        ("rules", extension.rules.len(), entity.rules.len()),
        ("retention", extension.retention.len(), entity.retention.len()),
    ];
    for (list, added, there) in lists {
        for index in 0..added {
            let (from, to) = (format!("{list}/{index}"), format!("{list}/{}", there + index));
            move_lines(&mut loaded.catalog, extension, &from, &to);
        }
    }
    entity.unique.extend(extension.unique.iter().cloned());
    entity.indexes.extend(extension.indexes.iter().cloned());
    for (index, name) in extension.search.iter().enumerate() {
        // A later release may search the same field itself.
        if !entity.search.contains(name) {
            let (from, to) = (format!("search/{index}"), format!("search/{}", entity.search.len()));
            move_lines(&mut loaded.catalog, extension, &from, &to);
            entity.search.push(name.clone());
        }
    }
    entity.rules.extend(extension.rules.iter().cloned());
    entity.retention.extend(extension.retention.iter().cloned());
}

/// Makes problems with the part at `to` of the entity point at the part at `from` of the extension.
fn move_lines(catalog: &mut Catalog, extension: &Extension, from: &str, to: &str) {
    let Some(origin) = catalog.origins.get(&(Kind::Extension, extension.extension.clone())) else { return };
    let file = origin.file.clone();
    let lines: Vec<(String, u32)> = origin
        .lines
        .range(from.to_owned()..)
        .take_while(|(path, _)| path.starts_with(from))
        .filter_map(|(path, line)| Some((path.strip_prefix(from)?.to_owned(), *line)))
        .filter(|(rest, _)| rest.is_empty() || rest.starts_with('/'))
        .collect();
    let Some(of) = catalog.origins.get_mut(&(Kind::Entity, extension.entity.clone())) else { return };
    of.elsewhere.insert(to.to_owned(), file);
    of.lines.extend(lines.into_iter().map(|(rest, line)| (format!("{to}{rest}"), line)));
}

fn report(
    loaded: &mut Loaded,
    extension: &Extension,
    place: &str,
    code: &'static str,
    message: impl Into<String>,
) {
    let place = loaded.catalog.place(Kind::Extension, &extension.extension, place);
    if let Some(place) = place {
        loaded.problems.push(Problem::error(&place.file, place.line, code, message));
    }
}

/// Puts the added fields at the end of the forms and details that show the entity.
pub(crate) fn show(catalog: &mut Catalog) {
    let mut extensions: Vec<Arc<Extension>> =
        catalog.extensions.values().filter(|extension| extension.shown).cloned().collect();
    extensions.sort_by(|a, b| a.extension.cmp(&b.extension));
    for extension in extensions {
        let Some(entity) = catalog.entities.get(&extension.entity).cloned() else { continue };
        let parent = catalog.parent_of(&entity).map(|parent| parent.entity.clone());
        for page in catalog.pages.values_mut() {
            let mut shown = Page::clone(page);
            if show_on(&mut shown, &extension, &entity, parent.as_deref()) {
                *page = Arc::new(shown);
            }
        }
    }
}

/// Whether the page has changed.
fn show_on(page: &mut Page, extension: &Extension, entity: &Entity, parent: Option<&str>) -> bool {
    match &mut page.body {
        PageBody::Form(form) if form.entity == extension.entity => {
            let writable = |name: &str| entity.fields.get(name).is_some_and(|field| !field.system);
            append(&mut form.sections, extension, writable)
        }
        PageBody::Detail(detail) if detail.entity == extension.entity => {
            let sections = detail.tabs.iter_mut().map(|tab| &mut tab.sections).find(|all| !all.is_empty());
            sections.is_some_and(|sections| append(sections, extension, |_| true))
        }
        PageBody::Form(form) if Some(form.entity.as_str()) == parent => {
            append_columns(form.sections.iter_mut(), extension, entity)
        }
        PageBody::Detail(detail) if Some(detail.entity.as_str()) == parent => {
            append_columns(detail.tabs.iter_mut().flat_map(|tab| &mut tab.sections), extension, entity)
        }
        _ => false,
    }
}

fn append(sections: &mut Vec<Section>, extension: &Extension, takes: impl Fn(&str) -> bool) -> bool {
    let there = |name: &String| sections.iter().any(|section| section.fields.contains(name));
    let fields: Vec<String> =
        extension.fields.keys().filter(|name| takes(name) && !there(name)).cloned().collect();
    if fields.is_empty() {
        return false;
    }
    sections.push(Section {
        title: extension.title.clone(),
        help: None,
        fields,
        children: None,
        columns: Vec::new(),
        visible_when: None,
    });
    true
}

/// The added fields of a child table become columns where its rows are shown with their parent.
fn append_columns<'s>(
    sections: impl Iterator<Item = &'s mut Section>,
    extension: &Extension,
    entity: &Entity,
) -> bool {
    let name = entity.parent.as_ref().map(|parent| parent.as_name.as_str());
    let mut changed = false;
    for section in sections.filter(|section| section.children.as_deref() == name) {
        for field in extension.fields.keys().filter(|field| !entity.fields[*field].system) {
            if !section.columns.contains(field) {
                section.columns.push(field.clone());
                changed = true;
            }
        }
    }
    changed
}
