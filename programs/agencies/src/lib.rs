//! A sandbox that plays the agencies the platform asks: real-estate registry, public housing, resettlement
//! housing, marriage, social insurance and SMS, over real HTTP with their own answer form
//! `{"code":"0","msg":"成功","data":{…}}`.
//!
//! It knows every person with a valid identity number: answers are derived from the number, the same each
//! time, and can be set one by one through `/control`, as can delays, faults and the passing of days.
//! What it has accepted (receipts, messages, answers given under an idempotency key) survives a restart
//! when it has a data folder; only the log of requests is kept in memory.
//!
//! It never knows the platform: nothing in here depends on a crate that stores, renders or decides.

mod agencies;
mod behaviour;
mod control;
mod desk;
mod id_number;
mod journal;
mod population;
mod world;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anju_calendar::{Clock, SystemClock};
use axum::Router;
use tokio::net::TcpListener;

pub use behaviour::{Behaviour, Fault};
pub use id_number::is_valid as is_valid_id_number;
pub use world::Agency;

/// How the sandbox runs.
#[derive(Clone)]
pub struct Options {
    /// Folder for what must survive a restart; nothing is kept without it.
    pub data: Option<PathBuf>,
    /// How long an agency's "day" lasts: next-day answers are ready one such day after acceptance.
    pub day: Duration,
    /// How late a "slow" answer comes.
    pub slow: Duration,
    /// How long a request that is never answered is held open.
    pub hang: Duration,
    /// Changes the derived population and the faults drawn by rate.
    pub seed: u64,
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: None,
            day: Duration::from_secs(20),
            slow: Duration::from_secs(3),
            hang: Duration::from_secs(120),
            seed: 0,
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why the sandbox cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the data file {path}: {source}")]
    Data { path: PathBuf, source: std::io::Error },
    #[error("line {line} of the data file {path} is damaged: {why}")]
    Damaged { path: PathBuf, line: usize, why: String },
    #[error("cannot serve: {0}")]
    Serve(#[from] std::io::Error),
}

/// All routes, on the state found in the data folder.
pub fn router(options: Options) -> Result<Router, Error> {
    let world = Arc::new(world::World::open(options)?);
    Ok(Router::new()
        .merge(agencies::routes())
        .merge(control::routes())
        .fallback(desk::no_such_interface)
        .layer(axum::extract::DefaultBodyLimit::max(desk::BODY_BYTES_MAX))
        .with_state(world))
}

/// Serves until the future is dropped or the listener fails.
pub async fn serve(listener: TcpListener, options: Options) -> Result<(), Error> {
    axum::serve(listener, router(options)?).await?;
    Ok(())
}
