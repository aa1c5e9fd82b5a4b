//! The commands of a case, from its creation to its withdrawal, over HTTP.

use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use super::sweep::{Ask, CALLS_MAX, DATABASE, FAULTS, sweep};
use crate::support::{Client, Platform, a_family};

const CASE: &str = "eligibility.case";

async fn cases_of(clerk: &Client, id_no: &str) -> Vec<Value> {
    clerk.find(CASE, json!({ "field": "id_no", "op": "eq", "value": id_no })).await
}

async fn history_of(clerk: &Client, id: &str) -> Vec<Value> {
    let history = clerk.get(&format!("/api/records/{CASE}/{id}/history")).await.ok();
    history["items"].as_array().expect("entries").clone()
}

async fn r03_a_case_is_created_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let prepare = async |number| {
        let family = a_family("310115", number).of(3);
        let application = family.application(&clerk).await;
        Ask::post(&family.id_no, format!("/api/records/{CASE}"), application)
    };
    sweep(&platform, &FAULTS, &clerk, prepare, async |ask, created| {
        let found = cases_of(&clerk, &ask.about).await;
        assert_eq!(found.len(), 1, "one case");
        assert_eq!(found[0]["id"], created["id"]);
        let case = clerk.read(CASE, created["id"].as_str().expect("an id")).await;
        assert_eq!(case["members"].as_array().map(Vec::len), Some(2));
        assert_eq!(history_of(&clerk, case["id"].as_str().expect("an id")).await.len(), 1);
    })
    .await;
}

async fn r03_a_case_is_changed_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let prepare = async |number| {
        let draft = a_family("310115", number).without_materials().application(&clerk).await;
        let id = clerk.create(CASE, draft).await;
        let version = clerk.read(CASE, &id).await["version"].as_i64();
        let path = format!("/api/records/{CASE}/{id}");
        let body = json!({ "employer": format!("上海第{number}机床厂"), "contract_months": 36 });
        Ask { about: id, method: Method::PATCH, path, version, body }
    };
    sweep(&platform, &DATABASE, &clerk, prepare, async |ask, _| {
        let case = clerk.read(CASE, &ask.about).await;
        assert_eq!(case["version"].as_i64(), ask.version.map(|version| version + 1));
        assert_eq!(case["employer"], ask.body["employer"]);
        assert_eq!(history_of(&clerk, &ask.about).await.len(), 2);
    })
    .await;
}

async fn r03_a_case_is_submitted_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let prepare = async |number| {
        let family = a_family("310115", number);
        let id = clerk.create(CASE, family.application(&clerk).await).await;
        let path = format!("/api/records/{CASE}/actions/submit");
        Ask::post(&id, path, json!({ "ids": [id], "input": {} }))
    };
    sweep(&platform, &DATABASE, &clerk, prepare, async |ask, _| {
        assert_eq!(clerk.read(CASE, &ask.about).await["status"], "acceptance");
        assert_eq!(clerk.tasks_on(CASE, &ask.about).await.len(), 1, "one process, one task");
    })
    .await;
}

async fn r03_a_case_is_accepted_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let prepare = async |number| {
        let id = a_family("310115", number).apply(&platform, &clerk).await;
        let task = clerk.task_at(CASE, &id, "acceptance").await;
        clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
        let body = json!({ "outcome": "accept", "opinion": "材料齐全", "data": {} });
        Ask::post(&id, format!("/api/tasks/{task}/complete"), body)
    };
    sweep(&platform, &DATABASE, &clerk, prepare, async |ask, _| {
        assert_eq!(clerk.read(CASE, &ask.about).await["status"], "verification");
        assert!(clerk.tasks_on(CASE, &ask.about).await.is_empty());
        assert_eq!(sources(&verifications(&clerk, &ask.about).await), expected_sources(), "each asked once");
    })
    .await;
}

/// The background work of an acceptance (calls, answers, notices, texts): each of its calls to the database fails
/// once, and the worker takes the job up again when its lease has ended.
async fn r03_a_case_is_verified_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let mut sent_by_whole_run = None;
    for nth in (0..CALLS_MAX).step_by(5) {
        let id = a_family("310115", 2_000 + nth).apply(&platform, &clerk).await;
        let task = clerk.task_at(CASE, &id, "acceptance").await;
        clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
        clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
        platform.runtime.store.plan_fault(Fault::Call(nth));
        // A failure to lease ends this round of work; the next one goes on.
        let _ = anju_runtime::Worker::run_due(&platform.runtime).await;
        let happened = platform.runtime.store.end_fault();
        for _ in 0..8 {
            platform.clock.advance(SignedDuration::from_hours(6));
            platform.settle().await;
        }
        assert_eq!(clerk.read(CASE, &id).await["status"], "verification_review", "after fault {nth}");
        assert_eq!(clerk.tasks_on(CASE, &id).await.len(), 1);
        let answers = verifications(&clerk, &id).await;
        assert_eq!(sources(&answers), expected_sources());
        assert!(answers.iter().all(|answer| answer["state"] == "answered"), "{answers:?}");
        let texts = clerk
            .find("platform.sms_message", json!({ "field": "record", "op": "eq", "value": id }))
            .await
            .len();
        assert_eq!(*sent_by_whole_run.get_or_insert(texts), texts, "each text is sent once");
        if nth > 0 && !happened {
            return;
        }
    }
    panic!("the sweep ends");
}

async fn verifications(clerk: &Client, case: &str) -> Vec<Value> {
    clerk.find("eligibility.verification", json!({ "field": "case", "op": "eq", "value": case })).await
}

fn sources(verifications: &[Value]) -> Vec<String> {
    let mut sources: Vec<String> =
        verifications.iter().filter_map(|row| row["source"].as_str().map(str::to_owned)).collect();
    sources.sort();
    sources
}

/// What a single applicant at the counter is checked against.
fn expected_sources() -> Vec<String> {
    ["marriage", "public_housing", "registry_batch", "social_insurance"].map(str::to_owned).to_vec()
}

async fn r03_a_case_is_withdrawn_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let prepare = async |number| {
        let id = a_family("310115", number).apply(&platform, &clerk).await;
        let tasks = clerk.tasks_on(CASE, &id).await;
        let instance = tasks[0]["instance_id"].as_str().expect("an instance").to_owned();
        let body = json!({ "reason": "申请人要求撤回" });
        Ask::post(&id, format!("/api/process-instances/{instance}/withdraw"), body)
    };
    sweep(&platform, &DATABASE, &clerk, prepare, async |ask, _| {
        assert_eq!(clerk.read(CASE, &ask.about).await["status"], "withdrawn");
        assert!(clerk.tasks_on(CASE, &ask.about).await.is_empty());
    })
    .await;
}

on_both_databases!(
    r03_a_case_is_created_once,
    r03_a_case_is_changed_once,
    r03_a_case_is_submitted_once,
    r03_a_case_is_accepted_once,
    r03_a_case_is_verified_once,
    r03_a_case_is_withdrawn_once,
);
