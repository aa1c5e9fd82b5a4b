//! The structure of records for other systems: types, attributes with their numbers, checks and dictionaries
//! (M194, M205), as far as the caller may see them.

use std::collections::{BTreeMap, BTreeSet};

use anju_definitions::{Catalog, Dictionary, Entity, Field, FieldType, Kind, overlay};
use anju_records::Actor;
use serde_json::{Value, json};

use crate::Runtime;

/// Group of attributes that belong to no other.
const BASIC: &str = "基础属性";

impl Runtime {
    /// The types of records that the actor may see.
    pub fn structures(&self, actor: &Actor) -> Value {
        let catalog = self.catalog.load();
        let visible = catalog.entities.values().filter(|entity| self.records.may_read(actor, &entity.entity));
        let items: Vec<Value> = visible
            .map(|entity| {
                json!({
                    "entity": entity.entity,
                    "title": entity.title,
                    "purpose": entity.purpose,
                    "parent": catalog.parent_of(entity).map(|parent| &parent.entity),
                    "attributes": entity.fields.len(),
                    "origin": origin(&catalog, Kind::Entity, &entity.entity, ""),
                })
            })
            .collect();
        json!({ "version": catalog.version, "items": items })
    }

    /// One type with its attributes, checks, child tables, and every dictionary they use as a tree; none if the actor
    /// may not see it.
    pub fn structure(&self, actor: &Actor, key: &str) -> Option<Value> {
        let catalog = self.catalog.load();
        let entity = catalog.entity(key)?;
        let mut used = BTreeSet::new();
        let attributes = self.attributes(&catalog, actor, entity, &mut used)?;
        let children: Vec<Value> = catalog
            .children_of(key)
            .iter()
            .filter_map(|child| {
                Some(json!({
                    "entity": child.entity,
                    "title": child.title,
                    "name": child.parent.as_ref().map(|parent| &parent.as_name),
                    "rows_max": child.parent.as_ref().map(|parent| parent.rows_max),
                    "attributes": self.attributes(&catalog, actor, child, &mut used)?,
                }))
            })
            .collect();
        let dictionaries: BTreeMap<&String, Value> = used
            .iter()
            .filter_map(|key| {
                let dictionary = catalog.dictionary(key)?;
                let items = tree(dictionary);
                Some((key, json!({ "title": dictionary.title, "items": items })))
            })
            .collect();
        Some(json!({
            "entity": entity.entity,
            "title": entity.title,
            "purpose": entity.purpose,
            "version": catalog.version,
            "key": entity.key,
            "attributes": attributes,
            "children": children,
            "dictionaries": dictionaries,
        }))
    }

    fn attributes(
        &self,
        catalog: &Catalog,
        actor: &Actor,
        entity: &Entity,
        used: &mut BTreeSet<String>,
    ) -> Option<Vec<Value>> {
        let visible = self.records.visible_fields(actor, &entity.entity)?;
        let seen = entity.fields.iter().filter(|(name, _)| visible.contains(*name));
        let attribute = |(name, field): (&String, &Field)| {
            used.extend(field.dictionary.clone());
            let extension = catalog.extension_of(&entity.entity, name);
            let group = field.group.as_deref().or(extension.map(|one| one.title.as_str())).unwrap_or(BASIC);
            json!({
                "number": field.number,
                "name": name,
                "title": field.title,
                "type": field.field_type,
                "scale": field.scale,
                "unit": field.unit,
                "dictionary": field.dictionary,
                "to": field.to,
                "required": field.required,
                "required_when": field.required_when,
                "visible_when": field.visible_when,
                "sensitive": field.sensitive,
                "system": field.system,
                "default": field.default,
                "checks": checks(entity, name, field),
                "group": group,
                "extension": extension.map(|one| &one.extension),
                "origin": origin(catalog, Kind::Entity, &entity.entity, &format!("fields/{name}")),
            })
        };
        Some(seen.map(attribute).collect())
    }
}

/// Whether the program or the site brings it.
fn origin(catalog: &Catalog, kind: Kind, key: &str, path: &str) -> &'static str {
    let site = format!("{}/", overlay::SITE);
    match catalog.place(kind, key, path).is_some_and(|place| place.file.starts_with(&site)) {
        true => "site",
        false => "shipped",
    }
}

/// What values must comply with, in Chinese.
fn checks(entity: &Entity, name: &str, field: &Field) -> Vec<String> {
    let mut checks = Vec::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if field.required {
        checks.push("必填".to_owned());
    }
    if field.unique || entity.key.as_deref() == Some(name) {
        checks.push("不得重复".to_owned());
    }
    checks.extend(field.length_min.map(|least| format!("至少 {least} 字")));
    checks.extend(field.length_max.map(|most| format!("不超过 {most} 字")));
    checks.extend(field.min.as_ref().map(|min| format!("不小于 {}", text(min))));
    checks.extend(field.max.as_ref().map(|max| format!("不大于 {}", text(max))));
    checks.extend(field.pattern.as_ref().map(|pattern| format!("格式 {pattern}")));
    checks.extend(field.dictionary.as_ref().map(|dictionary| format!("取自字典 {dictionary}")));
    match field.field_type {
        FieldType::IdNumber => checks.push("证件号码校验（GB 11643 等）".to_owned()),
        FieldType::CreditCode => checks.push("统一社会信用代码校验（GB 32100）".to_owned()),
        FieldType::Phone => checks.push("电话号码格式".to_owned()),
        _ => {}
    }
    checks.extend(entity.rules.iter().filter(|rule| rule.field == name).map(|rule| rule.message.clone()));
    checks
}

/// The items below nothing, each with those below it.
fn tree(dictionary: &Dictionary) -> Vec<Value> {
    let mut below: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (index, item) in dictionary.items.iter().enumerate() {
        below.entry(item.parent.as_deref()).or_default().push(index);
    }
    branch(dictionary, &below, None)
}

fn branch(
    dictionary: &Dictionary,
    below: &BTreeMap<Option<&str>, Vec<usize>>,
    above: Option<&str>,
) -> Vec<Value> {
    let items = below.get(&above).into_iter().flatten().map(|index| &dictionary.items[*index]);
    items
        .map(|item| {
            // Parents are checked to lead to the top, so this ends.
            let children = branch(dictionary, below, Some(&item.code));
            json!({ "code": item.code, "title": item.title, "retired": item.retired, "children": children })
        })
        .collect()
}
