//! The requests that order work for jobs, and those of processes: asked for again with their key, there is one effect.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use super::desk::{self, TICKET, job, tickets, tickets_of, with_desk};
use super::sweep::{Ask, FAULTS, sweep, sweep_sending};

const EXPORT: &str = "platform.export_request";

async fn r03_an_action_on_many_records_is_ordered_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let ids = tickets(&clerk, number, 2).await;
        Ask::post("", format!("/api/records/{TICKET}/actions/close"), json!({ "ids": ids }))
    };
    sweep(&platform, &FAULTS, &clerk, prepare, async |_, ordered| {
        assert_eq!(job(&clerk, ordered["job"].as_str().expect("a job")).await["state"], "queued");
    })
    .await;
}

async fn r03_a_record_is_acted_on_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let id = tickets(&clerk, number, 1).await.remove(0);
        Ask::post(&id, format!("/api/records/{TICKET}/actions/close"), json!({ "ids": [id] }))
    };
    sweep(&platform, &FAULTS, &clerk, prepare, async |ask, _| {
        let ticket = clerk.read(TICKET, &ask.about).await;
        assert_eq!((&ticket["state"], &ticket["version"]), (&json!("closed"), &json!(2)));
        assert_eq!(clerk.tasks_on(TICKET, &ask.about).await.len(), 1);
    })
    .await;
}

async fn r03_a_task_is_completed_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let id = tickets(&clerk, number, 1).await.remove(0);
        clerk.act(TICKET, "close", &id, json!({})).await.ok();
        let task = clerk.task_at(TICKET, &id, "call_back").await;
        let body = json!({ "outcome": "done", "opinion": "已回访", "data": {} });
        Ask::post(&id, format!("/api/tasks/{task}/complete"), body)
    };
    sweep(&platform, &FAULTS, &clerk, prepare, async |ask, _| {
        assert!(clerk.tasks_on(TICKET, &ask.about).await.is_empty());
    })
    .await;
}

async fn r03_a_workbook_is_taken_in_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let path = format!("/api/records/{TICKET}/import?mode=all_or_nothing");
    let send =
        async |rows: &Vec<u8>, key: &str| clerk.upload_once(&path, key, "tickets.csv", rows.clone()).await;
    sweep_sending(
        &platform,
        &FAULTS,
        async |number| desk::workbook(number, 2),
        send,
        async |_, ordered| {
            assert_eq!(job(&clerk, ordered["job"].as_str().expect("a job")).await["state"], "queued");
        },
    )
    .await;
}

async fn r03_the_end_of_a_term_is_ordered_once(db: TestDatabase) {
    let (platform, _) = with_desk(db, |_| {}).await;
    let steward = platform.log_in("steward").await;
    let prepare = async |_| {
        platform.settle().await;
        let body = json!({ "entity": TICKET, "term": "old", "reason": "年度清理" });
        Ask::post("", "/api/retention/runs".to_owned(), body)
    };
    sweep(&platform, &FAULTS, &steward, prepare, async |_, ordered| {
        assert_eq!(job(&steward, ordered["job"].as_str().expect("a job")).await["state"], "queued");
    })
    .await;
}

async fn r03_a_large_export_is_asked_for_and_approved_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |settings| settings.exchange.approval_rows = 1).await;
    let approver = platform.log_in("manager").await;
    tickets(&clerk, 1, 2).await;
    let path = format!("/api/records/{TICKET}/export");
    let order = json!({ "select": ["code", "phone"], "format": "csv", "purpose": "向市局报送季度清单" });
    let finish = async |export: &str| {
        approver.complete(EXPORT, export, "approve_export", "approve", json!({})).await.ok();
        platform.settle().await;
    };
    let id = |ticket: &Value| ticket["export"].as_str().expect("an export").to_owned();
    let ask = async |_| Ask::post("", path.clone(), order.clone());
    sweep(&platform, &FAULTS, &clerk, ask, async |_, ticket| {
        assert_eq!(ticket["state"], "pending");
        assert_eq!(approver.tasks_on(EXPORT, &id(&ticket)).await.len(), 1);
        finish(&id(&ticket)).await;
    })
    .await;
    let prepare = async |_| {
        platform.settle().await;
        let ticket = clerk.post(&path, order.clone()).await.ok();
        let task = approver.task_at(EXPORT, &id(&ticket), "approve_export").await;
        let body = json!({ "outcome": "approve", "opinion": "同意", "data": {} });
        Ask::post(&id(&ticket), format!("/api/tasks/{task}/complete"), body)
    };
    sweep(&platform, &FAULTS, &approver, prepare, async |ask, _| {
        let request = approver.read(EXPORT, &ask.about).await;
        assert_eq!(request["state"], "approved");
        assert!(request["job"].is_string(), "one job: {request}");
    })
    .await;
    assert_eq!(tickets_of(&clerk, 1).await.len(), 2);
}

on_both_databases!(
    r03_an_action_on_many_records_is_ordered_once,
    r03_a_record_is_acted_on_once,
    r03_a_task_is_completed_once,
    r03_a_workbook_is_taken_in_once,
    r03_the_end_of_a_term_is_ordered_once,
    r03_a_large_export_is_asked_for_and_approved_once,
);
