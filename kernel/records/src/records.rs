use std::sync::Arc;

use anju_calendar::Clock;
use anju_crypto::{Keyring, Place};
use anju_definitions::SharedCatalog;
use anju_store::Store;
use arc_swap::ArcSwapOption;
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use crate::{
    Error, Hooks, QueryLimits, Result,
    plan::{EntityPlan, FieldPlan, Plans},
    value,
};

/// The door to all business data. Cheap to clone.
#[derive(Clone)]
pub struct Records {
    shared: Arc<Shared>,
    limits: QueryLimits,
}

struct Shared {
    store: Store,
    catalog: SharedCatalog,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    hooks: Hooks,
    plans: ArcSwapOption<Plans>,
}

impl Records {
    pub fn new(
        store: Store,
        catalog: SharedCatalog,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        hooks: Hooks,
    ) -> Self {
        Self {
            shared: Arc::new(Shared { store, catalog, keyring, clock, hooks, plans: ArcSwapOption::empty() }),
            limits: QueryLimits::default(),
        }
    }

    /// The same records with other limits of queries.
    pub fn with_limits(self, limits: QueryLimits) -> Self {
        Self { limits, ..self }
    }

    pub(crate) fn limits(&self) -> &QueryLimits {
        &self.limits
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    pub fn catalog(&self) -> &SharedCatalog {
        &self.shared.catalog
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.shared.hooks
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(crate) fn today(&self) -> Date {
        anju_calendar::today(&*self.shared.clock)
    }

    /// The compiled entities of the catalog in force.
    pub(crate) fn plans(&self) -> Result<Arc<Plans>> {
        let catalog = self.shared.catalog.load();
        if let Some(plans) = &*self.shared.plans.load()
            && Arc::ptr_eq(&plans.catalog, &catalog)
        {
            return Ok(plans.clone());
        }
        let plans = Arc::new(Plans::compile(catalog.clone())?);
        self.shared.plans.store(Some(plans.clone()));
        Ok(plans)
    }

    /// An id for a new record: ordered by the time of creation.
    pub(crate) fn new_id(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }

    pub(crate) fn seal(
        &self,
        plan: &EntityPlan,
        field: &FieldPlan,
        id: &str,
        value: &Value,
    ) -> Result<Vec<u8>> {
        self.seal_at(&plan.stem, &field.name, id, value)
    }

    pub(crate) fn seal_at(&self, table: &str, column: &str, row: &str, value: &Value) -> Result<Vec<u8>> {
        let clear = value::clear_text(value);
        Ok(self.shared.keyring.seal(&Place { table, column, row }, clear.as_bytes())?)
    }

    pub(crate) fn open(
        &self,
        plan: &EntityPlan,
        field: &FieldPlan,
        id: &str,
        sealed: &[u8],
    ) -> Result<Value> {
        self.open_at(&plan.stem, &field.name, id, field, sealed)
    }

    pub(crate) fn open_at(
        &self,
        table: &str,
        column: &str,
        row: &str,
        field: &FieldPlan,
        sealed: &[u8],
    ) -> Result<Value> {
        let clear = self.shared.keyring.open(&Place { table, column, row }, sealed)?;
        let text = String::from_utf8(clear).map_err(|cause| Error::Internal(cause.to_string()))?;
        value::from_clear_text(field.kind, text)
    }

    /// A digest by which nobody without the keys learns the value.
    pub(crate) fn fingerprint(&self, key: &str, value: &Value) -> Result<[u8; 16]> {
        Ok(self.shared.keyring.blind_index(key, &value.to_string())?)
    }

    pub(crate) fn blind_index(&self, field: &FieldPlan, value: &Value) -> Result<[u8; 16]> {
        Ok(self.shared.keyring.blind_index(&field.index_key, &value::clear_text(value))?)
    }
}
