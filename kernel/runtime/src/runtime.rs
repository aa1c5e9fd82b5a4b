use std::{collections::HashMap, path::Path, sync::Arc};

use anju_calendar::{Clock, WorkingCalendar};
use anju_connectors::{Connectors, Reply};
use anju_crypto::{Keyring, Randomness};
use anju_decisions::Decisions;
use anju_definitions::{Catalog, SharedCatalog};
use anju_documents::{DocumentMaker, Press};
use anju_identity::{Identity, IdentityPolicy};
use anju_messaging::Messaging;
use anju_process::{EffectRunner, Error as Failure, Processes};
use anju_records::{Actor, Object, Records};
use anju_store::{Store, StoreConfig, TableSpec, Tx};
use arc_swap::ArcSwap;
use jiff::civil::Date;

use crate::{App, Command, Error, Registry, Result, Settings, effects::Effects, inspection::inspect};

/// The kernel, started.
pub struct Runtime {
    pub settings: Settings,
    pub store: Store,
    pub catalog: SharedCatalog,
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    pub keyring: Arc<Keyring>,
    pub records: Records,
    pub processes: Processes,
    pub identity: Identity,
    pub connectors: Connectors,
    pub messaging: Messaging,
    pub(crate) documents: Arc<dyn Press>,
    pub(crate) calendar: Arc<ArcSwap<WorkingCalendar>>,
    pub(crate) effects: Arc<Effects>,
    decisions: Arc<Decisions>,
    commands: HashMap<&'static str, Arc<dyn Command>>,
}

/// What a start needs besides settings.
pub struct StartUp {
    pub apps: Vec<Box<dyn App>>,
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
}

impl Runtime {
    /// Checks all definitions, opens the store, brings its schema up to date and wires the kernel.
    pub async fn start(settings: Settings, start_up: StartUp) -> Result<Arc<Self>> {
        let StartUp { apps, clock, randomness } = start_up;
        let mut registry = Registry::default();
        apps.iter().for_each(|app| app.register(&mut registry));
        let (commands, hooks) = registry.into_parts();
        let (catalog, decisions, report) = inspect(&apps, |key| commands.contains_key(key));
        if !report.errors.is_empty() {
            return Err(Error::Definitions(report.errors.join("\n")));
        }

        std::fs::create_dir_all(&settings.data_dir)?;
        let keyring = Arc::new(open_keyring(&settings, &*randomness)?);
        let store = open_store(&settings, &catalog).await?;
        let catalog: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
        let decisions = Arc::new(decisions);
        let records = Records::new(store.clone(), catalog.clone(), keyring.clone(), clock.clone(), hooks);
        let calendar = Arc::new(ArcSwap::from_pointee(WorkingCalendar::default()));
        let effects = Arc::new(Effects::default());
        let known_days = calendar.clone();
        let processes = Processes::new(
            records.clone(),
            store.clone(),
            catalog.clone(),
            Arc::new(move || known_days.load_full()),
            clock.clone(),
            effects.clone() as Arc<dyn EffectRunner>,
        );
        let identity = Identity::new(
            store.clone(),
            records.clone(),
            catalog.clone(),
            keyring.clone(),
            clock.clone(),
            randomness.clone(),
            IdentityPolicy::default(),
        );
        let connectors = Connectors::new(
            store.clone(),
            catalog.clone(),
            settings.endpoints.clone(),
            clock.clone(),
            keyring.clone(),
        )
        .map_err(|error| Error::Job(error.to_string()))?;
        let messaging = Messaging::new(records.clone(), connectors.clone(), catalog.clone(), clock.clone());
        let documents = Arc::new(DocumentMaker::new());

        let runtime = Arc::new(Self {
            settings,
            store,
            catalog,
            clock,
            randomness,
            keyring,
            records,
            processes,
            identity,
            connectors,
            messaging,
            documents,
            calendar,
            effects,
            decisions,
            commands,
        });
        runtime.effects.attach(Arc::downgrade(&runtime));
        runtime.reload_calendar().await?;
        runtime.keep_search_current().await?;
        Ok(runtime)
    }

    /// The civil day in Shanghai.
    pub fn today(&self) -> Date {
        anju_calendar::today(&*self.clock)
    }

    pub fn calendar(&self) -> Arc<WorkingCalendar> {
        self.calendar.load_full()
    }

    pub fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Calls an operation of a connector after the transaction commits. With a reply, its command runs with
    /// `{…payload, answer}` or `{…payload, failure}`.
    pub async fn call(
        &self,
        tx: &mut Tx,
        operation: &str,
        values: Object,
        reply: Option<Reply>,
    ) -> Result<String, Failure> {
        self.connectors
            .request(tx, operation, values, reply)
            .await
            .map_err(|error| Failure::Internal(error.to_string()))
    }

    /// Sends a message about a record; it leaves after the transaction commits.
    pub async fn send_message(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        message: &str,
        entity: &str,
        record_id: &str,
    ) -> Result<(), Failure> {
        let record = self.records.read_in(tx, &actor.on_behalf(), entity, record_id).await?;
        self.messaging
            .send(tx, actor, message, &record)
            .await
            .map_err(|error| Failure::Internal(error.to_string()))
    }

    pub(crate) fn command(&self, key: &str) -> Result<Arc<dyn Command>, Failure> {
        let found = self.commands.get(key).cloned();
        found.ok_or_else(|| Failure::Internal(format!("no command `{key}` is registered")))
    }

    /// Names of all registered commands.
    pub fn command_keys(&self) -> impl Iterator<Item = &str> {
        self.commands.keys().copied()
    }
}

fn open_keyring(settings: &Settings, randomness: &dyn Randomness) -> Result<Keyring> {
    let path: &Path = &settings.data_dir.join("keys");
    Ok(Keyring::open_or_create(path, randomness)?.with_password_iterations(settings.password_rounds))
}

async fn open_store(settings: &Settings, catalog: &Catalog) -> Result<Store> {
    let mut config = StoreConfig::new(&settings.database_url, settings.data_dir.join("files"));
    config.max_connections = settings.connections_max;
    config.file_bytes_max = settings.upload_bytes_max;
    let store = Store::open(&config).await?;
    let mut tables: Vec<TableSpec> = anju_records::tables(catalog)?;
    tables.extend(anju_process::tables());
    tables.extend(anju_identity::tables());
    tables.extend(anju_connectors::tables());
    tables.extend(crate::document::tables());
    for change in store.sync_schema(&tables).await? {
        tracing::info!(?change, "schema changed");
    }
    Ok(store)
}
