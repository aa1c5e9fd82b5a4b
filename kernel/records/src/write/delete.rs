//! Deletion: records stay in the database, out of everybody's sight, until they are restored or their term ends.

use anju_store::{Condition, Tx};

use super::{
    check::Checked,
    draft::Draft,
    known::Known,
    removal::Removal,
    save::{Stored, gone},
    seal::Sealed,
    tables::load_tables,
    trail::leave_trail,
};
use crate::{
    Actor, Change, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, Plans},
    read::display_of,
};

impl Records {
    pub(crate) async fn delete_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        version: Option<i64>,
        why: Option<&str>,
    ) -> Result<()> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Delete)?;
        let mut draft =
            self.load_draft(tx, &plans, plan, actor, &access, id, version, Change::Deleted).await?;
        let removal = Removal::of(tx, &plans, plan, id).await?;
        removal.check(self, tx, &plans, actor, plan).await?;
        if !removal.cascaded.is_empty() {
            let display = display_of(plan, &draft.row.values, false, &[]).unwrap_or_default();
            let why = format!("随{}“{display}”删除", plan.entity.title);
            self.delete_along(tx, &plans, actor, id, &removal, why.trim()).await?;
            // Hooks of what went along may have changed the record.
            draft = self.load_draft(tx, &plans, plan, actor, &access, id, None, Change::Deleted).await?;
        }
        self.remove(tx, &plans, actor, draft, None, why).await?;
        let at_ms = self.now().as_millisecond();
        for (entity, ids) in removal.rows_of_rows.iter().filter(|(_, ids)| !ids.is_empty()) {
            let table = plans.entity(entity)?.table.as_str();
            let ids = Condition::is_in(table, "id", ids.iter().map(String::as_str));
            tx.update(table, gone(at_ms, Some(id)), ids).await?;
        }
        Ok(())
    }

    /// Deletes what goes along, the last found first: records go before those they refer to.
    async fn delete_along(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        with: &str,
        removal: &Removal,
        why: &str,
    ) -> Result<()> {
        let platform = actor.on_behalf();
        for (entity, id) in removal.cascaded.iter().rev() {
            let plan: &std::sync::Arc<EntityPlan> = plans.entity(entity)?;
            let access = Access::of(plans, plan, &platform, Operation::Delete)?;
            let draft =
                self.load_draft(tx, plans, plan, &platform, &access, id, None, Change::Deleted).await?;
            self.remove(tx, plans, &platform, draft, Some(with), Some(why)).await?;
        }
        Ok(())
    }

    async fn remove(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        mut draft: Draft,
        along_with: Option<&str>,
        why: Option<&str>,
    ) -> Result<()> {
        let all: Vec<usize> = (0..draft.plan.children.len()).collect();
        load_tables(self, tx, plans, &mut draft, &all).await?;
        for table in &mut draft.tables {
            table.given = true;
            table.removed.extend(table.rows.drain(..).filter_map(|row| row.before));
        }
        let checked = Checked::from(self, tx, plans, actor, draft, &mut Known::default(), Vec::new()).await?;
        let stored = Stored::from(self, tx, actor, Sealed::from(self, checked)?, along_with).await?;
        leave_trail(self, tx, actor, &stored, why).await?;
        self.after_save(tx, actor, &stored).await
    }
}
