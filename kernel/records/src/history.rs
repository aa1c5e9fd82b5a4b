//! Who changed what, when and why; read with the eyes of whoever asks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anju_definitions::FieldType;
use anju_store::{ColumnKind, Condition, Direction, Fetch, Select};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Actor, Error, Records, Result,
    access::{Access, Operation, may_show},
    plan::{EntityPlan, FieldPlan, Plans},
    read::{Viewer, push_shown},
    schema::HISTORY,
    value,
    write::{Confirmation, confirmations},
};

/// One change of a record, as history shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryEntry {
    pub version: i64,
    /// RFC 3339 in +08:00.
    pub at: String,
    pub actor_name: String,
    /// `created`, `updated`, `deleted` or `restored`.
    pub action: String,
    pub why: Option<String>,
    pub changes: Vec<FieldChange>,
    /// Rules that the change broke and the actor confirmed.
    pub confirmations: Vec<Confirmation>,
}

/// One field before and after, as people read it: titles for codes, yuan for fen, names for references.
/// Sensitive values are masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// Name of the field, or `members[1].name` for a row of a child table.
    pub field: String,
    pub title: String,
    pub before: Value,
    pub after: Value,
}

/// A change as it lies in the database; sensitive values sealed, in base64.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
    /// Empty for a removed row.
    pub field: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// Id of the row of a child table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
    // Left out where absent: a third of what the creation of a record would leave.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
    /// The values went at the end of their term.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

/// What stands in place of values that went at the end of their term.
const ERASED: &str = "已按保存期限清除";

/// Most entries one request reads.
const ENTRIES_MAX: u64 = 500;

/// The name a value of history is sealed under.
pub(crate) fn sealing_column(plan: &EntityPlan, field: &FieldPlan) -> String {
    format!("{}.{}", plan.stem, field.name)
}

impl Records {
    pub(crate) async fn history_inner(
        &self,
        actor: &Actor,
        entity: &str,
        id: &str,
    ) -> Result<Vec<HistoryEntry>> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        self.read(actor, entity, id).await?;
        let mut source = self.store().reader();
        let select = Select::from(HISTORY)
            .column("version", ColumnKind::Int)
            .column("at", ColumnKind::Int)
            .column("actor_name", ColumnKind::Text)
            .column("action", ColumnKind::Text)
            .column("why", ColumnKind::Text)
            .column("changes", ColumnKind::Text)
            .filter(Condition::eq(HISTORY, "record_id", id).and(Condition::eq(HISTORY, "entity", entity)))
            .order_by("id", Direction::Descending)
            .limit(ENTRIES_MAX);
        let rows = source.fetch_all(&select).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let stored: Vec<StoredChange> = serde_json::from_str(row.text(5)?)
                .map_err(|cause| Error::Internal(format!("history of {id}: {cause}")))?;
            entries.push((row, stored));
        }
        let references =
            self.reference_names(&plans, plan, actor, entries.iter().flat_map(|(_, stored)| stored)).await?;
        let files = self.names_of_files(&plans, plan, entries.iter().flat_map(|(_, stored)| stored)).await?;
        let mut confirmed = confirmations(&mut source, id).await?;
        let names = references.into_iter().chain(files).collect();
        let view = View { records: self, plans: &plans, plan, access: &access, actor, id, names };
        let mut entry = |(row, stored): (&anju_store::Row, Vec<StoredChange>)| {
            let version = row.int(0)?;
            let confirmations = confirmed.remove(&version).unwrap_or_default();
            Ok(HistoryEntry {
                version,
                confirmations: confirmations.into_iter().filter(|one| view.sees(&one.field)).collect(),
                at: value::instant_text(row.int(1)?),
                actor_name: row.text(2)?.to_owned(),
                action: row.text(3)?.to_owned(),
                why: row.opt_text(4)?.map(str::to_owned),
                changes: stored
                    .into_iter()
                    .filter_map(|change| view.change(change).transpose())
                    .collect::<Result<_>>()?,
            })
        };
        entries.into_iter().map(&mut entry).collect()
    }

    /// Display texts of all references in the changes, one query per entity.
    async fn reference_names<'c>(
        &self,
        plans: &Plans,
        plan: &EntityPlan,
        actor: &Actor,
        changes: impl Iterator<Item = &'c StoredChange>,
    ) -> Result<HashMap<String, String>> {
        let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for change in changes {
            let Some((_, field)) = field_of(plans, plan, change) else { continue };
            if let Some(to) = &field.definition.to {
                let ids = [&change.before, &change.after].into_iter().flat_map(ids_in).map(str::to_owned);
                wanted.entry(to.clone()).or_default().extend(ids);
            }
        }
        let mut names = HashMap::new();
        for (target, ids) in wanted {
            let target = plans.entity(&target)?;
            if may_show(plans, target, actor) {
                names.extend(self.display_texts(plans, target, actor, &ids).await?);
            }
        }
        Ok(names)
    }

    /// Names of all files in the changes; those of sealed fields are not told.
    async fn names_of_files<'c>(
        &self,
        plans: &Plans,
        plan: &EntityPlan,
        changes: impl Iterator<Item = &'c StoredChange>,
    ) -> Result<HashMap<String, String>> {
        let of_files = |change: &&StoredChange| {
            field_of(plans, plan, change).is_some_and(|(_, field)| field.kind.is_file()) && !change.sealed
        };
        let values = changes.filter(of_files).flat_map(|change| [&change.before, &change.after]);
        let ids: BTreeSet<&str> = values.flat_map(ids_in).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        Ok(self.store().file_names(&ids).await?)
    }

    /// Display texts by id.
    pub(crate) async fn display_texts(
        &self,
        plans: &Plans,
        plan: &std::sync::Arc<EntityPlan>,
        actor: &Actor,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, String>> {
        self.display_texts_from(&mut self.store().reader(), plans, plan, actor, ids).await
    }

    /// As [`Records::display_texts`], from a transaction: sees what the transaction wrote.
    pub(crate) async fn display_texts_from(
        &self,
        source: &mut (dyn Fetch + '_),
        plans: &Plans,
        plan: &std::sync::Arc<EntityPlan>,
        actor: &Actor,
        ids: &BTreeSet<String>,
    ) -> Result<HashMap<String, String>> {
        let shape = plans.whole_shape(plan)?;
        let select = Select {
            columns: shape.columns.clone(),
            joins: shape.joins.clone(),
            filter: Condition::is_in(plan.table.as_str(), "id", ids.iter().map(String::as_str)),
            ..Select::from(plan.table.as_str())
        };
        let viewer = Viewer::for_display(self, &shape, actor);
        let rows = source.fetch_all(&select).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), viewer.display(row)?))).collect()
    }
}

/// The ids in a value: one, or a list of them.
pub(crate) fn ids_in(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

/// The field a change is about, if the definitions still have it.
fn field_of<'p>(
    plans: &'p Plans,
    plan: &'p EntityPlan,
    change: &StoredChange,
) -> Option<(&'p EntityPlan, &'p FieldPlan)> {
    let owner: &EntityPlan = match &change.child {
        Some(name) => plans.child(plan.child(name)?).ok()?,
        None => plan,
    };
    Some((owner, owner.field(&change.field)?))
}

struct View<'a> {
    records: &'a Records,
    plans: &'a Plans,
    plan: &'a EntityPlan,
    access: &'a Access<'a>,
    actor: &'a Actor,
    id: &'a str,
    /// Display texts of references and names of files, by id.
    names: HashMap<String, String>,
}

impl View<'_> {
    /// `None` for what the actor may not see.
    fn change(&self, change: StoredChange) -> Result<Option<FieldChange>> {
        let child = change.child.as_ref().and_then(|name| self.plan.child(name));
        if change.child.as_ref().is_some_and(|name| !self.access.sees_child(name)) {
            return Ok(None);
        }
        if change.field.is_empty() {
            let name = change.child.unwrap_or_default();
            let title = child.map_or_else(|| name.clone(), |child| child.title.clone());
            return Ok(Some(FieldChange { field: name, title, before: change.before, after: change.after }));
        }
        let Some((owner, field)) = field_of(self.plans, self.plan, &change) else { return Ok(None) };
        let visible = match &change.child {
            None => self.plan.position(&change.field).is_some_and(|position| self.access.sees(position)),
            Some(_) => self.sees_child_field(owner, &change.field),
        };
        if !visible {
            return Ok(None);
        }
        let (path, title) = match (&change.child, change.row, child) {
            (Some(name), Some(row), Some(child)) => (
                format!("{name}[{row}].{}", change.field),
                format!("{}第 {} 行 {}", child.title, row + 1, field.title),
            ),
            _ => (change.field.clone(), field.title.clone()),
        };
        if change.erased {
            return Ok(Some(FieldChange { field: path, title, before: ERASED.into(), after: ERASED.into() }));
        }
        let before = self.shown(owner, field, change.sealed, change.before)?;
        let after = self.shown(owner, field, change.sealed, change.after)?;
        Ok(Some(FieldChange { field: path, title, before, after }))
    }

    /// Whether the field of a path may be seen.
    fn sees(&self, path: &str) -> bool {
        match path.split_once('[') {
            None => self.plan.position(path).is_some_and(|position| self.access.sees(position)),
            Some((child, rest)) => {
                let owner = self.plan.child(child).and_then(|child| self.plans.child(child).ok());
                let field = rest.rsplit('.').next().unwrap_or_default();
                self.access.sees_child(child)
                    && owner.is_some_and(|owner| self.sees_child_field(owner, field))
            }
        }
    }

    fn sees_child_field(&self, owner: &EntityPlan, field: &str) -> bool {
        let access = Access::of(self.plans, owner, self.actor, Operation::Read);
        owner.position(field).is_some_and(|position| access.is_ok_and(|access| access.sees(position)))
    }

    fn shown(&self, owner: &EntityPlan, field: &FieldPlan, sealed: bool, stored: Value) -> Result<Value> {
        if stored.is_null() {
            return Ok(stored);
        }
        let value = match (sealed, &stored) {
            (true, Value::String(text)) => {
                let bytes = STANDARD.decode(text).map_err(|cause| Error::Internal(cause.to_string()))?;
                self.records.open_at(HISTORY, &sealing_column(owner, field), self.id, field, &bytes)?
            }
            _ => stored,
        };
        // A field may have become sensitive after the change was written.
        if (sealed || field.sensitive()) && !self.actor.is_system() {
            return Ok(Value::String(value::mask(field, &value)));
        }
        if field.kind.is_reference() || field.kind.is_file() {
            let names: Vec<&str> =
                ids_in(&value).filter_map(|id| self.names.get(id)).map(String::as_str).collect();
            return Ok(if names.is_empty() { Value::Null } else { Value::String(names.join("、")) });
        }
        if matches!(field.kind, FieldType::Integer | FieldType::Json) {
            return Ok(value);
        }
        let mut text = String::new();
        push_shown(&mut text, field, &value);
        Ok(Value::String(text))
    }
}
