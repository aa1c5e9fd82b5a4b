//! A platform with its own definitions, a clock that stands still, and people to log in.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{path::Path, sync::Arc};

use anju_calendar::{Clock, ManualClock};
use anju_crypto::{Keyring, Randomness, SeededRandom};
use anju_definitions::{Catalog, Kind, SharedCatalog, Source, load};
use anju_identity::{
    ACCOUNT, AccountRules, Identity, IdentityPolicy, LogInError, ORGANISATION, POST, PostRules, Session,
};
use anju_records::{Actor, Error, Hooks, Object, Records};
use anju_store::{ColumnKind, Condition, Fetch, Select, Store, Tx, testing::TestDatabase};
use arc_swap::ArcSwap;
use serde_json::{Value, json};

pub const PASSWORD: &str = "Shanghai-2026";

const CLERK: &str = "
role: t.clerk
title: 受理经办人
level: operator
permissions:
  platform.organisation: { read: true }
menus: [platform.menu]
rights: [t.right]
";

const REVIEWER: &str = "
role: t.reviewer
title: 复审经办人
level: district
";

pub struct Platform {
    pub db: TestDatabase,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub records: Records,
    pub identity: Identity,
    pub catalog: SharedCatalog,
    pub keyring: Arc<Keyring>,
}

impl Platform {
    pub async fn open(db: TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T09:00:00+08:00".parse().unwrap()));
        let catalog: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog()));
        let store = db.store().clone();
        let mut tables = anju_records::tables(&catalog.load()).unwrap();
        tables.extend(anju_identity::tables());
        store.sync_schema(&tables).await.unwrap();
        let keyring = Arc::new(Keyring::for_tests(7));
        let hooks = Hooks::default().on(POST, Arc::new(PostRules)).on(ACCOUNT, Arc::new(AccountRules));
        let as_clock: Arc<dyn Clock> = clock.clone();
        let records = Records::new(store.clone(), catalog.clone(), keyring.clone(), as_clock, hooks);
        let identity = identity(&store, &records, &catalog, &keyring, &clock, 11);
        Self { db, store, clock, records, identity, catalog, keyring }
    }

    /// The same database served by a process that has just started.
    pub fn restarted(&self) -> Identity {
        identity(&self.store, &self.records, &self.catalog, &self.keyring, &self.clock, 12)
    }

    pub async fn organisation(&self, code: &str, level: &str) -> String {
        let values = object([
            ("code", json!(code)),
            ("title", json!(format!("机构{code}"))),
            ("level", json!(level)),
            ("district", json!("310115")),
        ]);
        self.create(ORGANISATION, values).await.unwrap()
    }

    /// An account with [`PASSWORD`] that need not be changed.
    pub async fn account(&self, name: &str) -> String {
        let mut tx = self.store.begin().await.unwrap();
        let values = object([("account", json!(name)), ("name", json!("陈静怡"))]);
        let system = Actor::system("test");
        let id =
            self.identity.create_account_with_password(&mut tx, &system, values, PASSWORD).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    pub async fn post(&self, account: &str, organisation: &str, roles: &[&str]) -> Result<String, Error> {
        let title = format!("岗位{}", roles.join("、"));
        let values = object([
            ("account", json!(account)),
            ("organisation", json!(organisation)),
            ("title", json!(title)),
            ("roles", json!(roles)),
        ]);
        self.create(POST, values).await
    }

    /// A clerk of an operator in Pudong, `chen.jy`; the account's id.
    pub async fn clerk(&self) -> String {
        let operator = self.organisation("pudong", "operator").await;
        let account = self.account("chen.jy").await;
        self.post(&account, &operator, &["t.clerk"]).await.unwrap();
        account
    }

    pub async fn create(&self, entity: &str, values: Object) -> Result<String, Error> {
        let mut tx = self.store.begin().await.unwrap();
        let created = self.records.create(&mut tx, &Actor::system("test"), entity, values, None).await?;
        tx.commit().await.unwrap();
        Ok(created.id)
    }

    pub async fn patch(&self, entity: &str, id: &str, field: &str, value: Value) -> Result<(), Error> {
        let mut tx = self.store.begin().await.unwrap();
        let changes = object([(field, value)]);
        self.records.patch(&mut tx, &Actor::system("test"), entity, id, None, changes, None).await?;
        tx.commit().await.unwrap();
        Ok(())
    }

    pub async fn log_in(&self, password: &str) -> Result<Session, LogInError> {
        self.identity.log_in("chen.jy", password, Some("10.0.0.1")).await
    }

    pub async fn fail(&self, times: usize) {
        for _ in 0..times {
            assert!(is_refused(&self.log_in("Wrong-2026-x").await));
        }
    }

    pub async fn is_signed_in(&self, session: &Session) -> bool {
        self.identity.actor_of(&session.token).await.unwrap().is_some()
    }

    pub async fn tx(&self) -> Tx {
        self.store.begin().await.unwrap()
    }

    /// Events of the audit log with their reasons, the oldest first.
    pub async fn audited(&self) -> Vec<String> {
        let select = Select::from("sys_audit")
            .column("event", ColumnKind::Text)
            .column("reason", ColumnKind::Text)
            .filter(Condition::is_in("sys_audit", "event", EVENTS))
            .order_by("seq", anju_store::Direction::Ascending);
        let rows = self.store.reader().fetch_all(&select).await.unwrap();
        let line = |row: &anju_store::Row| match row.opt_text(1).unwrap() {
            Some(reason) => format!("{} {reason}", row.text(0).unwrap()),
            None => row.text(0).unwrap().to_owned(),
        };
        rows.iter().map(line).collect()
    }
}

const EVENTS: [&str; 7] = [
    "session.opened",
    "session.refused",
    "session.closed",
    "account.locked",
    "account.unlocked",
    "password.changed",
    "password.issued",
];

pub fn is_refused(result: &Result<Session, LogInError>) -> bool {
    matches!(result, Err(LogInError::Refused))
}

pub fn fault_codes(error: &Error) -> Vec<String> {
    match error {
        Error::Invalid(faults) => {
            faults.iter().map(|fault| format!("{}:{}", fault.field, fault.code)).collect()
        }
        other => panic!("not a fault of input: {other}"),
    }
}

pub fn object<const N: usize>(values: [(&str, Value); N]) -> Object {
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn identity(
    store: &Store,
    records: &Records,
    catalog: &SharedCatalog,
    keyring: &Arc<Keyring>,
    clock: &Arc<ManualClock>,
    seed: u64,
) -> Identity {
    let randomness: Arc<dyn Randomness> = Arc::new(SeededRandom::new(seed));
    Identity::new(
        store.clone(),
        records.clone(),
        catalog.clone(),
        keyring.clone(),
        clock.clone(),
        randomness,
        IdentityPolicy::default(),
    )
}

/// The platform's own definitions, and two roles of an application.
fn catalog() -> Catalog {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/platform/definitions");
    let mut sources = Vec::new();
    for kind in Kind::ALL {
        let Ok(files) = std::fs::read_dir(root.join(kind.folder())) else { continue };
        for file in files {
            let file = file.unwrap();
            let path =
                format!("apps/platform/definitions/{}/{}", kind.folder(), file.file_name().to_string_lossy());
            sources.push(Source::new(path, std::fs::read_to_string(file.path()).unwrap()));
        }
    }
    for (name, text) in [("clerk", CLERK), ("reviewer", REVIEWER)] {
        sources.push(Source::new(format!("apps/t/definitions/roles/{name}.yaml"), text));
    }
    let (catalog, problems) = load(&sources);
    let errors: Vec<String> =
        problems.iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    catalog
}
