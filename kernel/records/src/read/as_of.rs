//! A record as it was: today's row, the changes since then taken back one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anju_definitions::FieldType;
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Row, Select};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{display_of, load::LoadedRow, load::load_rows};
use crate::{
    Actor, Change, Error, Object, Record, Records, Result,
    access::{Access, Operation, may_show},
    audit::AuditEntry,
    computed::compute,
    history::{StoredChange, ids_in, sealing_column},
    plan::{ChildPlan, EntityPlan, FieldPlan, Plans},
    schema::HISTORY,
    search::Joins,
    value,
    write::show,
};

/// Most changes that are taken back.
const CHANGES_MAX: u64 = 5_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A record and its child rows at the moment.
struct Past {
    row: LoadedRow,
    children: Vec<(usize, Vec<LoadedRow>)>,
}

impl Past {
    /// What is worked out on reading follows the values as they were, on the day it was.
    fn work_out(&mut self, plans: &Plans, plan: &EntityPlan, day: Date) -> Result<()> {
        work_out(plan, &mut self.row, day);
        for (position, rows) in &mut self.children {
            let child = plans.child(&plan.children[*position])?;
            rows.iter_mut().for_each(|row| work_out(child, row, day));
        }
        Ok(())
    }
}

fn day_of_ms(ms: i64) -> Date {
    anju_calendar::day_of(Timestamp::from_millisecond(ms).unwrap_or_default())
}

fn work_out(plan: &EntityPlan, row: &mut LoadedRow, day: Date) {
    compute(plan, &mut row.loaded.values, &Object::new(), day, |at| !plan.fields[at].is_stored());
}

/// The last change before the moment.
struct LastChange {
    version: i64,
    at_ms: i64,
    by: String,
}

impl Records {
    /// The record as it was at the end of a day, or at an instant (RFC 3339), under the rights and masks that the
    /// actor has today. A record that has been deleted since then is shown too.
    ///
    /// # Errors
    /// As [`Records::read`]; [`Error::NotFound`] too when the record was not there then.
    pub async fn read_as_of(&self, actor: &Actor, entity: &str, id: &str, moment: &str) -> Result<Record> {
        let moment_ms = self.moment(moment)?;
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let mut source = self.store().reader();
        // The row first: a change that comes between is then taken back to what the row was.
        let mut past = self.present(&mut source, &plans, plan, &access, id, moment_ms).await?;
        let last = last_change(&mut source, plan, id, moment_ms).await?;
        let since = changes_since(&mut source, plan, id, moment_ms).await?;
        if since.began_with_return {
            return Err(Error::NotFound);
        }
        for change in since.changes {
            self.take_back(&plans, plan, id, &mut past, change)?;
        }
        past.work_out(&plans, plan, day_of_ms(moment_ms))?;
        if plan.entity.audit_reads && !actor.is_system() {
            let mut tx = self.store().begin().await?;
            let entry = AuditEntry::of("record.read", entity, id).because(Some(moment));
            self.audit(&mut tx, actor, &entry).await?;
            tx.commit().await?;
        }
        let shown = Showing { records: self, plans: &plans, actor };
        let mut values = shown.record(plan, &access, &past, last).await?;
        values.insert("$as_of".to_owned(), value::instant_text(moment_ms).into());
        let version = values.get("version").and_then(Value::as_i64).unwrap_or_default();
        Ok(Record { id: id.to_owned(), version, values })
    }

    /// A day means its end; a moment that is still to come, now.
    fn moment(&self, text: &str) -> Result<i64> {
        let found = match text.len() {
            10 => value::instant_ms(&format!("{text}T00:00:00")).map(|start| start + DAY_MS - 1),
            _ => value::instant_ms(text),
        };
        let wrong = || Error::invalid("as_of", "format", "应为日期，如 2026-01-31，或带时区的日期时间");
        Ok(found.ok_or_else(wrong)?.min(self.now().as_millisecond()))
    }

    /// The rows that were there at the moment, as they are now.
    async fn present(
        &self,
        source: &mut (dyn Fetch + '_),
        plans: &Plans,
        plan: &EntityPlan,
        access: &Access<'_>,
        id: &str,
        moment_ms: i64,
    ) -> Result<Past> {
        let mut joins = Joins::new(plans, plan);
        let reach = access.condition_for_one(&mut joins)?;
        let own = Condition::eq(plan.table.as_str(), "id", id).and(reach);
        let rows = load_rows(self, source, plan, own, joins.into_joins()).await?;
        let row = rows.into_iter().find(|row| row.was_there(moment_ms)).ok_or(Error::NotFound)?;
        let mut children = Vec::new();
        for (position, child) in plan.children.iter().enumerate() {
            let child_plan = plans.child(child)?;
            let link = child_plan.fields[child.parent_field].name.as_str();
            let mine = Condition::eq(child_plan.table.as_str(), link, id);
            let mut rows = load_rows(self, source, child_plan, mine, Vec::new()).await?;
            rows.retain(|row| row.was_there(moment_ms));
            children.push((position, rows));
        }
        Ok(Past { row, children })
    }

    fn take_back(
        &self,
        plans: &Plans,
        plan: &EntityPlan,
        id: &str,
        past: &mut Past,
        change: StoredChange,
    ) -> Result<()> {
        if change.erased {
            return Ok(());
        }
        let (owner, row) = match &change.child {
            None => (plan, Some(&mut past.row)),
            Some(name) => {
                let Some(position) = plan.children.iter().position(|child| child.name == *name) else {
                    return Ok(());
                };
                let rows = past.children.iter_mut().find(|(at, _)| *at == position);
                let rows = rows.map(|(_, rows)| rows.as_mut_slice()).unwrap_or_default();
                let child = plans.child(&plan.children[position])?;
                (&**child, changed_row(rows, &change))
            }
        };
        let (Some(row), Some(position)) = (row, owner.position(&change.field)) else { return Ok(()) };
        let field = &owner.fields[position];
        row.loaded.values[position] = self.earlier(owner, field, id, &change)?;
        Ok(())
    }

    /// The value before the change, in the form it has today.
    fn earlier(
        &self,
        owner: &EntityPlan,
        field: &FieldPlan,
        id: &str,
        change: &StoredChange,
    ) -> Result<Value> {
        match (change.sealed, &change.before) {
            (true, Value::String(text)) => {
                let bytes = STANDARD.decode(text).map_err(|cause| Error::Internal(cause.to_string()))?;
                self.open_at(HISTORY, &sealing_column(owner, field), id, field, &bytes)
            }
            (_, Value::Null) => Ok(Value::Null),
            (_, given) if field.kind == FieldType::Decimal => {
                let scaled = value::scaled_number(given, field.scale);
                Ok(scaled.map_or_else(|_| given.clone(), |n| value::format_decimal(n, field.scale).into()))
            }
            (_, given) => Ok(given.clone()),
        }
    }
}

/// The row of a child table that a change is about: by its id, or by its place in changes from before ids were kept.
fn changed_row<'r>(rows: &'r mut [LoadedRow], change: &StoredChange) -> Option<&'r mut LoadedRow> {
    match &change.row_id {
        Some(id) => rows.iter_mut().find(|row| row.loaded.id == *id),
        None => rows.get_mut(change.row?),
    }
}

/// The name of what a reference points to; for a list, of all that are there.
fn named(value: &Value, names: &HashMap<String, String>) -> Option<Value> {
    let mut found = ids_in(value).filter_map(|id| names.get(id)).map(|name| Value::from(name.as_str()));
    match value {
        Value::Array(_) => Some(found.collect::<Vec<_>>()).filter(|all| !all.is_empty()).map(Value::Array),
        _ => found.next(),
    }
}

fn history_of(plan: &EntityPlan, id: &str, op: Operator, moment_ms: i64) -> Condition {
    Condition::eq(HISTORY, "record_id", id)
        .and(Condition::eq(HISTORY, "entity", plan.key()))
        .and(Condition::compare(ColumnRef::new(HISTORY, "at"), op, moment_ms))
}

/// What happened after the moment.
struct Since {
    /// The newest first.
    changes: Vec<StoredChange>,
    /// Whether the first of it was that the record came back from the recycle bin: at the moment it was not there.
    began_with_return: bool,
}

async fn changes_since(
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    id: &str,
    moment_ms: i64,
) -> Result<Since> {
    let select = Select::from(HISTORY)
        .column("changes", ColumnKind::Text)
        .column("action", ColumnKind::Text)
        .filter(history_of(plan, id, Operator::Gt, moment_ms))
        .order_by("id", Direction::Descending)
        .limit(CHANGES_MAX + 1);
    let rows = source.fetch_all(&select).await?;
    if rows.len() as u64 > CHANGES_MAX {
        return Err(Error::TooMuch {
            message: format!("此后的修改超过 {CHANGES_MAX} 次，无法还原")
        });
    }
    let changes = |row: &Row| -> Result<Vec<StoredChange>> {
        serde_json::from_str(row.text(0)?)
            .map_err(|cause| Error::Internal(format!("history of {id}: {cause}")))
    };
    let first = rows.last().map(|row| row.text(1)).transpose()?;
    let began_with_return = first == Some(Change::Restored.code());
    let changes = rows.iter().map(changes).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    Ok(Since { changes, began_with_return })
}

async fn last_change(
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    id: &str,
    moment_ms: i64,
) -> Result<Option<LastChange>> {
    let select = Select::from(HISTORY)
        .column("version", ColumnKind::Int)
        .column("at", ColumnKind::Int)
        .column("actor_id", ColumnKind::Text)
        .filter(history_of(plan, id, Operator::Le, moment_ms))
        .order_by("id", Direction::Descending)
        .limit(1);
    let Some(row) = source.fetch_optional(&select).await? else { return Ok(None) };
    Ok(Some(LastChange { version: row.int(0)?, at_ms: row.int(1)?, by: row.text(2)?.to_owned() }))
}

/// One actor looking at the past.
struct Showing<'a> {
    records: &'a Records,
    plans: &'a Plans,
    actor: &'a Actor,
}

impl Showing<'_> {
    async fn record(
        &self,
        plan: &std::sync::Arc<EntityPlan>,
        access: &Access<'_>,
        past: &Past,
        last: Option<LastChange>,
    ) -> Result<Object> {
        let row = &past.row;
        let mut values = Object::new();
        let last =
            last.unwrap_or(LastChange { version: 1, at_ms: row.created_at_ms, by: row.created_by.clone() });
        values.insert("id".to_owned(), row.loaded.id.as_str().into());
        values.insert("version".to_owned(), last.version.into());
        values.insert("created_at".to_owned(), value::instant_text(row.created_at_ms).into());
        values.insert("created_by".to_owned(), row.created_by.as_str().into());
        values.insert("updated_at".to_owned(), value::instant_text(last.at_ms).into());
        values.insert("updated_by".to_owned(), last.by.into());
        self.row(plan, access, row, None, &mut values).await?;
        let own = display_of(plan, &row.loaded.values, self.actor.is_system(), &access.hidden());
        let display = match own {
            Some(display) => display,
            None => {
                let ids = BTreeSet::from([row.loaded.id.clone()]);
                let mut texts = self.records.display_texts(self.plans, plan, self.actor, &ids).await?;
                texts.remove(&row.loaded.id).unwrap_or_default()
            }
        };
        values.insert("$display".to_owned(), display.into());
        for (position, rows) in &past.children {
            self.child(&plan.children[*position], access, rows, &mut values).await?;
        }
        Ok(values)
    }

    async fn child(
        &self,
        child: &ChildPlan,
        access: &Access<'_>,
        rows: &[LoadedRow],
        values: &mut Object,
    ) -> Result<()> {
        let plan = self.plans.child(child)?;
        let own = Access::of(self.plans, plan, self.actor, Operation::Read);
        let (true, Ok(own)) = (access.sees_child(&child.name), own) else { return Ok(()) };
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let mut object = Object::new();
            object.insert("id".to_owned(), row.loaded.id.as_str().into());
            self.row(plan, &own, row, Some(child.parent_field), &mut object).await?;
            shown.push(Value::Object(object));
        }
        values.insert(child.name.clone(), Value::Array(shown));
        Ok(())
    }

    /// The fields that may be seen, masked, and the names of what they refer to; where a row hangs (`link`) needs no
    /// name.
    async fn row(
        &self,
        plan: &EntityPlan,
        access: &Access<'_>,
        row: &LoadedRow,
        link: Option<usize>,
        object: &mut Object,
    ) -> Result<()> {
        show(plan, &row.loaded.values, access, self.actor, object);
        let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let references: Vec<(&FieldPlan, &Value)> = plan
            .fields
            .iter()
            .enumerate()
            .filter(|(at, field)| field.kind.is_reference() && access.sees(*at) && link != Some(*at))
            .map(|(position, field)| (field, &row.loaded.values[position]))
            .collect();
        for (field, value) in &references {
            if let Some(to) = &field.definition.to {
                wanted.entry(to).or_default().extend(ids_in(value).map(str::to_owned));
            }
        }
        let mut names: HashMap<String, String> = HashMap::new();
        for (target, ids) in wanted {
            let target = self.plans.entity(target)?;
            if may_show(self.plans, target, self.actor) {
                names.extend(self.records.display_texts(self.plans, target, self.actor, &ids).await?);
            }
        }
        let refs: Object = references
            .iter()
            .filter_map(|(field, value)| Some((field.name.clone(), named(value, &names)?)))
            .collect();
        if !refs.is_empty() {
            object.insert("$refs".to_owned(), Value::Object(refs));
        }
        Ok(())
    }
}
