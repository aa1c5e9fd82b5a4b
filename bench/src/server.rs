//! A server that is measured: a process of its own on loopback, its output in a file.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tokio::process::{Child, Command};

use crate::client::{Connection, request};

/// Where the platform says that it serves.
pub const PLATFORM_READY: &str = "/readyz";

/// A first start creates tables, which takes the peers some time.
const PATIENCE: Duration = Duration::from_secs(180);
/// Linux counts processor time in hundredths of a second.
const TICK_MS: f64 = 10.0;

pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts the command and waits until `path` is answered with success. Dropped, the process is killed.
    pub async fn start(
        mut command: Command,
        address: SocketAddr,
        log: &Path,
        path: &str,
    ) -> anyhow::Result<Self> {
        let output = File::create(log)?;
        let errors = output.try_clone()?;
        let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true).spawn();
        let child = child.with_context(|| format!("{command:?} does not start"))?;
        let mut server = Self { address, child };
        let began = Instant::now();
        while !server.answers(path).await {
            let ended = server.child.try_wait()?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                let text = fs::read_to_string(log).unwrap_or_default();
                let first: Vec<&str> = text.lines().take(40).collect();
                bail!("{command:?} does not serve ({ended:?}); it wrote:\n{}", first.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(server)
    }

    async fn answers(&self, path: &str) -> bool {
        let Ok(mut connection) = Connection::open(self.address).await else { return false };
        let answer = connection.send(&request("GET", path, &[], None)).await;
        answer.is_ok_and(|answer| (200..300).contains(&answer.status))
    }

    /// Processor time of the server so far, without its database's; zero where the system does not tell.
    pub fn cpu_ms(&self) -> f64 {
        let Some(id) = self.child.id() else { return 0.0 };
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name in parentheses may hold anything; user and system time are the 12th and 13th after it.
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = after_name.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
        ticks.sum::<f64>() * TICK_MS
    }

    /// The most memory the process has had in use so far.
    pub fn memory_mb(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the server has ended")?;
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak of memory")?;
        let kilobytes = peak.trim().trim_end_matches("kB").trim().parse::<u64>()?;
        Ok(kilobytes / 1_024)
    }

    /// Kills the process and waits for its end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Runs a command to its end.
pub async fn finish(mut command: Command, log: &Path) -> anyhow::Result<()> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    let status = command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true).status();
    let status = status.await.with_context(|| format!("{command:?} does not start"))?;
    ensure!(status.success(), "{command:?}: {status}; see {}", log.display());
    Ok(())
}

/// An address on loopback that nobody listens on.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
