//! Workbooks out and in: from the order to the file, and from the file to the last record.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgPool};

use anju_bench::{
    client::{Connection, request},
    server::Server,
    session::sign_in,
};

use super::tidy::ROOM;

/// How often a job is asked for.
const ASKED_EVERY: Duration = Duration::from_millis(50);
/// How long a job may take.
const JOB_MAX: Duration = Duration::from_secs(600);
/// Rows of one statement of the SQL beside it.
const BATCH: usize = 1_000;

/// The first units by code, as a workbook with the names of what they refer to.
pub async fn export(server: &Server, database: &PgPool, rows: usize) -> anyhow::Result<String> {
    let session = sign_in(server.address, "city").await?;
    let mut connection = Connection::open(server.address).await?;
    let select = [
        "unit_code",
        "project",
        "building",
        "district",
        "subdistrict",
        "address",
        "room_no",
        "floor",
        "unit_type",
        "floor_area",
        "monthly_rent",
        "state",
        "operator",
    ];
    let last = last_code(database, rows).await?;
    let filter = json!({ "field": "unit_code", "op": "le", "value": last });
    let order = json!({ "where": filter, "select": select, "format": "xlsx" });
    let began = Instant::now();
    let wire = request("POST", "/api/records/supply.unit/export", &session, Some(&order));
    let ticket = connection.send(&wire).await?.json(202)?;
    let id = ticket["export"].as_str().context("an export")?.to_owned();
    let done = wait(&mut connection, &session, "/api/exports", |answer| {
        let mine = answer["items"].as_array()?.iter().find(|item| item["id"] == *id)?;
        match mine["state"].as_str()? {
            "done" => Some(Ok(mine.clone())),
            "approved" | "running" | "queued" => None,
            other => Some(Err(anyhow::anyhow!("the export is {other}: {mine}"))),
        }
    })
    .await?;
    let seconds = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let statement = format!(
        "SELECT u.unit_code, p.title, b.number, u.district, u.subdistrict, u.address, u.room_no, u.floor, u.unit_type, \
         u.floor_area, u.monthly_rent, u.state, o.title FROM supply_unit u JOIN supply_project p ON p.id = u.project \
         JOIN supply_building b ON b.id = u.building LEFT JOIN platform_organisation o ON o.id = u.operator \
         WHERE u.deleted_at IS NULL AND u.unit_code <= '{last}' ORDER BY u.id DESC"
    );
    let found = database.fetch_all(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await?.len();
    let plain = began.elapsed().as_secs_f64();
    ensure!(done["rows"].as_u64() == Some(found as u64), "{found} rows of SQL: {done}");
    Ok(line("export to xlsx", found, seconds, plain))
}

/// The code up to which there are so many units.
async fn last_code(database: &PgPool, rows: usize) -> anyhow::Result<String> {
    let statement =
        "SELECT unit_code FROM supply_unit WHERE deleted_at IS NULL ORDER BY unit_code OFFSET $1 LIMIT 1";
    let found = sqlx::query_scalar(statement).bind(rows as i64 - 1).fetch_optional(database).await?;
    match found {
        Some(code) => Ok(code),
        None => Ok(sqlx::query_scalar("SELECT max(unit_code) FROM supply_unit").fetch_one(database).await?),
    }
}

/// New units of one building; [`super::tidy`] removes them.
pub async fn import(server: &Server, database: &PgPool, rows: usize) -> anyhow::Result<String> {
    let session = sign_in(server.address, "pudong-clerk").await?;
    let mut connection = Connection::open(server.address).await?;
    let query = json!({ "select": ["project.code"], "page": { "size": 1 } });
    let wire = request("POST", "/api/records/supply.building/query", &session, Some(&query));
    let buildings = connection.send(&wire).await?.json(200)?;
    let building = &buildings["items"][0];
    let of = |name: &str| building[name].as_str().map(str::to_owned).context("a building of the operator");
    let book = workbook(&of("project.code")?, &of("id")?, rows)?;
    let began = Instant::now();
    let wire = upload("/api/records/supply.unit/import?mode=skip_faulty", &session, &book);
    let order = connection.send(&wire).await?.json(202)?;
    let job = format!("/api/jobs/{}", order["job"].as_str().context("a job")?);
    let done = wait(&mut connection, &session, &job, |answer| match answer["state"].as_str()? {
        "done" => Some(Ok(answer.clone())),
        "failed" | "dead" => Some(Err(anyhow::anyhow!("the import failed: {answer}"))),
        _ => None,
    })
    .await?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(done["result"]["created"].as_u64() == Some(rows as u64), "{done}");
    let plain = insert(database, rows).await?;
    Ok(line("import from xlsx", rows, seconds, plain))
}

fn workbook(project: &str, building: &str, rows: usize) -> anyhow::Result<Vec<u8>> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name("房源")?;
    let header = ["项目", "楼幢", "所在区", "坐落", "室号", "所在层", "户型", "建筑面积", "月租金（元）"];
    sheet.write_row(0, 0, header)?;
    for row in 0..rows {
        let at = row as u32 + 1;
        let (room, floor) = (format!("{ROOM}{row}"), (1 + row % 30).to_string());
        let cells = [project, building, "浦东新区", "浦三路8弄", &room, &floor, "一室一厅", "45.5", "2300"];
        sheet.write_row(at, 0, cells)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The same number of rows, with a row of history each, by statements of a thousand in one transaction into tables with
/// the same columns and indexes; seconds.
async fn insert(database: &PgPool, rows: usize) -> anyhow::Result<f64> {
    let mut connection = database.acquire().await?;
    for table in ["supply_unit", "sys_history"] {
        let statement = format!(
            "DROP TABLE IF EXISTS bench_{table}; CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)"
        );
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await?;
    }
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'supply_unit' \
         AND column_name NOT IN ('id', 'unit_code', 'room_no') ORDER BY ordinal_position",
    )
    .fetch_all(&mut *connection)
    .await?;
    let columns = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let began = Instant::now();
    let mut tx = connection.begin().await?;
    for batch in (0..rows).step_by(BATCH) {
        let (mut units, mut history) = (Vec::new(), Vec::new());
        for row in batch..rows.min(batch + BATCH) {
            units.push(format!("('{ROOM}{row}', '{ROOM}{row}', '{ROOM}{row}')"));
            let changes =
                "[{\"field\":\"address\",\"after\":\"浦三路8弄\"},{\"field\":\"floor\",\"after\":3}]";
            history
                .push(format!("('supply.unit', '{ROOM}{row}', 1, 0, 'x', '陈静怡', 'created', '{changes}')"));
        }
        let statement = format!(
            "INSERT INTO bench_supply_unit (id, unit_code, room_no, {columns}) SELECT v.id, v.code, v.room, {columns} \
             FROM (VALUES {}) v(id, code, room), (SELECT {columns} FROM supply_unit LIMIT 1) one; \
             INSERT INTO bench_sys_history (entity, record_id, version, at, actor_id, actor_name, action, changes) VALUES {}",
            units.join(","),
            history.join(",")
        );
        tx.execute(sqlx::raw_sql(AssertSqlSafe(statement.clone()))).await?;
    }
    tx.commit().await?;
    let seconds = began.elapsed().as_secs_f64();
    connection.execute(sqlx::raw_sql("DROP TABLE bench_supply_unit, bench_sys_history")).await?;
    Ok(seconds)
}

/// Asks until there is an answer.
async fn wait(
    connection: &mut Connection,
    session: &[String],
    path: &str,
    look: impl Fn(&Value) -> Option<anyhow::Result<Value>>,
) -> anyhow::Result<Value> {
    let began = Instant::now();
    while began.elapsed() < JOB_MAX {
        let answer = connection.send(&request("GET", path, session, None)).await?.json(200)?;
        if let Some(found) = look(&answer) {
            return found;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    bail!("{path}: not done after {JOB_MAX:?}")
}

fn upload(path: &str, session: &[String], book: &[u8]) -> Vec<u8> {
    const BOUNDARY: &str = "anju-bench-workbook";
    let head = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"units.xlsx\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let length = head.len() + book.len() + tail.len();
    let mut wire = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
    session.iter().for_each(|line| {
        let _ = write!(wire, "{line}\r\n");
    });
    let _ = write!(
        wire,
        "content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {length}\r\n\r\n{head}"
    );
    let mut bytes = wire.into_bytes();
    bytes.extend_from_slice(book);
    bytes.extend_from_slice(tail.as_bytes());
    bytes
}

fn line(name: &str, rows: usize, seconds: f64, plain: f64) -> String {
    format!(
        "{name}: {rows} rows in {seconds:.1} s, {:.0} rows/s; SQL {plain:.1} s; ratio {:.2}",
        rows as f64 / seconds,
        seconds / plain
    )
}
