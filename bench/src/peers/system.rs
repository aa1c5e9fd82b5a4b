//! One of the systems compared: its server, its API, the people who use it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anju_bench::{client::Connection, server::Server};
use anyhow::{Context, ensure};
use serde_json::Value;

use crate::dialect::{Ask, Dialect, Shape};

/// The person of a peer who is measured, and the one who sees all rows and fills it.
pub const CLERK: &str = "clerk@example.com";
pub const CITY: &str = "city@example.com";
pub const PASSWORD: &str = "Anju-bench-2026";

/// Where systems are set up.
pub struct Place {
    /// Has the peers installed in it.
    pub folder: PathBuf,
    /// Of the PostgreSQL server, up to the name of a database.
    pub postgres: String,
    /// Whether the peers are asked for the names of what references point to; the platform always gives them.
    pub names: bool,
}

impl Place {
    pub fn database_url(&self, database: &str) -> String {
        format!("{}/{database}", self.postgres)
    }

    /// The file for a server's output.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

pub struct System {
    pub name: &'static str,
    pub version: String,
    pub dialect: Box<dyn Dialect>,
    pub shape: Shape,
    pub server: Server,
    /// Sees all rows.
    pub city: &'static str,
    /// Sees the rows of one district; is measured.
    pub clerk: &'static str,
    /// The table of tenancies in its database, which bears the system's name.
    pub table: &'static str,
    /// Columns to be indexed so that all have the indexes that the platform's definition asks for: the peers have no
    /// such thing in their interfaces.
    pub indexes_missing: &'static [&'static str],
}

impl System {
    /// Logs somebody in; their header lines.
    pub async fn session(&self, account: &str) -> anyhow::Result<Vec<String>> {
        let log_in = self.dialect.log_in(account);
        let mut connection = Connection::open(self.server.address).await?;
        let answer = connection.send(&log_in.from(&[])).await?;
        self.dialect.session(&answer).with_context(|| format!("{}: {account} cannot log in", self.name))
    }
}

/// The answer to a request that must succeed.
pub async fn ask(connection: &mut Connection, ask: &Ask, session: &[String]) -> anyhow::Result<Value> {
    let answer = connection.send(&ask.from(session)).await.with_context(|| ask.path.clone())?;
    let body = String::from_utf8_lossy(answer.body);
    ensure!((200..300).contains(&answer.status), "{} {}: {} {body}", ask.method, ask.path, answer.status);
    Ok(if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(answer.body)? })
}

/// The version of a package installed in the folder.
pub fn npm_version(folder: &Path, package: &str) -> anyhow::Result<String> {
    let path = folder.join("node_modules").join(package).join("package.json");
    let text =
        fs::read(&path).with_context(|| format!("{} is not installed: {}", package, path.display()))?;
    let version = serde_json::from_slice::<Value>(&text)?["version"].as_str().map(str::to_owned);
    version.with_context(|| format!("{} names no version", path.display()))
}
