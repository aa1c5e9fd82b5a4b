//! The platform's own program, started on the city's database and data folder.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anju::demo::directory;
use anyhow::{Context, bail};
use serde_json::json;

use anju_bench::client::{Connection, request};

/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(120);

pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

impl Server {
    /// The program beside this one; database and keys are those of the environment (`scripts/city-data`).
    pub async fn start() -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("anju");
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = Command::new(&program)
            .args(["serve", "--listen", &address.to_string()])
            .env("ANJU_EXPORT_APPROVAL_ROWS", "1000000")
            .env("ANJU_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let mut server = Self { process, address };
        let began = Instant::now();
        while !server.is_ready().await {
            if let Some(status) = server.process.try_wait()? {
                bail!("the platform ended: {status}");
            }
            if began.elapsed() > START_MAX {
                bail!("the platform is not ready after {START_MAX:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.address).await else { return false };
        let ready = connection.send(&request("GET", "/readyz", &[], None)).await;
        ready.is_ok_and(|answer| answer.status == 200)
    }

    /// The header lines of somebody of the demonstration, signed in.
    pub async fn session(&self, account: &str) -> anyhow::Result<Vec<String>> {
        let body = json!({ "account": account, "password": directory::PASSWORD });
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(&request("POST", "/api/session", &[], Some(&body))).await?;
        let who = answer.json(200)?;
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.context("no session cookie")?;
        let csrf = who["csrf"].as_str().context("no CSRF token")?;
        Ok(vec![format!("cookie: {cookie}"), format!("x-csrf-token: {csrf}")])
    }

    /// The most memory the process has had in use so far.
    pub fn memory_mb(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak of memory")?;
        let kilobytes = peak.trim().trim_end_matches("kB").trim().parse::<u64>()?;
        Ok(kilobytes / 1_024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
