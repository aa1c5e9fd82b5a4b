//! What the rest of the kernel asks of records besides reading and writing them.

use std::collections::HashSet;

use anju_store::{ColumnKind, Condition, Fetch, Select, Tx};
use serde_json::Value;

use crate::{
    Actor, Error, Object, Records, Result,
    access::{Access, Operation},
    sequence::SequencePlan,
};

impl Records {
    pub(crate) async fn lock_inner(&self, tx: &mut Tx, entity: &str, id: &str) -> Result<()> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let select = Select::from(plan.table.as_str())
            .column("id", ColumnKind::Text)
            .filter(Condition::eq(plan.table.as_str(), "id", id))
            .for_update();
        tx.fetch_optional(&select).await?;
        Ok(())
    }

    pub(crate) async fn draw_number_inner(
        &self,
        tx: &mut Tx,
        sequence: &str,
        entity: &str,
        record: &Object,
    ) -> Result<String> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let definition = plans.catalog.sequence(sequence);
        let definition = definition.ok_or_else(|| Error::Internal(format!("no sequence `{sequence}`")))?;
        let values: Vec<Value> =
            plan.fields.iter().map(|field| record.get(&field.name).cloned().unwrap_or_default()).collect();
        SequencePlan::compile(definition)?.draw(tx, plan, &values, self.today()).await
    }

    /// Whether the actor may read records of the entity at all, whichever.
    pub fn may_read(&self, actor: &Actor, entity: &str) -> bool {
        self.visible_fields(actor, entity).is_some()
    }

    /// The fields of the entity that the actor may see; `None` without the right to read it.
    pub fn visible_fields(&self, actor: &Actor, entity: &str) -> Option<HashSet<String>> {
        let plans = self.plans().ok()?;
        let plan = plans.entity(entity).ok()?;
        let access = Access::of(&plans, plan, actor, Operation::Read).ok()?;
        let seen = plan.fields.iter().enumerate().filter(|(position, _)| access.sees(*position));
        Some(seen.map(|(_, field)| field.name.clone()).collect())
    }

    /// Refuses an actor without the right to import into the entity.
    pub fn may_import(&self, actor: &Actor, entity: &str) -> Result<()> {
        self.require(actor, entity, Operation::Import)
    }

    /// Refuses an actor without the right to an action of the entity.
    pub fn may_act(&self, actor: &Actor, entity: &str, action: &str) -> Result<()> {
        self.require(actor, entity, Operation::Action(action))
    }

    fn require(&self, actor: &Actor, entity: &str, operation: Operation<'_>) -> Result<()> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        Access::of(&plans, plan, actor, operation).map(|_| ())
    }
}
