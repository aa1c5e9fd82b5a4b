//! many clients reserve and release units over HTTP, each reservation a change of the unit's state under the
//! version the client saw, with an idempotency key. Counts what succeeded, how long it took, what was refused and why;
//! then holds what clients were told against the version of every unit. A refusal may be a conflict (409), nothing else.

mod estate;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use anju::demo::dice::Dice;
use anju_runtime::records::Actor;
use anyhow::Context;
use futures::future::try_join_all;
use serde_json::{Value, json};

use self::estate::UNIT;
pub use self::estate::{Estate, SELLER, fill};
use crate::platform::Platform;
use anju_bench::{
    client::{Connection, request},
    figures::{microseconds, milliseconds, percentile},
    load::on_own_thread,
};

/// Units a client holds before it gives the first one back.
const HELD_MAX: usize = 4;

pub struct Plan {
    pub clients: usize,
    pub time: Duration,
}

/// What one client did.
#[derive(Default)]
struct Done {
    /// Microseconds from request to answer of each reservation that succeeded.
    waits_us: Vec<u32>,
    /// `(unit, version)` of each change it was told of.
    told: Vec<(usize, i64)>,
    /// Answers that were none of these, by status and code.
    others: BTreeMap<String, usize>,
}

/// The figures.
pub struct Figures {
    setting: String,
    seconds: f64,
    reservations: usize,
    changes: usize,
    /// Microseconds that a reservation waited: p50, p99, longest.
    waits_us: [u32; 3],
    others: BTreeMap<String, usize>,
    /// Versions of a unit that two clients were told of, or that nobody was told of.
    contradictions: usize,
}

/// Lets all clients work for the time given.
pub async fn run(platform: &Platform<Vec<String>>, plan: &Plan, setting: String) -> anyhow::Result<Figures> {
    let units = &platform.seeded;
    let began = Instant::now();
    let done = on_own_thread(async || {
        let clients = (0..plan.clients).map(|number| client(platform, number, began + plan.time));
        try_join_all(clients).await
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let contradictions = contradictions(platform, units, &done).await?;
    let (mut waits_us, mut changes, mut others) = (Vec::new(), 0, BTreeMap::new());
    for one in done {
        changes += one.told.len();
        waits_us.extend(one.waits_us);
        one.others.into_iter().for_each(|(kind, count)| *others.entry(kind).or_default() += count);
    }
    Ok(Figures {
        setting,
        seconds,
        reservations: waits_us.len(),
        changes,
        waits_us: [50, 99, 100].map(|percent| percentile(&mut waits_us, percent)),
        others,
        contradictions,
    })
}

async fn client(platform: &Platform<Vec<String>>, number: usize, end: Instant) -> anyhow::Result<Done> {
    let units = &platform.seeded;
    let mut connection = Connection::open(platform.address).await?;
    let mut dice = Dice::new(number as u64 + 1);
    let mut done = Done::default();
    let mut held: Vec<(usize, i64)> = Vec::new();
    let household = format!("家庭{number}");
    for step in 0.. {
        if Instant::now() >= end {
            break;
        }
        let key = format!("contention-{number}-{step}");
        if held.len() >= HELD_MAX {
            let (unit, version) = held.remove(0);
            let change = json!({ "state": "free", "household": null });
            let told =
                change_unit(platform, &mut connection, &units[unit], version, &key, &change, &mut done)
                    .await?;
            done.told.extend(told.map(|version| (unit, version)));
            continue;
        }
        let unit = dice.between(0, units.len() as i64 - 1) as usize;
        let seen = connection
            .send(&request("GET", &path(&units[unit]), &platform.session, None))
            .await?
            .json(200)?;
        if seen["state"] != "free" {
            continue;
        }
        let version = seen["version"].as_i64().context("a version")?;
        let change = json!({ "state": "taken", "household": household });
        let began = Instant::now();
        let told =
            change_unit(platform, &mut connection, &units[unit], version, &key, &change, &mut done).await?;
        if let Some(version) = told {
            done.waits_us.push(microseconds(began.elapsed()));
            done.told.push((unit, version));
            held.push((unit, version));
        }
    }
    Ok(done)
}

fn path(unit: &str) -> String {
    format!("/api/records/{UNIT}/{unit}")
}

/// The version the unit has after the change; none if it was refused.
async fn change_unit(
    platform: &Platform<Vec<String>>,
    connection: &mut Connection,
    unit: &str,
    version: i64,
    key: &str,
    change: &Value,
    done: &mut Done,
) -> anyhow::Result<Option<i64>> {
    let mut headers = platform.session.clone();
    headers.extend([format!("if-match: {version}"), format!("idempotency-key: {key}")]);
    let answer = connection.send(&request("PATCH", &path(unit), &headers, Some(change))).await?;
    let body: Value = serde_json::from_slice(answer.body)?;
    if answer.status == 200 {
        return Ok(Some(body["version"].as_i64().context("a version")?));
    }
    let kind = format!("{} {}", answer.status, body["code"].as_str().unwrap_or_default());
    *done.others.entry(kind).or_default() += 1;
    Ok(None)
}

/// Every version after the first is told to exactly one client.
async fn contradictions(
    platform: &Platform<Vec<String>>,
    units: &[String],
    done: &[Done],
) -> anyhow::Result<usize> {
    let mut told: BTreeSet<(usize, i64)> = BTreeSet::new();
    let mut found = 0;
    for one in done.iter().flat_map(|done| &done.told) {
        found += usize::from(!told.insert(*one));
    }
    let system = Actor::system("bench");
    for (at, unit) in units.iter().enumerate() {
        let version = platform.runtime.records.read(&system, UNIT, unit).await?.version;
        let of_unit = told.range((at, i64::MIN)..=(at, i64::MAX)).map(|one| one.1);
        found += usize::from(!of_unit.eq(2..=version));
    }
    Ok(found)
}

impl Figures {
    /// Nobody was told what is not so, and whoever was refused came too late.
    pub fn are_sound(&self) -> bool {
        self.contradictions == 0 && self.others.keys().all(|kind| kind.starts_with("409 "))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |count: usize| count as f64 / self.seconds;
        let [p50_ms, p99_ms, longest_ms] = self.waits_us.map(milliseconds);
        writeln!(f, "{}", self.setting)?;
        writeln!(
            f,
            "reservations {:.0} 1/s of {:.0} changes 1/s; waits p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, longest {longest_ms:.1} ms",
            rate(self.reservations),
            rate(self.changes),
        )?;
        writeln!(f, "refused: {:?}; contradictions: {}", self.others, self.contradictions)
    }
}
