//! The end of terms, through the API: what is due, the run, and that nothing of a value is left anywhere.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, a_family, grant};

const CASE: &str = "eligibility.case";
const SMS: &str = "platform.sms_message";

/// Terms that a site sets for shipped entities.
const TERMS: [&str; 4] = [
    "extension: site.case_terms\nentity: eligibility.case\nretention:\n  - { term: refused_people, basis: 个人信息保护法第四十七条, keep: 2y, after: closed_on, where: { field: status, op: eq, value: not_accepted }, then: anonymise, fields: [applicant_name, id_no, phone, address, employer, refusal_notice, refusal_reason, members.name, members.id_no, housings.address, materials.file] }\n",
    "extension: site.sms_terms\nentity: platform.sms_message\nretention:\n  - { term: sent, keep: 1y, after: requested_at, then: remove }\n",
    "extension: site.slot_terms\nentity: eligibility.review_slot\nretention:\n  - { term: given_back, keep: 1y, after: deleted_at, then: remove }\n",
    "extension: site.prior_terms\nentity: eligibility.prior_case\nretention:\n  - { term: found, keep: 1y, after: created_at, then: remove }\n",
];

/// A family whose application was refused, with everything that belongs to it.
async fn a_refused_family(platform: &Platform, clerk: &Client, number: u32) -> String {
    let family = a_family("310115", number)
        .of(2)
        .with("applicant_name", "欧阳清越")
        .with("employer", "上海独一无二贸易行")
        .with("address", "上海市浦东新区无名弄 7 号");
    let id = family.apply(platform, clerk).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    let reason =
        json!({ "refusal_kind": "housing", "refusal_reason": "欧阳清越名下另有住房", "notify": true });
    let body = json!({ "outcome": "refuse", "opinion": "经查欧阳清越不符合条件", "data": reason });
    clerk.post(&format!("/api/tasks/{task}/complete"), body).await.ok();
    platform.settle().await;
    assert_eq!(clerk.read(CASE, &id).await["status"], "not_accepted");
    id
}

async fn run(platform: &Platform, steward: &Client, entity: &str, term: &str) -> Value {
    let body = json!({ "entity": entity, "term": term, "reason": "年度清理" });
    let job = steward.post("/api/retention/runs", body).await.ok()["job"].as_str().expect("a job").to_owned();
    platform.settle().await;
    let job = steward.get(&format!("/api/jobs/{job}")).await.ok();
    assert_eq!(job["state"], "done", "{job}");
    job["result"].clone()
}

/// How many files lie below a folder.
fn contents(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| if path.is_dir() { contents(&path) } else { 1 }).sum()
}

async fn due(steward: &Client, term: &str) -> (u64, u64) {
    let report = steward.get("/api/retention/due").await.ok();
    let term = report["items"].as_array().expect("items").iter().find(|item| item["term"] == term).cloned();
    let term = term.expect("the term");
    (term["due"].as_u64().expect("a number"), term["held"].as_u64().expect("a number"))
}

async fn no_removed_value_is_left_anywhere(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let steward = platform.log_in("steward").await;
    let clerk = platform.log_in("pudong-clerk").await;
    shapers.publish(&TERMS).await;
    let id = a_refused_family(&platform, &clerk, 101).await;
    let case = clerk.read(CASE, &id).await;
    let files: Vec<String> = case["materials"]
        .as_array()
        .expect("materials")
        .iter()
        .map(|row| &row["file"])
        .chain([&case["refusal_notice"]])
        .filter_map(|file| file.as_str().map(str::to_owned))
        .collect();
    assert!(files.len() >= 3, "{case}");
    let texts = ["欧阳清越", "上海独一无二贸易行", "上海市浦东新区无名弄"];
    assert!(platform.database.tables_holding(&texts).await.contains(&"eligibility_case".to_owned()));

    assert_eq!(due(&steward, "refused_people").await, (0, 0));
    clerk.get("/api/retention/due").await.refused(403, "forbidden");
    platform.clock.advance(jiff::SignedDuration::from_hours(24 * 800));
    let clerk = platform.log_in("pudong-clerk").await;
    assert_eq!(due(&steward, "refused_people").await, (1, 0));
    // A hold keeps it.
    let path = format!("/api/records/{CASE}/{id}");
    clerk.post(&format!("{path}/hold"), json!({ "reason": "诉讼" })).await.refused(403, "forbidden");
    let system = anju_runtime::records::Actor::system("法务");
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    platform.runtime.records.set_hold(&mut tx, &system, CASE, &id, "行政复议").await.expect("held");
    tx.commit().await.expect("committed");
    assert_eq!(due(&steward, "refused_people").await, (0, 1));
    assert_eq!(run(&platform, &steward, CASE, "refused_people").await["erased"], 0);
    assert_eq!(
        steward.get(&format!("/api/retention/holds/{CASE}")).await.ok()["items"][0]["reason"],
        "行政复议"
    );
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    platform.runtime.records.release_hold(&mut tx, &system, CASE, &id, "复议终结").await.expect("released");
    tx.commit().await.expect("committed");

    let outcome = run(&platform, &steward, CASE, "refused_people").await;
    assert_eq!(
        (outcome["erased"].clone(), outcome["files"].as_u64().unwrap_or(0) >= 3),
        (json!(1), true),
        "{outcome}"
    );
    assert_eq!(run(&platform, &steward, SMS, "sent").await["erased"], 1);
    run(&platform, &steward, "eligibility.prior_case", "found").await;
    // Given back by both when the case was closed, and in the recycle bin since.
    assert_eq!(run(&platform, &steward, "eligibility.review_slot", "given_back").await["erased"], 2);
    assert_eq!(platform.database.tables_holding(&texts).await, Vec::<String>::new());
    for file in &files {
        clerk.get(&format!("/api/files/{file}")).await.refused(404, "not_found");
    }
    assert_eq!(
        contents(&platform.runtime.settings.data_dir.join("files")),
        0,
        "nor are their contents on disk"
    );

    // The case is still counted, its course still known.
    let left = clerk.read(CASE, &id).await;
    assert_eq!(
        (left["status"].clone(), left["applicant_name"].clone(), left["id_no"].clone()),
        (json!("not_accepted"), Value::Null, Value::Null)
    );
    assert_eq!(left["members"].as_array().map(Vec::len), Some(1));
    let figures =
        json!({ "group_by": [{ "field": "status" }], "measures": [{ "op": "count", "as": "count" }] });
    let figures = clerk.post(&format!("/api/records/{CASE}/aggregate"), figures).await.ok();
    assert_eq!(figures["rows"][0]["count"], 1);
    let history = clerk.get(&format!("{path}/history")).await.ok();
    assert_eq!(history["items"][0]["action"], "anonymised");
    assert_eq!(due(&steward, "refused_people").await, (0, 0));
}

async fn a_run_that_breaks_off_goes_on_where_it_was(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let steward = platform.log_in("steward").await;
    shapers
        .publish(&["entity: site.note\ntitle: 便笺\ndisplay: \"{text}\"\nscope: { shared: true }\nfields:\n  text: { title: 内容, type: text }\n  day: { title: 日期, type: date }\n  about: { title: 关于, type: ref, to: site.note }\n  urgent: { title: 加急, type: boolean }\nretention:\n  - { term: old, keep: 30d, after: day, then: remove, count_by: [urgent] }\n"])
        .await;
    let system = anju_runtime::records::Actor::system("test");
    let records = &platform.runtime.records;
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    let mut ids = Vec::new();
    for number in 0..130 {
        let values =
            json!({ "text": format!("第{number}张"), "day": "2026-01-01", "urgent": number % 2 == 0 });
        let values = values.as_object().cloned().expect("an object");
        ids.push(records.create(&mut tx, &system, "site.note", values, None).await.expect("a note").id);
    }
    // One that another, which is not due, refers to.
    let later = json!({ "text": "后来", "day": "2026-03-01", "about": ids[60] })
        .as_object()
        .cloned()
        .expect("an object");
    records.create(&mut tx, &system, "site.note", later, None).await.expect("a note");
    tx.commit().await.expect("committed");
    // A worker dies after its first batch: the batch is done, the job is not.
    let body = json!({ "entity": "site.note", "term": "old", "reason": "清理" });
    let job = steward.post("/api/retention/runs", body.clone()).await.ok()["job"]
        .as_str()
        .expect("a job")
        .to_owned();
    let again =
        steward.post("/api/retention/runs", body).await.ok()["job"].as_str().expect("a job").to_owned();
    assert_eq!(job, again, "one run of a term at a time");
    let key = anju_runtime::records::TermKey { entity: "site.note".to_owned(), term: "old".to_owned() };
    let mut tx = platform.runtime.store.begin().await.expect("a transaction");
    for id in records.due_ids(&mut tx, &key, None, 50).await.expect("ids") {
        records.erase(&mut tx, &system, &key, &id).await.expect("erased");
    }
    tx.commit().await.expect("committed");
    platform.settle().await;
    let job = steward.get(&format!("/api/jobs/{job}")).await.ok();
    assert_eq!((job["state"].clone(), job["progress"]["done"].clone()), (json!("done"), json!(80)));
    assert_eq!(job["result"], json!({ "erased": 79, "running": 0, "referenced": 1, "files": 0 }));
    let left = records.query(&system, "site.note", &Default::default()).await.expect("a page");
    assert_eq!(left.items.len(), 2);
    // All but the one that is referred to are gone, and still counted.
    let removed = steward.get("/api/retention/removed/site.note").await.ok();
    let counts = json!([
        { "term": "old", "month": "2026-03", "by": { "urgent": "false" }, "count": 65 },
        { "term": "old", "month": "2026-03", "by": { "urgent": "true" }, "count": 64 },
    ]);
    assert_eq!(removed["items"], counts);
}

async fn a_hold_is_set_and_ended_by_whoever_sees_the_record(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 102).apply(&platform, &clerk).await;
    let path = format!("/api/records/{CASE}/{id}");
    let steward = platform.log_in("steward").await;
    let order = json!({ "reason": "行政复议" });
    steward.post(&format!("{path}/hold"), order.clone()).await.refused(403, "forbidden");
    grant(&platform, "沈国平", "platform.data_steward").await;
    let city = platform.log_in("city").await;
    let unfit = json!({ "reason": "行政复议", "until": "2027-01-01" });
    city.post(&format!("{path}/hold"), unfit).await.refused(400, "bad_request");
    assert!(
        city.post(&format!("{path}/hold"), json!({ "reason": " " }))
            .await
            .error_at("reason")
            .contains("请填写")
    );
    for _ in 0..2 {
        assert_eq!(city.post_once(&format!("{path}/hold"), "hold", order.clone()).await.status.as_u16(), 204);
    }
    let held = city.get(&format!("/api/retention/holds/{CASE}")).await.ok();
    assert_eq!(held["items"].as_array().map(Vec::len), Some(1), "{held}");
    assert_eq!(held["items"][0]["reason"], "行政复议");
    let end = json!({ "reason": "复议终结" });
    for _ in 0..2 {
        let reply = city.post_once(&format!("{path}/release"), "release", end.clone()).await;
        assert_eq!(reply.status.as_u16(), 204, "{}", reply.body);
    }
    city.post(&format!("{path}/release"), end).await.refused(404, "not_found");
    assert_eq!(city.get(&format!("/api/retention/holds/{CASE}")).await.ok()["items"], json!([]));
}

on_both_databases!(
    no_removed_value_is_left_anywhere,
    a_run_that_breaks_off_goes_on_where_it_was,
    a_hold_is_set_and_ended_by_whoever_sees_the_record,
);
