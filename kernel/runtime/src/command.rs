use anju_process::Error;
use anju_records::{Actor, Object, Record};
use anju_store::Tx;
use async_trait::async_trait;
use serde_json::Value;

use crate::Runtime;

/// A named function of an application, called by effects and by answers from outside. Everything it does
/// belongs to the caller's transaction.
#[async_trait]
pub trait Command: Send + Sync {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome, Error>;
}

/// What a command may use.
pub struct CommandContext<'a> {
    pub runtime: &'a Runtime,
    pub tx: &'a mut Tx,
    pub actor: &'a Actor,
    pub entity: &'a str,
    pub record_id: &'a str,
    /// The running process that called it, if any.
    pub instance_id: Option<&'a str>,
    /// The element of the process that called it.
    pub element: Option<&'a str>,
}

/// What a command leaves behind.
#[derive(Debug, Default)]
pub struct CommandOutcome {
    /// Merged into the process's variables, or returned to the caller of an action.
    pub vars: Object,
    /// The service task waits until it is signalled.
    pub pending: bool,
}

impl CommandOutcome {
    pub fn done() -> Result<Self, Error> {
        Ok(Self::default())
    }

    /// The service task waits for a signal.
    pub fn pending() -> Result<Self, Error> {
        Ok(Self { pending: true, ..Self::default() })
    }
}

impl CommandContext<'_> {
    /// The record at hand, sensitive fields in clear.
    pub async fn record(&mut self) -> Result<Record, Error> {
        let system = self.actor.on_behalf();
        Ok(self.runtime.records.read_in(self.tx, &system, self.entity, self.record_id).await?)
    }

    /// Changes fields of the record at hand, `system` fields included.
    pub async fn set(&mut self, changes: impl IntoIterator<Item = (&str, Value)>) -> Result<(), Error> {
        let changes: Object = changes.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let system = self.actor.on_behalf();
        self.runtime
            .records
            .patch(self.tx, &system, self.entity, self.record_id, None, changes, None)
            .await?;
        Ok(())
    }
}
