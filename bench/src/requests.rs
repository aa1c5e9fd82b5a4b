//! The three operations: what is asked of the platform and of the bare handler, and which statements that takes.

use std::net::SocketAddr;

use anju::demo::dice::Dice;
use anju_bench::client::{Connection, request};
use serde_json::{Value, json};

use crate::{
    bare::{Bare, PAGE},
    capture::Listener,
    platform::Platform,
    seed::{CASE, application},
};

/// Records read in turn, and applications entered in turn.
const VARIETY: usize = 500;
/// Everything that is asked, with an answer and the statements of each operation.
pub struct Requests {
    pub read: Exchange,
    pub list: Exchange,
    pub create: Exchange,
    ids: Vec<String>,
    statuses: Vec<String>,
    applications: Vec<Value>,
    platform: SocketAddr,
    session: Vec<String>,
}

/// One request as the platform answered it, and what it executed for that.
pub struct Exchange {
    pub asked: String,
    pub answer: Value,
    pub statements: Vec<String>,
}

/// One operation to measure.
pub struct Operation {
    pub name: &'static str,
    /// The ratio aimed at.
    pub aim: f64,
    pub ours: Side,
    pub bare: Side,
}

/// Requests to one server, to be sent in turn.
pub struct Side {
    pub address: SocketAddr,
    pub requests: Vec<Vec<u8>>,
    /// The status of every answer.
    pub status: u16,
}

impl Requests {
    pub async fn prepare(platform: &Platform, listener: &Listener) -> anyhow::Result<Self> {
        let mut dice = Dice::new(5);
        let applications: Vec<Value> = (0..VARIETY)
            .map(|_| Value::Object(application(&mut dice, &platform.runtime, "310115")))
            .collect();
        let seeded = &platform.seeded;
        let ids: Vec<String> = seeded.ids.iter().take(VARIETY).cloned().collect();
        let session = &platform.session.0;
        let (id, status) = (ids[0].clone(), seeded.statuses[0].clone());
        let read = our_read(&id, session);
        let list = our_list(&status, session);
        let create = our_create(&applications[0], session);
        Ok(Self {
            read: exchange(platform, listener, id, &read, 200).await?,
            list: exchange(platform, listener, status, &list, 200).await?,
            create: exchange(platform, listener, String::new(), &create, 201).await?,
            ids,
            statuses: seeded.statuses.clone(),
            applications,
            platform: platform.address,
            session: session.clone(),
        })
    }

    pub fn operations(&self, bare: &Bare) -> [Operation; 3] {
        let ours = |requests, status| Side { address: self.platform, requests, status };
        let theirs = |requests, status| Side { address: bare.address, requests, status };
        let session = &self.session;
        [
            Operation {
                name: "read",
                aim: 0.6,
                ours: ours(self.ids.iter().map(|id| our_read(id, session)).collect(), 200),
                bare: theirs(self.ids.iter().map(|id| bare_read(id)).collect(), 200),
            },
            Operation {
                name: "list",
                aim: 0.7,
                ours: ours(self.statuses.iter().map(|status| our_list(status, session)).collect(), 200),
                bare: theirs(self.statuses.iter().map(|status| bare_list(status)).collect(), 200),
            },
            Operation {
                name: "create",
                aim: 0.35,
                ours: ours(self.applications.iter().map(|body| our_create(body, session)).collect(), 201),
                bare: theirs(self.applications.iter().map(bare_create).collect(), 201),
            },
        ]
    }

    /// One of the applications.
    pub fn application(&self) -> &Value {
        &self.applications[0]
    }

    /// The statements of each operation, for people.
    pub fn statements(&self) -> String {
        let mut text = String::new();
        for (name, exchange) in [("read", &self.read), ("list", &self.list), ("create", &self.create)] {
            text.push_str(&format!("-- {name}\n{}\n\n", exchange.statements.join("\n")));
        }
        text
    }
}

/// Asks twice and listens the second time, when the caseworker's session is known and statements are prepared.
async fn exchange(
    platform: &Platform,
    listener: &Listener,
    asked: String,
    bytes: &[u8],
    status: u16,
) -> anyhow::Result<Exchange> {
    let mut connection = Connection::open(platform.address).await?;
    connection.send(bytes).await?.json(status)?;
    let work = async { connection.send(bytes).await?.json(status) };
    let (answer, statements) = listener.hear(work).await?;
    Ok(Exchange { asked, answer, statements })
}

fn our_read(id: &str, session: &[String]) -> Vec<u8> {
    request("GET", &format!("/api/records/{CASE}/{id}"), session, None)
}

/// What the list page of cases asks, filtered by state.
fn our_list(status: &str, session: &[String]) -> Vec<u8> {
    let body = json!({
        "where": { "and": [
            { "field": "housing_kind", "op": "eq", "value": "public_rental" },
            { "field": "status", "op": "ne", "value": "deleted" },
            { "field": "status", "op": "eq", "value": status },
        ] },
        "select": ["case_no", "applicant_name", "id_no", "status", "channel", "district", "operator",
            "household_size", "per_capita_area", "submitted_at"],
        "sort": [{ "field": "submitted_at", "dir": "desc" }],
        "page": { "size": PAGE, "number": 1 },
    });
    request("POST", &format!("/api/records/{CASE}/query"), session, Some(&body))
}

fn our_create(application: &Value, session: &[String]) -> Vec<u8> {
    request("POST", &format!("/api/records/{CASE}"), session, Some(application))
}

pub fn bare_read(id: &str) -> Vec<u8> {
    request("GET", &format!("/cases/{id}"), &[], None)
}

pub fn bare_list(status: &str) -> Vec<u8> {
    request("POST", "/cases/query", &[], Some(&json!({ "status": status })))
}

pub fn bare_create(application: &Value) -> Vec<u8> {
    request("POST", "/cases", &[], Some(application))
}
