//! Actions: what a person may do to a record beyond changing its fields.

use anju_process::{EffectContext, EffectRunner, Error};
use anju_records::{Actor, Object};
use anju_store::Tx;
use serde::Serialize;
use serde_json::Value;

use crate::Runtime;

/// What an action left behind, for one record.
#[derive(Debug, Clone, Serialize)]
pub struct ActionOutcome {
    pub id: String,
    /// Values its effects gave back.
    pub vars: Object,
}

impl Runtime {
    /// Does the action to one record as the actor: right, condition, input, effects; all in the caller's
    /// transaction.
    pub async fn act(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        action: &str,
        id: &str,
        input: Object,
    ) -> Result<ActionOutcome, Error> {
        let catalog = self.catalog.load_full();
        let definition = catalog.entity(entity).ok_or(Error::NotFound)?;
        let Some(rule) = definition.actions.get(action) else { return Err(Error::NotFound) };
        self.records.may_act(actor, entity, action)?;
        let record = self.records.read_in(tx, actor, entity, id).await?;
        if !record.actions().any(|offered| offered == action) {
            let refusal = rule.otherwise.clone().unwrap_or_else(|| format!("当前状态不能{}", rule.title));
            return Err(Error::Conflict { code: "action_not_available".to_owned(), message: refusal });
        }
        let input = self.records.check_fields(tx, actor, &rule.input, input).await?;
        let reason = input.get("reason").and_then(Value::as_str);
        self.records.note(tx, actor, entity, id, &format!("action.{action}"), reason).await?;
        let context = EffectContext {
            actor,
            entity,
            record_id: id,
            instance_id: "",
            element: "",
            input: &input,
            vars: &Object::new(),
        };
        let run = self.effects.run(tx, &context, &rule.effects).await;
        let result = run.map_err(|error| crate::error::of_effect(error, action))?;
        Ok(ActionOutcome { id: id.to_owned(), vars: result.vars })
    }
}
