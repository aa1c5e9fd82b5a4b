use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use anju::demo::directory;
use anju_calendar::{Clock, ManualClock};
use anju_crypto::OsRandom;
use anju_runtime::{
    App, Runtime, Settings, StartUp, Worker,
    records::{Actor, PageRequest, Query},
};
use anju_store::testing::TestDatabase;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Client, lab};

/// Monday, 2 March 2026, 9 o'clock in Shanghai.
const START: &str = "2026-03-02T09:00:00+08:00";

/// A running platform with the organisations and people of the demonstration, and no cases.
pub struct Platform {
    pub runtime: Arc<Runtime>,
    pub clock: Arc<ManualClock>,
    pub base: String,
    pub agencies: String,
    pub database: TestDatabase,
    _data: TempDir,
}

impl Platform {
    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, Vec::new(), |_| {}).await
    }

    /// With the application of samples, whose keepers are the accounts `city` and `pudong-district`.
    pub async fn with_samples(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        let platform = Self::with(database, vec![Box::new(lab::Lab)], change).await;
        lab::give_role(&platform.runtime, "city", "lab.keeper").await;
        lab::give_role(&platform.runtime, "pudong-district", "lab.district_keeper").await;
        platform
    }

    async fn with(
        database: TestDatabase,
        more: Vec<Box<dyn App>>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let apps = anju::apps().into_iter().chain(more).collect();
        let platform = Self::of(database, apps, change).await;
        directory::create(&platform.runtime).await.expect("the demonstration's directory");
        platform.runtime.reload_calendar().await.expect("the calendar");
        platform
    }

    /// The platform's own application and those given, with people of the city: account, name and role of each. For
    /// tests that go round hundreds of times.
    pub async fn small(
        database: TestDatabase,
        more: Vec<Box<dyn App>>,
        people: &[(&str, &str, &str)],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let own: Box<dyn App> = Box::new(anju_app_platform::Platform);
        let platform = Self::of(database, std::iter::once(own).chain(more).collect(), change).await;
        platform.employ(people).await;
        platform
    }

    async fn of(database: TestDatabase, apps: Vec<Box<dyn App>>, change: impl FnOnce(&mut Settings)) -> Self {
        let clock = Arc::new(ManualClock::at(START.parse().expect("a timestamp")));
        let agencies = start_agencies(clock.clone()).await;
        let data = TempDir::new().expect("a temporary folder");
        let mut settings = Settings {
            database_url: database.config().url.clone(),
            endpoints: BTreeMap::from([("agencies".to_owned(), agencies.clone())]),
            public_url: "http://localhost:8080".to_owned(),
            password_rounds: 1_000,
            ..Settings::embedded(data.path())
        };
        change(&mut settings);
        let runtime = start(settings, apps, &clock).await.expect("the platform starts");
        let asked = runtime.store.clone();
        runtime.keyring.fail_when(move || asked.key_fails());
        let base = start_http(runtime.clone()).await;
        Self { runtime, clock, base, agencies, database, _data: data }
    }

    async fn employ(&self, people: &[(&str, &str, &str)]) {
        let (runtime, system) = (&self.runtime, Actor::system("test"));
        let mut tx = runtime.store.begin().await.expect("a transaction");
        let city = directory::object([
            ("code", json!(directory::CITY)),
            ("title", json!("上海市房屋管理局")),
            ("level", json!("city")),
        ]);
        let city = runtime.records.create(&mut tx, &system, "platform.organisation", city, None).await;
        let city = city.expect("the city").id;
        for (account, name, role) in people {
            let values = directory::object([
                ("account", json!(account)),
                ("name", json!(name)),
                ("phone", json!("13800138000")),
            ]);
            let password = directory::PASSWORD;
            let account = runtime.identity.create_account_with_password(&mut tx, &system, values, password);
            let post = directory::object([
                ("account", json!(account.await.expect("an account"))),
                ("organisation", json!(city)),
                ("title", json!(role)),
                ("roles", json!([role])),
            ]);
            runtime.records.create(&mut tx, &system, "platform.post", post, None).await.expect("a post");
        }
        tx.commit().await.expect("commits");
    }

    /// Another server of the platform on the same database: as a replica, or a program that ships something else.
    pub async fn another(&self, apps: Vec<Box<dyn App>>) -> Result<Arc<Runtime>, anju_runtime::Error> {
        start(self.runtime.settings.clone(), apps, &self.clock).await
    }

    /// A client of another server.
    pub async fn log_in_at(&self, runtime: &Arc<Runtime>, account: &str) -> Client {
        Client::log_in(&start_http(runtime.clone()).await, account, directory::PASSWORD).await
    }

    /// Signed in as an account of the demonstration.
    pub async fn log_in(&self, account: &str) -> Client {
        Client::log_in(&self.base, account, directory::PASSWORD).await
    }

    /// Nobody in particular.
    pub fn public(&self) -> Client {
        Client::public(&self.base)
    }

    /// Does all background work that is due.
    pub async fn settle(&self) {
        Worker::run_due(&self.runtime).await.expect("jobs can be leased");
    }

    /// Lets whole days pass, with the background work of each half day.
    pub async fn pass_days(&self, days: i64) {
        for _ in 0..2 * days {
            self.clock.advance(SignedDuration::from_hours(12));
            self.settle().await;
        }
    }

    /// Id of an account by its name.
    pub async fn account(&self, name: &str) -> String {
        let filter = json!({ "field": "account", "op": "eq", "value": name });
        let query = Query {
            filter: serde_json::from_value(filter).expect("a filter"),
            page: PageRequest { size: 1, ..PageRequest::default() },
            ..Query::default()
        };
        let system = Actor::system("test");
        let page = self.runtime.records.query(&system, "platform.account", &query).await.expect("a query");
        page.items[0].id.clone()
    }

    /// Changes a record as the platform itself.
    pub async fn change(&self, entity: &str, id: &str, changes: Value) {
        let Value::Object(changes) = changes else { panic!("not an object: {changes}") };
        let mut tx = self.runtime.store.begin().await.expect("a transaction");
        let system = Actor::system("test");
        let changed = self.runtime.records.patch(&mut tx, &system, entity, id, None, changes, None).await;
        changed.expect("the record changes");
        tx.commit().await.expect("commits");
    }

    pub fn today(&self) -> String {
        anju_calendar::today(&*self.clock).to_string()
    }

    /// Sets what an agency knows of a person.
    pub async fn set_person(&self, id_no: &str, facts: Value) {
        let url = format!("{}/control/persons/{id_no}", self.agencies);
        let answer = reqwest::Client::new().put(url).json(&facts).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// Sets how an agency behaves.
    pub async fn set_behaviour(&self, agency: &str, behaviour: Value) {
        let url = format!("{}/control/behaviour/{agency}", self.agencies);
        let answer =
            reqwest::Client::new().put(url).json(&behaviour).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// A person who owns nothing, of the given marital status and months of insurance.
    pub async fn a_person_without_housing(&self, id_no: &str, marriage: &str, months: i64) {
        let facts = json!({
            "registry": { "properties": [] },
            "public_housing": { "dwellings": [] },
            "marriage": { "status": marriage, "registered_on": null, "spouse": null },
            "social_insurance": { "months_paid": months, "months_continuous": months, "in_payment": true, "employer": null },
        });
        self.set_person(id_no, facts).await;
    }
}

async fn start(
    settings: Settings,
    apps: Vec<Box<dyn App>>,
    clock: &Arc<ManualClock>,
) -> Result<Arc<Runtime>, anju_runtime::Error> {
    let start_up = StartUp { apps, clock: clock.clone(), randomness: Arc::new(OsRandom), upgrades: true };
    Runtime::start(settings, start_up).await
}

async fn start_agencies(clock: Arc<dyn Clock>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let day = Duration::from_secs(12 * 3600);
    let options = anju_agencies::Options { day, clock, ..anju_agencies::Options::default() };
    tokio::spawn(async move { anju_agencies::serve(listener, options).await });
    format!("http://{address}")
}

/// Serves a runtime; its address.
pub async fn start_http(runtime: Arc<Runtime>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = anju_http::router(runtime, &anju_http::ServerOptions::default());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}")
}
