//! What the targets of reference lists are called: one query for each target entity.

use std::collections::{BTreeMap, BTreeSet};

use anju_definitions::FieldType;
use anju_store::Fetch;
use serde_json::Value;

use super::shape::{Shape, Source};
use crate::{Actor, Object, Record, Records, Result, access::may_show, history::ids_in, plan::Plans};

/// Puts into `$refs`, by name of the field, the texts of the records that its list names, in its order; those that
/// are gone have none and are left out.
pub(crate) async fn name_lists(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plans: &Plans,
    actor: &Actor,
    shape: &Shape,
    rows: &mut [Record],
) -> Result<()> {
    let lists: Vec<(&str, &str)> =
        shape.values.iter().filter_map(|shown| list_of(&shown.name, &shown.source)).collect();
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, target) in &lists {
        let ids = rows.iter().filter_map(|row| row.values.get(*name)).flat_map(ids_in).map(str::to_owned);
        wanted.entry(target).or_default().extend(ids);
    }
    for (target, ids) in wanted {
        let plan = plans.entity(target)?;
        if ids.is_empty() || !may_show(plans, plan, actor) {
            continue;
        }
        let names = records.display_texts_from(source, plans, plan, actor, &ids).await?;
        for (field, _) in lists.iter().filter(|(_, to)| *to == target) {
            for row in &mut *rows {
                let texts: Vec<Value> = row
                    .values
                    .get(*field)
                    .into_iter()
                    .flat_map(ids_in)
                    .filter_map(|id| names.get(id))
                    .map(|name| Value::from(name.as_str()))
                    .collect();
                if texts.is_empty() {
                    continue;
                }
                let references = row.values.entry("$refs").or_insert_with(|| Object::new().into());
                if let Value::Object(references) = references {
                    references.insert((*field).to_owned(), Value::Array(texts));
                }
            }
        }
    }
    Ok(())
}

/// The name of a reference list and the entity it names records of.
fn list_of<'s>(name: &'s str, source: &'s Source) -> Option<(&'s str, &'s str)> {
    let Source::Field { plan, position, .. } = source else { return None };
    let field = &plan.fields[*position];
    match field.kind {
        FieldType::RefList => Some((name, field.definition.to.as_deref()?)),
        _ => None,
    }
}
