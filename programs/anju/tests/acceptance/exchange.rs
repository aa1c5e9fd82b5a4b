//! Imports as jobs: separated values, records found by their key, bad rows kept to be corrected, broken-off imports.

use anju_runtime::{
    Worker,
    documents::workbook::{self, Cell, Workbook},
};
use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Client, Platform, SAMPLE};

async fn begin(client: &Client, options: &str, name: &str, bytes: Vec<u8>) -> String {
    let path = format!("/api/records/{SAMPLE}/import?{options}");
    client.upload(&path, name, bytes).await.ok()["job"].as_str().expect("a job").to_owned()
}

async fn import(platform: &Platform, client: &Client, options: &str, name: &str, bytes: Vec<u8>) -> Value {
    let job = begin(client, options, name, bytes).await;
    platform.settle().await;
    let job = client.get(&format!("/api/jobs/{job}")).await.ok();
    assert_eq!(job["state"], "done", "{job}");
    job["result"].clone()
}

async fn count(client: &Client) -> u64 {
    let query = json!({ "count": true, "page": { "size": 1 } });
    let found = client.post(&format!("/api/records/{SAMPLE}/query"), query).await.ok();
    found["total"].as_u64().expect("a count")
}

async fn named(client: &Client, code: &str) -> Value {
    client.find(SAMPLE, json!({ "field": "code", "op": "eq", "value": code })).await.remove(0)
}

fn read(bytes: &[u8]) -> Workbook {
    workbook::read(bytes, &workbook::Limits::default()).expect("a workbook")
}

/// Rows of samples as separated values; `spoil` may change a row's cells.
fn csv(rows: std::ops::Range<u32>, spoil: impl Fn(u32, &mut Vec<String>)) -> Vec<u8> {
    let mut text = "编号,名称,区,价格（元）,面积,间数,建成日期\n".to_owned();
    for n in rows {
        let mut cells = [
            format!("S-{n:05}"),
            format!("样本{n}"),
            "浦东新区".to_owned(),
            "1234.50".to_owned(),
            "56.3".to_owned(),
            "2".to_owned(),
            "2020/3/5".to_owned(),
        ]
        .to_vec();
        spoil(n, &mut cells);
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text.into_bytes()
}

async fn a_text_in_the_encoding_of_a_chinese_excel_is_imported(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let text = "编号,名称,区,备注\r\nG-1,安居苑,浦东新区,\"逗号,和\n换行\"\r\nG-2,'=1+1,徐汇区,\r\n";
    let bytes: Vec<u8> = [
        &[0xb1, 0xe0, 0xba, 0xc5][..],
        b",",
        &[0xc3, 0xfb, 0xb3, 0xc6],
        b",",
        &[0xc7, 0xf8],
        b"\r\nG-0,",
        &[0xb0, 0xb2, 0xbe, 0xd3],
        b",310115\r\n",
    ]
    .concat();
    let result = import(&platform, &city, "", "样本.csv", bytes).await;
    assert_eq!((&result["created"], &result["errors_total"]), (&json!(1), &json!(0)), "{result}");
    assert_eq!(named(&city, "G-0").await["name"], "安居");
    let result = import(&platform, &city, "", "样本.csv", format!("\u{feff}{text}").into_bytes()).await;
    assert_eq!(result["created"], 2, "{result}");
    assert_eq!(named(&city, "G-1").await["remark"], "逗号,和\n换行");
    assert_eq!(named(&city, "G-2").await["name"], "=1+1", "the apostrophe only shielded it");
}

async fn records_are_changed_by_their_key(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    import(&platform, &city, "", "a.csv", csv(0..3, |_, _| {})).await;
    let change = |n: u32, cells: &mut Vec<String>| {
        if n == 1 {
            cells[3] = "99.00".to_owned();
        }
    };
    let unknown = import(&platform, &city, "write=update", "a.csv", csv(0..4, change)).await;
    assert_eq!(
        (&unknown["created"], &unknown["updated"], &unknown["faulty"]),
        (&json!(0), &json!(0), &json!(1))
    );
    assert!(
        unknown["errors"][0]["message"].as_str().is_some_and(|text| text.contains("没有编号为“S-00003”"))
    );
    let result = import(&platform, &city, "write=upsert", "a.csv", csv(0..4, change)).await;
    let told = ["created", "updated", "unchanged", "faulty"].map(|name| &result[name]);
    assert_eq!(told, [&json!(1), &json!(1), &json!(2), &json!(0)], "{result}");
    let (first, second) = (named(&city, "S-00000").await, named(&city, "S-00001").await);
    assert_eq!(
        (&first["version"], &second["version"], &second["price"]),
        (&json!(1), &json!(2), &json!(9_900))
    );
    let bad = city.upload(&format!("/api/records/{SAMPLE}/import?write=replace"), "a.csv", vec![65]).await;
    bad.refused(400, "bad_mode");
}

async fn bad_rows_are_kept_to_be_corrected(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let spoil = |n: u32, cells: &mut Vec<String>| match n {
        7 => cells[2] = "火星区".to_owned(),
        1_500 => cells[5] = "21".to_owned(),
        2_400 => cells[0] = "S-00000".to_owned(),
        _ => {}
    };
    let result = import(&platform, &city, "mode=skip_faulty", "a.csv", csv(0..2_500, spoil)).await;
    let told = ["rows", "created", "faulty"].map(|name| &result[name]);
    assert_eq!(told, [&json!(2_500), &json!(2_497), &json!(3)], "{result}");
    let copy =
        city.get(&format!("/api/files/{}", result["error_file"].as_str().expect("a file"))).await.bytes;
    let book = read(&copy);
    let sheet = &book.sheets[0];
    let rows: Vec<Vec<String>> =
        sheet.rows.iter().map(|row| row.cells.iter().map(Cell::as_text).collect()).collect();
    assert_eq!(rows.len(), 3, "the rows that went in are not there again");
    assert_eq!(sheet.header.last().map(String::as_str), Some("错误说明"));
    assert_eq!(rows[0][7], "区：没有“火星区”这个选项");
    assert_eq!((rows[1][0].as_str(), rows[1][7].as_str()), ("S-01500", "间数：间数不超过 20"));
    assert_eq!(rows[2][7], "编号：编号与第 2 行重复");
    let mut corrected = rust_xlsxwriter::Workbook::new();
    let worksheet = corrected.add_worksheet();
    for (column, title) in sheet.header.iter().enumerate() {
        worksheet.write_string(0, column as u16, title).expect("a cell");
    }
    for (row, mut cells) in rows.into_iter().enumerate() {
        match row {
            0 => cells[2] = "浦东新区".to_owned(),
            1 => cells[5] = "20".to_owned(),
            _ => cells[0] = "S-02400".to_owned(),
        }
        for (column, cell) in cells.iter().enumerate() {
            worksheet.write_string(row as u32 + 1, column as u16, cell).expect("a cell");
        }
    }
    let corrected = corrected.save_to_buffer().expect("a workbook");
    let result = import(&platform, &city, "mode=skip_faulty", "未导入的行.xlsx", corrected).await;
    assert_eq!((&result["created"], &result["faulty"]), (&json!(3), &json!(0)), "{result}");
    assert_eq!(count(&city).await, 2_500);
}

async fn a_dry_run_writes_nothing(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let spoil = |n: u32, cells: &mut Vec<String>| {
        if n == 3 {
            cells[1].clear();
        }
    };
    let result = import(&platform, &city, "dry_run=true&mode=skip_faulty", "a.csv", csv(0..10, spoil)).await;
    assert_eq!((&result["created"], &result["faulty"]), (&json!(0), &json!(1)), "{result}");
    assert_eq!(count(&city).await, 0);
    let copy =
        city.get(&format!("/api/files/{}", result["error_file"].as_str().expect("a file"))).await.bytes;
    assert_eq!(read(&copy).sheets[0].rows.len(), 10, "all rows, each where it was");
}

/// Whatever call to the database fails, or whatever answer is lost: no row is doubled, none is left out.
async fn r05_an_import_that_breaks_off_goes_on_and_doubles_nothing(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let mut expected = 0;
    let mut from = 0;
    for mode in ["skip_faulty", "all_or_nothing"] {
        for fault in [Fault::Call as fn(u32) -> Fault, Fault::AnswerOfCommit] {
            for nth in [1, 2, 3, 4, 6, 9, 14, 20] {
                let range = from..from + 2_100;
                from += 2_100;
                let spoil = |n: u32, cells: &mut Vec<String>| {
                    if n % 700 == 3 && mode == "skip_faulty" {
                        cells[2] = "火星区".to_owned();
                    }
                };
                let job = begin(&city, &format!("mode={mode}"), "a.csv", csv(range.clone(), spoil)).await;
                platform.runtime.store.plan_fault(fault(nth));
                // The planned fault may also strike what the worker does around the job.
                let _ = Worker::run_due(&platform.runtime).await;
                platform.runtime.store.end_fault();
                platform.clock.advance(SignedDuration::from_mins(5));
                platform.settle().await;
                let job = city.get(&format!("/api/jobs/{job}")).await.ok();
                let bad = if mode == "skip_faulty" { range.filter(|n| n % 700 == 3).count() } else { 0 };
                let result = &job["result"];
                assert_eq!(result["faulty"], bad, "{mode} {:?}: {job}", fault(nth));
                assert_eq!(result["created"], 2_100 - bad, "{mode} {:?}: {job}", fault(nth));
                expected += 2_100 - bad;
            }
        }
    }
    let query = json!({ "measures": [{ "op": "count", "as": "rows" }, { "op": "count_distinct", "field": "code", "as": "codes" }] });
    let figures = city.post(&format!("/api/records/{SAMPLE}/aggregate"), query).await.ok();
    let row = figures.get("rows").or(figures.get("items")).map_or(&figures[0], |rows| &rows[0]);
    assert_eq!((&row["rows"], &row["codes"]), (&json!(expected), &json!(expected)), "{figures}");
}

async fn an_import_can_be_called_off(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let job = begin(&city, "", "a.csv", csv(0..5, |_, _| {})).await;
    assert_eq!(city.post(&format!("/api/jobs/{job}/cancel"), json!({})).await.ok()["cancelled"], true);
    platform.settle().await;
    assert_eq!(
        (&city.get(&format!("/api/jobs/{job}")).await.ok()["state"], count(&city).await),
        (&json!("cancelled"), 0)
    );
}

/// What was exported changes nothing when it is imported again, in either format.
async fn an_export_is_an_import_that_changes_nothing(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    import(&platform, &city, "", "a.csv", csv(0..40, |_, _| {})).await;
    let texts = ["=1+1", "'=1", " 空 格 ", "引\"号,逗号", "两\n行", "－5", "007", "1.0"];
    for (n, text) in texts.iter().enumerate() {
        let line = text.trim().replace('\n', " ");
        let values = json!({
            "code": format!("T-{n}"), "name": line, "owner": line, "remark": text, "district": "310104",
            "id_no": "11010519491231002X", "price": n, "area": "0.05", "seen_at": "2026-03-01T23:59:59.123+08:00",
            "built_on": "1999-12-31", "let": n % 2 == 0,
        });
        city.create(SAMPLE, values).await;
    }
    for format in ["csv", "xlsx"] {
        let ticket =
            city.post(&format!("/api/records/{SAMPLE}/export"), json!({ "format": format })).await.ok();
        platform.settle().await;
        let mine = city.get("/api/exports").await.ok();
        let item =
            mine["items"].as_array().expect("items").iter().find(|item| item["id"] == ticket["export"]);
        let file = item.expect("the export")["file"].as_str().expect("a file").to_owned();
        let bytes = city.get(&format!("/api/files/{file}")).await.bytes;
        let result = import(&platform, &city, "write=upsert", &format!("样本.{format}"), bytes).await;
        let told = ["created", "updated", "unchanged", "faulty"].map(|name| result[name].clone());
        assert_eq!(told, [json!(0), json!(0), json!(48), json!(0)], "{format}: {result}");
    }
}

async fn s07_what_floods_the_reader_is_refused(db: TestDatabase) {
    let platform =
        Platform::with_samples(db, |settings| settings.exchange.import_bytes_max = 64 * 1024).await;
    let city = platform.log_in("city").await;
    let path = format!("/api/records/{SAMPLE}/import");
    city.upload(&path, "a.csv", vec![b'a'; 65 * 1024]).await.refused(413, "too_large");
    city.upload(&path, "a.csv", Vec::new()).await.refused(400, "empty_file");
    for (name, bytes, said) in [
        ("a.xlsx", b"PK\x03\x04nonsense".to_vec(), "不是 .xlsx 文件"),
        ("a.xls", vec![0xD0, 0xCF, 0x11, 0xE0, 0, 0], ".xls"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "编码无法识别"),
        ("a.csv", format!("编号,名称,区\n{}\n", ",".repeat(300)).into_bytes(), "超过 200 列"),
    ] {
        let result = import(&platform, &city, "", name, bytes).await;
        let message = result["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(said), "{name}: {result}");
    }
}

on_both_databases!(
    a_text_in_the_encoding_of_a_chinese_excel_is_imported,
    records_are_changed_by_their_key,
    bad_rows_are_kept_to_be_corrected,
    a_dry_run_writes_nothing,
    r05_an_import_that_breaks_off_goes_on_and_doubles_nothing,
    an_import_can_be_called_off,
    an_export_is_an_import_that_changes_nothing,
    s07_what_floods_the_reader_is_refused,
);
