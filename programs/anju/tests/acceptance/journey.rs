//! One family from application to certificate.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::json;

use crate::support::{Platform, a_family};

const CASE: &str = "eligibility.case";

/// Steps up to the end of verification: accepted, answered, confirmed.
async fn m046_a_family_applies_and_holds_a_certificate(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 1).of(3).apply(&platform, &clerk).await;
    let case = clerk.read(CASE, &id).await;
    assert_eq!(case["status"], "acceptance");
    assert_eq!(case["household_size"], 3);

    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    platform.pass_days(2).await;
    let case = clerk.read(CASE, &id).await;
    assert_eq!(case["status"], "verification_review", "{case}");
    assert_eq!(case["housing_check"], "passed");
    let checks = json!({ "housing_check": "passed", "marriage_check": "passed", "insurance_check": "none" });
    clerk.complete(CASE, &id, "verification_review", "confirm", checks).await.ok();

    let reviewer = platform.log_in("pudong-review").await;
    let confirmer = platform.log_in("pudong-confirm").await;
    reviewer.complete(CASE, &id, "preliminary_review", "pass", json!({})).await.ok();
    confirmer.complete(CASE, &id, "preliminary_confirm", "confirm", json!({})).await.ok();
    let period = json!({ "local_notice_from": platform.today(), "local_notice_to": "2026-03-13", "local_notice_place": "张杨路公示栏" });
    reviewer.complete(CASE, &id, "local_notice", "publish", period).await.ok();
    platform.pass_days(11).await;
    reviewer
        .complete(
            CASE,
            &id,
            "local_notice_result",
            "no_objection",
            json!({ "local_notice_objection": false }),
        )
        .await
        .ok();

    let district = platform.log_in("pudong-district").await;
    let manager = platform.log_in("pudong-manager").await;
    district.complete(CASE, &id, "secondary_review", "pass", json!({})).await.ok();
    manager.complete(CASE, &id, "secondary_confirm", "confirm", json!({})).await.ok();
    let period = json!({ "online_notice_from": platform.today(), "online_notice_to": "2026-03-25", "online_notice_place": "上海住房保障网" });
    district.complete(CASE, &id, "online_notice", "publish", period).await.ok();
    platform.pass_days(12).await;
    district
        .complete(
            CASE,
            &id,
            "online_notice_result",
            "no_objection",
            json!({ "online_notice_objection": false }),
        )
        .await
        .ok();
    manager.complete(CASE, &id, "online_notice_confirm", "confirm", json!({})).await.ok();
    let terms = json!({ "admission_condition": "local_household", "priority_group": "none" });
    manager.complete(CASE, &id, "admission", "admit", terms).await.ok();
    platform.settle().await;

    let case = clerk.read(CASE, &id).await;
    assert_eq!(case["status"], "admitted");
    assert_eq!(case["valid_from"], platform.today());
    let file = case["certificate_file"].as_str().expect("the certificate's file");
    let pdf = clerk.get(&format!("/api/files/{file}")).await;
    assert!(pdf.bytes.starts_with(b"%PDF"));
}

on_both_databases!(m046_a_family_applies_and_holds_a_certificate);
