//! `/api/definitions`: what the front end renders from, as far as the caller may see it.

use std::sync::Arc;

use anju_runtime::{
    Runtime,
    definitions::{Catalog, Entity, Page},
    records::Actor,
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Map, Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::Caller,
    problem::{Problem, Result},
};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(list_definitions)).routes(routes!(read_definition))
}

/// Keys and titles of the definitions of a kind that the caller may see.
#[utoipa::path(
    get, path = "/api/definitions/{kind}", tag = "definitions", params(("kind" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn list_definitions(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path(kind): Path<String>,
) -> Result<Json<Value>> {
    let catalog = runtime.catalog.load();
    let named = |items: Vec<(&String, &String)>| json!({ "items": items.iter().map(|(key, title)| json!({ "key": key, "title": title })).collect::<Vec<_>>() });
    let listed = match kind.as_str() {
        "page" => named(
            catalog
                .pages
                .iter()
                .filter(|(_, page)| sees_page(&runtime, &actor, page))
                .map(|(key, page)| (key, &page.title))
                .collect(),
        ),
        "entity" => named(
            catalog
                .entities
                .iter()
                .filter(|(key, _)| runtime.records.may_read(&actor, key))
                .map(|(key, entity)| (key, &entity.title))
                .collect(),
        ),
        "dictionary" if !is_public(&actor) => {
            named(catalog.dictionaries.iter().map(|(key, dictionary)| (key, &dictionary.title)).collect())
        }
        _ => return Err(Problem::not_found()),
    };
    Ok(Json(listed))
}

/// One definition: a page; an entity with the fields the caller may see and its child tables; a dictionary.
#[utoipa::path(
    get, path = "/api/definitions/{kind}/{key}", tag = "definitions",
    params(("kind" = String, Path), ("key" = String, Path)),
    responses((status = 200, body = Value), (status = 404, body = Problem)),
)]
pub async fn read_definition(
    State(runtime): State<Arc<Runtime>>,
    Caller(actor): Caller,
    Path((kind, key)): Path<(String, String)>,
) -> Result<Json<Value>> {
    let catalog = runtime.catalog.load();
    let found = match kind.as_str() {
        "page" => {
            catalog.page(&key).filter(|page| sees_page(&runtime, &actor, page)).map(serde_json::to_value)
        }
        "entity" => visible_entity(&runtime, &actor, &catalog, &key).map(Ok),
        "dictionary" => catalog.dictionary(&key).map(serde_json::to_value),
        _ => None,
    };
    let missing = || match is_public(&actor) {
        true => Problem::not_signed_in(),
        false => Problem::not_found(),
    };
    let definition = found.ok_or_else(missing)?.map_err(Problem::internal)?;
    Ok(Json(definition))
}

fn is_public(actor: &Actor) -> bool {
    actor.kind == anju_runtime::records::ActorKind::Public
}

/// A page is seen by whoever may see its records; pages without an entity by whoever is signed in.
fn sees_page(runtime: &Runtime, actor: &Actor, page: &Page) -> bool {
    match page.entity() {
        Some(entity) => (page.public || !is_public(actor)) && runtime.records.may_read(actor, entity),
        None => !is_public(actor),
    }
}

fn visible_entity(runtime: &Runtime, actor: &Actor, catalog: &Catalog, key: &str) -> Option<Value> {
    let entity = catalog.entity(key)?;
    let mut shown = trimmed(runtime, actor, entity)?;
    let children: Map<String, Value> = catalog
        .children_of(key)
        .iter()
        .filter_map(|child| {
            Some((child.parent.as_ref()?.as_name.clone(), Value::Object(trimmed(runtime, actor, child)?)))
        })
        .collect();
    shown.insert("children".to_owned(), Value::Object(children));
    shown.insert("permissions".to_owned(), runtime.rights_on(actor, key));
    Some(Value::Object(shown))
}

/// The entity without fields that are hidden from the actor and without what its actions do inside.
fn trimmed(runtime: &Runtime, actor: &Actor, entity: &Entity) -> Option<Map<String, Value>> {
    let visible = runtime.records.visible_fields(actor, &entity.entity)?;
    let Ok(Value::Object(mut shown)) = serde_json::to_value(entity) else { return None };
    if let Some(Value::Object(fields)) = shown.get_mut("fields") {
        fields.retain(|name, _| visible.contains(name));
        let rights = runtime.rights_on(actor, &entity.entity);
        for name in rights["unmask"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if let Some(Value::Object(field)) = fields.get_mut(name) {
                field.insert("unmask".to_owned(), Value::Bool(true));
            }
        }
    }
    if let Some(Value::Object(actions)) = shown.get_mut("actions") {
        for action in actions.values_mut().filter_map(Value::as_object_mut) {
            action.remove("effects");
        }
    }
    shown.remove("indexes");
    Some(shown)
}
