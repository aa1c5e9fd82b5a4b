//! Measures record read, list and create of the platform against a bare axum handler that issues the same SQL.
//!
//! The platform runs as in production, over HTTP on loopback, with an ordinary caseworker signed in whose rows are
//! scoped. Beside it, in the same process and on the same database, runs a server without a kernel: it replays the
//! statements the platform was seen to execute ([`capture`]) straight through sqlx. Signing in, rights, checks,
//! encryption and masking are the platform's overhead and have no counterpart there.
//!
//! Rounds alternate between the two, so that what else the machine does hits both; the median of the rounds' ratios
//! is the figure.

mod bare;
mod capture;
mod load;
mod platform;
mod report;
mod requests;
mod seed;
mod statement;

use std::{io::Write, process::ExitCode, time::Duration};

use anju_store::testing::TestDatabase;
use anyhow::Context;
use clap::{Parser, ValueEnum};

use crate::{
    bare::Bare, capture::Listener, load::Plan, platform::Platform, report::Report, requests::Requests,
};

#[derive(Parser)]
#[command(name = "anju-bench", about = "Measures the platform against a bare handler with the same SQL")]
struct Arguments {
    /// Which database.
    #[arg(long, value_enum)]
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
    let database = match arguments.database {
        Kind::Sqlite => TestDatabase::sqlite().await,
        Kind::Postgres => TestDatabase::postgres().await,
    };
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
        let side = match arguments.only {
            Some(Server::Ours) => &operation.ours,
            Some(Server::Bare) => &operation.bare,
            None => {
                report.add(&operation, load::measure(&operation, &plan)?);
                continue;
            }
        };
        report.note(format!("{}: {:.0} 1/s", operation.name, load::exercise(side, &plan)?));
    }
    platform.stop().await;
    bare.stop().await;
    Ok(report.to_string())
}
