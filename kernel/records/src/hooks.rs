use std::{collections::HashMap, sync::Arc};

use anju_store::Tx;
use async_trait::async_trait;

use crate::{Actor, FieldError, Object, Records, Result};

/// What is being done to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Created,
    Updated,
    Deleted,
    /// Brought back from the recycle bin.
    Restored,
}

/// What a hook is told.
pub struct HookContext<'a> {
    pub records: &'a Records,
    pub actor: &'a Actor,
    pub entity: &'a str,
    pub id: &'a str,
    pub change: Change,
    /// The record before the change, sensitive fields in clear; `None` on creation and restoration.
    pub before: Option<&'a Object>,
    /// The record as it will be (or, on deletion, was), child tables included, sensitive fields in clear.
    pub record: &'a Object,
}

/// Business code of an application at the named places of a save. All run inside the caller's transaction.
#[async_trait]
pub trait Hook: Send + Sync {
    /// Values the application computes; they overwrite the caller's and are checked like them. `system`
    /// fields are allowed. Not called on deletion and restoration.
    async fn before_save(&self, _tx: &mut Tx, _context: &HookContext<'_>) -> Result<Object> {
        Ok(Object::new())
    }

    /// Faults that definitions cannot express. On deletion or restoration, a fault forbids it.
    async fn validate(&self, _tx: &mut Tx, _context: &HookContext<'_>) -> Result<Vec<FieldError>> {
        Ok(Vec::new())
    }

    /// What follows from the change, in the same transaction.
    async fn after_save(&self, _tx: &mut Tx, _context: &HookContext<'_>) -> Result<()> {
        Ok(())
    }
}

/// Hooks by entity key.
#[derive(Clone, Default)]
pub struct Hooks(HashMap<String, Vec<Arc<dyn Hook>>>);

impl Hooks {
    pub fn on(mut self, entity: &str, hook: Arc<dyn Hook>) -> Self {
        self.0.entry(entity.to_owned()).or_default().push(hook);
        self
    }

    pub(crate) fn of(&self, entity: &str) -> &[Arc<dyn Hook>] {
        self.0.get(entity).map_or(&[], Vec::as_slice)
    }
}
