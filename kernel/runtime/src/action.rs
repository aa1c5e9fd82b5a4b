//! Actions: what a person may do to a record beyond changing its fields.

use anju_process::{EffectContext, EffectRunner, Error};
use anju_records::{Actor, Object};
use anju_store::Tx;
use serde::Serialize;
use serde_json::Value;

use crate::Runtime;

/// Most records one request may act on.
pub const ACTION_RECORDS_MAX: usize = 500;

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
        if !self.holds_action(actor, entity, action) {
            return Err(Error::Forbidden { message: format!("没有“{}”的权限", rule.title) });
        }
        let record = self.records.read_in(tx, actor, entity, id).await?;
        if !record.actions().any(|offered| offered == action) {
            let refusal = rule.otherwise.clone().unwrap_or_else(|| format!("当前状态不能{}", rule.title));
            return Err(Error::Conflict { code: "action_not_available".to_owned(), message: refusal });
        }
        let input = self.records.check_fields(tx, &rule.input, input).await?;
        self.records.note(tx, actor, entity, id, &format!("action:{action}"), input.get("reason").and_then(Value::as_str)).await?;
        let context = EffectContext {
            actor,
            entity,
            record_id: id,
            instance_id: "",
            element: "",
            input: &input,
            vars: &Object::new(),
        };
        let result = self.effects.run(tx, &context, &rule.effects).await.map_err(|error| error.into_error(action))?;
        Ok(ActionOutcome { id: id.to_owned(), vars: result.vars })
    }

    fn holds_action(&self, actor: &Actor, entity: &str, action: &str) -> bool {
        let catalog = self.catalog.load();
        actor.is_system()
            || actor.roles.iter().filter_map(|role| catalog.role(role)).any(|role| {
                role.permissions.get(entity).is_some_and(|right| right.actions.iter().any(|key| key == action))
            })
    }
}
