//! The platform with the data of a whole city (`make city-data`), as its own process: how long its answers take, how
//! hand-written SQL on the same data takes for the same, how fast workbooks come in and go out, how much memory it needs.

mod bulk;
mod questions;
mod same;
mod tidy;

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anju_bench::{
    client::{Connection, request},
    figures::{microseconds, milliseconds, percentile},
    server::{PLATFORM_READY, Server, free_address},
    session::sign_in,
};
use anyhow::{Context, ensure};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use tokio::process::Command;

use self::{questions::Question, same::ensure_same};

/// Times each question is asked before measuring: pages of the database and plans of statements are warm then.
const WARM_UP: usize = 20;

/// What is measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    Questions,
    Export,
    Import,
}

/// Asks all questions so many times and moves so many rows, or does only one of these; figures are printed as they come.
pub async fn run(asked: usize, rows: usize, part: Option<Part>) -> anyhow::Result<()> {
    let url = std::env::var("ANJU_DATABASE_URL").context("ANJU_DATABASE_URL names the city's database")?;
    let data =
        PathBuf::from(std::env::var("ANJU_DATA").context("ANJU_DATA is the folder with the city's keys")?);
    let database = PgPool::connect(&url).await?;
    // Of a run that broke off.
    tidy::remove_imported(&url, &database).await?;
    let server = start(&data).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", heading(&database).await?)?;
    let wanted = |one| part.is_none_or(|part| part == one);
    if wanted(Part::Questions) {
        ask_all(&server, &database, asked, &mut out).await?;
    }
    if wanted(Part::Export) {
        writeln!(out, "{}", bulk::export(&server, &database, rows).await?)?;
    }
    if wanted(Part::Import) {
        writeln!(out, "{}", bulk::import(&server, &database, rows).await?)?;
    }
    writeln!(out, "memory of the server throughout: {} MB", server.memory_mb()?)?;
    server.stop().await?;
    Ok(writeln!(out, "{}", tidy::remove_imported(&url, &database).await?)?)
}

async fn ask_all(
    server: &Server,
    database: &PgPool,
    asked: usize,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    writeln!(
        out,
        "{:<34}{:>10}{:>10}{:>10}{:>10}{:>8}",
        "", "p50 ms", "p99 ms", "SQL p50", "SQL p99", "ratio"
    )?;
    let ids = sqlx::query_scalar(AssertSqlSafe(questions::some_ids())).fetch_all(database).await?;
    ensure!(!ids.is_empty(), "the database has no cases: make city-data");
    for question in questions::all(ids) {
        let figures = ask(server, database, &question, asked).await?;
        writeln!(out, "{:<34}{figures}", question.name)?;
    }
    Ok(writeln!(out, "memory of the server, lists and figures: {} MB", server.memory_mb()?)?)
}

/// The program beside this one; database and keys are those of the environment (`scripts/city-data`).
async fn start(data: &Path) -> anyhow::Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?.with_file_name("anju"));
    command
        .args(["serve", "--listen", &address.to_string()])
        .env("ANJU_EXPORT_APPROVAL_ROWS", "1000000")
        .env("ANJU_LOG", "warn");
    Server::start(command, address, &data.join("bench.log"), PLATFORM_READY).await
}

async fn heading(database: &PgPool) -> anyhow::Result<String> {
    let mut text = String::new();
    for table in
        ["eligibility_case", "eligibility_member", "supply_unit", "contracts_contract", "sys_history"]
    {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(database)
            .await?;
        text.push_str(&format!("{table} {count}, "));
    }
    let size: String = sqlx::query_scalar("SELECT pg_size_pretty(pg_database_size(current_database()))")
        .fetch_one(database)
        .await?;
    Ok(text + &size)
}

/// One question by turns to both sides, so that what else the machine does hits both.
async fn ask(
    server: &Server,
    database: &PgPool,
    question: &Question,
    times: usize,
) -> anyhow::Result<String> {
    let session = sign_in(server.address, question.account).await?;
    let mut connection = Connection::open(server.address).await?;
    let mut plain = database.acquire().await?;
    let (mut ours_us, mut sql_us) = (Vec::with_capacity(times), Vec::with_capacity(times));
    let (warm_up, times) = (WARM_UP.min(times) / question.weight, (times / question.weight).max(1));
    for time in 0..warm_up + times {
        let (path, body, statement) = question.variant(time);
        let wire = request(if body.is_none() { "GET" } else { "POST" }, &path, &session, body.as_ref());
        let began = Instant::now();
        let answer = connection.send(&wire).await?;
        let taken = began.elapsed();
        let answer = answer.json(200).with_context(|| format!("{path} {body:?}"))?;
        let began = Instant::now();
        let rows = plain
            .fetch_all(sqlx::raw_sql(AssertSqlSafe(statement.clone())))
            .await
            .with_context(|| statement.clone())?;
        let plain_taken = began.elapsed();
        ensure_same(&answer, &rows).with_context(|| format!("{}: {path} {body:?}", question.name))?;
        if time >= warm_up {
            ours_us.push(microseconds(taken));
            sql_us.push(microseconds(plain_taken));
        }
    }
    let [ours, ours_99] = [50, 99].map(|percent| milliseconds(percentile(&mut ours_us, percent)));
    let [sql, sql_99] = [50, 99].map(|percent| milliseconds(percentile(&mut sql_us, percent)));
    Ok(format!("{ours:>10.2}{ours_99:>10.2}{sql:>10.2}{sql_99:>10.2}{:>8.2}", ours / sql))
}
