//! Kept values of computed fields follow their formulas: publishing a new one works them out for existing records.

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Select, SqlValue, Tx};
use serde_json::Value;

use super::{EffectKind, Impact, fill::Fill, probe::Probe, probe::rows};
use crate::{
    Actor, Change, Object, Records, Result,
    computed::compute,
    expression::as_number,
    plan::{EntityPlan, FieldPlan, Plans},
    read::{Loaded, load_children, load_rows},
    schema::HISTORY,
    write::{DraftRow, HISTORY_COLUMNS, changed_columns, row_changes},
};

/// Records worked out in one transaction.
const BATCH: u64 = 500;

/// Existing records get the kept values of formulas that are new, or not what they were.
pub(super) async fn compare(
    probe: &Probe<'_>,
    before: &EntityPlan,
    after: &EntityPlan,
    impact: &mut Impact,
) -> Result<()> {
    if !kept(after).any(|field| is_new(before, after, field)) {
        return Ok(());
    }
    let existing = probe.count(probe.live()).await?;
    if existing > 0 {
        let titles: Vec<&str> = kept(after).map(|field| field.title.as_str()).collect();
        let message = format!("{}已有记录的“{}”按新公式计算", rows(existing), titles.join("、"));
        impact.effect(after.key(), None, EffectKind::Filled, message);
        impact.fills.extend(fill(after));
    }
    Ok(())
}

/// Formulas over child tables follow those of the rows.
pub(super) fn follow(plans: &Plans, impact: &mut Impact) -> Result<()> {
    let below: Vec<String> =
        impact.fills.iter().filter(|fill| fill.is_worked_out()).map(|fill| fill.entity.clone()).collect();
    for key in plans.catalog.entities.keys().filter(|key| !below.contains(key)) {
        let plan = plans.entity(key)?;
        let read = |name: &str| {
            kept(plan).any(|field| field.formula.as_ref().is_some_and(|formula| formula.reads(name)))
        };
        if plan.children.iter().any(|child| below.contains(&child.entity) && read(&child.name)) {
            impact.fills.extend(fill(plan));
        }
    }
    Ok(())
}

/// Computed fields that have a column.
fn kept(plan: &EntityPlan) -> impl Iterator<Item = &FieldPlan> {
    plan.fields.iter().filter(|field| field.formula.is_some() && field.is_stored())
}

/// Whether a formula, or one that it reads, is not what it was.
fn is_new(before: &EntityPlan, after: &EntityPlan, field: &FieldPlan) -> bool {
    let Some(old) = before.field(&field.name).filter(|old| old.is_stored()) else { return true };
    let computed = |name: &String| after.field(name).filter(|field| field.formula.is_some());
    let mut read = field.formula.iter().flat_map(|formula| &formula.names).filter_map(computed);
    old.definition.expression != field.definition.expression
        || old.scale != field.scale
        || read.any(|other| is_new(before, after, other) && other.name != field.name)
}

fn fill(plan: &EntityPlan) -> Option<Fill> {
    kept(plan).next().map(|field| Fill::worked_out(plan.key(), &field.name))
}

impl Records {
    /// One batch of records after an id, in its own transaction; the last id.
    pub(super) async fn recompute_batch(
        &self,
        actor: &Actor,
        entity: &str,
        why: &str,
        after: Option<&str>,
    ) -> Result<(u64, Option<String>)> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let mut tx = self.store().begin().await?;
        let ids = next_ids(&mut tx, plan, after).await?;
        let own = Condition::is_in(plan.table.as_str(), "id", ids.iter().map(String::as_str));
        let mut changed = 0;
        let rows = load_rows(self, &mut tx, plan, own, Vec::new()).await?;
        let mut scenes = self.scenes(&mut tx, &plans, plan, &ids).await?;
        for row in rows {
            let loaded = row.loaded;
            let scene = scenes.remove(&loaded.id).unwrap_or_default();
            changed += u64::from(self.recompute_one(&mut tx, plan, actor, loaded, &scene, why).await?);
        }
        tx.commit().await?;
        Ok((changed, ids.into_iter().next_back()))
    }

    /// The child tables that formulas read, by record.
    async fn scenes(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &EntityPlan,
        ids: &[String],
    ) -> Result<std::collections::HashMap<String, Object>> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut scenes: std::collections::HashMap<String, Object> = Default::default();
        for child in plan.children.iter().filter(|child| plan.child_is_read_by_rules(&child.name)) {
            let child_plan = plans.child(child)?;
            let mut all = load_children(self, tx, child, child_plan, &ids).await?;
            for id in &ids {
                let loaded: Vec<Loaded> = all.remove(*id).unwrap_or_default();
                let shown: Vec<Value> = loaded.iter().map(|row| as_expression(child_plan, row)).collect();
                scenes.entry((*id).to_owned()).or_default().insert(child.name.clone(), Value::Array(shown));
            }
        }
        Ok(scenes)
    }

    /// The version stays: nobody is about to save a computed value. Whether anything is different.
    async fn recompute_one(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        actor: &Actor,
        loaded: Loaded,
        scene: &Object,
        why: &str,
    ) -> Result<bool> {
        let version = loaded.version;
        let mut row = DraftRow::of(loaded);
        compute(plan, &mut row.values, scene, self.today(), |_| true);
        let columns = changed_columns(self, plan, &row);
        if columns.is_empty() {
            return Ok(false);
        }
        let own = Condition::eq(plan.table.as_str(), "id", row.id.as_str());
        let sets = columns.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        tx.update(&plan.table, sets, own).await?;
        // A row of a child table has its history with its record, which follows by itself.
        if plan.parent().is_none() {
            let mut changes = Vec::new();
            row_changes(self, plan, &row, &row.id, None, &mut changes);
            let changes =
                serde_json::to_string(&changes).map_err(|cause| crate::Error::Internal(cause.to_string()))?;
            let entry: Vec<SqlValue> = vec![
                plan.key().into(),
                row.id.as_str().into(),
                version.into(),
                self.now().as_millisecond().into(),
                actor.account_id.as_str().into(),
                actor.name.as_str().into(),
                Change::Updated.code().into(),
                why.into(),
                changes.into(),
            ];
            tx.insert_many(HISTORY, &HISTORY_COLUMNS, vec![entry]).await?;
        }
        Ok(true)
    }
}

async fn next_ids(tx: &mut Tx, plan: &EntityPlan, after: Option<&str>) -> Result<Vec<String>> {
    let table = plan.table.as_str();
    let further =
        after.map_or(Condition::True, |id| Condition::compare(ColumnRef::new(table, "id"), Operator::Gt, id));
    let select = Select::from(table)
        .column("id", ColumnKind::Text)
        .filter(Condition::IsNull(ColumnRef::new(table, "deleted_at")).and(further))
        .order_by("id", Direction::Ascending)
        .limit(BATCH)
        .for_update();
    let rows = tx.fetch_all(&select).await?;
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

fn as_expression(plan: &EntityPlan, row: &Loaded) -> Value {
    let values = plan.fields.iter().zip(&row.values);
    Value::Object(values.map(|(field, value)| (field.name.clone(), as_number(field.kind, value))).collect())
}
