use crate::{Entity, Kind, Level, Permission, Role};

use super::entities::action;
use super::{Check, Reach, filters};

pub(super) fn check<'a>(at: &mut Check<'a>, role: &'a Role) {
    for (entity, permission) in &role.permissions {
        let place = format!("permissions/{entity}");
        if at.refers(&place, Kind::Entity, entity) {
            self::permission(at, &place, role, entity, permission);
        }
    }
    for (index, menu) in role.menus.iter().enumerate() {
        at.refers(&format!("menus/{index}"), Kind::Menu, menu);
    }
    for (index, decision) in role.decisions.iter().enumerate() {
        at.refers(&format!("decisions/{index}"), Kind::Decision, decision);
    }
    for (index, document) in role.documents.iter().enumerate() {
        at.refers(&format!("documents/{index}"), Kind::Document, document);
    }
    if role.level == Level::Public && !role.menus.is_empty() {
        at.error("menus", "role_level", "未登录的访问者没有菜单");
    }
}

fn permission<'a>(at: &mut Check<'a>, place: &str, role: &Role, entity: &str, permission: &'a Permission) {
    for (index, name) in permission.actions.iter().enumerate() {
        action(at, &format!("{place}/actions/{index}"), entity, name);
    }
    for (index, name) in permission.unmask.iter().enumerate() {
        let place = format!("{place}/unmask/{index}");
        let field = at.own_field(&place, entity, name);
        if field.is_some_and(|field| !field.sensitive) {
            at.error(&place, "unmask", format!("“{name}”未加密，无须列入 unmask"));
        }
    }
    for (list, names) in [("fields", permission.fields.as_ref()), ("read_only", Some(&permission.read_only))]
    {
        for (index, name) in names.into_iter().flatten().enumerate() {
            let tables = at.catalog.children_of(entity).iter().filter_map(|child| child.parent.as_ref());
            if !tables.into_iter().any(|table| table.as_name == *name) {
                at.path(&format!("{place}/{list}/{index}"), entity, name, Reach::Own);
            }
        }
    }
    for (index, path) in permission.look_up_by.iter().enumerate() {
        at.path(&format!("{place}/look_up_by/{index}"), entity, path, Reach::Any);
    }
    if let Some(filter) = &permission.filter {
        filters::check(at, &format!("{place}/where"), entity, filter);
        if filters::asks_for_today(filter) {
            at.error(&format!("{place}/where"), "in_force", "角色的范围不能随日期变化，请写明日期");
        }
    }
    let beyond_reading = permission.create
        || permission.update
        || permission.delete
        || permission.import
        || permission.export
        || !permission.actions.is_empty();
    if beyond_reading && !permission.read {
        at.error(place, "role_right", "没有 read 的权限不能有其他权限");
    }
    if role.level == Level::Public && (permission.export || !permission.unmask.is_empty()) {
        at.error(place, "role_level", "未登录的访问者不能导出或查看明文");
    }
    level(at, place, role, entity);
}

/// A role below the city sees an entity only by the dimension of its level.
fn level(at: &mut Check<'_>, place: &str, role: &Role, entity: &str) {
    let catalog = at.catalog;
    let Some(entity) = catalog.entity(entity) else { return };
    let mut top: &Entity = entity;
    for _ in 0..catalog.entities.len() {
        match catalog.parent_of(top) {
            Some(parent) => top = parent,
            None => break,
        }
    }
    let scope = &top.scope;
    let (name, dimension) = match role.level {
        Level::City | Level::Public => return,
        Level::District => ("district", &scope.district),
        Level::Subdistrict => ("subdistrict", &scope.subdistrict),
        Level::Operator => ("operator", &scope.operator),
    };
    if !scope.shared && dimension.is_none() && scope.owner.is_none() {
        let message = format!("实体“{}”没有 {name} 范围，此级别的角色看不到任何记录", top.entity);
        at.error(place, "role_level", message);
    }
}
