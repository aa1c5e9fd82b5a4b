//! Demonstration data: organisations, accounts and cases at every step, the same for the same size and day.
//! Cases are not written into tables: caseworkers of the demonstration carry them through the real process,
//! on a clock that runs from some weeks ago to now, with the sandbox of outside systems answering.

mod cases;
pub mod dice;
pub mod directory;
pub mod people;
mod plan;

use std::{collections::BTreeMap, sync::Arc};

use anju_calendar::{Clock, ManualClock};
use anju_runtime::{Runtime, Settings, StartUp};
use jiff::Timestamp;

pub use directory::{ACCOUNTS, Demonstrator, PASSWORD};

use crate::apps;

/// Lies in the data folder while the platform is being filled.
const UNFINISHED: &str = "demonstration-unfinished";

/// Fills an empty platform; does nothing when it holds organisations already. A filling that was broken off goes on
/// where it was.
pub async fn fill(settings: &Settings, now: Timestamp, cases: u32) -> anyhow::Result<()> {
    let unfinished = settings.data_dir.join(UNFINISHED);
    let clock = Arc::new(ManualClock::at(now));
    let sandbox = Sandbox::start(clock.clone()).await?;
    let settings = Settings {
        endpoints: BTreeMap::from([("agencies".to_owned(), sandbox.address.clone())]),
        ..settings.clone()
    };
    let start_up = StartUp {
        apps: apps(),
        clock: clock.clone(),
        randomness: Arc::new(anju_crypto::OsRandom),
        upgrades: true,
    };
    let runtime = Runtime::start(settings, start_up).await?;
    let is_new = !directory::is_present(&runtime).await?;
    if is_new {
        std::fs::write(&unfinished, "")?;
        directory::create(&runtime).await?;
    }
    if is_new || unfinished.exists() {
        runtime.reload_calendar().await?;
        cases::create(&runtime, &clock, now, cases).await?;
        std::fs::remove_file(&unfinished)?;
    }
    runtime.store.close().await;
    sandbox.stop().await;
    Ok(())
}

/// Outside systems for the time of filling, on the same clock.
struct Sandbox {
    address: String,
    serving: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    async fn start(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let day = std::time::Duration::from_secs(12 * 3600);
        let options = anju_agencies::Options { day, clock, ..anju_agencies::Options::default() };
        let serving = tokio::spawn(async move {
            if let Err(error) = anju_agencies::serve(listener, options).await {
                tracing::warn!(%error, "the sandbox stopped");
            }
        });
        Ok(Self { address, serving })
    }

    async fn stop(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}
