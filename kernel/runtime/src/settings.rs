use std::{collections::BTreeMap, path::PathBuf};

use jiff::SignedDuration;

/// What an operator decides at the start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `sqlite:<path>` or `postgres://…`.
    pub database_url: String,
    /// Folder of the key file and uploaded files.
    pub data_dir: PathBuf,
    /// Where people reach the platform, without a trailing slash; goes into QR codes.
    pub public_url: String,
    /// Base addresses of outside systems by endpoint name.
    pub endpoints: BTreeMap<String, String>,
    /// Largest upload in bytes.
    pub upload_bytes_max: u64,
    /// Database connections at most.
    pub connections_max: u32,
    /// Rounds of the password hash; fewer only in tests.
    pub password_rounds: u32,
    /// Imports, exports and what is done to many records.
    pub exchange: ExchangeSettings,
}

/// Bounds of what leaves and enters in bulk.
#[derive(Debug, Clone)]
pub struct ExchangeSettings {
    /// Exports of more records need somebody's approval.
    pub approval_rows: u64,
    /// Records of one export at most.
    pub export_rows_max: u64,
    /// How long an export may be fetched.
    pub exports_kept: SignedDuration,
    /// How long the rows that an import refused may be fetched, to be corrected.
    pub reports_kept: SignedDuration,
    /// Largest file to import, in bytes.
    pub import_bytes_max: u64,
    /// Records that one order may act on at most.
    pub bulk_records_max: u64,
}

impl Default for ExchangeSettings {
    fn default() -> Self {
        Self {
            approval_rows: 500,
            export_rows_max: 1_000_000,
            exports_kept: SignedDuration::from_hours(24),
            reports_kept: SignedDuration::from_hours(7 * 24),
            import_bytes_max: 100 * 1024 * 1024,
            bulk_records_max: 10_000,
        }
    }
}

impl Settings {
    /// Defaults around a data folder, on the embedded database.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        Self {
            database_url: format!("sqlite:{}", data_dir.join("anju.db").display()),
            data_dir,
            public_url: "http://localhost:8080".to_owned(),
            endpoints: BTreeMap::new(),
            upload_bytes_max: 20 * 1024 * 1024,
            connections_max: 8,
            password_rounds: 300_000,
            exchange: ExchangeSettings::default(),
        }
    }
}
