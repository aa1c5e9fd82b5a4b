//! A server without a kernel: axum handlers that issue the platform's statements straight through sqlx.

mod create;
mod database;
mod select;

use std::{net::SocketAddr, sync::Arc};

use anju_bench::client::Connection;
use anyhow::{Context, ensure};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::task::JoinHandle;

use self::{
    create::Creation,
    database::{Cell, Database, Kind},
    select::{Scope, Select, list_name},
};
use crate::{
    platform::Platform,
    requests::{Exchange, Requests, bare_create, bare_list, bare_read},
};

/// Records of a page.
pub const PAGE: usize = 20;

/// The running server.
pub struct Bare {
    pub address: SocketAddr,
    handlers: Arc<Handlers>,
    serving: JoinHandle<std::io::Result<()>>,
}

struct Handlers {
    database: Database,
    operator: String,
    /// The record, then its child tables with their names in the answer.
    record: Select,
    children: Vec<(String, Select)>,
    list: Select,
    creation: Creation,
}

impl Bare {
    /// Starts the server on the platform's database, with as many connections, and makes sure that it does the same.
    pub async fn start(platform: &Platform, requests: &Requests) -> anyhow::Result<Self> {
        let settings = &platform.runtime.settings;
        let database = Database::open(&settings.database_url, settings.connections_max).await?;
        let operator = platform.seeded.operator.clone();
        let handlers = Arc::new(Handlers::prepare(database, operator, requests).await?);
        let router = Router::new()
            .route("/cases", post(create))
            .route("/cases/query", post(list))
            .route("/cases/{id}", get(read))
            .with_state(handlers.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let bare = Self { address, handlers, serving };
        bare.verify(requests).await?;
        Ok(bare)
    }

    /// Which database, and what it does for durability.
    pub async fn settings(&self) -> anyhow::Result<String> {
        self.handlers.database.settings().await
    }

    pub async fn stop(self) {
        self.serving.abort();
        self.handlers.database.close().await;
    }

    /// The same records in the same order, the same rows written: otherwise there is nothing to compare.
    async fn verify(&self, requests: &Requests) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let Exchange { asked, answer, .. } = &requests.read;
        let read = connection.send(&bare_read(asked)).await?.json(200)?;
        ensure!(read["id"] == answer["id"], "another record was read: {read}");
        for (name, _) in &self.handlers.children {
            let (theirs, ours) = (ids(&read[name]), ids(&answer[name]));
            ensure!(theirs == ours && !ours.is_empty(), "the rows of {name} differ: {theirs:?}, {ours:?}");
        }
        let Exchange { asked, answer, .. } = &requests.list;
        let listed = connection.send(&bare_list(asked)).await?.json(200)?;
        let (theirs, ours) = (ids(&listed["items"]), ids(&answer["items"]));
        ensure!(theirs == ours && ours.len() == PAGE, "the lists differ: {theirs:?}, {ours:?}");
        let created = connection.send(&bare_create(requests.application())).await?.json(201)?;
        self.verify_creation(created["id"].as_str().context("no id")?).await
    }

    async fn verify_creation(&self, id: &str) -> anyhow::Result<()> {
        let mut reader = self.handlers.database.reader().await?;
        for (table, link, rows) in self.handlers.creation.footprint() {
            // The id is one that this server just made.
            let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE \"{link}\" = '{id}'");
            let found = reader.executor().fetch(sql.leak(), Vec::new()).await?.cell(0, 0, Kind::Int)?;
            ensure!(found == Cell::Int(Some(rows as i64)), "{found:?} rows in {table} instead of {rows}");
        }
        Ok(())
    }
}

impl Handlers {
    async fn prepare(database: Database, operator: String, requests: &Requests) -> anyhow::Result<Self> {
        let scope = Scope { id: &requests.read.asked, operator: &operator, status: &requests.list.asked };
        let mut reader = database.reader().await?;
        let [record, children @ ..] = requests.read.statements.as_slice() else {
            anyhow::bail!("reading executes nothing");
        };
        let record = Select::prepare(record, reader.executor(), &scope).await?;
        let mut tables = Vec::new();
        for sql in children {
            let select = Select::prepare(sql, reader.executor(), &scope).await?;
            tables.push((list_name(&select.table)?, select));
        }
        let [list] = requests.list.statements.as_slice() else {
            anyhow::bail!("a list takes several statements: {:?}", requests.list.statements);
        };
        let list = Select::prepare(list, reader.executor(), &scope).await?;
        let mut transaction = database.begin().await?;
        let creation = Creation::prepare(&requests.create, &mut transaction).await?;
        transaction.commit().await?;
        drop(reader);
        Ok(Self { database, operator, record, children: tables, list, creation })
    }
}

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str()).collect()
}

async fn read(State(handlers): State<Arc<Handlers>>, Path(id): Path<String>) -> Result<Response, Failure> {
    let scope = Scope { id: &id, operator: &handlers.operator, status: "" };
    let mut reader = handlers.database.reader().await?;
    let found = handlers.record.rows(reader.executor(), &scope).await?;
    if found.len() == 0 {
        return Ok(StatusCode::NOT_FOUND.into_response());
    }
    let mut answer = Vec::with_capacity(4096);
    handlers.record.write(&found, 0, &mut answer)?;
    answer.pop();
    for (name, select) in &handlers.children {
        let rows = select.rows(reader.executor(), &scope).await?;
        answer.extend_from_slice(format!(",\"{name}\":").as_bytes());
        select.write_all(&rows, usize::MAX, &mut answer)?;
    }
    answer.push(b'}');
    Ok(json(StatusCode::OK, answer))
}

async fn list(State(handlers): State<Arc<Handlers>>, Json(asked): Json<Value>) -> Result<Response, Failure> {
    let status = asked["status"].as_str().context("no status")?;
    let scope = Scope { id: "", operator: &handlers.operator, status };
    let mut reader = handlers.database.reader().await?;
    let rows = handlers.list.rows(reader.executor(), &scope).await?;
    let mut answer = Vec::with_capacity(8192);
    answer.extend_from_slice(b"{\"items\":");
    handlers.list.write_all(&rows, PAGE, &mut answer)?;
    answer.push(b'}');
    Ok(json(StatusCode::OK, answer))
}

async fn create(
    State(handlers): State<Arc<Handlers>>,
    Json(given): Json<Value>,
) -> Result<Response, Failure> {
    let mut transaction = handlers.database.begin().await?;
    let answer = handlers.creation.run(&mut transaction, &given).await?;
    transaction.commit().await?;
    Ok(json(StatusCode::CREATED, answer))
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

struct Failure(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}
