use std::{collections::BTreeMap, path::PathBuf};

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
        }
    }
}
