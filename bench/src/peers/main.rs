//! The platform beside Directus and Strapi: create, read and filtered list of the same entity, over HTTP, on one
//! PostgreSQL server, by an ordinary user who may see the rows of one district. `bench/peers/README.md` says how.

mod database;
mod dialect;
mod directus;
mod platform;
mod report;
mod seed;
mod strapi;
mod system;
mod tenancy;
mod verify;
mod work;

use std::{fs, io::Write, path::PathBuf, process::ExitCode, time::Duration};

use anju_bench::load::{self, Plan};
use anyhow::{Context, ensure};
use clap::Parser;
use futures::future::try_join_all;

use crate::{
    report::Report,
    seed::Seeded,
    system::{Place, System},
    work::{Operation, Work},
};

#[derive(Parser)]
#[command(name = "anju-bench-peers", about = "Measures the platform beside Directus and Strapi")]
struct Arguments {
    /// A PostgreSQL server whose databases may be made.
    #[arg(long, env = "ANJU_TEST_POSTGRES_URL")]
    postgres: String,
    /// Folder with the peers installed (`scripts/install-peers`); data and output of the servers go there too.
    #[arg(long, default_value = "target/peers")]
    folder: PathBuf,
    /// The platform's program.
    #[arg(long, default_value = "target/bench-run/anju")]
    program: PathBuf,
    /// Tenancies in each system before measuring.
    #[arg(long, default_value_t = 20_000)]
    rows: u32,
    /// Keep-alive connections of the client.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Rounds; each measures all systems.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Milliseconds for one system in one round.
    #[arg(long, default_value_t = 2_000)]
    round_ms: u64,
    /// The peers answer without the name of the office, as they do by default; the platform always gives it.
    #[arg(long)]
    plain_references: bool,
    /// Only this operation.
    #[arg(long, value_enum)]
    operation: Option<Operation>,
    /// Writes the figures into this file as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// One thread: the client must leave the processors to the servers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (server, _) = arguments.postgres.rsplit_once('/').context("a URL with a database at its end")?;
    let folder = fs::canonicalize(&arguments.folder).context("the peers are not installed")?;
    let place = Place { folder, postgres: server.to_owned(), names: !arguments.plain_references };
    database::create(&place, &["anju", "directus", "strapi"]).await?;
    let data = place.folder.join("anju");
    if data.exists() {
        // Keys of a database that is gone.
        fs::remove_dir_all(data)?;
    }
    say("starting")?;
    let systems = vec![
        platform::start(&place, &fs::canonicalize(&arguments.program)?).await?,
        directus::start(&place).await?,
        strapi::start(&place).await?,
    ];
    for system in &systems {
        database::index(&place, system).await?;
    }
    say("filling")?;
    let seeded = try_join_all(systems.iter().map(|system| seed::fill(system, arguments.rows))).await?;
    for (system, seeded) in systems.iter().zip(&seeded) {
        database::settle(&place, system).await?;
        verify::verify(system, seeded, &place, arguments.rows).await?;
    }
    let report = measure(arguments, &place, &systems, &seeded).await?;
    for system in systems {
        system.server.stop().await?;
    }
    if let Some(path) = &arguments.json {
        fs::write(path, format!("{:#}\n", report.to_json()))?;
    }
    Ok(std::io::stdout().lock().write_all(report.to_string().as_bytes())?)
}

async fn measure(
    arguments: &Arguments,
    place: &Place,
    systems: &[System],
    seeded: &[Seeded],
) -> anyhow::Result<Report> {
    let Arguments { rows, connections, rounds, round_ms, .. } = *arguments;
    let plan = Plan { connections, rounds, round: Duration::from_millis(round_ms) };
    let versions: Vec<String> =
        systems.iter().map(|system| format!("{} {}", system.name, system.version)).collect();
    let references = if place.names { "with names" } else { "the peers' without names" };
    let mut report = Report::new(format!(
        "{}; {}; references {references}; {rows} rows, {connections} connections, median of {rounds} rounds of {round_ms} ms each",
        versions.join(", "),
        database::settings(place).await?,
    ));
    let wanted = |operation: &Operation| arguments.operation.is_none_or(|wanted| wanted == *operation);
    for operation in Operation::ALL.into_iter().filter(wanted) {
        say(operation.name())?;
        let mut works = Vec::new();
        for (system, seeded) in systems.iter().zip(seeded) {
            works.push(Work::prepare(operation, system, seeded, rows).await?);
        }
        let samples = load::measure(&works, &plan).await.context(operation.name())?;
        for work in &works {
            let (there, told) = (database::count(place, work.system).await?, rows + work.created());
            ensure!(there == told, "{}: {there} rows, not {told}", work.system.name);
        }
        report.add(operation, systems, samples);
    }
    Ok(report)
}

/// Where the run has got to, for whoever waits.
fn say(what: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{what} …")?)
}
