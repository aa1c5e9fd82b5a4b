//! Values that change their form: the table of the entity gets its next generation.

use anju_store::{ColumnRef, Condition, Fetch, Operator, Rescale, Select, Tx};

use super::{Impact, probe::Probe};
use crate::{
    Error, Records, Result,
    plan::{EntityPlan, FieldPlan, table_name},
};

/// Most rows that are rewritten while others wait: some seconds.
const ROWS_MAX: u64 = 200_000;
/// How long the rewriting waits for the table, before it lets others pass and tries again.
const TABLE_WAIT_MS: u32 = 500;

/// The columns of one entity that are brought to another scale.
#[derive(Debug, Clone)]
pub struct Rewrite {
    pub entity: String,
    columns: Vec<(String, Rescale)>,
}

pub(super) fn add(plan: &EntityPlan, field: &FieldPlan, rescale: Rescale, impact: &mut Impact) {
    let column = (field.name.clone(), rescale);
    match impact.rewrites.iter_mut().find(|rewrite| rewrite.entity == plan.key()) {
        Some(rewrite) => rewrite.columns.push(column),
        None => {
            impact.rewrites.push(Rewrite { entity: plan.key().to_owned(), columns: vec![column] });
        }
    }
}

/// Refuses a rewriting that would keep others waiting for long.
pub(super) async fn bound(probe: &Probe<'_>, plan: &EntityPlan, impact: &mut Impact) -> Result<()> {
    if !impact.rewrites.iter().any(|rewrite| rewrite.entity == plan.key()) {
        return Ok(());
    }
    // Counting stops at a small number, so the bound is asked for by itself.
    if probe.exceeds(ROWS_MAX).await? {
        impact.refuse(
            plan.key(),
            None,
            "rewrite_too_large",
            format!("“{}”的记录超过 {} 万条，换算期间会阻塞办理", plan.entity.title, ROWS_MAX / 10_000),
            "另加一个新小数位数的字段，分批填写后改用它",
        );
    }
    Ok(())
}

impl Records {
    /// Carries a rewriting out, with the table to itself; the generation that the entity has from now on. Statements
    /// made for the earlier one are [`anju_store::Error::Outdated`] as soon as this commits.
    ///
    /// # Errors
    /// [`Error::Conflict`] when values have come since the impact was worked out that do not fit;
    /// [`anju_store::Error::Retry`] when the table is in use for too long.
    pub async fn rewrite(&self, tx: &mut Tx, rewrite: &Rewrite) -> Result<u32> {
        let plans = self.plans()?;
        let plan = plans.entity(&rewrite.entity)?;
        let generation = plans.catalog.generations.get(&rewrite.entity).copied().unwrap_or(1);
        tx.have_table_alone(&plan.table, TABLE_WAIT_MS).await?;
        for (column, rescale) in &rewrite.columns {
            if !fits(tx, plan, column, *rescale).await? {
                let message = format!("“{}”刚刚有记录的值不符合新的小数位数，请重新预览", plan.entity.title);
                return Err(Error::conflict("rewrite_refused", message));
            }
            tx.rescale(&plan.table, column, *rescale).await?;
        }
        tx.advance_generation(&table_name(&rewrite.entity), generation).await?;
        Ok(generation + 1)
    }
}

async fn fits(tx: &mut Tx, plan: &EntityPlan, column: &str, rescale: Rescale) -> Result<bool> {
    let table = plan.table.as_str();
    let misfit = misfit(&ColumnRef::new(table, column), rescale);
    let select = Select::from(table).filter(misfit).limit(1);
    Ok(tx.count(&select, Some(1)).await? == 0)
}

/// Values that the other scale has no place for: too many places, or too large.
pub(super) fn misfit(column: &ColumnRef, rescale: Rescale) -> Condition {
    match rescale {
        Rescale::Divide(of) => Condition::NoMultipleOf { column: column.clone(), of },
        Rescale::Multiply(by) => {
            let limit = i64::MAX / by;
            Condition::Any(vec![
                Condition::compare(column.clone(), Operator::Gt, limit),
                Condition::compare(column.clone(), Operator::Lt, -limit),
            ])
        }
    }
}
