//! A whole city's data: operators, projects, buildings, units, cases with their households,
//! certificates, contracts, each with its past over ten years. The same seed and scale make the same city, to the id;
//! only nonces of sealing and the demonstration's log-ins, which go through the ordinary door, differ.
//!
//! Everything is a function of the seed and a number, so that two workers can make it side by side. Cases lie as their
//! process left them; the process's own tokens and tasks are not made, nor are answers of outside systems.

mod cases;
mod certificates;
mod contracts;
mod filling;
mod household;
mod leases;
mod organisations;
mod plan;
mod stock;
mod time;

use std::{sync::Arc, time::Instant};

use anju_calendar::Clock;
use anju_runtime::{
    Runtime, Settings, StartUp,
    records::{Actor, LoadCounts, tables},
};
use anyhow::bail;

use crate::{apps, demo::directory};
use filling::Filling;
use plan::Plan;
pub use plan::Size;

/// Fills an empty database with a city.
///
/// # Errors
/// A database that holds organisations already is left alone.
pub async fn fill(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    size: Size,
    seed: u64,
) -> anyhow::Result<LoadCounts> {
    let began = Instant::now();
    let start_up =
        StartUp { apps: apps(), clock, randomness: Arc::new(anju_crypto::OsRandom), upgrades: true };
    let runtime = Runtime::start(settings.clone(), start_up).await?;
    if directory::is_present(&runtime).await? {
        bail!("the database is not empty: a city is only made where nothing is yet");
    }
    find_nothing_to_make_searchable(&runtime).await?;
    let catalog = runtime.catalog.load_full();
    let plan = Arc::new(Plan::of(&catalog, size, seed));
    // Everything the definitions say but for the indexes, which are built when all is there.
    let specs = tables(&catalog)?;
    runtime.store.drop_indexes(&specs).await?;
    let mut filling = Filling::new(runtime.clone(), plan.clone(), began);
    filling.load("platform.organisation", plan.organisation_count(), organisations::organisation).await?;
    filling.load("eligibility.intake_office", plan.operators.len(), organisations::office).await?;
    filling.load("platform.account", plan.account_count(), organisations::account).await?;
    filling.load("platform.post", plan.account_count(), organisations::post).await?;
    filling.load("supply.project", plan.size.projects, stock::project).await?;
    filling.load("supply.building", plan.size.buildings(), stock::building).await?;
    filling.load("supply.unit", plan.size.units(), stock::unit).await?;
    filling.load("eligibility.case", plan.size.cases, cases::case).await?;
    filling.load("eligibility.certificate", plan.certificates().len(), certificates::certificate).await?;
    filling.load("contracts.contract", plan.leases.len(), contracts::contract).await?;
    filling.finish_numbers().await?;
    filling.note("building the indexes");
    runtime.store.sync_schema(&specs).await?;
    create_log_ins(&runtime, &plan).await?;
    filling.note("analysing");
    runtime.store.analyze().await?;
    filling.note("done");
    runtime.store.close().await;
    Ok(filling.counts)
}

/// Records that are loaded bring the words they are searched by. Noted while the tables are empty, it saves the first
/// start from looking through all of them.
async fn find_nothing_to_make_searchable(runtime: &Runtime) -> anyhow::Result<()> {
    loop {
        let mut tx = runtime.store.begin().await?;
        let step = runtime.records.refresh_search(&mut tx).await?;
        tx.commit().await?;
        if step.is_none() {
            return Ok(());
        }
    }
}

/// The demonstration's people and the calendar, by the ordinary door.
async fn create_log_ins(runtime: &Runtime, plan: &Plan) -> anyhow::Result<()> {
    let system = Actor::system("city data");
    let mut tx = runtime.store.begin().await?;
    anju_app_platform::create_holidays(runtime, &mut tx, &system).await?;
    let mut dice = plan.dice(plan::Kind::Account, u64::MAX);
    let places = organisations::places(plan);
    directory::create_accounts(runtime, &mut tx, &system, &places, &mut dice).await?;
    tx.commit().await?;
    Ok(())
}
