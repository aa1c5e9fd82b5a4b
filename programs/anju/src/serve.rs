//! Starting, serving, stopping.

use std::{collections::BTreeMap, io::Write, net::SocketAddr, path::PathBuf, sync::Arc, time::Instant};

use anju_calendar::{Clock, SystemClock};
use anju_crypto::OsRandom;
use anju_http::ServerOptions;
use anju_runtime::{Runtime, Settings, StartUp, Worker, records::Actor, store::SoleUse};
use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::{apps, clock::FileClock, demo};

pub struct Options {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub database: Option<String>,
    pub public_url: Option<String>,
    pub web: PathBuf,
    pub agencies: String,
    pub demo_cases: Option<u32>,
    pub export_approval_rows: u64,
    pub export_hours: u32,
    pub clock_file: Option<PathBuf>,
}

/// Serves until SIGTERM or SIGINT, then lets running requests and jobs end.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let began = Instant::now();
    log_to_stderr();
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("cannot listen on {}", options.listen))?;
    let clock: Arc<dyn Clock> = match options.clock_file {
        Some(path) => Arc::new(FileClock::new(path)),
        None => Arc::new(SystemClock),
    };
    let mut settings = Settings::embedded(&options.data);
    if let Some(database) = options.database {
        settings.database_url = database;
    }
    let address = listener.local_addr()?;
    settings.public_url =
        options.public_url.unwrap_or_else(|| format!("http://localhost:{}", address.port()));
    settings.exchange.approval_rows = options.export_approval_rows;
    settings.exchange.exports_kept = jiff::SignedDuration::from_hours(i64::from(options.export_hours));
    settings.endpoints = BTreeMap::from([("agencies".to_owned(), options.agencies)]);
    // Held until the process ends, however it ends.
    let sole_use = SoleUse::of(&settings.database_url)?;
    if let Some(cases) = options.demo_cases {
        demo::fill(&settings, clock.now(), cases).await?;
    }
    let runtime = Runtime::start(
        settings,
        StartUp { apps: apps(), clock, randomness: Arc::new(OsRandom), upgrades: true },
    )
    .await?;
    announce_first_accounts(&runtime).await?;

    if let Some(proof) = &sole_use {
        let freed = Worker::take_over(&runtime, proof).await?;
        tracing::info!(freed, "jobs taken over");
    }
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(runtime.clone(), stop.clone()).run());
    let web_dir = options.web.join("index.html").is_file().then_some(options.web);
    let router = anju_http::router(runtime.clone(), &ServerOptions { web_dir });
    tracing::info!(%address, started_ms = began.elapsed().as_millis() as u64, "ready");
    println_line(&format!("Anju is ready at {}", runtime.settings.public_url))?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopping = stop.clone();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            until_told_to_stop().await;
            stopping.cancel();
        })
        .await?;
    stop.cancel();
    worker.await?;
    runtime.store.close().await;
    Ok(())
}

/// On the very first start: three administrators with one-time passwords, printed once.
async fn announce_first_accounts(runtime: &Runtime) -> anyhow::Result<()> {
    let mut tx = runtime.store.begin().await?;
    let Some(credentials) = runtime.identity.bootstrap(&mut tx).await? else { return Ok(()) };
    anju_app_platform::create_holidays(runtime, &mut tx, &Actor::system("first start")).await?;
    // Before the commit: passwords that were shown in vain are replaced at the next start, unseen ones are lost.
    println_line(
        "First start. One-time credentials, shown only now; each must be changed at the first log-in:",
    )?;
    for credential in credentials {
        println_line(&format!(
            "  {:<28} {}  ({})",
            credential.account, credential.password, credential.title
        ))?;
    }
    tx.commit().await?;
    runtime.reload_calendar().await?;
    Ok(())
}

fn println_line(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn log_to_stderr() {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("ANJU_LOG").unwrap_or_else(|_| "info,sqlx=warn".into());
    // Already set when several servers run in one test process.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

async fn until_told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
