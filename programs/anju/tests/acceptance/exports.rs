//! Exports: what the list shows, as a file for one person and for a time; large ones when somebody else agrees.

use anju_runtime::documents::workbook::{self, Cell, Workbook};
use anju_store::{ColumnKind, Condition, Fetch, Select, on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Client, Platform, SAMPLE, a_family};

const CASE: &str = "eligibility.case";
const REQUEST: &str = "platform.export_request";

async fn ask(client: &Client, entity: &str, order: Value) -> Value {
    client.post(&format!("/api/records/{entity}/export"), order).await.ok()
}

/// Asks, lets the job run, and fetches the file.
async fn exported(platform: &Platform, client: &Client, entity: &str, order: Value) -> Vec<u8> {
    let ticket = ask(client, entity, order).await;
    assert_eq!(ticket["state"], "approved", "{ticket}");
    platform.settle().await;
    fetched(client, ticket["export"].as_str().expect("an id")).await
}

async fn listed(client: &Client, export: &str) -> Value {
    let mine = client.get("/api/exports").await.ok();
    let items = mine["items"].as_array().expect("items");
    items.iter().find(|item| item["id"] == export).unwrap_or_else(|| panic!("{export} in {mine}")).clone()
}

async fn fetched(client: &Client, export: &str) -> Vec<u8> {
    let item = listed(client, export).await;
    assert_eq!(item["state"], "done", "{item}");
    let reply = client.get(&format!("/api/files/{}", item["file"].as_str().expect("a file"))).await;
    assert!(reply.status.is_success(), "{}", reply.body);
    reply.bytes
}

fn read(bytes: &[u8]) -> Workbook {
    workbook::read(bytes, &workbook::Limits::default()).expect("the export can be read")
}

fn texts(book: &Workbook) -> Vec<Vec<String>> {
    book.sheets[0].rows.iter().map(|row| row.cells.iter().map(Cell::as_text).collect()).collect()
}

async fn audited(platform: &Platform, event: &str) -> Vec<String> {
    let select = Select::from("sys_audit")
        .column("reason", ColumnKind::Text)
        .filter(Condition::eq("sys_audit", "event", event))
        .order_by("seq", anju_store::Direction::Ascending);
    let rows = platform.runtime.store.reader().fetch_all(&select).await.expect("the audit log");
    rows.iter().map(|row| row.opt_text(0).expect("text").unwrap_or_default().to_owned()).collect()
}

async fn samples(client: &Client, count: u32) {
    for n in 0..count {
        let values = json!({ "code": format!("S-{n:03}"), "name": format!("样本{n}"), "district": if n % 2 == 0 { "310115" } else { "310104" } });
        client.create(SAMPLE, values).await;
    }
}

async fn m046_a_clerk_exports_the_list_as_it_is_shown(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family =
        a_family("310115", 1).with("annual_income", 1_200_000).with("remark", "=HYPERLINK(\"http://x\")");
    let id = family.apply(&platform, &clerk).await;
    platform.settle().await;
    let number = clerk.read(CASE, &id).await["case_no"].as_str().expect("a number").to_owned();
    let order = json!({
        "where": { "field": "applicant_name", "op": "eq", "value": "陈建国" },
        "search": "建国",
        "select": ["case_no", "applicant_name", "id_no", "status", "$countdown", "operator", "registered_here", "annual_income", "remark"],
        "titles": { "$countdown": "剩余工作日" },
    });
    let preview = clerk.post(&format!("/api/records/{CASE}/export/preview"), order.clone()).await.ok();
    assert_eq!((&preview["rows"], &preview["approval_needed"]), (&json!(1), &json!(false)));
    let elsewhere = json!({ "search": "查无此人" });
    let preview = clerk.post(&format!("/api/records/{CASE}/export/preview"), elsewhere).await.ok();
    assert_eq!(preview["rows"], 0);
    let bytes = exported(&platform, &clerk, CASE, order).await;
    let book = read(&bytes);
    let sheet = &book.sheets[0];
    assert_eq!(
        sheet.header,
        [
            "受理编号",
            "主申请人",
            "证件号码",
            "办理状态",
            "剩余工作日",
            "受理机构",
            "本市户籍",
            "家庭年收入（元）",
            "备注"
        ]
    );
    let rows = texts(&book);
    let row = &rows[0];
    assert_eq!((row[0].as_str(), row[1].as_str(), row[3].as_str()), (number.as_str(), "陈建国", "待受理"));
    assert_eq!(row[2], format!("{}{}{}", &family.id_no[..3], "*".repeat(11), &family.id_no[14..]));
    assert!(row[4].parse::<i64>().is_ok_and(|days| days > 0), "{row:?}");
    assert_eq!(
        (row[5].as_str(), row[6].as_str(), row[7].as_str()),
        ("上海浦东公共租赁住房投资运营有限公司", "是", "****")
    );
    assert_eq!(row[8], "=HYPERLINK(\"http://x\")", "a text, not a formula");
    assert_eq!(book.sheets[1].name, "导出说明");
    let notes = format!("{:?}", book.sheets[1]);
    assert!(notes.contains("陈静怡（pudong-clerk）") && notes.contains("主申请人 等于 陈建国"), "{notes}");
    assert_eq!(
        audited(&platform, "export.made").await,
        ["1 行，xlsx；条件：主申请人 等于 陈建国；搜索“建国”"]
    );
    assert_eq!(audited(&platform, "export.fetched").await.len(), 1);
}

async fn a72_a_large_export_waits_for_somebody_else(db: TestDatabase) {
    let platform = Platform::with_samples(db, |settings| settings.exchange.approval_rows = 3).await;
    let city = platform.log_in("city").await;
    samples(&city, 5).await;
    let district = platform.log_in("pudong-district").await;
    samples_of_pudong(&city, 4).await;
    let order = json!({ "select": ["code", "name"], "format": "csv" });
    let refused = district.post(&format!("/api/records/{SAMPLE}/export"), order.clone()).await;
    assert!(refused.error_at("purpose").contains("超过 3 行"));
    let order = json!({ "select": ["code", "name"], "format": "csv", "purpose": "向市局报送季度清单" });
    let ticket = ask(&district, SAMPLE, order.clone()).await;
    assert_eq!(
        (&ticket["state"], &ticket["job"], &ticket["rows"]),
        (&json!("pending"), &Value::Null, &json!(7))
    );
    let export = ticket["export"].as_str().expect("an id");
    platform.settle().await;
    assert_eq!(listed(&district, export).await["state"], "pending");

    let manager = platform.log_in("pudong-manager").await;
    let request = manager.read(REQUEST, export).await;
    assert_eq!((&request["purpose"], &request["rows"]), (&json!("向市局报送季度清单"), &json!(7)));
    assert_eq!(request["query"], "****", "nobody sees the query in clear");
    let other = platform.log_in("xuhui-manager").await;
    assert!(other.tasks_on(REQUEST, export).await.is_empty());
    manager.complete(REQUEST, export, "approve_export", "approve", json!({})).await.ok();
    platform.settle().await;
    let text = String::from_utf8(fetched(&district, export).await).expect("UTF-8");
    assert_eq!(text.lines().count(), 8, "{text}");
    assert!(text.starts_with("\u{feff}编号,名称\r\n"));
    assert_eq!(audited(&platform, "export.approved").await.len(), 1);

    let second = ask(&district, SAMPLE, order).await["export"].as_str().expect("an id").to_owned();
    let empty = manager.complete(REQUEST, &second, "approve_export", "refuse", json!({})).await;
    assert!(!empty.error_at("note").is_empty(), "a refusal has its reason");
    let reason = json!({ "note": "清单已由市局汇总，无须导出" });
    manager.complete(REQUEST, &second, "approve_export", "refuse", reason).await.ok();
    platform.settle().await;
    let item = listed(&district, &second).await;
    assert_eq!(
        (&item["state"], &item["note"], &item["file"]),
        (&json!("refused"), &json!("清单已由市局汇总，无须导出"), &Value::Null)
    );
}

async fn samples_of_pudong(client: &Client, count: u32) {
    for n in 0..count {
        let values = json!({ "code": format!("P-{n:03}"), "name": "浦东", "district": "310115" });
        client.create(SAMPLE, values).await;
    }
}

async fn a72_nobody_approves_their_own_export(db: TestDatabase) {
    let platform = Platform::with_samples(db, |settings| settings.exchange.approval_rows = 1).await;
    let city = platform.log_in("city").await;
    samples(&city, 3).await;
    let order = json!({ "purpose": "内部核对使用" });
    let export = ask(&city, SAMPLE, order).await["export"].as_str().expect("an id").to_owned();
    let own = city.complete(REQUEST, &export, "approve_export", "approve", json!({})).await;
    own.refused(403, "forbidden");
    assert_eq!(listed(&city, &export).await["state"], "pending");
}

async fn a72_a_request_is_withdrawn_by_its_requester(db: TestDatabase) {
    let platform = Platform::with_samples(db, |settings| settings.exchange.approval_rows = 1).await;
    let city = platform.log_in("city").await;
    samples(&city, 3).await;
    let district = platform.log_in("pudong-district").await;
    let order = json!({ "select": ["code"], "purpose": "内部核对使用" });
    let export = ask(&district, SAMPLE, order).await["export"].as_str().expect("an id").to_owned();
    let manager = platform.log_in("pudong-manager").await;
    assert_eq!(manager.tasks_on(REQUEST, &export).await.len(), 1);
    let path = format!("/api/exports/{export}/cancel");
    manager.post(&path, json!({})).await.refused(404, "not_found");
    let cancelled = district.post_once(&path, "call-off", json!({})).await.ok();
    assert_eq!(listed(&district, &export).await["state"], "cancelled");
    assert_eq!(district.post_once(&path, "call-off", json!({})).await.ok(), cancelled, "asked for again");
    assert!(manager.tasks_on(REQUEST, &export).await.is_empty());
    district.post(&path, json!({})).await.refused(409, "export_ended");
}

async fn a72_the_rights_are_those_of_the_moment_it_is_made(db: TestDatabase) {
    let platform = Platform::with_samples(db, |settings| settings.exchange.approval_rows = 1).await;
    let city = platform.log_in("city").await;
    samples(&city, 4).await;
    let district = platform.log_in("pudong-district").await;
    let order = json!({ "select": ["code"], "purpose": "内部核对使用" });
    let export = ask(&district, SAMPLE, order).await["export"].as_str().expect("an id").to_owned();
    let manager = platform.log_in("pudong-manager").await;
    manager.complete(REQUEST, &export, "approve_export", "approve", json!({})).await.ok();
    let account = platform.account("pudong-district").await;
    platform.change("platform.account", &account, json!({ "status": "stopped" })).await;
    platform.settle().await;
    platform.change("platform.account", &account, json!({ "status": "active" })).await;
    let item = listed(&district, &export).await;
    assert_eq!(item["state"], "failed", "{item}");
    assert!(item["error"].as_str().is_some_and(|error| error.contains("已停用")), "{item}");
}

async fn a61_a_file_is_for_its_requester_and_for_a_day(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    samples(&city, 2).await;
    let export = ask(&city, SAMPLE, json!({})).await["export"].as_str().expect("an id").to_owned();
    platform.settle().await;
    let file = listed(&city, &export).await["file"].as_str().expect("a file").to_owned();
    let path = format!("/api/files/{file}");
    let other = platform.log_in("pudong-district").await;
    other.get(&path).await.refused(404, "not_found");
    platform.public().get(&path).await.refused(401, "not_signed_in");
    assert!(city.get(&path).await.status.is_success());
    platform.clock.advance(SignedDuration::from_hours(24));
    city.get(&path).await.refused(404, "not_found");
    let item = listed(&city, &export).await;
    assert_eq!((&item["state"], &item["file"]), (&json!("expired"), &Value::Null));
    platform.runtime.sweep().await.expect("sweeps");
    city.get(&path).await.refused(404, "not_found");
}

async fn s01_nobody_exports_what_they_may_not_read(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    samples(&city, 5).await;
    let path = format!("/api/records/{SAMPLE}/export");
    let district = platform.log_in("pudong-district").await;
    let rows = texts(&read(&exported(&platform, &district, SAMPLE, json!({})).await));
    assert_eq!(rows.len(), 3, "the other district's are not theirs");
    let hidden = district.post(&path, json!({ "select": ["code", "owner"] })).await;
    assert!(hidden.error_at("owner").contains("无权使用"));
    let probing = json!({ "where": { "field": "id_no", "op": "not_null" }, "select": ["code"] });
    assert_eq!(district.post(&path, probing).await.status.as_u16(), 422);
    let clerk = platform.log_in("pudong-clerk").await;
    clerk.post(&path, json!({})).await.refused(403, "forbidden");
    clerk.post(&format!("{path}/preview"), json!({})).await.refused(403, "forbidden");
}

async fn s05_no_text_of_a_user_becomes_a_formula(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let texts_given = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1"];
    for (n, text) in texts_given.iter().enumerate() {
        let values = json!({ "code": format!("F-{n}"), "name": text, "owner": text, "district": "310115", "price": 100 });
        city.create(SAMPLE, values).await;
    }
    let order =
        json!({ "select": ["code", "name", "price"], "sort": [{ "field": "code" }], "format": "csv" });
    let csv = String::from_utf8(exported(&platform, &city, SAMPLE, order.clone()).await).expect("UTF-8");
    for (line, text) in csv.lines().skip(1).zip(texts_given) {
        let cell = line.split(',').nth(1).expect("a cell");
        assert_eq!(cell, format!("'{text}"), "{csv}");
    }
    let order = json!({ "select": ["code", "name"], "sort": [{ "field": "code" }], "format": "xlsx" });
    let bytes = exported(&platform, &city, SAMPLE, order).await;
    let names: Vec<String> = texts(&read(&bytes)).into_iter().map(|row| row[1].clone()).collect();
    assert_eq!(names, texts_given);
}

async fn a_list_on_paper_carries_its_watermark(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    samples(&city, 60).await;
    let pdf =
        exported(&platform, &city, SAMPLE, json!({ "select": ["code", "name"], "format": "pdf" })).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("list.pdf");
    std::fs::write(&file, pdf).expect("writes");
    let text = std::process::Command::new("pdftotext").args(["-raw"]).arg(&file).arg("-").output();
    let text = String::from_utf8(text.expect("poppler-utils is installed").stdout).expect("UTF-8");
    // Between Chinese and figures the typesetter leaves room, which the reader takes for a space.
    let text = text.replace(' ', "");
    assert!(
        text.contains("样本59") && text.contains("沈国平（city）") && text.contains("行数：60"),
        "{text}"
    );
}

async fn r05_the_same_key_asks_for_one_export(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    samples(&city, 1).await;
    let path = format!("/api/records/{SAMPLE}/export");
    let first = city.post_once(&path, "export-1", json!({ "format": "csv" })).await.ok();
    let second = city.post_once(&path, "export-1", json!({ "format": "csv" })).await.ok();
    assert_eq!(first, second);
    assert_eq!(city.get("/api/exports").await.ok()["items"].as_array().expect("items").len(), 1);
    let other = city.post_once(&path, "export-1", json!({ "format": "xlsx" })).await;
    other.refused(422, "idempotency_key_reused");
}

async fn s18_few_exports_are_under_way_at_a_time_and_they_can_be_called_off(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    samples(&city, 1).await;
    let path = format!("/api/records/{SAMPLE}/export");
    let mut tickets = Vec::new();
    for _ in 0..3 {
        tickets.push(ask(&city, SAMPLE, json!({})).await);
    }
    city.post(&path, json!({})).await.refused(409, "exports_open");
    let job = tickets[0]["job"].as_str().expect("a job");
    let stranger = platform.log_in("pudong-district").await;
    stranger.post(&format!("/api/jobs/{job}/cancel"), json!({})).await.refused(404, "not_found");
    let answer = city.post(&format!("/api/jobs/{job}/cancel"), json!({})).await.ok();
    assert_eq!(answer["cancelled"], true);
    assert_eq!(city.get(&format!("/api/jobs/{job}")).await.ok()["state"], "cancelled");
    assert_eq!(listed(&city, tickets[0]["export"].as_str().expect("an id")).await["state"], "cancelled");
    ask(&city, SAMPLE, json!({})).await;
    platform.settle().await;
    let done = city.get("/api/exports").await.ok();
    let states: Vec<&Value> =
        done["items"].as_array().expect("items").iter().map(|item| &item["state"]).collect();
    assert_eq!(states, ["done", "done", "done", "cancelled"]);
    let again = city.post(&format!("/api/jobs/{job}/cancel"), json!({})).await.ok();
    assert_eq!(again["cancelled"], false, "it was over already");
}

on_both_databases!(
    m046_a_clerk_exports_the_list_as_it_is_shown,
    a72_a_large_export_waits_for_somebody_else,
    a72_nobody_approves_their_own_export,
    a72_a_request_is_withdrawn_by_its_requester,
    a72_the_rights_are_those_of_the_moment_it_is_made,
    a61_a_file_is_for_its_requester_and_for_a_day,
    s01_nobody_exports_what_they_may_not_read,
    s05_no_text_of_a_user_becomes_a_formula,
    a_list_on_paper_carries_its_watermark,
    r05_the_same_key_asks_for_one_export,
    s18_few_exports_are_under_way_at_a_time_and_they_can_be_called_off,
);
