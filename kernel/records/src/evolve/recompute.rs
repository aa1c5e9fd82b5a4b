//! Kept values of computed fields follow their formulas: publishing a new one works them out for existing records.

use std::sync::Arc;

use anju_store::{Condition, Row, Tx};

use super::{
    EffectKind, Impact,
    fill::{Fill, last_id, next_batch},
    probe::Probe,
    probe::rows,
};
use crate::{
    Actor, Change, Records, Result,
    plan::{EntityPlan, FieldPlan, Plans},
    read::{LoadedRow, load_children, load_rows},
    schema::HISTORY,
    write::{Draft, DraftRow, DraftTable, HISTORY_COLUMNS, Occasion, changed_columns, history_row},
};

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
    if existing == 0 {
        return Ok(());
    }
    let message = format!("{}已有记录的“{}”按新公式计算", rows(existing), titles(after));
    impact.effect(after.key(), None, EffectKind::Filled, message);
    impact.fills.extend(fill(after));
    for field in kept(after).filter(|field| is_new(before, after, field)) {
        let position = after.position(&field.name);
        if after.uniques.iter().any(|group| group.iter().any(|at| Some(*at) == position)) {
            impact.refuse(
                after.key(),
                Some(&field.name),
                "unique_broken",
                format!(
                    "“{}”不得重复，但已有 {}记录要按新公式计算，结果可能重复",
                    field.title,
                    rows(existing)
                ),
                "先发布公式而不加唯一约束，计算完成后再发布唯一约束",
            );
        }
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
            let message = format!("已有记录的“{}”随子表重新计算", titles(plan));
            impact.effect(plan.key(), None, EffectKind::Filled, message);
            impact.fills.extend(fill(plan));
        }
    }
    Ok(())
}

/// Computed fields that have a column.
fn kept(plan: &EntityPlan) -> impl Iterator<Item = &FieldPlan> {
    plan.fields.iter().filter(|field| field.formula.is_some() && field.is_stored())
}

fn titles(plan: &EntityPlan) -> String {
    kept(plan).map(|field| field.title.as_str()).collect::<Vec<_>>().join("、")
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
    /// Works the next records after an id out anew; how many are other than they were, and the last id. The version
    /// stays: nobody is about to save a computed value.
    pub(super) async fn recompute_batch(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &Arc<EntityPlan>,
        actor: &Actor,
        why: &str,
        after: Option<&str>,
    ) -> Result<(u64, Option<String>)> {
        let batch = next_batch(tx, plan, Condition::True, after).await?;
        let mut history = Vec::new();
        let mut changed = 0;
        for mut draft in self.drafts(tx, plans, plan, &batch).await? {
            draft.compute(self.today());
            let columns = changed_columns(self, plan, &draft.row)?;
            if columns.is_empty() {
                continue;
            }
            changed += 1;
            let own = Condition::eq(plan.table.as_str(), "id", draft.row.id.as_str());
            let sets = columns.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            tx.update(&plan.table, sets, own).await?;
            // A row of a child table has its history with its record, which follows by itself.
            if plan.parent().is_none() {
                let occasion = Occasion {
                    version: draft.row.before.as_ref().map_or(1, |before| before.version),
                    at_ms: self.now().as_millisecond(),
                    by: &actor.account_id,
                    by_name: &actor.name,
                    why: Some(why),
                };
                history.push(history_row(self, &draft, &occasion)?.0);
            }
        }
        tx.insert_many(HISTORY, &HISTORY_COLUMNS, history).await?;
        Ok((changed, last_id(&batch)?))
    }

    /// Records with the child tables that their formulas read.
    async fn drafts(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &Arc<EntityPlan>,
        batch: &[Row],
    ) -> Result<Vec<Draft>> {
        let ids: Vec<&str> = batch.iter().map(|row| row.text(0)).collect::<anju_store::Result<_>>()?;
        let own = Condition::is_in(plan.table.as_str(), "id", ids.iter().copied());
        let rows = load_rows(self, tx, plan, own, Vec::new()).await?;
        let draft = |row: LoadedRow| Draft::new(plan.clone(), Change::Updated, DraftRow::of(row.loaded));
        let mut drafts: Vec<Draft> = rows.into_iter().map(draft).collect();
        for (position, child) in plan.children.iter().enumerate() {
            if !plan.child_is_read_by_rules(&child.name) {
                continue;
            }
            let child_plan = plans.child(child)?;
            let mut rows = load_children(self, tx, child, child_plan, &ids).await?;
            for draft in &mut drafts {
                let rows = rows.remove(&draft.row.id).unwrap_or_default();
                draft.tables.push(DraftTable {
                    child: position,
                    plan: child_plan.clone(),
                    given: false,
                    rows: rows.into_iter().map(DraftRow::of).collect(),
                    removed: Vec::new(),
                    moved: false,
                });
            }
        }
        Ok(drafts)
    }
}
