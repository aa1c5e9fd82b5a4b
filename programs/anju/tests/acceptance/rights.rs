//! Nobody gets in without rights: every route, each answer.

use anju_store::{on_both_databases, testing::TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Platform, a_family};

const CASE: &str = "eligibility.case";

/// Routes that answer everybody; their data is still bound to the public's rights.
const OPEN: [&str; 11] = [
    "POST /api/session",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/documents/sealed/{code}",
    "GET /api/definitions/{kind}",
    "GET /api/definitions/{kind}/{key}",
    "GET /api/records/{entity}/{id}",
    "POST /api/records/{entity}/query",
    "POST /api/records/{entity}/aggregate",
    "GET /api/openapi.json",
];

fn routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(anju_http::api_document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").clone();
    let mut routes = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            if item.get(method).is_some() {
                routes.push((method.to_uppercase().parse().expect("a method"), path.clone()));
            }
        }
    }
    assert!(routes.len() > 25, "the document describes every route");
    routes
}

fn filled(path: &str) -> String {
    path.replace("{entity}", CASE)
        .replace("{action}", "submit")
        .replace("{kind}", "entity")
        .replace("{key}", CASE)
        .replace("{id}", "01900000-0000-7000-8000-000000000000")
        .replace("{code}", "none")
}

async fn a10_every_route_refuses_a_caller_without_rights(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let public = platform.public();
    for (method, path) in routes() {
        let route = format!("{method} {path}");
        let reply = public.send(method.clone(), &filled(&path), Some(json!({})), &[]).await;
        let status = reply.status.as_u16();
        if OPEN.contains(&route.as_str()) {
            assert!(status != 500, "{route}: {status}");
            if path.contains("{entity}") {
                assert_eq!(status, 401, "{route} shows cases to the public");
            }
            continue;
        }
        assert_eq!(status, 401, "{route}: {}", reply.body);
        assert_eq!(reply.body["code"], "not_signed_in", "{route}");
    }
}

/// Bodies of the routes by which the platform is shaped and records go for good.
fn body(path: &str) -> Value {
    match path {
        "/api/definitions/check" | "/api/definitions/preview" => json!({}),
        "/api/definitions/drafts/{kind}/{key}" => json!({ "text": "menu: site.main\ntitle: x\nitems: []\n" }),
        "/api/retention/runs" => json!({ "entity": CASE, "term": "people", "reason": "清理" }),
        "/api/dictionaries/{key}/changes" => {
            json!({ "changes": [{ "op": "change", "code": "other", "retired": true }], "reason": "停用" })
        }
        _ => json!({ "reason": "试试" }),
    }
}

async fn a10_a_clerk_neither_shapes_the_platform_nor_ends_records(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 6).apply(&platform, &clerk).await;
    const SHAPING: [&str; 13] = [
        "/api/definitions/drafts",
        "/api/definitions/site",
        "/api/definitions/sources",
        "/api/definitions/check",
        "/api/definitions/preview",
        "/api/definitions/publ",
        "/api/retention",
        "/api/integrity",
        "/api/dictionaries",
        "/api/process-versions",
        "/api/process-migrations",
        "/api/process-repair",
        "/api/records/{entity}/{id}/",
    ];
    let mut tried = 0;
    for (method, path) in routes() {
        let of_record = path.ends_with("/hold") || path.ends_with("/release");
        let shapes = SHAPING.iter().any(|start| path.starts_with(start));
        if !shapes || (path.starts_with("/api/records") && !of_record) {
            continue;
        }
        let place = path.replace("{number}", "1").replace("{kind}", "menu").replace("{id}", &id);
        let place = place.replace("dictionaries/{key}", "dictionaries/eligibility.refusal_kind");
        let place = filled(&place.replace("menu/{key}", "menu/site.main"));
        let sent = (method != Method::GET).then(|| body(&path));
        let reply = clerk.send(method.clone(), &place, sent, &[]).await;
        assert_eq!(reply.status.as_u16(), 403, "{method} {path}: {}", reply.body);
        tried += 1;
    }
    assert!(tried >= 16, "{tried} routes");
}

async fn s01_an_operator_sees_nothing_of_another(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let pudong = platform.log_in("pudong-clerk").await;
    let xuhui = platform.log_in("xuhui-clerk").await;
    let id = a_family("310115", 3).apply(&platform, &pudong).await;
    xuhui.get(&format!("/api/records/{CASE}/{id}")).await.refused(404, "not_found");
    xuhui.get(&format!("/api/records/{CASE}/{id}/history")).await.refused(404, "not_found");
    xuhui
        .patch(&format!("/api/records/{CASE}/{id}"), 1, json!({ "remark": "x" }))
        .await
        .refused(404, "not_found");
    xuhui.act(CASE, "submit", &id, json!({})).await.refused(404, "not_found");
    assert!(xuhui.find(CASE, json!({ "and": [] })).await.is_empty());
    assert!(xuhui.tasks_on(CASE, &id).await.is_empty());
    let task = pudong.task_at(CASE, &id, "acceptance").await;
    xuhui.get(&format!("/api/tasks/{task}")).await.refused(404, "not_found");
    let file = pudong.read(CASE, &id).await["materials"][0]["file"].as_str().expect("a file").to_owned();
    xuhui.get(&format!("/api/files/{file}")).await.refused(404, "not_found");
    let second = platform.log_in("pudong-clerk2").await;
    assert!(second.get(&format!("/api/files/{file}")).await.status.is_success());
}

async fn r05_the_same_key_has_one_effect(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let application = a_family("310115", 4).application(&clerk).await;
    let path = format!("/api/records/{CASE}");
    let first = clerk.post_once(&path, "key-1", application.clone()).await.ok();
    let second = clerk.post_once(&path, "key-1", application).await.ok();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(clerk.find(CASE, json!({ "and": [] })).await.len(), 1);
    let other = clerk.post_once(&path, "key-1", json!({ "applicant_name": "别人" })).await;
    other.refused(422, "idempotency_key_reused");
}

async fn r05_answers_are_forgotten_after_a_month(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let application = a_family("310115", 4).with("applicant_name", "欧阳清越").application(&clerk).await;
    clerk.post_once(&format!("/api/records/{CASE}"), "key-1", application).await.ok();
    let keeps = async || {
        platform.runtime.sweep().await.expect("sweeps");
        platform.database.tables_holding(&["欧阳清越"]).await.contains(&"sys_idempotency".to_owned())
    };
    platform.clock.advance(jiff::SignedDuration::from_hours(29 * 24));
    assert!(keeps().await, "a client may still repeat its request");
    platform.clock.advance(jiff::SignedDuration::from_hours(2 * 24));
    assert!(!keeps().await);
}

async fn a71_sensitive_fields_are_masked_and_revealed_with_a_reason(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family = a_family("310115", 5);
    let id = family.apply(&platform, &clerk).await;
    let case = clerk.read(CASE, &id).await;
    let shown = case["id_no"].as_str().expect("text");
    assert!(shown.starts_with("310") && shown.contains('*') && shown != family.id_no, "{shown}");
    let path = format!("/api/records/{CASE}/{id}/reveal");
    let clear = clerk.post(&path, json!({ "field": "id_no", "reason": "核对身份证原件" })).await.ok();
    assert_eq!(clear["value"], Value::from(family.id_no.clone()));
    clerk.post(&path, json!({ "field": "annual_income", "reason": "核对" })).await.refused(403, "forbidden");
    let found = clerk.find(CASE, json!({ "field": "id_no", "op": "eq", "value": family.id_no })).await;
    assert_eq!(found.len(), 1);
}

on_both_databases!(
    a10_every_route_refuses_a_caller_without_rights,
    a10_a_clerk_neither_shapes_the_platform_nor_ends_records,
    s01_an_operator_sees_nothing_of_another,
    r05_the_same_key_has_one_effect,
    r05_answers_are_forgotten_after_a_month,
    a71_sensitive_fields_are_masked_and_revealed_with_a_reason,
);
