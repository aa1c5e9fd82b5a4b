//! Station six: history, audit and event of a change, in the same transaction.

use anju_store::{NewEvent, SqlValue, Tx};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    confirm::remember,
    draft::{Draft, DraftRow},
    save::Stored,
};
use crate::{
    Actor, Change, Object, Records, Result,
    audit::AuditEntry,
    history::{StoredChange, sealing_column},
    plan::{EntityPlan, FieldPlan},
    schema::HISTORY,
    search::Meta,
};

impl Change {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }

    /// What subscribers and the audit call it.
    fn topic(self) -> &'static str {
        match self {
            Self::Created => "record.created",
            Self::Updated => "record.updated",
            Self::Deleted => "record.deleted",
            Self::Restored => "record.restored",
        }
    }
}

/// The columns of [`HISTORY`] in the order in which rows give them.
pub(crate) const HISTORY_COLUMNS: [&str; 9] =
    ["entity", "record_id", "version", "at", "actor_id", "actor_name", "action", "why", "changes"];

/// Writes what the change leaves behind.
pub(crate) async fn leave_trail(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    stored: &Stored,
    why: Option<&str>,
) -> Result<()> {
    leave_trails(records, tx, actor, std::slice::from_ref(stored), why).await
}

/// Writes what many changes leave behind, in their order.
pub(crate) async fn leave_trails(
    records: &Records,
    tx: &mut Tx,
    actor: &Actor,
    all: &[Stored],
    why: Option<&str>,
) -> Result<()> {
    let mut history = Vec::with_capacity(all.len());
    let mut entries = Vec::with_capacity(all.len());
    let mut events = Vec::with_capacity(all.len());
    for stored in all {
        let draft = &stored.draft;
        let topic = draft.change.topic();
        let occasion = Occasion {
            version: stored.version,
            at_ms: stored.at_ms,
            by: &actor.account_id,
            by_name: &actor.name,
            why,
        };
        let (row, digest) = history_row(records, draft, &occasion)?;
        entries.push(AuditEntry {
            changes_digest: Some(digest),
            ..AuditEntry::of(topic, draft.plan.key(), &draft.row.id).because(why)
        });
        history.push(row);
        events.push(NewEvent {
            entity: draft.plan.key().to_owned(),
            record_id: draft.row.id.clone(),
            payload: payload(stored, actor),
            at: jiff::Timestamp::from_millisecond(stored.at_ms).unwrap_or_default(),
            topic: topic.to_owned(),
        });
    }
    tx.insert_many(HISTORY, &HISTORY_COLUMNS, history).await?;
    records.audit_all(tx, actor, &entries).await?;
    tx.emit_all(&events).await?;
    for stored in all {
        remember(records, tx, actor, stored).await?;
    }
    Ok(())
}

/// When, by whom and why a version came to be.
pub(crate) struct Occasion<'a> {
    pub version: i64,
    pub at_ms: i64,
    pub by: &'a str,
    pub by_name: &'a str,
    pub why: Option<&'a str>,
}

/// The row of [`HISTORY`] for a change, and the digest of what changed.
pub(crate) fn history_row(
    records: &Records,
    draft: &Draft,
    occasion: &Occasion<'_>,
) -> Result<(Vec<SqlValue>, String)> {
    let changes = serde_json::to_string(&changes(records, draft)?)
        .map_err(|cause| crate::Error::Internal(cause.to_string()))?;
    let digest = anju_crypto::sm3_hex(changes.as_bytes());
    let row = vec![
        draft.plan.key().into(),
        draft.row.id.as_str().into(),
        occasion.version.into(),
        occasion.at_ms.into(),
        occasion.by.into(),
        occasion.by_name.into(),
        draft.change.code().into(),
        occasion.why.into(),
        SqlValue::Text(changes),
    ];
    Ok((row, digest))
}

/// What subscribers learn: which fields changed, the change of state; never a value of a sensitive field.
fn payload(stored: &Stored, actor: &Actor) -> Value {
    let draft = &stored.draft;
    let fields = draft.plan.fields.iter().enumerate();
    let fields = fields.filter(|(position, field)| field.is_stored() && draft.row.changed(*position));
    let tables =
        draft.tables.iter().filter(|table| table.given).map(|table| draft.child(table).name.as_str());
    let changed: Vec<&str> = fields.map(|(_, field)| field.name.as_str()).chain(tables).collect();
    let mut payload = Object::new();
    payload.insert(Meta::Version.name().to_owned(), stored.version.into());
    payload.insert("by".to_owned(), actor.account_id.as_str().into());
    payload.insert("changed".to_owned(), changed.into());
    if let Some(position) = draft.plan.state_field.filter(|position| draft.row.changed(*position)) {
        let from = draft.row.before.as_ref().map_or(&Value::Null, |before| &before.values[position]);
        let field = &draft.plan.fields[position].name;
        payload.insert(
            "state".to_owned(),
            json!({"field": field, "from": from, "to": draft.row.values[position]}),
        );
    }
    Value::Object(payload)
}

fn changes(records: &Records, draft: &Draft) -> Result<Vec<StoredChange>> {
    let mut changes = Vec::new();
    row_changes(records, &draft.plan, &draft.row, &draft.row.id, None, &mut changes)?;
    for table in draft.tables.iter().filter(|table| table.given) {
        let child = draft.child(table);
        for (index, row) in table.rows.iter().enumerate() {
            let place = Some((child.name.as_str(), index, child.parent_field));
            row_changes(records, &table.plan, row, &draft.row.id, place, &mut changes)?;
        }
        for row in &table.removed {
            let text = crate::read::display_of(&table.plan, &row.values, false, &[]).unwrap_or_default();
            changes.push(StoredChange {
                child: Some(child.name.clone()),
                field: String::new(),
                row: None,
                row_id: Some(row.id.clone()),
                before: Value::String(text),
                after: Value::Null,
                sealed: false,
                erased: false,
            });
        }
    }
    Ok(changes)
}

fn row_changes(
    records: &Records,
    plan: &EntityPlan,
    row: &DraftRow,
    record_id: &str,
    place: Option<(&str, usize, usize)>,
    changes: &mut Vec<StoredChange>,
) -> Result<()> {
    for (position, field) in plan.fields.iter().enumerate() {
        if !field.is_stored() || !row.changed(position) || place.is_some_and(|(_, _, link)| link == position)
        {
            continue;
        }
        let before = row.before.as_ref().map_or(&Value::Null, |before| &before.values[position]);
        changes.push(StoredChange {
            child: place.map(|(name, _, _)| name.to_owned()),
            field: field.name.clone(),
            row: place.map(|(_, index, _)| index),
            row_id: place.map(|_| row.id.clone()),
            before: kept(records, plan, field, record_id, before)?,
            after: kept(records, plan, field, record_id, &row.values[position])?,
            sealed: field.sensitive(),
            erased: false,
        });
    }
    Ok(())
}

/// A value as history keeps it: sensitive ones sealed for this record's history.
fn kept(
    records: &Records,
    plan: &EntityPlan,
    field: &FieldPlan,
    record_id: &str,
    value: &Value,
) -> Result<Value> {
    if value.is_null() || !field.sensitive() {
        return Ok(value.clone());
    }
    let sealed = records.seal_at(HISTORY, &sealing_column(plan, field), record_id, value)?;
    Ok(Value::String(STANDARD.encode(sealed)))
}
