//! The work of jobs: actions on many records with the messages, documents and processes that follow, imports, exports,
//! the end of terms, timers.

use anju_store::{ColumnKind, Condition, Fetch, Select, on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::{self, TICKET, job, tickets, tickets_of, with_desk};
use super::sweep::sweep_work;
use crate::support::{Client, Platform};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HALF_DAY: SignedDuration = SignedDuration::from_hours(12);

/// Orders an action on tickets of which the first is closed already; the job's id.
async fn ordered(clerk: &Client, action: &str, ids: &[String]) -> String {
    let path = format!("/api/records/{TICKET}/actions/{action}");
    let reply = clerk.post(&path, json!({ "ids": ids })).await.ok();
    reply["job"].as_str().expect("a job").to_owned()
}

async fn texts_about(clerk: &Client, id: &Value) -> Vec<Value> {
    clerk.find("platform.sms_message", json!({ "field": "record", "op": "eq", "value": id })).await
}

async fn r03_many_records_are_acted_on_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let ids = tickets(&clerk, number, 2).await;
        platform.change(TICKET, &ids[0], json!({ "state": "closed" })).await;
        (number, ordered(&clerk, "close", &ids).await)
    };
    sweep_work(&platform, &[MINUTE, HALF_DAY], prepare, async |(number, id)| {
        assert_eq!(job(&clerk, id).await["result"], json!({ "total": 2, "done": 1, "refused": 1 }));
        let items = clerk.get(&format!("/api/jobs/{id}/items")).await.ok();
        assert_eq!(items["items"][0]["reason"], "已经办结");
        let tickets = tickets_of(&clerk, *number).await;
        assert_eq!(tickets.len(), 2);
        for ticket in &tickets[1..] {
            assert_eq!(ticket["state"], "closed");
            assert!(ticket["slip"].is_string(), "{ticket}");
            let texts = texts_about(&clerk, &ticket["id"]).await;
            assert_eq!(texts.len(), 1, "told once: {texts:?}");
            assert_eq!(texts[0]["state"], "delivered");
            // No timer is left for later rounds.
            let id = ticket["id"].as_str().expect("an id");
            clerk.complete(TICKET, id, "call_back", "done", json!({})).await.ok();
        }
    })
    .await;
}

async fn r03_many_records_are_acted_on_together_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let ids = tickets(&clerk, number, 2).await;
        (number, ordered(&clerk, "close_together", &ids).await)
    };
    sweep_work(&platform, &[MINUTE, HALF_DAY], prepare, async |(number, id)| {
        assert_eq!(job(&clerk, id).await["result"], json!({ "total": 2, "done": 2, "refused": 0 }));
        assert!(tickets_of(&clerk, *number).await.iter().all(|ticket| ticket["state"] == "closed"));
    })
    .await;
}

async fn imported(clerk: &Client, options: &str, bytes: Vec<u8>) -> String {
    let path = format!("/api/records/{TICKET}/import?{options}");
    let reply = clerk.upload(&path, "tickets.csv", bytes).await.ok();
    reply["job"].as_str().expect("a job").to_owned()
}

async fn r03_rows_are_imported_and_acted_on_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let rows = desk::workbook(number, 3);
        (number, imported(&clerk, "mode=skip_faulty&then=close_together", rows).await)
    };
    sweep_work(&platform, &[MINUTE, HALF_DAY], prepare, async |(number, id)| {
        let result = job(&clerk, id).await["result"].clone();
        assert_eq!((&result["created"], &result["faulty"]), (&json!(2), &json!(1)), "{result}");
        assert!(result["error_file"].is_string(), "{result}");
        let tickets = tickets_of(&clerk, *number).await;
        assert_eq!(tickets.len(), 2);
        assert!(tickets.iter().all(|ticket| ticket["state"] == "closed"));
    })
    .await;
}

async fn r03_all_rows_are_imported_or_none(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    // By turns with a faulty row and without.
    let prepare = async |number| {
        let mut rows = desk::workbook(number, 3);
        let faulty = "不详".as_bytes();
        let at = rows.windows(faulty.len()).position(|some| some == faulty).expect("the faulty cell");
        rows.splice(at..at + faulty.len(), *b"13900139000");
        let whole = imported(&clerk, "mode=all_or_nothing", rows).await;
        let none = imported(&clerk, "mode=all_or_nothing", desk::workbook(number + 5_000, 2)).await;
        (number, whole, none)
    };
    sweep_work(&platform, &[MINUTE; 2], prepare, async |(number, whole, none)| {
        assert_eq!(job(&clerk, whole).await["result"]["created"], 3);
        assert_eq!(tickets_of(&clerk, *number).await.len(), 3);
        let result = job(&clerk, none).await["result"].clone();
        assert_eq!((&result["created"], &result["faulty"]), (&json!(0), &json!(1)), "{result}");
        assert!(tickets_of(&clerk, number + 5_000).await.is_empty());
    })
    .await;
}

async fn r03_an_export_is_made_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        tickets(&clerk, number, 2).await;
        let filter = json!({ "field": "code", "op": "starts_with", "value": format!("T-{number:04}-") });
        let order = json!({ "where": filter, "select": ["code", "phone"], "format": "csv" });
        let ticket = clerk.post(&format!("/api/records/{TICKET}/export"), order).await.ok();
        ticket["export"].as_str().expect("an export").to_owned()
    };
    sweep_work(&platform, &[MINUTE; 2], prepare, async |id| {
        let mine = clerk.get("/api/exports").await.ok();
        let found = mine["items"].as_array().expect("items").iter().find(|item| item["id"] == *id).cloned();
        let export = found.expect("the export");
        assert_eq!((&export["state"], &export["exported"]), (&json!("done"), &json!(2)), "{export}");
        let file = clerk.get(&format!("/api/files/{}", export["file"].as_str().expect("a file"))).await;
        assert_eq!(String::from_utf8(file.bytes).expect("UTF-8").lines().count(), 3);
    })
    .await;
}

async fn r03_records_at_the_end_of_their_term_are_removed_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let steward = platform.log_in("steward").await;
    let prepare = async |number| {
        let mut papers = Vec::new();
        for at in 0..2 {
            let bytes = format!("%PDF-1.7 {number} {at}").into_bytes();
            let paper = clerk.upload("/api/files", "a.pdf", bytes).await.ok()["id"].clone();
            let mut values = desk::values(number, at);
            values["closed_on"] = json!("2025-12-01");
            values["paper"] = paper.clone();
            clerk.create(TICKET, values).await;
            papers.push(paper.as_str().expect("a file").to_owned());
        }
        let body = json!({ "entity": TICKET, "term": "old", "reason": "年度清理" });
        let job = steward.post("/api/retention/runs", body).await.ok()["job"].clone();
        (number, job.as_str().expect("a job").to_owned(), papers)
    };
    let contents = contents(&platform);
    sweep_work(&platform, &[MINUTE; 2], prepare, async |(number, id, papers)| {
        let outcome = json!({ "erased": 2, "running": 0, "referenced": 0, "files": 2 });
        assert_eq!(job(&steward, id).await["result"], outcome);
        assert!(tickets_of(&clerk, *number).await.is_empty());
        for paper in papers {
            clerk.get(&format!("/api/files/{paper}")).await.refused(404, "not_found");
        }
        assert_eq!(self::contents(&platform), contents, "nor are the contents on disk");
    })
    .await;
    let why = Select::from("sys_audit").column("reason", ColumnKind::Text).filter(Condition::eq(
        "sys_audit",
        "event",
        "retention.done",
    ));
    let runs = platform.runtime.store.reader().fetch_all(&why).await.expect("the audit log");
    assert!(runs.iter().all(|row| row.text(0).expect("a reason") == "desk.ticket old：2 条"));
}

/// How many files lie below the folder of files.
fn contents(platform: &Platform) -> usize {
    fn below(folder: &std::path::Path) -> usize {
        let entries =
            std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.map(|path| if path.is_dir() { below(&path) } else { 1 }).sum()
    }
    below(&platform.runtime.settings.data_dir.join("files"))
}

async fn r03_a_timer_fires_once(db: TestDatabase) {
    let (platform, clerk) = with_desk(db, |_| {}).await;
    let prepare = async |number| {
        let id = tickets(&clerk, number, 1).await.remove(0);
        clerk.act(TICKET, "close", &id, json!({})).await.ok();
        platform.settle().await;
        platform.clock.advance(HALF_DAY * 2);
        id
    };
    sweep_work(&platform, &[MINUTE, HALF_DAY], prepare, async |id| {
        let ticket = clerk.read(TICKET, id).await;
        assert_eq!((&ticket["state"], &ticket["late"]), (&json!("closed"), &json!(true)));
        assert!(clerk.tasks_on(TICKET, id).await.is_empty(), "the task ended with its time");
        assert_eq!(texts_about(&clerk, &ticket["id"]).await.len(), 2, "closed, and late");
    })
    .await;
}

on_both_databases!(
    r03_many_records_are_acted_on_once,
    r03_many_records_are_acted_on_together_once,
    r03_rows_are_imported_and_acted_on_once,
    r03_all_rows_are_imported_or_none,
    r03_an_export_is_made_once,
    r03_records_at_the_end_of_their_term_are_removed_once,
    r03_a_timer_fires_once,
);
