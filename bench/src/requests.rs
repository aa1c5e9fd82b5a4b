//! The three operations: what is asked of the platform and of the bare handler, and which statements that takes.

use std::{
    borrow::Cow,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use anju::demo::dice::Dice;
use anju_bench::{
    client::{Answer, Connection, request},
    load::{Shot, Target},
};
use anyhow::ensure;
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
    /// The platform, then the bare handler.
    pub sides: [Side; 2],
}

/// Requests to one server, to be sent in turn.
pub struct Side {
    name: &'static str,
    address: SocketAddr,
    shots: Vec<Asked>,
    /// Requests sent so far; says which is next.
    sent: AtomicUsize,
}

/// A request, and the status of its answer.
#[derive(Clone)]
pub struct Asked {
    request: Vec<u8>,
    status: u16,
}

impl Side {
    fn new(name: &'static str, address: SocketAddr, requests: Vec<Vec<u8>>, status: u16) -> Self {
        let shots = requests.into_iter().map(|request| Asked { request, status }).collect();
        Self { name, address, shots, sent: AtomicUsize::new(0) }
    }
}

impl Target for Side {
    type Shot = Asked;

    fn name(&self) -> &str {
        self.name
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn next(&self) -> Cow<'_, Asked> {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed);
        Cow::Borrowed(&self.shots[sent % self.shots.len()])
    }
}

impl Shot for Asked {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn check(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        ensure!(answer.status == self.status, "{}: {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }
}

impl Requests {
    pub async fn prepare(platform: &Platform, listener: &Listener) -> anyhow::Result<Self> {
        let mut dice = Dice::new(5);
        let applications: Vec<Value> = (0..VARIETY)
            .map(|_| Value::Object(application(&mut dice, &platform.runtime, "310115")))
            .collect();
        let seeded = &platform.seeded;
        let ids: Vec<String> = seeded.ids.iter().take(VARIETY).cloned().collect();
        let session = &platform.session;
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
        let (session, ids, statuses) = (&self.session, &self.ids, &self.statuses);
        let sides = |ours: Vec<Vec<u8>>, theirs: Vec<Vec<u8>>, status| {
            [
                Side::new("the platform", self.platform, ours, status),
                Side::new("the bare handler", bare.address, theirs, status),
            ]
        };
        let read = sides(
            ids.iter().map(|id| our_read(id, session)).collect(),
            ids.iter().map(|id| bare_read(id)).collect(),
            200,
        );
        let list = sides(
            statuses.iter().map(|status| our_list(status, session)).collect(),
            statuses.iter().map(|status| bare_list(status)).collect(),
            200,
        );
        let create = sides(
            self.applications.iter().map(|body| our_create(body, session)).collect(),
            self.applications.iter().map(bare_create).collect(),
            201,
        );
        [
            Operation { name: "read", aim: 0.6, sides: read },
            Operation { name: "list", aim: 0.7, sides: list },
            Operation { name: "create", aim: 0.35, sides: create },
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
