//! Fields for tests of single types.

use anju_definitions::{Catalog, Entity, Field};
use jiff::civil::{Date, date};
use serde_json::{Value, json};

use super::parse;
use crate::plan::{CodeLists, FieldPlan, regions};

const TODAY: Date = date(2026, 11, 24);

/// The plan of a field; its title is 项.
pub(crate) fn a_field(definition: Value) -> FieldPlan {
    compiled(definition, &CodeLists::new())
}

/// A field that takes its codes from two districts with their streets.
pub(crate) fn a_region_field(mut definition: Value) -> FieldPlan {
    definition["dictionary"] = json!("t.region");
    compiled(definition, &CodeLists::from([("t.region".to_owned(), regions().into())]))
}

fn compiled(mut definition: Value, lists: &CodeLists) -> FieldPlan {
    definition["title"] = json!("项");
    let field: Field = serde_json::from_value(definition).expect("a field");
    let entity = json!({"entity": "t.thing", "title": "物", "display": "", "fields": {}});
    let entity: Entity = serde_json::from_value(entity).expect("an entity");
    FieldPlan::compile(&Catalog::default(), lists, &entity, "item", &field).expect("a plan")
}

/// The canonical form of an input that is in order.
pub(crate) fn parsed(field: &FieldPlan, input: Value) -> Value {
    parse(field, &input, TODAY).expect("in order")
}

/// `code: message` of an input that is not.
pub(crate) fn faulty(field: &FieldPlan, input: Value) -> String {
    let fault = parse(field, &input, TODAY).expect_err("faulty");
    format!("{}: {}", fault.code, fault.message)
}
