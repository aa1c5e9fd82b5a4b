//! Actions on many records: told beforehand, done one by one or together, every outcome explained.

use std::time::{Duration, Instant};

use anju_runtime::{
    Worker,
    documents::workbook::{self, Cell},
};
use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{Client, Platform, SAMPLE, a_family};

const CASE: &str = "eligibility.case";

fn path(entity: &str, action: &str) -> String {
    format!("/api/records/{entity}/actions/{action}")
}

async fn samples(client: &Client, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let values = json!({ "code": format!("S-{n:03}"), "name": format!("样本{n}"), "district": "310115" });
        ids.push(client.create(SAMPLE, values).await);
    }
    ids
}

/// Asks for an action on many records; the job's id.
async fn order(client: &Client, action: &str, body: Value) -> String {
    let reply = client.post(&path(SAMPLE, action), body).await;
    assert_eq!(reply.status.as_u16(), 202, "{}", reply.body);
    reply.body["job"].as_str().expect("a job").to_owned()
}

async fn job(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/jobs/{id}")).await.ok()
}

async fn items(client: &Client, id: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/jobs/{id}/items?size=500")).await.ok();
    page["items"].as_array().expect("items").clone()
}

async fn closed(client: &Client) -> usize {
    let filter = json!({ "field": "state", "op": "eq", "value": "closed" });
    client.find(SAMPLE, filter).await.len()
}

async fn a_preview_tells_how_many_may_and_why_not(db: TestDatabase) {
    let platform = Platform::with_samples(db, |settings| settings.exchange.bulk_records_max = 6).await;
    let city = platform.log_in("city").await;
    let mut ids = samples(&city, 4).await;
    city.act(SAMPLE, "close", &ids[1], json!({})).await.ok();
    ids.push("01900000-0000-7000-8000-000000000000".to_owned());
    let preview = city.post(&format!("{}/preview", path(SAMPLE, "close")), json!({ "ids": ids })).await.ok();
    assert_eq!(
        (&preview["total"], &preview["allowed"], &preview["atomic"]),
        (&json!(5), &json!(3), &json!(false))
    );
    let refused: Vec<(&Value, &Value)> = preview["refused"]
        .as_array()
        .expect("refusals")
        .iter()
        .map(|one| (&one["reason"], &one["count"]))
        .collect();
    assert_eq!(refused, [(&json!("已经办结"), &json!(1)), (&json!("记录不存在，或无权查看"), &json!(1))]);
    assert_eq!(preview["refused"][0]["examples"], json!(["S-001 样本1"]));
    let all = json!({ "where": { "field": "code", "op": "starts_with", "value": "S-" } });
    let preview = city.post(&format!("{}/preview", path(SAMPLE, "close")), all.clone()).await.ok();
    assert_eq!((&preview["total"], &preview["allowed"]), (&json!(4), &json!(3)));
    samples_named(&city, "T", 4).await;
    let many = json!({ "where": { "and": [] } });
    city.post(&format!("{}/preview", path(SAMPLE, "close")), many.clone()).await.refused(422, "too_much");
    city.post(&path(SAMPLE, "close"), many).await.refused(422, "too_much");
    for body in [json!({}), json!({ "ids": ["a"], "where": { "and": [] } })] {
        assert!(!city.post(&path(SAMPLE, "close"), body).await.error_at("ids").is_empty());
    }
    let none = json!({ "where": { "field": "code", "op": "eq", "value": "nothing" } });
    assert!(!city.post(&path(SAMPLE, "close"), none).await.error_at("ids").is_empty());
}

async fn samples_named(client: &Client, prefix: &str, count: u32) {
    for n in 0..count {
        let values = json!({ "code": format!("{prefix}-{n:03}"), "name": "样本", "district": "310115" });
        client.create(SAMPLE, values).await;
    }
}

async fn each_record_is_done_or_refused_by_itself(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let mut ids = samples(&city, 4).await;
    city.act(SAMPLE, "close", &ids[1], json!({})).await.ok();
    ids.push("01900000-0000-7000-8000-000000000000".to_owned());
    ids.push(ids[0].clone());
    let id = order(&city, "close", json!({ "ids": ids })).await;
    platform.settle().await;
    let done = job(&city, &id).await;
    assert_eq!(
        (&done["state"], &done["result"]),
        (&json!("done"), &json!({ "total": 5, "done": 3, "refused": 2 }))
    );
    assert_eq!(done["progress"], json!({ "done": 5, "total": 5 }));
    let outcomes: Vec<(String, String)> = items(&city, &id)
        .await
        .iter()
        .map(|item| {
            [&item["outcome"], &item["reason"]]
                .map(|text| text.as_str().unwrap_or_default().to_owned())
                .into()
        })
        .collect();
    let told = |outcome: &str, reason: &str| (outcome.to_owned(), reason.to_owned());
    assert_eq!(
        outcomes,
        [
            told("done", ""),
            told("refused", "已经办结"),
            told("done", ""),
            told("done", ""),
            told("refused", "记录不存在，或无权查看"),
        ]
    );
    assert_eq!(closed(&city).await, 4);
    let page = city.get(&format!("/api/jobs/{id}/items?size=2&after=1")).await.ok();
    assert_eq!((page["items"].as_array().map(Vec::len), &page["next"]), (Some(2), &json!(3)));
    let book = city.get(&format!("/api/jobs/{id}/items.xlsx")).await.bytes;
    let book = workbook::read(&book, &workbook::Limits::default()).expect("a workbook");
    let row: Vec<String> = book.sheets[0].rows[1].cells.iter().map(Cell::as_text).collect();
    assert_eq!(row, ["2", "S-001 样本1", "未完成", "已经办结"]);
    let stranger = platform.log_in("pudong-district").await;
    stranger.get(&format!("/api/jobs/{id}/items")).await.refused(404, "not_found");
    stranger.get(&format!("/api/jobs/{id}/items.xlsx")).await.refused(404, "not_found");
}

async fn an_atomic_action_is_done_to_all_or_none(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let ids = samples(&city, 4).await;
    city.act(SAMPLE, "close", &ids[2], json!({})).await.ok();
    let id = order(&city, "close_together", json!({ "ids": ids })).await;
    platform.settle().await;
    assert_eq!(job(&city, &id).await["result"], json!({ "total": 4, "done": 0, "refused": 4 }));
    assert_eq!(closed(&city).await, 1);
    let reasons = items(&city, &id).await;
    assert_eq!(reasons[2]["reason"], "已经办结");
    assert_eq!(reasons[0]["reason"], "因“S-002 样本2”未能完成，全部未执行");
    let open = json!({ "where": { "field": "state", "op": "eq", "value": "open" } });
    let id = order(&city, "close_together", open).await;
    platform.settle().await;
    assert_eq!(job(&city, &id).await["result"], json!({ "total": 3, "done": 3, "refused": 0 }));
    assert_eq!((closed(&city).await, items(&city, &id).await.len()), (4, 3));
}

async fn a_faulty_input_is_told_before_anything_is_done(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let ids = samples(&city, 2).await;
    let faulty = city.post(&path(SAMPLE, "note"), json!({ "ids": ids, "input": { "text": "" } })).await;
    assert_eq!(faulty.error_at("text"), "请填写批注内容");
    let id = order(&city, "note", json!({ "ids": ids, "input": { "text": "已核对" } })).await;
    platform.settle().await;
    assert_eq!(job(&city, &id).await["result"]["done"], 2);
    assert_eq!(city.read(SAMPLE, &ids[0]).await["remark"], "已核对");
    let district = platform.log_in("pudong-district").await;
    district.post(&path(SAMPLE, "note"), json!({ "ids": ids })).await.refused(403, "forbidden");
    district.post(&path(SAMPLE, "unknown"), json!({ "ids": ids })).await.refused(404, "not_found");
}

async fn r05_the_same_key_is_one_order(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let ids = samples(&city, 3).await;
    let first = city.post_once(&path(SAMPLE, "close"), "bulk-1", json!({ "ids": ids })).await.ok();
    let second = city.post_once(&path(SAMPLE, "close"), "bulk-1", json!({ "ids": ids })).await.ok();
    assert_eq!(first, second);
    platform.settle().await;
    assert_eq!(job(&city, first["job"].as_str().expect("a job")).await["result"]["done"], 3);
    assert_eq!(city.read(SAMPLE, &ids[0]).await["version"], 2);
}

/// Whatever call to the database fails, or whatever answer is lost: every record is acted on once.
async fn r05_an_order_that_breaks_off_goes_on_and_acts_once(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let mut number = 0;
    for fault in [Fault::Call as fn(u32) -> Fault, Fault::AnswerOfCommit] {
        for nth in (1..60).step_by(7) {
            number += 1;
            let mut ids = Vec::new();
            for n in 0..4 {
                let values =
                    json!({ "code": format!("B-{number}-{n}"), "name": "样本", "district": "310115" });
                ids.push(city.create(SAMPLE, values).await);
            }
            let id = order(&city, "close", json!({ "ids": ids })).await;
            platform.runtime.store.plan_fault(fault(nth));
            // The planned fault may also strike what the worker does around the job.
            let _ = Worker::run_due(&platform.runtime).await;
            platform.runtime.store.end_fault();
            platform.clock.advance(SignedDuration::from_mins(5));
            platform.settle().await;
            let done = job(&city, &id).await;
            assert_eq!(
                done["result"],
                json!({ "total": 4, "done": 4, "refused": 0 }),
                "{:?}: {done}",
                fault(nth)
            );
            for id in &ids {
                assert_eq!(city.read(SAMPLE, id).await["version"], 2, "{:?}", fault(nth));
            }
        }
    }
}

async fn an_order_can_be_called_off(db: TestDatabase) {
    let platform = Platform::with_samples(db, |_| {}).await;
    let city = platform.log_in("city").await;
    let ids = samples(&city, 120).await;
    let waiting = order(&city, "close", json!({ "ids": ids })).await;
    city.post(&format!("/api/jobs/{waiting}/cancel"), json!({})).await.ok();
    platform.settle().await;
    assert_eq!((&job(&city, &waiting).await["state"], closed(&city).await), (&json!("cancelled"), 0));

    let running = order(&city, "close", json!({ "ids": ids })).await;
    let runtime = platform.runtime.clone();
    let work = tokio::spawn(async move { Worker::run_due(&runtime).await });
    let deadline = Instant::now() + Duration::from_secs(60);
    while job(&city, &running).await["progress"]["done"] == 0 {
        assert!(Instant::now() < deadline, "the job begins");
    }
    city.post(&format!("/api/jobs/{running}/cancel"), json!({})).await.ok();
    work.await.expect("no panic").expect("the worker goes on");
    let ended = job(&city, &running).await;
    let done = items(&city, &running).await.len();
    assert_eq!(ended["state"], "cancelled");
    assert!(done > 0 && done < ids.len(), "{done}");
    let found = city
        .post(
            &format!("/api/records/{SAMPLE}/query"),
            json!({ "where": { "field": "state", "op": "eq", "value": "closed" }, "count": true }),
        )
        .await
        .ok();
    assert_eq!(found["total"], done, "what was committed stays, and nothing else was done");
}

async fn m011_many_drafts_are_submitted_and_each_refusal_is_explained(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let mut ids = Vec::new();
    for number in [11, 12, 11] {
        ids.push(clerk.create(CASE, a_family("310115", number).application(&clerk).await).await);
    }
    let preview = clerk.post(&format!("{}/preview", path(CASE, "submit")), json!({ "ids": ids })).await.ok();
    assert_eq!(preview["allowed"], 3);
    let reply = clerk.post(&path(CASE, "submit"), json!({ "ids": ids })).await.ok();
    platform.settle().await;
    let id = reply["job"].as_str().expect("a job");
    assert_eq!(job(&clerk, id).await["result"], json!({ "total": 3, "done": 2, "refused": 1 }));
    let last = items(&clerk, id).await[2].clone();
    assert!(last["reason"].as_str().is_some_and(|reason| reason.contains("不能重复申请")), "{last}");
}

on_both_databases!(
    a_preview_tells_how_many_may_and_why_not,
    each_record_is_done_or_refused_by_itself,
    an_atomic_action_is_done_to_all_or_none,
    a_faulty_input_is_told_before_anything_is_done,
    r05_the_same_key_is_one_order,
    r05_an_order_that_breaks_off_goes_on_and_acts_once,
    an_order_can_be_called_off,
    m011_many_drafts_are_submitted_and_each_refusal_is_explained,
);
