//! The real binary as a process that can be killed.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anju_store::{Dialect, testing::TestDatabase};
use tokio::{
    process::{Child, Command},
    sync::{Mutex, watch},
};

use crate::time::CLOCK_FILE;

/// Ports that the system does not give to outgoing connections: a client asking again and again at a dead address
/// in that range would sooner or later be connected to itself.
const PORTS: std::ops::Range<u16> = 10_000..20_000;
const POLLED_EVERY: Duration = Duration::from_millis(20);
const LOG_SHOWN: usize = 4_000;

/// A server that comes back at the same address on the same data.
pub struct Server {
    port: u16,
    folder: PathBuf,
    database: String,
    agencies: String,
    /// How long a start may take until the server answers.
    ready_within: Duration,
    process: Mutex<Child>,
    kills: watch::Sender<u64>,
}

impl Server {
    /// Starts for the first time, with the accounts of the demonstration and no cases.
    pub async fn start(folder: &Path, db: &TestDatabase, agencies: &str) -> Self {
        let ready_within = match db.store().dialect() {
            Dialect::Sqlite => Duration::from_secs(5),
            Dialect::Postgres => Duration::from_secs(10),
        };
        let port = free_port();
        let (database, folder) = (db.config().url.clone(), folder.to_owned());
        let kills = watch::Sender::new(0);
        let process = Mutex::new(spawn(port, &folder, &database, agencies));
        let server =
            Self { port, folder, database, agencies: agencies.to_owned(), ready_within, process, kills };
        // The first start makes the tables, the organisations and the accounts.
        server.wait_until_ready(Duration::from_secs(120)).await;
        server
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many times it was killed.
    pub fn kills(&self) -> watch::Receiver<u64> {
        self.kills.subscribe()
    }

    /// SIGKILL: nothing in the process has a say.
    pub async fn kill(&self) {
        self.process.lock().await.kill().await.expect("the server is killed");
        self.kills.send_modify(|count| *count += 1);
    }

    /// Starts again, without waiting for it.
    pub async fn restart(&self) {
        *self.process.lock().await = spawn(self.port, &self.folder, &self.database, &self.agencies);
    }

    /// Waits until the server answers, for as long as a start may take.
    pub async fn wait_until_back(&self) {
        self.wait_until_ready(self.ready_within).await;
    }

    async fn wait_until_ready(&self, within: Duration) {
        let (url, began) = (format!("{}/readyz", self.base()), Instant::now());
        loop {
            if reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.process.lock().await.try_wait().expect("the process can be asked");
            assert!(ended.is_none(), "the server ended at its start: {ended:?}\n{}", self.log());
            assert!(began.elapsed() < within, "the server is not ready after {within:?}\n{}", self.log());
            tokio::time::sleep(POLLED_EVERY).await;
        }
    }

    /// The end of what all starts have said.
    pub fn log(&self) -> String {
        let all = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let from = all.len().saturating_sub(LOG_SHOWN);
        all.get(all.ceil_char_boundary(from)..).unwrap_or_default().to_owned()
    }
}

fn spawn(port: u16, folder: &Path, database: &str, agencies: &str) -> Child {
    let log = || -> File {
        OpenOptions::new().create(true).append(true).open(folder.join("log")).expect("the log can be written")
    };
    Command::new(env!("CARGO_BIN_EXE_anju"))
        .arg("serve")
        .args(["--listen", &format!("127.0.0.1:{port}"), "--database", database, "--agencies", agencies])
        .args(["--demo-cases", "0"])
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--web")
        .arg(folder.join("no-web"))
        .arg("--clock-file")
        .arg(folder.join(CLOCK_FILE))
        .stdin(Stdio::null())
        .stdout(log())
        .stderr(log())
        .kill_on_drop(true)
        .spawn()
        .expect("the server starts")
}

fn free_port() -> u16 {
    let start = std::process::id() as u16 % (PORTS.end - PORTS.start);
    let mut ports = (PORTS.start + start..PORTS.end).chain(PORTS);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
