//! The same rows in every system, each through its own API.

use std::cell::Cell;

use anju_bench::client::Connection;
use anyhow::Context;
use futures::future::try_join_all;
use serde_json::Value;

use crate::{
    dialect::{at, id_text},
    system::{System, ask},
    tenancy::{DISTRICTS, Tenancy, office_name},
};

/// Rows written at the same time.
const LANES: usize = 8;

/// What a system called the rows.
pub struct Seeded {
    /// Of the offices, by district.
    pub offices: Vec<Value>,
    /// Of the tenancies, by index.
    pub ids: Vec<String>,
}

/// Writes offices and tenancies as somebody who sees all.
pub async fn fill(system: &System, rows: u32) -> anyhow::Result<Seeded> {
    let session = system.session(system.city).await?;
    let mut connection = Connection::open(system.server.address).await?;
    let mut offices = Vec::new();
    for place in 0..DISTRICTS.len() {
        let step = system.dialect.create_office(&office_name(place));
        let answer = ask(&mut connection, &step, &session).await?;
        offices.push(created_id(system, &answer).clone());
    }
    let next = Cell::new(0);
    let lanes = (0..LANES).map(|_| lane(system, &session, &offices, &next, rows));
    let mut ids: Vec<(u32, String)> = try_join_all(lanes).await?.into_iter().flatten().collect();
    ids.sort_unstable();
    Ok(Seeded { offices, ids: ids.into_iter().map(|(_, id)| id).collect() })
}

async fn lane(
    system: &System,
    session: &[String],
    offices: &[Value],
    next: &Cell<u32>,
    rows: u32,
) -> anyhow::Result<Vec<(u32, String)>> {
    let mut connection = Connection::open(system.server.address).await?;
    let mut ids = Vec::new();
    loop {
        let index = next.replace(next.get() + 1);
        if index >= rows {
            return Ok(ids);
        }
        let row = Tenancy::stored(index);
        let step = system.dialect.create(&row, &offices[row.place]);
        let answer = ask(&mut connection, &step, session).await.context(system.name)?;
        ids.push((index, id_text(created_id(system, &answer))?));
    }
}

/// What a system calls the record just created.
fn created_id<'a>(system: &System, answer: &'a Value) -> &'a Value {
    at(at(answer, system.shape.record), system.shape.id)
}
