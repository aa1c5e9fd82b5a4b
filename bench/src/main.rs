//! Measures the platform, three things in three ways.
//!
//! Without a subcommand: record read, list and create against a bare axum handler that issues the same SQL. The platform
//! runs as in production, over HTTP on loopback, with an ordinary caseworker signed in whose rows are scoped. Beside it,
//! in the same process and on the same database, runs a server without a kernel: it replays the statements the platform
//! was seen to execute ([`capture`]) straight through sqlx. Signing in, rights, checks, encryption and masking are the
//! platform's overhead and have no counterpart there. Rounds alternate between the two, so that what else the machine
//! does hits both; the median of the rounds' ratios is the figure.
//!
//! [`contention`]: many clients reserve and release the same units. [`city`]: lists, searches, figures, export and import
//! on the data of a whole city, beside hand-written SQL.
//!
//! Beside other systems the platform is measured by the other program, `anju-bench-peers`.

mod bare;
mod capture;
mod city;
mod contention;
mod platform;
mod report;
mod requests;
mod seed;
mod statement;

use std::{io::Write, process::ExitCode, time::Duration};

use anju::demo::directory::Staff;
use anju_bench::load::{self, Plan, Samples, on_own_thread};
use anju_runtime::Runtime;
use anju_store::testing::TestDatabase;
use anyhow::{Context, ensure};
use clap::{Parser, Subcommand, ValueEnum};

use crate::{bare::Bare, capture::Listener, platform::Platform, report::Report, requests::Requests};

#[derive(Parser)]
#[command(
    name = "anju-bench",
    about = "Measures the platform: beside a bare handler with the same SQL, under contention, with a whole city"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Which database.
    #[arg(long, value_enum, global = true, default_value = "sqlite")]
    database: Kind,
    /// Cases in the database before measuring.
    #[arg(long, default_value_t = 3_000)]
    cases: u32,
    /// Keep-alive connections of the client.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Rounds; each measures both servers.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Milliseconds for one server in one round.
    #[arg(long, default_value_t = 1_000)]
    round_ms: u64,
    /// Only this operation.
    #[arg(long)]
    operation: Option<String>,
    /// Loads only this server, for a profiler.
    #[arg(long, value_enum)]
    only: Option<Server>,
    /// Prints the statements the bare handler replays, and measures nothing.
    #[arg(long)]
    statements: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Many clients reserve and release units.
    Contention {
        #[arg(long, default_value_t = 64)]
        clients: usize,
        #[arg(long, default_value_t = 1_000)]
        units: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Lists, searches, figures, export and import on the data of a whole city: scripts/city-data anju-bench city.
    City {
        /// How often each question is asked.
        #[arg(long, default_value_t = 200)]
        asked: usize,
        /// Rows of the export and of the import.
        #[arg(long, default_value_t = 100_000)]
        rows: usize,
        /// Only this part.
        #[arg(long, value_enum)]
        part: Option<city::Part>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Server {
    Ours,
    Bare,
}

/// Small values come and go with every record; this allocator takes half the time of the system's for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let listener = Listener::install();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(run(&arguments, &listener)))
        .and_then(|text| Ok(std::io::stdout().lock().write_all(text.as_bytes())?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments, listener: &Listener) -> anyhow::Result<String> {
    if let Some(Command::City { asked, rows, part }) = arguments.command {
        city::run(asked, rows, part).await?;
        return Ok(String::new());
    }
    let database = match arguments.database {
        Kind::Sqlite => TestDatabase::sqlite().await,
        Kind::Postgres => TestDatabase::postgres().await,
    };
    if let Some(Command::Contention { clients, units, seconds }) = arguments.command {
        return contend(database.config().url.clone(), arguments.database, clients, units, seconds).await;
    }
    let platform = Platform::start(database.config().url.clone(), arguments.cases).await?;
    let requests = Requests::prepare(&platform, listener).await?;
    if arguments.statements {
        return Ok(requests.statements());
    }
    let bare = Bare::start(&platform, &requests).await?;
    let plan = Plan {
        connections: arguments.connections,
        rounds: arguments.rounds,
        round: Duration::from_millis(arguments.round_ms),
    };
    let mut report = Report::new(bare.settings().await?, arguments.cases, &plan);
    let wanted = |name: &str| arguments.operation.as_deref().is_none_or(|wanted| wanted == name);
    for operation in requests.operations(&bare).into_iter().filter(|operation| wanted(operation.name)) {
        let Some(only) = arguments.only else {
            let samples = on_own_thread(async || load::measure(&operation.sides, &plan).await);
            let samples = <[Samples; 2]>::try_from(samples.context(operation.name)?);
            report.add(&operation, samples.map_err(|_| anyhow::anyhow!("samples of two sides"))?);
            continue;
        };
        let [ours, bare] = &operation.sides;
        let side = match only {
            Server::Ours => ours,
            Server::Bare => bare,
        };
        let rate = on_own_thread(async || load::exercise(side, &plan).await)?;
        report.note(format!("{}: {rate:.0} 1/s", operation.name));
    }
    platform.stop().await;
    bare.stop().await;
    Ok(report.to_string())
}

async fn contend(
    url: String,
    kind: Kind,
    clients: usize,
    units: usize,
    seconds: u64,
) -> anyhow::Result<String> {
    let mut apps = anju::apps();
    apps.push(Box::new(contention::Estate));
    let prepare = async |runtime: &Runtime, staff: &Staff| contention::fill(runtime, staff, units).await;
    let platform = Platform::start_with(url, apps, contention::SELLER, prepare).await?;
    let plan = contention::Plan { clients, time: Duration::from_secs(seconds) };
    let setting = format!("contention, {kind:?}: {clients} clients, {units} units, {seconds} s");
    let figures = contention::run(&platform, &plan, setting).await?;
    platform.stop().await;
    ensure!(figures.are_sound(), "{figures}not sound: contradictions, or refusals other than conflicts");
    Ok(figures.to_string())
}
