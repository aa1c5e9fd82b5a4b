//! Who works on the cases, and what surrounds the platform.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anju_calendar::Clock;
use anju_store::{ColumnKind, Condition, Fetch, Select, Store};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    caller::{Caller, Line},
    time::Time,
};

/// Half a day: an answer of the next day is there at the next step of the clock.
const AGENCY_DAY: Duration = Duration::from_secs(12 * 3_600);
const PATIENCE: Duration = Duration::from_secs(120);
const LOOKED_EVERY: Duration = Duration::from_millis(400);

pub struct Office {
    pub clerk: Caller,
    pub reviewer: Caller,
    pub confirmer: Caller,
    pub district: Caller,
    pub manager: Caller,
    pub city: Caller,
    pub time: Arc<Time>,
    agencies: String,
    line: Line,
}

impl Office {
    /// Reached at `base`, where so many `kills` have happened.
    pub fn new(base: &str, kills: watch::Receiver<u64>, agencies: String, time: Arc<Time>) -> Self {
        let line = Line { kills, acknowledged: watch::Sender::new(0), unheard: watch::Sender::new(0) };
        let caller = |account| Caller::new(base, account, line.clone());
        Self {
            clerk: caller("pudong-clerk"),
            reviewer: caller("pudong-review"),
            confirmer: caller("pudong-confirm"),
            district: caller("pudong-district"),
            manager: caller("pudong-manager"),
            city: caller("city"),
            time,
            agencies,
            line,
        }
    }

    /// How many changes the server has acknowledged.
    pub fn acknowledged(&self) -> watch::Receiver<u64> {
        self.line.acknowledged.subscribe()
    }

    /// How many changes were done without the caseworkers hearing of it, so that they asked again.
    pub fn unheard(&self) -> u64 {
        *self.line.unheard.borrow()
    }

    /// Asks until there is something, while time passes.
    pub async fn wait_for<T, Looking: Future<Output = Option<T>>>(
        &self,
        what: &str,
        look: impl Fn() -> Looking,
    ) -> T {
        if let Some(found) = look().await {
            return found;
        }
        let (_waiting, began) = (self.time.wait(), Instant::now());
        loop {
            tokio::time::sleep(LOOKED_EVERY).await;
            if let Some(found) = look().await {
                return found;
            }
            assert!(began.elapsed() < PATIENCE, "nothing comes of waiting for {what}");
        }
    }

    /// Waits until no job and no event is left to be done.
    pub async fn wait_until_quiet(&self, store: &Store) {
        let open = Select::from("sys_job")
            .column("kind", ColumnKind::Text)
            .column("state", ColumnKind::Text)
            .column("error", ColumnKind::Text)
            .filter(Condition::is_in("sys_job", "state", ["queued", "running"]));
        self.wait_for("the end of all jobs", || async {
            let jobs = store.reader().fetch_all(&open).await.expect("jobs");
            let events = store.pending_events(1).await.expect("events");
            (jobs.is_empty() && events.is_empty()).then_some(())
        })
        .await;
    }

    /// Somebody who owns nothing and is not married, as the outside systems see it.
    pub async fn make_known(&self, id_no: &str) {
        let facts = json!({
            "registry": { "properties": [] },
            "public_housing": { "dwellings": [] },
            "marriage": { "status": "未婚", "registered_on": null, "spouse": null },
            "social_insurance": { "months_paid": 36, "months_continuous": 36, "in_payment": true, "employer": null },
        });
        let url = format!("{}/control/persons/{id_no}", self.agencies);
        let answer = reqwest::Client::new().put(url).json(&facts).send().await.expect("an answer");
        assert!(answer.status().is_success());
    }

    /// What the outside systems were asked or told; `list` names it in their answer.
    pub async fn seen_outside(&self, path: &str, list: &str) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/control/{path}", self.agencies)).await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer[list].as_array().expect("a list").clone()
    }
}

/// The outside systems, which nobody kills.
pub async fn start_agencies(clock: Arc<dyn Clock>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let options = anju_agencies::Options { day: AGENCY_DAY, clock, ..anju_agencies::Options::default() };
    tokio::spawn(async move { anju_agencies::serve(listener, options).await });
    format!("http://{address}")
}
