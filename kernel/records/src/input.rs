//! Inputs that are no records: what an action asks for is checked like the fields of a record.

use std::sync::Arc;

use anju_definitions::{Entity, Field, ScopePaths};
use anju_store::Tx;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    Actor, Change, Error, Object, Records, Result,
    access::{Access, Operation},
    audit::AuditEntry,
    plan::EntityPlan,
    write::{Draft, DraftRow, Known, Writer, check_references, check_row, parse_into, set_row_defaults},
};

impl Records {
    /// The input in canonical form, defaults set. References must be visible to the actor, files must exist.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all faults.
    pub async fn check_fields(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        fields: &IndexMap<String, Field>,
        input: Object,
    ) -> Result<Object> {
        let plans = self.plans()?;
        let plan = Arc::new(EntityPlan::compile(&plans.catalog, &plans.lists, &Arc::new(form(fields)))?);
        let today = self.today();
        let mut row = DraftRow::new(String::new(), &plan);
        let mut faults = Vec::new();
        let platform = Actor::system("");
        let access = Access::of(&plans, &plan, &platform, Operation::Create)?;
        let writer =
            Writer { actor, access: &access, operation: Operation::Create, today, system: actor.is_system() };
        parse_into(&mut row, &plan, &input, &writer, "", None, &mut faults);
        let nothing = Object::new();
        set_row_defaults(&plan, &mut row, &nothing, actor, today);
        check_row(&plan, &row, &nothing, actor, today, "", &mut faults);
        let draft = Draft::new(plan.clone(), Change::Created, row);
        check_references(self, tx, &plans, actor, &draft, &mut Known::default(), &mut faults).await?;
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let values = plan.fields.iter().zip(draft.row.values).filter(|(_, value)| *value != Value::Null);
        Ok(values.map(|(field, value)| (field.name.clone(), value)).collect())
    }

    /// Notes in the audit log what was done to a record beyond changing its fields.
    pub async fn note(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        event: &str,
        why: Option<&str>,
    ) -> Result<()> {
        self.audit(tx, actor, &AuditEntry::of(event, entity, id).because(why)).await
    }
}

fn form(fields: &IndexMap<String, Field>) -> Entity {
    Entity {
        entity: "form".to_owned(),
        title: String::new(),
        purpose: None,
        key: None,
        display: String::new(),
        parent: None,
        scope: ScopePaths::default(),
        fields: fields.clone(),
        unique: Vec::new(),
        indexes: Vec::new(),
        search: Vec::new(),
        rules: Vec::new(),
        transitions: None,
        actions: IndexMap::new(),
        audit_reads: false,
        effective: None,
        retention: Vec::new(),
    }
}
