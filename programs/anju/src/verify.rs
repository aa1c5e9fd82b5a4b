//! Looking through the database for rows that were changed past the platform.

use std::{io::Write, sync::Arc};

use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_runtime::{IntegrityRun, Runtime, Settings, StartUp, damaged_kernel_rows, records::Actor};
use anyhow::{Context, bail};

use crate::apps;

/// Looks through all authenticated tables and prints every damaged row the run names; fails when there is one. For the
/// release that serves the database, which may be at work meanwhile; another one is refused.
pub async fn verify(settings: Settings) -> anyhow::Result<()> {
    let keys = settings.data_dir.join("keys");
    if !keys.is_file() {
        bail!("no keys at {}: without them nothing can be verified", keys.display());
    }
    let start_up = StartUp {
        apps: apps(),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandom),
        upgrades: false,
    };
    let runtime = match Runtime::start(settings.clone(), start_up).await {
        Ok(runtime) => runtime,
        Err(error) => return without_definitions(&settings, error.into()).await,
    };
    let run = runtime.verify_integrity(&Actor::system("anju verify")).await;
    runtime.store.close().await;
    let run = run.context("the tables could not be read to their end")?;
    print(&run)?;
    match run.damaged {
        0 => Ok(()),
        damaged => bail!("{damaged} rows were changed past the platform"),
    }
}

/// What can be told of a platform that does not start.
async fn without_definitions(settings: &Settings, error: anyhow::Error) -> anyhow::Result<()> {
    let damaged = damaged_kernel_rows(settings, &OsRandom).await?;
    let mut out = std::io::stdout().lock();
    for (table, key) in &damaged {
        writeln!(out, "{table} {key}: code")?;
    }
    writeln!(out, "{} damaged rows of the platform's own tables; records were not looked at", damaged.len())?;
    Err(error.context("the platform does not start"))
}

fn print(run: &IntegrityRun) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for row in run.named.as_array().into_iter().flatten() {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let field = row["field"].as_str().map(|field| format!(" {field}")).unwrap_or_default();
        writeln!(out, "{} {}: {}{field}", text("table"), text("key"), text("flaw"))?;
    }
    writeln!(out, "{} rows looked at, {} damaged", run.rows, run.damaged)?;
    Ok(())
}
