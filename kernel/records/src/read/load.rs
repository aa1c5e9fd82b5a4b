//! Records in clear, as the stations of a write need them.

use std::collections::HashMap;

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Join, Lock, Row, Select, SqlValue};
use serde_json::Value;

use crate::{
    Object, Records, Result,
    computed::compute,
    plan::{ChildPlan, EntityPlan},
    search::{Joins, Meta},
    value,
};

/// A stored record, every field in clear, by position.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub id: String,
    pub version: i64,
    pub values: Vec<Value>,
}

/// One live record within a condition.
#[allow(clippy::too_many_arguments)]
pub(crate) async fn load_one(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    id: &str,
    condition: Condition,
    joins: Joins<'_>,
    lock: Option<Lock>,
) -> Result<Option<Loaded>> {
    let filter = Condition::eq(plan.table.as_str(), "id", id).and(live(plan)).and(condition);
    let select = Select { filter, joins: joins.into_joins(), lock, ..own_columns(plan) };
    Ok(fetched(records, source, plan, &select).await?.into_iter().next())
}

/// The live records within a condition, unlocked.
pub(crate) async fn load_all(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    condition: Condition,
    joins: Joins<'_>,
) -> Result<Vec<Loaded>> {
    let filter = live(plan).and(condition);
    fetched(records, source, plan, &Select { filter, joins: joins.into_joins(), ..own_columns(plan) }).await
}

/// Deleted records that pass the condition, in the order of their ids, locked for a change.
pub(crate) async fn load_deleted(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    condition: Condition,
    joins: Joins<'_>,
) -> Result<Vec<Loaded>> {
    let filter = Condition::NotNull(ColumnRef::new(plan.table.as_str(), "deleted_at")).and(condition);
    let select = Select { filter, joins: joins.into_joins(), lock: Some(Lock::Change), ..own_columns(plan) };
    fetched(records, source, plan, &select.order_by("id", Direction::Ascending)).await
}

/// The live rows of a child table, by parent, in order.
pub(crate) async fn load_children(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    child: &ChildPlan,
    plan: &EntityPlan,
    parents: &[&str],
) -> Result<HashMap<String, Vec<Loaded>>> {
    let link = &plan.fields[child.parent_field].name;
    let mut select = own_columns(plan);
    select.filter =
        Condition::is_in(plan.table.as_str(), link.as_str(), parents.iter().copied()).and(live(plan));
    let select = select.order_by("position", Direction::Ascending).order_by("id", Direction::Ascending);
    let mut by_parent: HashMap<String, Vec<Loaded>> = HashMap::new();
    for row in source.fetch_all(&select).await? {
        let loaded = from_row(records, plan, row)?;
        let parent = loaded.values[child.parent_field].as_str().unwrap_or_default().to_owned();
        by_parent.entry(parent).or_default().push(loaded);
    }
    Ok(by_parent)
}

/// A stored row, deleted or not, with what is known of its life.
#[derive(Debug, Clone)]
pub(crate) struct LoadedRow {
    pub loaded: Loaded,
    pub created_at_ms: i64,
    pub created_by: String,
    pub deleted_at_ms: Option<i64>,
}

impl LoadedRow {
    pub(crate) fn was_there(&self, moment_ms: i64) -> bool {
        self.created_at_ms <= moment_ms && self.deleted_at_ms.is_none_or(|deleted| deleted > moment_ms)
    }
}

/// All rows within a condition, deleted ones too; those of child tables in their order.
pub(crate) async fn load_rows(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    condition: Condition,
    joins: Vec<Join>,
) -> Result<Vec<LoadedRow>> {
    let mut select = own_columns(plan)
        .column("created_at", ColumnKind::Int)
        .column("created_by", ColumnKind::Text)
        .column("deleted_at", ColumnKind::Int);
    (select.filter, select.joins) = (condition, joins);
    if plan.parent().is_some() {
        select = select.order_by("position", Direction::Ascending);
    }
    let rows = source.fetch_all(&select.order_by("id", Direction::Ascending)).await?;
    let life = 2 + plan.fields.iter().filter(|field| field.is_stored()).count();
    let loaded = |row: Row| {
        Ok(LoadedRow {
            created_at_ms: row.int(life)?,
            created_by: row.text(life + 1)?.to_owned(),
            deleted_at_ms: row.opt_int(life + 2)?,
            loaded: from_row(records, plan, row)?,
        })
    };
    rows.into_iter().map(loaded).collect()
}

fn live(plan: &EntityPlan) -> Condition {
    Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at"))
}

async fn fetched(
    records: &Records,
    source: &mut (dyn Fetch + '_),
    plan: &EntityPlan,
    select: &Select,
) -> Result<Vec<Loaded>> {
    let rows = source.fetch_all(select).await?;
    rows.into_iter().map(|row| from_row(records, plan, row)).collect()
}

fn own_columns(plan: &EntityPlan) -> Select {
    let mut select = Select::from(plan.table.as_str());
    for meta in [Meta::Id, Meta::Version] {
        select = select.column(meta.name(), meta.kind());
    }
    for field in plan.fields.iter().filter(|field| field.is_stored()) {
        select = select.column(field.name.as_str(), field.sql);
    }
    select
}

fn from_row(records: &Records, plan: &EntityPlan, mut row: Row) -> Result<Loaded> {
    const OWN: usize = 2;
    let id = row.text(0)?.to_owned();
    let mut values = Vec::with_capacity(plan.fields.len());
    let mut column = OWN;
    for field in &plan.fields {
        if !field.is_stored() {
            values.push(Value::Null);
            continue;
        }
        values.push(match row.take(column) {
            SqlValue::Null => Value::Null,
            SqlValue::Bytes(sealed) => records.open(plan, field, &id, &sealed)?,
            stored => value::of_column(field, stored)?,
        });
        column += 1;
    }
    compute(plan, &mut values, &Object::new(), records.today(), |at| !plan.fields[at].is_stored());
    Ok(Loaded { version: row.int(1)?, values, id })
}
