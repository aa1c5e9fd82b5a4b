//! The caseworker's day: what each step of a case demands and refuses.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform, a_family};

const CASE: &str = "eligibility.case";

async fn claim(clerk: &Client, id: &str) {
    let task = clerk.task_at(CASE, id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
}

async fn accept(clerk: &Client, id: &str) {
    claim(clerk, id).await;
    clerk.complete(CASE, id, "acceptance", "accept", json!({})).await.ok();
}

async fn m011_bad_input_names_every_field(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let reply = clerk
        .post(
            &format!("/api/records/{CASE}"),
            json!({ "applicant_name": "陈", "id_no": "310115199001010011", "phone": "12", "nonsense": 1, "contract_months": "many" }),
        )
        .await;
    assert_eq!(reply.status.as_u16(), 422);
    for field in
        ["applicant_name", "id_no", "phone", "nonsense", "contract_months", "marital_status", "employer"]
    {
        assert!(!reply.error_at(field).is_empty());
    }
    assert!(clerk.find(CASE, json!({ "and": [] })).await.is_empty());
}

async fn m013_missing_materials_stop_acceptance_but_not_refusal(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 11).without_materials().apply(&platform, &clerk).await;
    assert_eq!(clerk.read(CASE, &id).await["materials_missing"], "身份证明、劳动合同、住房情况证明");
    claim(&clerk, &id).await;
    let refused = clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await;
    assert!(!refused.status.is_success());
    let reason = json!({ "refusal_kind": "material", "refusal_reason": "必传材料未提交", "notify": true });
    clerk.complete(CASE, &id, "acceptance", "refuse", reason).await.ok();
    platform.settle().await;
    let case = clerk.read(CASE, &id).await;
    assert_eq!(case["status"], "not_accepted");
    let file = case["refusal_notice"].as_str().expect("the notice's file");
    assert!(clerk.get(&format!("/api/files/{file}")).await.bytes.starts_with(b"%PDF"));
}

async fn m014_a_person_is_in_review_once(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family = a_family("310115", 12);
    let first = family.apply(&platform, &clerk).await;
    let number = clerk.read(CASE, &first).await["case_no"].as_str().expect("a number").to_owned();
    let again = clerk.create(CASE, family.application(&clerk).await).await;
    let reply = clerk.act(CASE, "submit", &again, json!({})).await;
    assert!(reply.error_at("id_no").contains(&number), "{}", reply.body);
    assert_eq!(clerk.read(CASE, &again).await["status"], "draft");
}

async fn m023_a_claimed_case_is_out_of_others_sight(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let second = platform.log_in("pudong-clerk2").await;
    let id = a_family("310115", 13).apply(&platform, &clerk).await;
    assert_eq!(second.tasks_on(CASE, &id).await.len(), 1);
    claim(&clerk, &id).await;
    assert!(second.tasks_on(CASE, &id).await.is_empty());
}

async fn m024_a_supplement_is_asked_for_and_received(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 14).apply(&platform, &clerk).await;
    claim(&clerk, &id).await;
    let asked = json!({ "supplement_items": ["housing_proof"], "supplement_note": "请补充租赁合同" });
    clerk.complete(CASE, &id, "acceptance", "supplement", asked).await.ok();
    assert_eq!(clerk.read(CASE, &id).await["status"], "supplement");
    let received = json!({ "supplement_received_on": platform.today() });
    clerk.complete(CASE, &id, "supplement", "received", received).await.ok();
    assert_eq!(clerk.read(CASE, &id).await["status"], "acceptance");
    platform.settle().await;
    let texts =
        clerk.find("platform.sms_message", json!({ "field": "record", "op": "eq", "value": id })).await;
    assert!(texts.iter().any(|sms| sms["text"].as_str().is_some_and(|text| text.contains("请补充租赁合同"))));
}

async fn m028_the_registry_answers_counter_cases_the_next_day(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 15).apply(&platform, &clerk).await;
    accept(&clerk, &id).await;
    platform.settle().await;
    let rows =
        clerk.find("eligibility.verification", json!({ "field": "case", "op": "eq", "value": id })).await;
    let state =
        |source: &str| rows.iter().find(|row| row["source"] == source).map(|row| row["state"].clone());
    assert_eq!(state("marriage"), Some(Value::from("answered")));
    assert_eq!(state("registry_batch"), Some(Value::from("requested")));
    assert_eq!(clerk.read(CASE, &id).await["status"], "verification");
    platform.pass_days(1).await;
    assert_eq!(clerk.read(CASE, &id).await["status"], "verification_review");
}

async fn m033_a_failed_check_forces_refusal_and_frees_the_place(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let reviewer = platform.log_in("pudong-review").await;
    let family = a_family("310115", 16);
    let id = family.apply(&platform, &clerk).await;
    let owned = json!([{ "certificate_no": "沪1", "address": "上海市浦东新区张杨路1号", "district": "310115", "area": "88.00", "use": "居住", "share": "全部", "registered_on": "2010-01-01" }]);
    platform.set_person(&family.id_no, json!({ "registry": { "properties": owned } })).await;
    accept(&clerk, &id).await;
    platform.pass_days(2).await;
    let case = clerk.read(CASE, &id).await;
    assert_eq!((&case["per_capita_area"], &case["housing_check"]), (&json!("88.00"), &json!("failed")));
    assert_eq!(case["decision_passed"], false);
    assert_eq!(case["decision_detail"]["rows"][0]["row_id"], "area", "{}", case["decision_detail"]);
    let checks = json!({ "housing_check": "failed", "marriage_check": "passed", "insurance_check": "none" });
    clerk.complete(CASE, &id, "verification_review", "confirm", checks).await.ok();
    let pass = reviewer.complete(CASE, &id, "preliminary_review", "pass", json!({})).await;
    assert!(!pass.status.is_success());
    let short = json!({ "refusal_kind": "housing", "refusal_reason": "面积超标" });
    let reply = reviewer.complete(CASE, &id, "preliminary_review", "fail", short).await;
    assert!(reply.error_at("refusal_reason").contains("15"));
    let reason =
        json!({ "refusal_kind": "housing", "refusal_reason": "核查人均住房建筑面积达到15平方米标准" });
    reviewer.complete(CASE, &id, "preliminary_review", "fail", reason).await.ok();
    assert_eq!(clerk.read(CASE, &id).await["status"], "preliminary_failed");
    let again = clerk.create(CASE, family.application(&clerk).await).await;
    clerk.act(CASE, "submit", &again, json!({})).await.ok();
}

async fn m048_the_countdown_counts_working_days(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 17).apply(&platform, &clerk).await;
    let days_left = |tasks: &[Value]| tasks[0]["days_left"].clone();
    assert_eq!(days_left(&clerk.tasks_on(CASE, &id).await), json!(5));
    // From Monday over a weekend: Saturday and Sunday do not count.
    platform.pass_days(7).await;
    assert_eq!(days_left(&clerk.tasks_on(CASE, &id).await), json!(0));
}

async fn m048_cases_are_found_by_the_working_days_left(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let late = a_family("310115", 18).apply(&platform, &clerk).await;
    platform.pass_days(60).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let fresh = a_family("310115", 19).apply(&platform, &clerk).await;
    let query = json!({ "select": ["case_no", "$countdown"], "sort": [{ "field": "$countdown" }] });
    let page = clerk.post(&format!("/api/records/{CASE}/query"), query).await.ok();
    assert_eq!((&page["items"][0]["id"], &page["items"][1]["id"]), (&json!(late), &json!(fresh)));
    assert!(page["items"][0]["$countdown"]["days_left"].as_i64().is_some_and(|days| days < 0), "{page}");
    assert_eq!(page["items"][1]["$countdown"]["days_left"], 30);

    let overdue = json!({ "field": "$countdown", "op": "lt", "value": 0 });
    let found = clerk.find(CASE, overdue.clone()).await;
    assert_eq!(found.iter().map(|case| &case["id"]).collect::<Vec<_>>(), [&json!(late)]);
    let counted =
        clerk.post(&format!("/api/records/{CASE}/aggregate"), json!({ "where": overdue })).await.ok();
    assert_eq!(counted["rows"][0]["count"], 1, "{counted}");
    let work = clerk.get("/api/tasks?days_left_max=-1").await.ok();
    assert_eq!((&work["total"], &work["counts"]["late"]), (&json!(1), &json!(1)), "{work}");
    assert_eq!(work["items"][0]["record_id"], json!(late));

    let odd = json!({ "where": { "field": "$countdown", "op": "contains", "value": "3" } });
    let refused = clerk.post(&format!("/api/records/{CASE}/query"), odd).await;
    assert!(refused.error_at("$countdown").contains("比较"));
}

on_both_databases!(
    m011_bad_input_names_every_field,
    m013_missing_materials_stop_acceptance_but_not_refusal,
    m014_a_person_is_in_review_once,
    m023_a_claimed_case_is_out_of_others_sight,
    m024_a_supplement_is_asked_for_and_received,
    m028_the_registry_answers_counter_cases_the_next_day,
    m033_a_failed_check_forces_refusal_and_frees_the_place,
    m048_the_countdown_counts_working_days,
    m048_cases_are_found_by_the_working_days_left,
);
