//! Fresh databases for tests, of both kinds.
//!
//! PostgreSQL is the server named by `ANJU_TEST_POSTGRES_URL` (`scripts/with-postgres` sets it); without it each test
//! process starts a private one, which takes about a second, and fails if PostgreSQL is not installed: a test is
//! never skipped.

mod damage;

pub use damage::Damage;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::build::Statement;
pub use crate::faults::Fault;
use crate::fetch::Source;
use crate::{ColumnKind, Dialect, Row, RowKey, Store, StoreConfig};

const SERVER_VARIABLE: &str = "ANJU_TEST_POSTGRES_URL";
const WITH_POSTGRES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/with-postgres");

/// Generates for each `async fn name(db: TestDatabase)` in scope two tests, `on_sqlite::name` and
/// `on_postgres::name`. Use it once in a module; the calling crate needs `tokio`.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::testing::TestDatabase::sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::testing::TestDatabase::postgres().await).await;
            })+
        }
    };
}

/// An empty database with the kernel's tables; it is removed when this is dropped.
pub struct TestDatabase {
    store: Store,
    config: StoreConfig,
    _directory: TempDir,
    dropped: Option<DroppedDatabase>,
}

impl TestDatabase {
    /// A new SQLite file.
    pub async fn sqlite() -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        Self::open(url, directory, None).await
    }

    /// A new PostgreSQL database. Its default order of texts is Chinese, as a site's may be.
    pub async fn postgres() -> Self {
        let server = PgConnectOptions::from_str(server_url()).expect("the server's URL is well formed");
        let name = format!("anju_test_{}", crate::id::unguessable().expect("randomness").replace('-', ""));
        run(
            &server,
            format!(
                "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' \
                 LOCALE_PROVIDER icu ICU_LOCALE 'zh-Hans-CN' LOCALE 'C'"
            ),
        )
        .await;
        let url = server.clone().database(&name).to_url_lossy().to_string();
        let directory = TempDir::new().expect("a temporary directory can be made");
        Self::open(url, directory, Some(DroppedDatabase { server, name })).await
    }

    async fn open(url: String, directory: TempDir, dropped: Option<DroppedDatabase>) -> Self {
        let config = StoreConfig::new(url, directory.path().join("files"), RowKey::for_tests(1));
        let store = Store::open(&config).await.expect("a fresh database opens");
        Self { store, config, _directory: directory, dropped }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How the store was opened.
    pub fn config(&self) -> &StoreConfig {
        &self.config
    }

    /// Opens the same database once more, as a second server would.
    pub async fn another_store(&self) -> Store {
        Store::open(&self.config).await.expect("the database opens again")
    }
}

impl TestDatabase {
    /// The tables, in order, that hold one of the texts anywhere in a row.
    pub async fn tables_holding(&self, texts: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for (table, columns) in self.columns().await {
            let row: Vec<String> = match self.store.dialect() {
                Dialect::Sqlite => columns.iter().map(|name| format!("CAST(\"{name}\" AS TEXT)")).collect(),
                Dialect::Postgres => columns.iter().map(|name| format!("\"{name}\"::text")).collect(),
            };
            let tests = texts.iter().flat_map(|text| {
                let text = text.replace('\'', "''");
                row.iter().map(move |column| format!("{column} LIKE '%{text}%'"))
            });
            let tests: Vec<String> = tests.collect();
            let sql = format!("SELECT 1 FROM \"{table}\" WHERE {} LIMIT 1", tests.join(" OR "));
            if !self.rows(sql, &[ColumnKind::Int]).await.is_empty() {
                found.push(table);
            }
        }
        found
    }

    /// How many rows each table has.
    pub async fn row_counts(&self) -> BTreeMap<String, i64> {
        let tables = self.columns().await.into_keys();
        let counted = tables.map(|table| format!("SELECT '{table}', COUNT(*) FROM \"{table}\""));
        let sql = counted.collect::<Vec<_>>().join(" UNION ALL ");
        let rows = self.rows(sql, &[ColumnKind::Text, ColumnKind::Int]).await;
        let count = |row: &Row| (row.text(0).expect("a name").to_owned(), row.int(1).expect("a count"));
        rows.iter().map(count).collect()
    }

    /// All tables with their columns.
    async fn columns(&self) -> BTreeMap<String, Vec<String>> {
        let sql = match self.store.dialect() {
            Dialect::Sqlite => {
                "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
            }
            Dialect::Postgres => {
                "SELECT table_name::text, column_name::text FROM information_schema.columns \
                 WHERE table_schema = current_schema()"
            }
        };
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in self.rows(sql.to_owned(), &[ColumnKind::Text, ColumnKind::Text]).await {
            let text = |i| row.text(i).expect("a name").to_owned();
            tables.entry(text(0)).or_default().push(text(1));
        }
        tables
    }

    async fn rows(&self, sql: String, kinds: &[ColumnKind]) -> Vec<Row> {
        let statement = Statement::new(sql, Vec::new());
        self.store.reader().fetch(statement, kinds).await.expect("the database answers")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some(DroppedDatabase { server, name }) = self.dropped.take() else { return };
        // on a thread of its own, since a runtime cannot be entered from within another
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime starts")
                .block_on(run(&server, format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        if dropping.join().is_err() && !std::thread::panicking() {
            panic!("the test's database could not be dropped");
        }
    }
}

impl Store {
    /// Plans a fault: one call to the database, the files or the keys will fail.
    pub fn plan_fault(&self, fault: Fault) {
        self.faults().plan(fault);
    }

    /// Whether the use of a key that is about to be made has been planned to fail; asked by a test's keyring.
    pub fn key_fails(&self) -> bool {
        self.faults().at_key()
    }

    /// Ends the plan; whether the fault happened.
    pub fn end_fault(&self) -> bool {
        self.faults().end()
    }
}

struct DroppedDatabase {
    server: PgConnectOptions,
    name: String,
}

async fn run(server: &PgConnectOptions, sql: String) {
    let mut connection = PgConnection::connect_with(server).await.unwrap_or_else(|error| {
        panic!("the PostgreSQL for tests does not answer ({SERVER_VARIABLE}): {error}")
    });
    connection.execute(AssertSqlSafe(sql)).await.expect("the PostgreSQL for tests obeys");
    connection.close().await.expect("the connection closes");
}

fn server_url() -> &'static str {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    static PRIVATE: OnceLock<PrivateServer> = OnceLock::new();
    match NAMED.get_or_init(|| std::env::var(SERVER_VARIABLE).ok()) {
        Some(url) => url,
        None => &PRIVATE.get_or_init(PrivateServer::start).url,
    }
}

/// A server that ends when this process does: `cat` then reads the end of its input.
struct PrivateServer {
    url: String,
    _process: Child,
}

impl PrivateServer {
    fn start() -> Self {
        let mut process = Command::new("bash")
            .args([WITH_POSTGRES, "sh", "-c", "echo \"$ANJU_TEST_POSTGRES_URL\"; cat >/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("bash can be started");
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url).expect("the script's output can be read");
        }
        if url.trim().is_empty() {
            let mut message = String::new();
            if let Some(mut stderr) = process.stderr.take() {
                stderr.read_to_string(&mut message).expect("the script's errors can be read");
            }
            panic!("no PostgreSQL for tests: set {SERVER_VARIABLE} or install PostgreSQL. {message}");
        }
        Self { url: url.trim().to_owned(), _process: process }
    }
}
