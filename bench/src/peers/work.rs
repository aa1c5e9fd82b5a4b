//! The three operations, and what each single answer must have.

use std::{borrow::Cow, cell::Cell, net::SocketAddr};

use anju_bench::{
    client::Answer,
    load::{self, Target},
};
use anyhow::ensure;
use serde_json::Value;

use crate::{
    dialect::Listing,
    seed::Seeded,
    system::System,
    tenancy::{DISTRICTS, STATES, Tenancy, first_page},
};

/// Records read in turn.
const VARIETY: usize = 1_000;
/// As all three write them.
const NUMBER: &str = "\"number\":\"";
const OWN_DISTRICT: &str = "\"district\":\"310115\"";

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Operation {
    Read,
    List,
    Create,
}

impl Operation {
    pub const ALL: [Self; 3] = [Self::Read, Self::List, Self::Create];

    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Create => "create",
        }
    }
}

/// A request with what its answer must have.
#[derive(Clone)]
pub struct Shot {
    request: Vec<u8>,
    status: u16,
    /// Numbers of the tenancies in the answer, in their order.
    numbers: Vec<String>,
}

impl load::Shot for Shot {
    fn request(&self) -> &[u8] {
        &self.request
    }

    /// The status, exactly the tenancies expected, all of the own district. Texts are looked for rather than parsed,
    /// since the client takes processor time from the server it measures.
    fn check(&self, answer: &Answer<'_>) -> anyhow::Result<()> {
        let body = std::str::from_utf8(answer.body)?;
        let mut numbers = body.match_indices(NUMBER).map(|(at, _)| &body[at + NUMBER.len()..]);
        let mut expected = self.numbers.iter();
        let same =
            numbers.all(|found| expected.next().is_some_and(|number| found.starts_with(number.as_str())));
        let own = body.matches(OWN_DISTRICT).count();
        let right = same && expected.next().is_none() && own == self.numbers.len();
        ensure!(right && answer.status == self.status, "not the answer expected: {} {body}", answer.status);
        Ok(())
    }
}

/// What is asked of one system for one operation, one after the other.
pub struct Work<'s> {
    pub system: &'s System,
    session: Vec<String>,
    /// Asked in turn; empty when everything asked is new.
    ready: Vec<Shot>,
    /// The office of the own district.
    office: &'s Value,
    sent: Cell<u32>,
}

impl<'s> Work<'s> {
    pub async fn prepare(
        operation: Operation,
        system: &'s System,
        seeded: &'s Seeded,
        rows: u32,
    ) -> anyhow::Result<Self> {
        // Anew for each operation, since tokens of the peers end after some minutes.
        let session = system.session(system.clerk).await?;
        let ready = match operation {
            Operation::Read => reads(system, seeded, &session, rows),
            Operation::List => lists(system, &session, rows),
            Operation::Create => Vec::new(),
        };
        Ok(Self { system, session, ready, office: &seeded.offices[0], sent: Cell::new(0) })
    }

    /// Records created so far.
    pub fn created(&self) -> u32 {
        if self.ready.is_empty() { self.sent.get() } else { 0 }
    }
}

impl Target for Work<'_> {
    type Shot = Shot;

    fn name(&self) -> &str {
        self.system.name
    }

    fn address(&self) -> SocketAddr {
        self.system.server.address
    }

    fn next(&self) -> Cow<'_, Shot> {
        let index = self.sent.replace(self.sent.get() + 1);
        if !self.ready.is_empty() {
            return Cow::Borrowed(&self.ready[index as usize % self.ready.len()]);
        }
        let row = Tenancy::created(index);
        let System { dialect, shape, .. } = self.system;
        Cow::Owned(Shot {
            request: dialect.create(&row, self.office).from(&self.session),
            status: shape.created,
            numbers: vec![row.number],
        })
    }

    fn cpu_ms(&self) -> f64 {
        self.system.server.cpu_ms()
    }
}

fn reads(system: &System, seeded: &Seeded, session: &[String], rows: u32) -> Vec<Shot> {
    let own = (0..rows).step_by(DISTRICTS.len()).take(VARIETY);
    own.map(|index| Shot {
        request: system.dialect.read(&seeded.ids[index as usize]).from(session),
        status: 200,
        numbers: vec![Tenancy::stored(index).number],
    })
    .collect()
}

fn lists(system: &System, session: &[String], rows: u32) -> Vec<Shot> {
    let list = |state| system.dialect.list(Listing { state: Some(state), district: None });
    let shot =
        |state| Shot { request: list(state).from(session), status: 200, numbers: first_page(state, rows) };
    STATES.into_iter().map(shot).collect()
}
