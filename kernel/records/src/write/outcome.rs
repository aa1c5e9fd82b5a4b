//! What the writer gets back: the record as they may see it, without reading it again where that is possible.

use anju_store::Tx;
use serde_json::Value;

use super::{draft::Draft, save::Stored};
use crate::{
    Actor, Error, Object, Record, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, Plans},
    read::display_of,
    value,
};

/// The record just created.
pub(crate) async fn created(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    stored: &Stored,
) -> Result<Record> {
    let draft = &stored.draft;
    let Ok(access) = Access::of(plans, &draft.plan, actor, Operation::Read) else {
        return Ok(bare(draft, stored.version));
    };
    let Some(display) = display_of(&draft.plan, &draft.row.values, actor.is_system(), &access.hidden())
    else {
        return reread(records, tx, actor, stored).await;
    };
    let at = Value::String(value::instant_text(stored.at_ms));
    let by = Value::from(actor.account_id.as_str());
    let mut values = Object::with_capacity(draft.plan.fields.len() + 8);
    values.insert("id".to_owned(), Value::from(draft.row.id.as_str()));
    values.insert("version".to_owned(), stored.version.into());
    for (name, value) in [("created_at", &at), ("created_by", &by), ("updated_at", &at), ("updated_by", &by)]
    {
        values.insert(name.to_owned(), value.clone());
    }
    show(&draft.plan, &draft.row.values, &access, actor, &mut values);
    values.insert("$display".to_owned(), Value::String(display));
    for table in &draft.tables {
        let name = &draft.child(table).name;
        let Ok(child_access) = Access::of(plans, &table.plan, actor, Operation::Read) else { continue };
        if !access.sees_child(name) {
            continue;
        }
        let rows = table.rows.iter().map(|row| {
            let mut object = Object::with_capacity(row.values.len() + 2);
            object.insert("id".to_owned(), Value::from(row.id.as_str()));
            show(&table.plan, &row.values, &child_access, actor, &mut object);
            Value::Object(object)
        });
        values.insert(name.clone(), rows.collect());
    }
    Ok(Record { id: draft.row.id.clone(), version: stored.version, values })
}

/// The record after a change: read again, because its child tables may not be at hand. A change may carry a
/// record out of the writer's sight; then only its id and version are told.
pub(crate) async fn reread(records: &Records, tx: &mut Tx, actor: &Actor, stored: &Stored) -> Result<Record> {
    read_or_bare(records, tx, actor, &stored.draft, stored.version).await
}

/// The record after a change that changed nothing.
pub(crate) async fn unchanged(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    draft: &Draft,
) -> Result<Record> {
    let version = draft.row.before.as_ref().map_or(1, |before| before.version);
    read_or_bare(records, tx, actor, draft, version).await
}

async fn read_or_bare(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    draft: &Draft,
    version: i64,
) -> Result<Record> {
    match records.read_in(tx, actor, draft.plan.key(), &draft.row.id).await {
        Err(Error::NotFound | Error::Forbidden { .. }) => Ok(bare(draft, version)),
        other => other,
    }
}

fn bare(draft: &Draft, version: i64) -> Record {
    let mut values = Object::new();
    values.insert("id".to_owned(), Value::from(draft.row.id.as_str()));
    values.insert("version".to_owned(), version.into());
    Record { id: draft.row.id.clone(), version, values }
}

/// Puts the fields that the actor may see into the object, sensitive ones masked.
pub(crate) fn show(
    plan: &EntityPlan,
    values: &[Value],
    access: &Access<'_>,
    actor: &Actor,
    object: &mut Object,
) {
    let mut masked = Vec::new();
    for (position, field) in plan.fields.iter().enumerate() {
        if !access.sees(position) {
            continue;
        }
        let value = &values[position];
        let hidden = field.sensitive() && !actor.is_system() && !value.is_null();
        let shown = match hidden {
            true => Value::String(value::mask(field, value)),
            false => value.clone(),
        };
        if hidden {
            masked.push(Value::from(field.name.as_str()));
        }
        object.insert(field.name.clone(), shown);
    }
    if !masked.is_empty() {
        object.insert("$masked".to_owned(), Value::Array(masked));
    }
}
