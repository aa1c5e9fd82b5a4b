//! The ways of administration over HTTP: handing on, standing in, suspending, many at once.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform, a_family};

const CASE: &str = "eligibility.case";

/// The running instance on a case.
async fn instance_of(client: &Client, id: &str) -> String {
    let all = client.get(&format!("/api/process-instances?entity={CASE}&record_id={id}")).await.ok();
    all["items"][0]["id"].as_str().expect("an instance").to_owned()
}

async fn m023_an_acceptance_is_handed_over_and_done_by_a_substitute(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let second = platform.log_in("pudong-clerk2").await;
    let xuhui = platform.log_in("xuhui-clerk").await;
    let id = a_family("310115", 41).apply(&platform, &clerk).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    let (to_second, to_xuhui) =
        (platform.account("pudong-clerk2").await, platform.account("xuhui-clerk").await);
    let path = format!("/api/tasks/{task}/transfer");
    let wrong = clerk.post(&path, json!({ "account": to_xuhui, "reason": "休假" })).await;
    assert!(wrong.error_at("account").contains("管辖范围"), "{}", wrong.body);
    let empty = clerk.post(&path, json!({ "account": to_second, "reason": "" })).await;
    assert!(!empty.error_at("reason").is_empty());
    clerk.post(&path, json!({ "account": to_second, "reason": "休假" })).await.ok();
    assert!(clerk.tasks_on(CASE, &id).await.is_empty());

    // The second is away, too; a clerk of another operator stands in.
    let today = platform.today();
    let absence = json!({ "account": to_xuhui, "from": today, "to": today, "reason": "培训" });
    second.post_once("/api/substitutions", "absent", absence.clone()).await.ok();
    second.post_once("/api/substitutions", "absent", absence.clone()).await.ok();
    second.post("/api/substitutions", absence).await.refused(409, "substituted");
    assert_eq!(xuhui.task_at(CASE, &id, "acceptance").await, task);
    xuhui.get(&format!("/api/records/{CASE}/{id}")).await.refused(404, "not_found");
    let asked = json!({ "supplement_items": ["housing_proof"], "supplement_note": "请补充租赁合同" });
    xuhui.complete(CASE, &id, "acceptance", "supplement", asked).await.ok();
    let instance =
        clerk.get(&format!("/api/process-instances/{}", instance_of(&clerk, &id).await)).await.ok();
    let trail = instance["trail"].as_array().expect("a trail");
    let done = trail.iter().find(|entry| entry["kind"] == "completed").expect("completed");
    assert_eq!(done["actor_name"], "徐丽华 代 周文杰");
}

async fn m023_only_an_administrator_suspends_and_ends_a_case(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let city = platform.log_in("city").await;
    let id = a_family("310115", 42).apply(&platform, &clerk).await;
    let instance = instance_of(&clerk, &id).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    let reason = json!({ "reason": "司法查封" });
    for deed in ["suspend", "resume", "terminate"] {
        let path = format!("/api/process-instances/{instance}/{deed}");
        clerk.post(&path, reason.clone()).await.refused(403, "forbidden");
    }
    let jump = json!({ "element": "verification_review", "reason": "补办" });
    clerk.post(&format!("/api/process-instances/{instance}/jump"), jump).await.refused(403, "forbidden");

    city.post(&format!("/api/process-instances/{instance}/suspend"), reason.clone()).await.ok();
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.refused(409, "suspended");
    platform.pass_days(7).await;
    city.post(&format!("/api/process-instances/{instance}/resume"), reason.clone()).await.ok();
    let left = &clerk.tasks_on(CASE, &id).await[0]["days_left"];
    assert_eq!(left, &json!(5), "as many days as on the first");
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    let path = format!("/api/tasks/{task}/urge");
    city.post(&path, json!({ "note": "请尽快" })).await.ok();
    city.post(&path, json!({})).await.refused(409, "urged");
    assert_eq!(clerk.tasks_on(CASE, &id).await[0]["urges"], 1);
    city.post(&format!("/api/process-instances/{instance}/terminate"), reason).await.ok();
    assert!(clerk.tasks_on(CASE, &id).await.is_empty());
}

async fn m033_several_supplements_are_received_at_once_each_by_itself(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let mut tasks = Vec::new();
    for number in [43, 44] {
        let id = a_family("310115", number).apply(&platform, &clerk).await;
        let task = clerk.task_at(CASE, &id, "acceptance").await;
        clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
        let asked = json!({ "supplement_items": ["housing_proof"], "supplement_note": "请补充租赁合同" });
        clerk.complete(CASE, &id, "acceptance", "supplement", asked).await.ok();
        tasks.push(clerk.task_at(CASE, &id, "supplement").await);
    }
    let data = json!({ "supplement_received_on": platform.today() });
    let completion = json!({ "outcome": "received", "data": data });
    let one = json!({ "ids": [tasks[0]], "completion": completion });
    assert_eq!(clerk.post("/api/tasks/complete", one).await.ok()["done"], 1);
    let both = json!({ "ids": tasks, "completion": completion });
    let told = clerk.post_once("/api/tasks/complete", "batch", both.clone()).await.ok();
    assert_eq!((&told["done"], &told["refused"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!(told["items"][0]["problem"]["code"], "task_not_open");
    let again = clerk.post_once("/api/tasks/complete", "batch", both).await.ok();
    assert_eq!(again["items"][1]["done"], true, "what was done is not done again: {again}");
    clerk
        .post("/api/tasks/complete", json!({ "ids": [], "completion": completion }))
        .await
        .refused(422, "invalid");
}

async fn m043_a_preliminary_review_asks_others_and_tells_them(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let reviewer = platform.log_in("pudong-review").await;
    let boss = platform.log_in("pudong-confirm").await;
    let id = a_family("310115", 45).apply(&platform, &clerk).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    platform.pass_days(2).await;
    let checks = json!({ "housing_check": "passed", "marriage_check": "passed", "insurance_check": "none" });
    clerk.complete(CASE, &id, "verification_review", "confirm", checks).await.ok();

    let review = reviewer.task_at(CASE, &id, "preliminary_review").await;
    let account = platform.account("pudong-confirm").await;
    let ask = json!({ "when": "before", "accounts": [account], "reason": "请把关" });
    reviewer.post(&format!("/api/tasks/{review}/signers"), ask).await.ok();
    let early = json!({ "outcome": "pass", "opinion": "情况属实" });
    reviewer.post(&format!("/api/tasks/{review}/complete"), early.clone()).await.refused(409, "task_waits");
    let asked = boss.task_at(CASE, &id, "preliminary_review").await;
    let opinion = json!({ "outcome": "agree", "opinion": "同意初审意见" });
    boss.post(&format!("/api/tasks/{asked}/complete"), opinion).await.ok();
    let view = reviewer.get(&format!("/api/tasks/{review}")).await.ok();
    assert_eq!(view["helpers"][0]["opinion"], "同意初审意见");
    let copies = json!({ "accounts": [platform.account("pudong-clerk").await], "note": "请知悉" });
    reviewer.post(&format!("/api/tasks/{review}/copies"), copies).await.ok();
    let copied: Value = clerk.get("/api/tasks?box=copied").await.ok();
    assert_eq!(copied["counts"]["copied"], 1);
    let copy = copied["items"][0]["id"].as_str().expect("a copy").to_owned();
    clerk.post(&format!("/api/tasks/{copy}/read"), json!({})).await.ok();
    reviewer.post(&format!("/api/tasks/{review}/complete"), early).await.ok();

    let confirm = boss.task_at(CASE, &id, "preliminary_confirm").await;
    let back = json!({ "step": "preliminary_review", "reason": "请补充意见", "redo": false });
    boss.post(&format!("/api/tasks/{confirm}/return"), back).await.ok();
    reviewer.complete(CASE, &id, "preliminary_review", "pass", json!({})).await.ok();
    boss.task_at(CASE, &id, "preliminary_confirm").await;
    reviewer
        .send(reqwest::Method::PUT, "/api/opinions", Some(json!({ "opinions": ["同意"] })), &[])
        .await
        .ok();
    assert_eq!(reviewer.get("/api/opinions").await.ok()["opinions"], json!(["同意"]));
}

on_both_databases!(
    m023_an_acceptance_is_handed_over_and_done_by_a_substitute,
    m023_only_an_administrator_suspends_and_ends_a_case,
    m033_several_supplements_are_received_at_once_each_by_itself,
    m043_a_preliminary_review_asks_others_and_tells_them,
);
