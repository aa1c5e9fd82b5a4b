//! Pre-review online, notices in public, deletion, agencies that fail.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::json;

use crate::support::{Client, Platform, a_family};

const CASE: &str = "eligibility.case";

/// Carries a case to the preliminary notice's form.
async fn to_local_notice(platform: &Platform, clerk: &Client, id: &str) {
    let task = clerk.task_at(CASE, id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, id, "acceptance", "accept", json!({})).await.ok();
    platform.pass_days(2).await;
    let checks = json!({ "housing_check": "passed", "marriage_check": "passed", "insurance_check": "none" });
    clerk.complete(CASE, id, "verification_review", "confirm", checks).await.ok();
    let reviewer = platform.log_in("pudong-review").await;
    let confirmer = platform.log_in("pudong-confirm").await;
    reviewer.complete(CASE, id, "preliminary_review", "pass", json!({})).await.ok();
    confirmer.complete(CASE, id, "preliminary_confirm", "confirm", json!({})).await.ok();
}

async fn m016_an_online_application_is_pre_reviewed_at_the_citys_office(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("shishu-clerk").await;
    let family = a_family("310115", 31).with("channel", "mobile").with("procurement", "city");
    let id = family.apply(&platform, &clerk).await;
    let case = clerk.read(CASE, &id).await;
    assert_eq!(case["status"], "pre_review");
    assert!(case["$refs"]["intake_office"].as_str().is_some_and(|office| office.contains("地产")), "{case}");
    clerk.complete(CASE, &id, "pre_review", "pass", json!({})).await.ok();
    platform.settle().await;
    assert_eq!(clerk.read(CASE, &id).await["status"], "acceptance");
    let texts =
        clerk.find("platform.sms_message", json!({ "field": "record", "op": "eq", "value": id })).await;
    assert_eq!(texts.len(), 1);
    assert_ne!(texts[0]["state"], "queued");
}

async fn m014_an_overdue_pre_review_is_marked(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 32).with("channel", "one_stop").apply(&platform, &clerk).await;
    platform.pass_days(4).await;
    assert_eq!(clerk.read(CASE, &id).await["pre_review_overdue"], false);
    platform.pass_days(5).await;
    assert_eq!(clerk.read(CASE, &id).await["pre_review_overdue"], true);
}

async fn m043_the_public_reads_a_masked_notice_for_its_period(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 33).apply(&platform, &clerk).await;
    to_local_notice(&platform, &clerk, &id).await;
    let public = platform.public();
    assert!(public.find("eligibility.public_notice", json!({ "and": [] })).await.is_empty());
    let reviewer = platform.log_in("pudong-review").await;
    let backwards = json!({ "local_notice_from": "2026-03-13", "local_notice_to": "2026-03-05", "local_notice_place": "公示栏" });
    let reply = reviewer.complete(CASE, &id, "local_notice", "publish", backwards).await;
    assert!(!reply.error_at("local_notice_to").is_empty());
    let period = json!({ "local_notice_from": platform.today(), "local_notice_to": "2026-03-13", "local_notice_place": "公示栏" });
    reviewer.complete(CASE, &id, "local_notice", "publish", period).await.ok();
    let shown = public.find("eligibility.public_notice", json!({ "and": [] })).await;
    assert_eq!(shown[0]["applicant"], "陈**");
    assert!(shown[0].get("case").is_none() && shown[0].get("id_no").is_none(), "{shown:?}");
    platform.pass_days(11).await;
    assert!(public.find("eligibility.public_notice", json!({ "and": [] })).await.is_empty());
    assert_eq!(reviewer.tasks_on(CASE, &id).await[0]["step"], "local_notice_result");
}

async fn m045_a_case_is_deleted_after_the_citys_approval(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family = a_family("310115", 34);
    let id = family.apply(&platform, &clerk).await;
    clerk.act(CASE, "request_deletion", &id, json!({ "reason": "申请人重复录入，申请删除" })).await.ok();
    let city = platform.log_in("city").await;
    city.complete(CASE, &id, "approve_deletion", "approve", json!({})).await.ok();
    assert_eq!(clerk.read(CASE, &id).await["status"], "deleted");
    assert!(clerk.tasks_on(CASE, &id).await.is_empty());
    let again = clerk.create(CASE, family.application(&clerk).await).await;
    clerk.act(CASE, "submit", &again, json!({})).await.ok();
}

async fn m031_an_agency_that_never_answers_leaves_a_failed_check_to_repeat(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 35).apply(&platform, &clerk).await;
    platform.set_behaviour("marriage", json!({ "down": true })).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    platform.pass_days(3).await;
    let failed = json!({ "and": [{ "field": "case", "op": "eq", "value": id }, { "field": "state", "op": "eq", "value": "failed" }] });
    let rows = clerk.find("eligibility.verification", failed.clone()).await;
    assert_eq!(rows.len(), 1);
    assert!(!rows[0]["error"].as_str().unwrap_or_default().is_empty());
    assert_eq!(clerk.read(CASE, &id).await["marriage_check"], json!(null));
    platform.set_behaviour("marriage", json!({ "down": false })).await;
    clerk.act(CASE, "recheck", &id, json!({})).await.ok();
    platform.settle().await;
    assert!(clerk.find("eligibility.verification", failed).await.is_empty());
    assert_eq!(clerk.read(CASE, &id).await["marriage_check"], "passed");
}

async fn m031_an_agency_that_talks_nonsense_or_not_at_all_is_told_apart(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 36).apply(&platform, &clerk).await;
    let nonsense = ["nonsense", "wrong_shape", "huge", "nonsense", "wrong_shape"];
    platform.set_behaviour("marriage", json!({ "next": nonsense })).await;
    platform.set_behaviour("social-insurance", json!({ "next": ["timeout"] })).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    platform.pass_days(3).await;

    let of_case = json!({ "field": "case", "op": "eq", "value": id });
    let rows = clerk.find("eligibility.verification", of_case).await;
    let by_source = |source: &str| rows.iter().find(|row| row["source"] == source).expect("a check");
    assert_eq!(by_source("marriage")["state"], "failed");
    let error = by_source("marriage")["error"].as_str().expect("a reason");
    assert!(error.starts_with("对方系统的答复无法识别：/data"), "{error}");
    assert_eq!(by_source("social_insurance")["state"], "answered", "asked again after its silence");
    assert_eq!(by_source("public_housing")["state"], "answered");
    let case = clerk.read(CASE, &id).await;
    assert_eq!((&case["status"], &case["marriage_check"]), (&json!("verification_review"), &json!(null)));
    clerk.act(CASE, "recheck", &id, json!({})).await.ok();
    platform.settle().await;
    assert_eq!(clerk.read(CASE, &id).await["marriage_check"], "passed");
}

on_both_databases!(
    m031_an_agency_that_talks_nonsense_or_not_at_all_is_told_apart,
    m016_an_online_application_is_pre_reviewed_at_the_citys_office,
    m014_an_overdue_pre_review_is_marked,
    m043_the_public_reads_a_masked_notice_for_its_period,
    m045_a_case_is_deleted_after_the_citys_approval,
    m031_an_agency_that_never_answers_leaves_a_failed_check_to_repeat,
);
