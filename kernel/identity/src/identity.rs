use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anju_calendar::Clock;
use anju_crypto::{Keyring, Randomness};
use anju_definitions::{Catalog, SharedCatalog};
use anju_records::{Actor, Error, Records, Result};
use anju_store::Store;
use jiff::{Timestamp, civil::Date};

use crate::{IdentityPolicy, gate::Gate, sessions::Remembered};

/// Accounts, sessions and how actors follow from them. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    records: Records,
    catalog: SharedCatalog,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    policy: IdentityPolicy,
    gate: Gate,
    remembered: Mutex<HashMap<String, Remembered>>,
}

impl Identity {
    pub fn new(
        store: Store,
        records: Records,
        catalog: SharedCatalog,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        policy: IdentityPolicy,
    ) -> Self {
        let gate = Gate::new(policy.checks_at_once_max, policy.checks_waiting_max);
        let remembered = Mutex::default();
        let shared = Shared { store, records, catalog, keyring, clock, randomness, policy, gate, remembered };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn records(&self) -> &Records {
        &self.shared.records
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    pub(crate) fn keyring(&self) -> &Arc<Keyring> {
        &self.shared.keyring
    }

    pub(crate) fn randomness(&self) -> &Arc<dyn Randomness> {
        &self.shared.randomness
    }

    pub(crate) fn policy(&self) -> &IdentityPolicy {
        &self.shared.policy
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(crate) fn today(&self) -> Date {
        anju_calendar::today(&*self.shared.clock)
    }

    /// Actors of sessions used a moment ago, by digest of the token.
    pub(crate) fn remembered(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        // Entries are inserted and removed whole: a panic elsewhere cannot leave one half-changed.
        self.shared.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses an actor without the named right.
    pub(crate) fn require(&self, actor: &Actor, right: &str) -> Result<()> {
        let catalog = self.catalog();
        let mut roles = actor.roles.iter().filter_map(|role| catalog.role(role));
        if actor.is_system() || roles.any(|role| role.rights.iter().any(|held| held == right)) {
            return Ok(());
        }
        Err(Error::forbidden("没有此项操作的权限"))
    }
}
