//! A workbook of applications: every faulty row explained, nothing half-imported.

use std::time::Duration;

use anju::demo::people::with_check;
use anju_runtime::{Worker, documents::workbook};
use anju_store::{on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{Client, Platform};

const CASE: &str = "eligibility.case";
const HEADER: [&str; 13] = [
    "序号",
    "主申请人",
    "证件类型",
    "证件号码",
    "联系电话",
    "婚姻状况",
    "本市户籍",
    "申请区",
    "现居住地址",
    "工作单位",
    "劳动合同期限",
    "社保连续缴纳月数",
    "申请渠道",
];

/// A number of its own for each row.
fn id_no(row: u32) -> String {
    with_check(&format!("3101151985{:02}{:02}{:03}", 1 + row / 28 % 12, 1 + row % 28, 1 + row % 998))
}

/// A workbook with so many applications; `spoil` may change the cells of a row (numbered from 0).
fn applications(rows: u32, spoil: impl Fn(u32, &mut [String])) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("资格案件").expect("a name");
    for (column, title) in HEADER.iter().enumerate() {
        sheet.write_string(0, column as u16, *title).expect("a cell");
    }
    for row in 0..rows {
        let mut cells: Vec<String> = [
            &(row + 1).to_string(),
            "陈建国",
            "居民身份证",
            &id_no(row),
            "13800138000",
            "未婚",
            "是",
            "浦东新区",
            "上海市浦东新区张杨路100弄1号101室",
            "上海申江物业管理有限公司",
            "24",
            "36",
            "批量导入",
        ]
        .map(str::to_owned)
        .to_vec();
        spoil(row, &mut cells);
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(row + 1, column as u16, cell).expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

async fn import(platform: &Platform, clerk: &Client, options: &str, bytes: Vec<u8>) -> Value {
    let path = format!("/api/records/{CASE}/import?{options}");
    let job =
        clerk.upload(&path, "applications.xlsx", bytes).await.ok()["job"].as_str().expect("a job").to_owned();
    platform.settle().await;
    let job = clerk.get(&format!("/api/jobs/{job}")).await.ok();
    assert_eq!(job["state"], "done", "{job}");
    job["result"].clone()
}

async fn count(clerk: &Client) -> u64 {
    let query = json!({ "measures": [{ "op": "count", "as": "cases" }] });
    let figures = clerk.post(&format!("/api/records/{CASE}/aggregate"), query).await.ok();
    figures["rows"][0]["cases"].as_u64().unwrap_or_else(|| panic!("no count in {figures}"))
}

fn three_bad_rows(row: u32, cells: &mut [String]) {
    match row {
        10 => cells[3] = "310115198501010011".to_owned(),
        200 => cells[5] = "不详".to_owned(),
        499 => cells[9].clear(),
        _ => {}
    }
}

async fn m011_five_hundred_applications_reach_acceptance(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let nothing =
        import(&platform, &clerk, "mode=all_or_nothing&then=submit", applications(500, three_bad_rows)).await;
    assert_eq!((&nothing["created"], &nothing["faulty"]), (&json!(0), &json!(3)), "{nothing}");
    assert_eq!(count(&clerk).await, 0);

    let some =
        import(&platform, &clerk, "mode=skip_faulty&then=submit", applications(500, three_bad_rows)).await;
    assert_eq!((&some["created"], &some["faulty"]), (&json!(497), &json!(3)), "{some}");
    let at = |row: u64, column: &str| {
        let errors = some["errors"].as_array().expect("errors");
        errors.iter().any(|error| error["row"] == row && error["column"] == column)
    };
    assert!(at(12, "证件号码") && at(202, "婚姻状况") && at(501, "工作单位"), "{some}");
    let copy =
        clerk.get(&format!("/api/files/{}", some["error_file"].as_str().expect("the marked copy"))).await;
    assert!(copy.bytes.starts_with(b"PK"));
    assert_eq!(count(&clerk).await, 497);
    let waiting = json!({ "where": { "field": "status", "op": "eq", "value": "acceptance" }, "count": true });
    let waiting = clerk.post(&format!("/api/records/{CASE}/query"), waiting).await.ok();
    assert_eq!(waiting["total"], 497);
}

async fn m011_a_workbook_without_its_columns_is_refused_before_any_row(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("资格案件").expect("a name");
    sheet.write_string(0, 0, "主申请人").expect("a cell");
    sheet.write_string(1, 0, "陈建国").expect("a cell");
    let result =
        import(&platform, &clerk, "mode=skip_faulty", book.save_to_buffer().expect("a workbook")).await;
    let messages = result["errors"].to_string();
    assert!(messages.contains("证件号码") && messages.contains("联系电话"), "{result}");
    assert_eq!(count(&clerk).await, 0);
}

/// The marked copy that came back, its three faulty cells mended and everything else as it is.
fn mended(copy: &[u8]) -> Vec<u8> {
    let read = workbook::read(copy, &workbook::Limits::default()).expect("the marked copy can be read");
    let faulty = &read.sheets[0];
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(&faulty.name).expect("a name");
    for (column, title) in faulty.header.iter().enumerate() {
        sheet.write_string(0, column as u16, title).expect("a cell");
    }
    for row in &faulty.rows {
        for (column, cell) in row.cells.iter().enumerate() {
            let text = match (row.number, HEADER.get(column)) {
                (12, Some(&"证件号码")) => id_no(10),
                (202, Some(&"婚姻状况")) => "未婚".to_owned(),
                (501, Some(&"工作单位")) => "上海申江物业管理有限公司".to_owned(),
                _ => cell.as_text(),
            };
            sheet.write_string(row.number - 1, column as u16, text).expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

async fn m011_twenty_thousand_rows_are_imported_whole_or_not_at_all(db: TestDatabase) {
    const ROWS: u32 = 20_000;
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let refused = import(&platform, &clerk, "mode=all_or_nothing", applications(ROWS, three_bad_rows)).await;
    assert_eq!([&refused["rows"], &refused["created"], &refused["faulty"]], [ROWS, 0, 3]);
    let errors = refused["errors"].as_array().expect("errors");
    let told: Vec<_> = errors.iter().map(|e| [&e["row"], &e["column"], &e["field"], &e["message"]]).collect();
    assert_eq!(
        json!(told),
        json!([
            [12, "证件号码", "id_no", "身份证号码校验位不正确，请核对"],
            [202, "婚姻状况", "marital_status", "没有“不详”这个选项"],
            [501, "工作单位", "employer", "请填写工作单位"],
        ])
    );
    assert_eq!(count(&clerk).await, 0);

    let copy = refused["error_file"].as_str().expect("the marked copy");
    let copy = clerk.get(&format!("/api/files/{copy}")).await.bytes;
    let done = import(&platform, &clerk, "mode=all_or_nothing", mended(&copy)).await;
    assert_eq!([&done["rows"], &done["created"], &done["faulty"]], [ROWS, ROWS, 0], "{done}");
    assert_eq!(count(&clerk).await, u64::from(ROWS));
}

/// Breaks the work off as a kill would, once a hundred cases are written: what is not committed is undone.
async fn break_off(platform: &Platform, clerk: &Client) {
    let runtime = platform.runtime.clone();
    let work = tokio::spawn(async move { Worker::run_due(&runtime).await });
    while count(clerk).await < 100 {
        assert!(!work.is_finished(), "the import is done already");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    work.abort();
    assert!(work.await.expect_err("broken off").is_cancelled());
}

async fn r02_an_import_that_is_broken_off_goes_on_where_it_was(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let path = format!("/api/records/{CASE}/import?mode=skip_faulty&then=submit");
    let book = applications(500, three_bad_rows);
    let job = clerk.upload(&path, "applications.xlsx", book).await.ok()["job"].clone();
    break_off(&platform, &clerk).await;
    assert!(count(&clerk).await < 497);

    platform.settle().await;
    let job = format!("/api/jobs/{}", job.as_str().expect("a job"));
    assert_eq!(clerk.get(&job).await.ok()["state"], "running", "the lease is not over");
    platform.clock.advance(SignedDuration::from_secs(15));
    platform.settle().await;
    let result = clerk.get(&job).await.ok()["result"].clone();
    assert_eq!([&result["rows"], &result["created"], &result["faulty"]], [500, 497, 3], "{result}");
    let rows: Vec<_> = result["errors"].as_array().expect("errors").iter().map(|e| &e["row"]).collect();
    assert_eq!(rows, [12, 202, 501]);
    assert_eq!(count(&clerk).await, 497);
}

async fn r05_an_import_asked_for_twice_is_done_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let path = format!("/api/records/{CASE}/import?mode=skip_faulty");
    let book = applications(3, |_, _| {});
    let ask = async |path: &str, key: &str| clerk.upload_once(path, key, "three.xlsx", book.clone()).await;
    let job = ask(&path, "k").await.ok()["job"].clone();
    assert_eq!(ask(&path, "k").await.ok()["job"], job);
    ask(&format!("{path}&dry_run=true"), "k").await.refused(422, "idempotency_key_reused");
    platform.settle().await;
    assert_eq!(ask(&path, "k").await.ok()["job"], job);
    platform.settle().await;
    assert_eq!(count(&clerk).await, 3);
}

on_both_databases!(
    r02_an_import_that_is_broken_off_goes_on_where_it_was,
    r05_an_import_asked_for_twice_is_done_once,
    m011_twenty_thousand_rows_are_imported_whole_or_not_at_all,
    m011_five_hundred_applications_reach_acceptance,
    m011_a_workbook_without_its_columns_is_refused_before_any_row,
);
