//! The platform as it serves people: real runtime, real edge, on loopback; a caseworker signed in.

use std::{net::SocketAddr, sync::Arc};

use anju::demo::directory::{self, Staff};
use anju_bench::session::sign_in;
use anju_calendar::SystemClock;
use anju_crypto::OsRandom;
use anju_runtime::{App, Runtime, Settings, StartUp};
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
    /// The header lines of the person signed in.
    pub session: Vec<String>,
    pub seeded: S,
    serving: JoinHandle<std::io::Result<()>>,
    _data: TempDir,
}

impl Platform {
    /// The platform with cases and the caseworker.
    pub async fn start(database_url: String, cases: u32) -> anyhow::Result<Self> {
        let prepare = async |runtime: &Runtime, staff: &Staff| fill(runtime, staff, cases).await;
        Self::start_with(database_url, anju::apps(), CLERK, prepare).await
    }
}

impl<S> Platform<S> {
    /// The platform with these applications and what `prepare` puts into it; `account` is signed in.
    pub async fn start_with(
        database_url: String,
        apps: Vec<Box<dyn App>>,
        account: &str,
        prepare: impl AsyncFnOnce(&Runtime, &Staff) -> anyhow::Result<S>,
    ) -> anyhow::Result<Self> {
        let data = TempDir::new()?;
        let settings =
            Settings { database_url, password_rounds: PASSWORD_ROUNDS, ..Settings::embedded(data.path()) };
        let start_up =
            StartUp { apps, clock: Arc::new(SystemClock), randomness: Arc::new(OsRandom), upgrades: true };
        let runtime = Runtime::start(settings, start_up).await?;
        let staff = directory::create(&runtime).await?;
        runtime.reload_calendar().await?;
        let seeded = prepare(&runtime, &staff).await?;

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
