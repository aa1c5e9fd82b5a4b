//! One family from application to certificate.

use anju_store::{
    ColumnKind, ColumnRef, Condition, Fetch, Operator, Select, SqlValue, on_both_databases,
    testing::TestDatabase,
};
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

    let code = verify_code(&platform, &id, "eligibility.public_rental_certificate").await;
    let sealed = platform.public().get(&format!("/api/documents/sealed/{code}")).await.ok();
    assert_eq!((&sealed["state"], &sealed["signature_valid"]), (&json!("valid"), &json!(true)));
    let holder = sealed["facts"].as_array().expect("facts").iter().find(|fact| fact["title"] == "持证人");
    assert_eq!(holder.expect("the holder")["value"], "陈**", "a71: the public sees no full name");
}

/// The code that the document's QR carries.
async fn verify_code(platform: &Platform, case: &str, document: &str) -> String {
    let table = "sys_sealed_document";
    let is = |column, value: &str| Condition::Compare {
        column: ColumnRef::new(table, column),
        op: Operator::Eq,
        value: SqlValue::from(value),
    };
    let select = Select::from(table)
        .column("code", ColumnKind::Text)
        .filter(Condition::All(vec![is("record_id", case), is("document", document)]));
    let row = platform.runtime.store.reader().fetch_optional(&select).await.expect("a query");
    row.expect("a sealed document").text(0).expect("a code").to_owned()
}

on_both_databases!(m046_a_family_applies_and_holds_a_certificate);
