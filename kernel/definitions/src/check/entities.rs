use std::collections::{HashMap, HashSet};

use crate::hint::hint;
use crate::{Entity, Field, FieldType};

use super::{Check, Reach, effects, fields, rules, time};

pub(super) fn check<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let key = &entity.entity;
    for (name, field) in &entity.fields {
        let place = format!("fields/{name}");
        fields::name(at, &place, name);
        fields::check(at, &place, field);
        if let Some(of) = &field.id_type_field {
            let place = format!("{place}/id_type_field");
            let found = at.own_field(&place, key, of);
            if found.is_some_and(|found| found.field_type != FieldType::Choice) {
                at.error(&place, "attribute", format!("“{of}”应为选项字段"));
            }
        }
        if name.strip_suffix("_bix").and_then(|of| entity.fields.get(of)).is_some_and(|of| of.sensitive) {
            at.error(&place, "reserved_name", format!("“{name}”与加密字段的索引列重名"));
        }
    }
    if entity.fields.is_empty() {
        at.error("fields", "empty", "实体没有任何字段");
    }
    if let Some(name) = &entity.key {
        at.own_field("key", key, name);
    }
    for path in at.placeholders("display", key, &entity.display) {
        if path.field().is_some_and(|field| field.sensitive) {
            at.error("display", "display_sensitive", format!("“{}”已加密，不能用于显示名称", path.name));
        }
        if path.field().is_some_and(|field| !field.is_stored()) {
            at.error("display", "not_stored", format!("“{}”即时计算，不能用于显示名称", path.name));
        }
    }
    table_name(at, entity);
    parent(at, entity);
    scope(at, entity);
    groups(at, entity);
    search(at, entity);
    rules::check(at, entity);
    transitions(at, entity);
    actions(at, entity);
    time::check(at, entity);
    numbers(at, entity);
}

/// Numbers of attributes tell them apart.
fn numbers(at: &mut Check<'_>, entity: &Entity) {
    let mut seen = HashMap::new();
    for (name, field) in &entity.fields {
        let Some(number) = &field.number else { continue };
        if let Some(other) = seen.insert(number, name) {
            at.error(
                &format!("fields/{name}/number"),
                "duplicate_number",
                format!("属性编号“{number}”已用于“{other}”"),
            );
        }
    }
}

fn table_name(at: &mut Check<'_>, entity: &Entity) {
    let table = |key: &str| key.replace('.', "_");
    let same =
        at.catalog.entities.keys().find(|key| **key < entity.entity && table(key) == table(&entity.entity));
    if let Some(same) = same {
        at.error("entity", "table_name", format!("与实体“{same}”的数据表重名"));
    }
}

fn parent<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let Some(link) = &entity.parent else { return };
    let Some(field) = at.own_field("parent/field", &entity.entity, &link.field) else { return };
    if field.field_type != FieldType::Ref {
        at.error("parent/field", "parent", format!("“{}”应为引用上级记录的字段", link.field));
        return;
    }
    if field.on_delete.is_some() {
        at.error(
            "parent/field",
            "parent",
            format!("“{}”引用上级，总是随上级删除，不能有 on_delete", link.field),
        );
    }
    fields::name(at, "parent/as", &link.as_name);
    if link.rows_max == 0 || link.rows_max > 1_000 {
        at.error("parent/rows_max", "bounds", "rows_max 应在 1 至 1000 之间");
    }
    let catalog = at.catalog;
    let Some(above) = catalog.parent_of(entity) else { return };
    if above.fields.contains_key(&link.as_name) {
        at.error("parent/as", "parent", format!("实体“{}”已有字段“{}”", above.entity, link.as_name));
    }
    let mut siblings = catalog.children_of(&above.entity).iter().filter(|other| other.entity < entity.entity);
    if let Some(other) =
        siblings.find(|other| other.parent.as_ref().is_some_and(|p| p.as_name == link.as_name))
    {
        at.error("parent/as", "parent", format!("子表“{}”已用名称“{}”", other.entity, link.as_name));
    }
    let mut passed = HashSet::from([entity.entity.as_str()]);
    let mut next = Some(above);
    while let Some(one) = next {
        if !passed.insert(&one.entity) {
            at.error("parent", "parent", "上级绕回了自身");
            break;
        }
        next = catalog.parent_of(one);
    }
}

fn scope<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let scope = &entity.scope;
    let dimensions = [
        ("district", &scope.district),
        ("subdistrict", &scope.subdistrict),
        ("operator", &scope.operator),
        ("owner", &scope.owner),
    ];
    for (name, path) in dimensions {
        let Some(path) = path else { continue };
        let place = format!("scope/{name}");
        let Some(found) = at.path(&place, &entity.entity, path, Reach::One) else { continue };
        let fits = match name {
            "district" | "subdistrict" => matches!(found.field_type(), FieldType::Choice | FieldType::Text),
            _ => matches!(found.field_type(), FieldType::Ref | FieldType::Text),
        };
        if !fits || found.field().is_some_and(|field| field.sensitive || !field.is_stored()) {
            at.error(&place, "scope", format!("“{path}”的类型不能用作范围"));
        }
    }
    let any = dimensions.iter().any(|(_, path)| path.is_some());
    if scope.shared && any {
        at.error("scope/shared", "scope", "shared 的实体不分范围，不能再指定其他范围");
    }
    if entity.parent.is_some() && (scope.shared || any) {
        at.error("scope", "scope", "子表沿用上级的范围，不能另行指定");
    }
}

fn groups<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    for (name, groups) in [("unique", &entity.unique), ("indexes", &entity.indexes)] {
        for (index, group) in groups.iter().enumerate() {
            let place = format!("{name}/{index}");
            if group.is_empty() {
                at.error(&place, "empty", "没有字段");
            }
            let mut seen = HashSet::new();
            for (i, field) in group.iter().enumerate() {
                let place = format!("{place}/{i}");
                if !seen.insert(field) {
                    at.error(&place, "duplicate_field", format!("字段“{field}”重复"));
                }
                let found =
                    at.path(&place, &entity.entity, field, Reach::Own).and_then(|found| found.field());
                if found.is_some_and(|field| !field.is_stored()) {
                    at.error(&place, "not_stored", format!("“{field}”即时计算，没有可索引的列"));
                }
                if found.is_some_and(Field::is_unfindable) {
                    let message = format!("“{field}”加密保存且取值容易猜出，没有可索引的列");
                    at.error(&place, "unfindable", message);
                }
            }
        }
    }
}

/// Texts of which no word may become known to whoever may not see the field.
fn search<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let mut seen = HashSet::new();
    for (index, name) in entity.search.iter().enumerate() {
        let place = format!("search/{index}");
        if !seen.insert(name) {
            at.error(&place, "duplicate_field", format!("字段“{name}”重复"));
        }
        let Some(field) = at.own_field(&place, &entity.entity, name) else { continue };
        if field.sensitive {
            at.error(&place, "search", format!("“{name}”已加密，不能用于搜索"));
        } else if !field.is_searchable() {
            at.error(&place, "search", format!("“{name}”不是文字，不能用于搜索"));
        }
    }
}

fn transitions<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    let Some(transitions) = &entity.transitions else { return };
    let Some(field) = at.own_field("transitions/field", &entity.entity, &transitions.field) else { return };
    if field.field_type != FieldType::Choice {
        at.error("transitions/field", "transitions", format!("“{}”应为选项字段", transitions.field));
        return;
    }
    for (from, states) in &transitions.from {
        let place = format!("transitions/from/{from}");
        fields::code(at, &place, field, from);
        for (index, to) in states.iter().enumerate() {
            fields::code(at, &format!("{place}/{index}"), field, to);
        }
    }
}

fn actions<'a>(at: &mut Check<'a>, entity: &'a Entity) {
    for (name, action) in &entity.actions {
        let place = format!("actions/{name}");
        fields::name(at, &place, name);
        for (input, field) in &action.input {
            let place = format!("{place}/input/{input}");
            fields::name(at, &place, input);
            fields::check(at, &place, field);
        }
        if action.effects.is_empty() {
            at.error(&place, "empty", "动作没有任何效果");
        }
        effects::check(at, &format!("{place}/effects"), &entity.entity, &action.effects);
    }
}

/// An action of the entity; a problem if there is none.
pub(super) fn action(at: &mut Check<'_>, place: &str, entity: &str, name: &str) {
    let Some(entity) = at.catalog.entity(entity) else { return };
    if !entity.actions.contains_key(name) {
        let hint = hint(name, entity.actions.keys().map(String::as_str));
        at.error(place, "no_action", format!("实体“{}”没有动作“{name}”{hint}", entity.entity));
    }
}
