//! Definitions are published while people are at work, and processes run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anju_store::{on_both_databases, testing::TestDatabase};
use reqwest::Method;
use serde_json::json;

use crate::support::{Client, Platform, Shapers, VISITS, a_family, with_visits};

/// One of many at work: counts its own record up, reads it back, lists. Every answer must be a success.
async fn work(
    client: Arc<Client>,
    number: usize,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicI64>,
) -> (String, i64) {
    let id = client.create("site.visit", json!({ "no": format!("W{number}"), "cost": "1.25" })).await;
    let path = format!("/api/records/site.visit/{id}");
    let mut version = 1;
    while !stop.load(Ordering::Relaxed) {
        let answer = client.patch(&path, version, json!({ "count": version })).await.ok();
        version = answer["version"].as_i64().expect("a version");
        assert_eq!(answer["count"], version - 1, "the answer to a write has what was written");
        let read = client.read("site.visit", &id).await;
        assert_eq!((read["count"].clone(), read["version"].clone()), (json!(version - 1), json!(version)));
        let cost: f64 = read["cost"].as_str().expect("a cost").parse().expect("a number");
        assert!((cost - 1.25).abs() < 1e-9, "{cost} is read with the wrong scale");
        let found = client
            .find("site.visit", json!({ "field": "no", "op": "eq", "value": format!("W{number}") }))
            .await;
        assert_eq!(found.len(), 1);
        written.fetch_add(1, Ordering::Relaxed);
    }
    (id, version - 1)
}

async fn sixty_four_clients_notice_nothing_of_publications(db: TestDatabase) {
    let (_platform, shapers, visitor) = with_visits(db).await;
    let visitor = Arc::new(visitor);
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let workers: Vec<_> = (0..64)
        .map(|number| tokio::spawn(work(visitor.clone(), number, stop.clone(), written.clone())))
        .collect();
    let mut text = VISITS[0].to_owned();
    for round in 0..8 {
        // Between two publications everybody gets something done.
        let before = written.load(Ordering::Relaxed);
        while written.load(Ordering::Relaxed) < before + 64 {
            assert!(workers.iter().all(|worker| !worker.is_finished()), "a client failed");
            tokio::task::yield_now().await;
        }
        text = match round {
            // Values change their form under everybody's hands.
            3 => text.replace(
                "cost: { title: 费用, type: decimal, scale: 2 }",
                "cost: { title: 费用, type: decimal, scale: 4 }",
            ),
            5 => text.replace(
                "cost: { title: 费用, type: decimal, scale: 4 }",
                "cost: { title: 费用, type: decimal, scale: 3 }",
            ),
            6 => text.replace(
                "person: { title: 对象, type: text, length_max: 20 }",
                "person: { title: 对象, type: text, required: true, default: 居民 }",
            ),
            _ => {
                text.replace(
                    "  cost:",
                    &format!("  extra_{round}: {{ title: 增加的 {round}, type: text }}\n  cost:"),
                ) + &format!("indexes: [[extra_{round}, count]]\n")
            }
        };
        if let Some((kept, _)) = text.split_once("indexes:") {
            let last =
                text.lines().rev().find(|line| line.starts_with("indexes:")).unwrap_or_default().to_owned();
            text = format!("{kept}{last}\n");
        }
        shapers.publish(&[&text]).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for worker in workers {
        acknowledged.push(worker.await.expect("a client failed"));
    }
    for (id, count) in acknowledged {
        let read = visitor.read("site.visit", &id).await;
        assert_eq!(
            (read["count"].clone(), read["cost"].clone()),
            (json!(count), json!("1.250")),
            "a write was lost"
        );
        let history = visitor.get(&format!("/api/records/site.visit/{id}/history")).await.ok();
        let entries = history["items"].as_array().expect("items").iter();
        let own = entries.filter(|entry| entry["actor_name"] == "沈国平").count();
        assert_eq!(own as i64, count + 1, "an entry for each write");
    }
}

async fn running_processes_keep_what_their_version_needs(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 61).apply(&platform, &clerk).await;
    let source =
        shapers.designer.get("/api/definitions/sources/process/eligibility.public_rental_new").await.ok();
    let text = source["text"].as_str().expect("a text");
    assert!(text.contains("title: 受理"), "{text}");
    let files = source["files"].as_object().expect("files").clone();
    // The process changes: cases at work go on as they began.
    let renamed =
        text.replace("title: 受理\n", "title: 窗口受理\n").replace("title: 受理,", "title: 窗口受理,");
    assert_ne!(renamed, text);
    let path = "/api/definitions/drafts/process/eligibility.public_rental_new";
    let body = json!({ "text": renamed, "files": files });
    shapers.designer.send(Method::PUT, path, Some(body), &[]).await.ok();
    shapers.publish_all("改名").await.ok();
    let tasks = clerk.tasks_on("eligibility.case", &id).await;
    assert_eq!(tasks[0]["title"], "受理", "{tasks:?}");
    clerk
        .post(&format!("/api/tasks/{}/claim", tasks[0]["id"].as_str().expect("an id")), json!({}))
        .await
        .ok();
    clerk.complete("eligibility.case", &id, "acceptance", "accept", json!({})).await.ok();
    let second = a_family("310115", 62).apply(&platform, &clerk).await;
    assert_eq!(clerk.tasks_on("eligibility.case", &second).await[0]["title"], "窗口受理");

    // What they still need cannot be taken away: here, a message that only a version of the site sends.
    shapers.draft("message: site.note\ntitle: 提醒\nentity: eligibility.case\nchannel: sms\nto: phone\ntext: \"您的申请{case_no}正在办理。\"\n").await.ok();
    let with_message = renamed.replace(
        "      - command: { command: eligibility.check_prior_cases }\n",
        "      - command: { command: eligibility.check_prior_cases }\n      - message: site.note\n",
    );
    assert_ne!(with_message, renamed);
    let body = json!({ "text": with_message, "files": files });
    shapers.designer.send(Method::PUT, path, Some(body), &[]).await.ok();
    shapers.publish_all("加短信").await.ok();
    a_family("310115", 63).apply(&platform, &clerk).await;
    shapers.draft_removal("process", "eligibility.public_rental_new").await.ok();
    shapers.draft_removal("message", "site.note").await.ok();
    let refused = shapers.publish_all("全部撤回").await.refused(409, "publication_refused");
    assert_eq!(refused["errors"][0]["code"], "process_running");
    assert!(
        refused["errors"][0]["message"].as_str().expect("a message").contains("没有消息“site.note”"),
        "{refused}"
    );
    let only_process = json!({ "reason": "流程恢复原样", "drafts": [{ "kind": "process", "key": "eligibility.public_rental_new" }] });
    shapers.publisher.post("/api/definitions/publish", only_process).await.ok();
}

on_both_databases!(
    sixty_four_clients_notice_nothing_of_publications,
    running_processes_keep_what_their_version_needs,
);
