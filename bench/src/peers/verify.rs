//! What must hold before anything is measured: everybody answers the same, and the row rule hides and refuses.

use anju_bench::client::Connection;
use anyhow::{Context, ensure};
use serde_json::Value;

use crate::{
    dialect::{Ask, Listing, at},
    seed::Seeded,
    system::{Place, System, ask},
    tenancy::{DISTRICTS, OWN, PAGE, STATES, Tenancy, first_page, office_name},
};

struct Clerk<'s> {
    system: &'s System,
    /// Whether answers name the office.
    names: bool,
    session: Vec<String>,
    connection: Connection,
}

pub async fn verify(system: &System, seeded: &Seeded, place: &Place, rows: u32) -> anyhow::Result<()> {
    let session = system.session(system.clerk).await?;
    let connection = Connection::open(system.server.address).await?;
    let mut clerk = Clerk { system, names: place.names, session, connection };
    clerk.reads(seeded).await?;
    clerk.lists(rows).await?;
    clerk.is_kept_from_others(seeded).await
}

impl Clerk<'_> {
    async fn reads(&mut self, seeded: &Seeded) -> anyhow::Result<()> {
        let System { dialect, shape, .. } = self.system;
        let answer = ask(&mut self.connection, &dialect.read(&seeded.ids[0]), &self.session).await?;
        let record = at(&answer, shape.record);
        let row = Tenancy::stored(0);
        let wanted = row.to_json(Value::Null, &Value::Null);
        for (field, value) in wanted.as_object().into_iter().flatten() {
            let same = match field.as_str() {
                "floor_area" => same_area(&record[field], &row),
                "office" => {
                    !self.names || at(record, shape.office_name) == &Value::String(office_name(row.place))
                }
                _ => &record[field] == value,
            };
            ensure!(same, "{}: {field} of the first row: {record}", self.system.name);
        }
        Ok(())
    }

    async fn lists(&mut self, rows: u32) -> anyhow::Result<()> {
        for state in STATES {
            let listed = self.listed(Listing { state: Some(state), district: None }).await?;
            let numbers: Vec<&str> = listed.iter().filter_map(|row| row["number"].as_str()).collect();
            ensure!(numbers == first_page(state, rows), "{}: {state}: {numbers:?}", self.system.name);
            let place = self.system.shape.office_name;
            let named = |row: &Value| at(row, place) == &Value::String(office_name(0));
            ensure!(!self.names || listed.iter().all(named), "{}: {listed:?}", self.system.name);
        }
        Ok(())
    }

    async fn is_kept_from_others(&mut self, seeded: &Seeded) -> anyhow::Result<()> {
        let dialect = &self.system.dialect;
        let all = self.listed(Listing::default()).await?;
        ensure!(all.len() == PAGE && all.iter().all(|row| row["district"] == OWN), "{all:?}");
        for district in &DISTRICTS[1..] {
            let others = self.listed(Listing { state: None, district: Some(district) }).await?;
            ensure!(others.is_empty(), "{}: rows of {district}: {others:?}", self.system.name);
        }
        let (foreign, taken) = (Tenancy::foreign(), Tenancy::stored(0));
        self.is_refused(&dialect.read(&seeded.ids[1])).await?;
        self.is_refused(&dialect.create(&foreign, &seeded.offices[foreign.place])).await?;
        self.is_refused(&dialect.create(&taken, &seeded.offices[taken.place])).await
    }

    async fn listed(&mut self, listing: Listing<'_>) -> anyhow::Result<Vec<Value>> {
        let System { dialect, shape, .. } = self.system;
        let answer = ask(&mut self.connection, &dialect.list(listing), &self.session).await?;
        at(&answer, shape.rows).as_array().cloned().context("a list without rows")
    }

    async fn is_refused(&mut self, step: &Ask) -> anyhow::Result<()> {
        let answer = self.connection.send(&step.from(&self.session)).await?;
        let body = String::from_utf8_lossy(answer.body);
        let refused = matches!(answer.status, 400 | 403 | 404 | 409 | 422);
        ensure!(refused, "{}: {} {}: {} {body}", self.system.name, step.method, step.path, answer.status);
        Ok(())
    }
}

/// Text with two places, or a number.
fn same_area(value: &Value, row: &Tenancy) -> bool {
    let area = match value {
        Value::String(text) => text.parse().ok(),
        number => number.as_f64(),
    };
    area.is_some_and(|area: f64| (area * 100.0).round() as i64 == row.floor_area)
}
