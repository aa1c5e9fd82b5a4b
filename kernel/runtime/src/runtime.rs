use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use anju_calendar::{Clock, WorkingCalendar};
use anju_connectors::{Connectors, Reply};
use anju_crypto::{Keyring, Randomness};
use anju_decisions::Decisions;
use anju_definitions::{Catalog, SharedCatalog, Source};
use anju_documents::{DocumentMaker, Press};
use anju_identity::{Identity, IdentityPolicy};
use anju_messaging::Messaging;
use anju_process::{EffectRunner, Error as Failure, Processes};
use anju_records::{Actor, Object, Records};
use anju_store::{RowKey, SchemaChange, Store, StoreConfig, TableSpec, Tx};
use arc_swap::ArcSwap;
use jiff::civil::Date;

use crate::directory::Directory;
use crate::{
    App, Command, Error, Registry, Result, Settings,
    effects::Effects,
    inspection::Inspector,
    publishing::{self, Following, Origin},
};

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
    pub(crate) decisions: ArcSwap<Decisions>,
    commands: HashMap<&'static str, Arc<dyn Command>>,
    pub(crate) inspector: Inspector,
    pub(crate) following: Following,
    /// As counted last, for monitoring.
    pub(crate) stuck_instances: AtomicU64,
}

/// What a start needs besides settings.
pub struct StartUp {
    pub apps: Vec<Box<dyn App>>,
    pub clock: Arc<dyn Clock>,
    pub randomness: Arc<dyn Randomness>,
    /// Whether a database of another release, or an empty one, is brought up to this one; it is refused otherwise.
    pub upgrades: bool,
}

impl Runtime {
    /// Opens the store, wires the kernel on the definitions in force, and puts those that this program ships in force,
    /// with the site's own over them, if they are others.
    pub async fn start(settings: Settings, start_up: StartUp) -> Result<Arc<Self>> {
        let StartUp { apps, clock, randomness, upgrades } = start_up;
        let mut registry = Registry::default();
        apps.iter().for_each(|app| app.register(&mut registry));
        let (commands, hooks) = registry.into_parts();
        let inspector = Inspector::of(&commands);
        let shipped: Vec<Source> = apps.iter().flat_map(|app| app.sources()).collect();
        let report = inspector.inspect(&shipped).report(shipped.len());
        if !report.errors.is_empty() {
            return Err(Error::Definitions(report.errors.join("\n")));
        }
        std::fs::create_dir_all(&settings.data_dir)?;
        let keyring = Arc::new(open_keyring(&settings, &*randomness)?);
        let (store, mut schema_changes) = open_store(&settings, keyring.row_key()?, upgrades).await?;
        let mut origin = Origin::read(&store, &inspector, shipped).await?;
        if !upgrades && !origin.is_in_force() {
            return Err(Error::Release);
        }
        let catalog = std::mem::take(&mut origin.inspected.catalog);
        schema_changes.extend(store.extend_schema(&anju_records::tables(&catalog)?).await?);
        let catalog: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
        let decisions = ArcSwap::from_pointee(std::mem::take(&mut origin.inspected.decisions));
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
        let processes = processes.knowing(Arc::new(Directory(identity.clone())));
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
            inspector,
            following: Following::from(origin.number),
            stuck_instances: AtomicU64::new(0),
        });
        runtime.effects.attach(Arc::downgrade(&runtime));
        runtime.tell_of_adopted_rows(&schema_changes).await?;
        runtime.take_over_release(origin).await?;
        runtime.reload_calendar().await?;
        runtime.keep_search_current().await?;
        runtime.keep_timed_starts().await?;
        Ok(runtime)
    }

    /// The civil day in Shanghai.
    pub fn today(&self) -> Date {
        anju_calendar::today(&*self.clock)
    }

    pub fn calendar(&self) -> Arc<WorkingCalendar> {
        self.calendar.load_full()
    }

    /// The decisions in force.
    pub fn decisions(&self) -> Arc<Decisions> {
        self.decisions.load_full()
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
        use anju_connectors::Error as E;
        self.connectors.request(tx, operation, values, reply).await.map_err(|error| match error {
            E::Store(error) => error.into(),
            E::Crypto(error) => error.into(),
            other => Failure::Internal(other.to_string()),
        })
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
        let sent = self.messaging.send(tx, actor, message, &record).await;
        sent.map_err(|error| anju_records::Error::from(error).into())
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

/// The tables that are there whatever the definitions say, those of the store aside.
pub(crate) fn kernel_tables() -> Vec<TableSpec> {
    let mut tables = anju_records::tables(&Catalog::default()).unwrap_or_default();
    tables.extend(anju_process::tables());
    tables.extend(anju_identity::tables());
    tables.extend(anju_connectors::tables());
    tables.extend(crate::document::tables());
    tables.extend(publishing::tables());
    tables.extend(crate::integrity::tables());
    tables
}

/// Rows of the kernel's own tables that were changed past the platform, as table and key: for a platform that does not
/// start, since its definitions may be among them.
pub async fn damaged_kernel_rows(
    settings: &Settings,
    randomness: &dyn Randomness,
) -> Result<Vec<(String, String)>> {
    const BATCH: u64 = 1_000;
    let keyring = open_keyring(settings, randomness)?;
    let (store, _) = open_store(settings, keyring.row_key()?, false).await?;
    let mut damaged = Vec::new();
    for table in store.authenticated_tables() {
        let mut after = None;
        loop {
            let checked = store.check_rows(&table, after.as_ref(), BATCH).await?;
            let unsound = checked.rows.into_iter().filter(|row| !row.sound);
            damaged.extend(unsound.map(|row| (table.clone(), row.key)));
            match checked.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    store.close().await;
    Ok(damaged)
}

fn open_keyring(settings: &Settings, randomness: &dyn Randomness) -> Result<Keyring> {
    let path: &Path = &settings.data_dir.join("keys");
    Ok(Keyring::open_or_create(path, randomness)?.with_password_iterations(settings.password_rounds))
}

async fn open_store(
    settings: &Settings,
    row_key: RowKey,
    alters_tables: bool,
) -> Result<(Store, Vec<SchemaChange>)> {
    let mut config = StoreConfig::new(&settings.database_url, settings.data_dir.join("files"), row_key);
    config.max_connections = settings.connections_max;
    config.alters_tables = alters_tables;
    config.file_bytes_max = settings.upload_bytes_max;
    let store = Store::open(&config).await?;
    let changes = store.sync_schema(&kernel_tables()).await?;
    for change in &changes {
        tracing::info!(?change, "schema changed");
    }
    Ok((store, changes))
}
