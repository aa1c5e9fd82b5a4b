//! The platform as it serves people: real runtime, real edge, on loopback; a caseworker signed in.

use std::{net::SocketAddr, sync::Arc};

use anju::demo::directory;
use anju_bench::client::{Connection, request};
use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_runtime::{App, Runtime, Settings, StartUp};
use anyhow::Context;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::seed::{Seeded, fill};

/// The caseworker who is measured: sees the cases of one operator.
pub const CLERK: &str = "pudong-clerk";

/// Enough for credentials that live for minutes; the password hash is not what is measured.
const PASSWORD_ROUNDS: u32 = 1_000;

/// A running platform with what was put into it.
pub struct Platform<S = Seeded> {
    pub runtime: Arc<Runtime>,
    pub address: SocketAddr,
    pub session: Session,
    pub seeded: S,
    serving: JoinHandle<std::io::Result<()>>,
    _data: TempDir,
}

/// The header lines of somebody signed in.
#[derive(Clone)]
pub struct Session(pub Vec<String>);

impl Platform {
    /// The platform with cases and the caseworker.
    pub async fn start(database_url: String, cases: u32) -> anyhow::Result<Self> {
        let prepare =
            async |runtime: &Arc<Runtime>| fill(runtime, &directory::staff(runtime).await?, cases).await;
        Self::start_with(database_url, anju::apps(), CLERK, prepare).await
    }
}

impl<S> Platform<S> {
    /// The platform with these applications and what `prepare` puts into it; `account` is signed in.
    pub async fn start_with(
        database_url: String,
        apps: Vec<Box<dyn App>>,
        account: &str,
        prepare: impl AsyncFnOnce(&Arc<Runtime>) -> anyhow::Result<S>,
    ) -> anyhow::Result<Self> {
        let data = TempDir::new()?;
        let settings =
            Settings { database_url, password_rounds: PASSWORD_ROUNDS, ..Settings::embedded(data.path()) };
        let start_up = StartUp { apps, clock: Arc::new(SystemClock), randomness: Arc::new(OsRandom) };
        let runtime = Runtime::start(settings, start_up).await?;
        directory::create(&runtime).await?;
        runtime.reload_calendar().await?;
        let seeded = prepare(&runtime).await?;

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = anju_http::router(runtime.clone(), &anju_http::ServerOptions::default());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await });
        let session = sign_in(address, account).await?;
        Ok(Self { runtime, address, session, seeded, serving, _data: data })
    }

    pub async fn stop(self) {
        self.serving.abort();
        self.runtime.store.close().await;
    }
}

async fn sign_in(address: SocketAddr, account: &str) -> anyhow::Result<Session> {
    let body = json!({ "account": account, "password": directory::PASSWORD });
    let mut connection = Connection::open(address).await?;
    let answer = connection.send(&request("POST", "/api/session", &[], Some(&body))).await?;
    let who = answer.json(200)?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.context("no session cookie")?;
    let csrf = who["csrf"].as_str().context("no CSRF token")?;
    Ok(Session(vec![format!("cookie: {cookie}"), format!("x-csrf-token: {csrf}")]))
}
