//! Proof that one server alone works on the embedded database.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::SqliteConnectOptions;

use crate::{Error, Result};

/// A lock on the embedded database that the operating system lifts when the process ends, however it ends. Whoever
/// has it knows that what other servers left behind, they left for good.
#[derive(Debug)]
pub struct SoleUse {
    _lock: File,
}

impl SoleUse {
    /// Takes the lock; `None` for PostgreSQL, which several servers may share. [`Error::InUse`] if another has it.
    pub fn of(url: &str) -> Result<Option<Self>> {
        if !url.starts_with("sqlite:") {
            return Ok(None);
        }
        let options = SqliteConnectOptions::from_str(url)?;
        let database = options.get_filename();
        if let Some(folder) = database.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let lock = File::options().create(true).truncate(false).write(true).open(beside(database))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: lock })),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(database.display().to_string())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

/// The database itself is locked by SQLite in its own way, which ends with every transaction.
fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
