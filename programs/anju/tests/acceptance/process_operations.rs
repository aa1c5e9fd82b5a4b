//! Looking after processes as such: versions, stuck ones, figures.

use anju_store::{on_both_databases, testing::TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, a_family, grant};

const CASE: &str = "eligibility.case";
const PROCESS: &str = "eligibility.public_rental_new";

/// An account that looks after processes and does nothing else besides.
async fn keeper(platform: &Platform) -> Client {
    grant(platform, "沈国平", "platform.process_admin").await;
    platform.log_in("city").await
}

async fn instance_of(clerk: &Client, case: &str) -> String {
    let found = clerk.get(&format!("/api/process-instances?entity={CASE}&record_id={case}")).await.ok();
    found["items"][0]["id"].as_str().expect("an instance").to_owned()
}

async fn running_cases_are_taken_over_to_a_new_version(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 71).apply(&platform, &clerk).await;
    let migration = json!({ "process": PROCESS });
    for (method, path) in [
        (Method::GET, "/api/process-versions"),
        (Method::POST, "/api/process-migrations/preview"),
        (Method::POST, "/api/process-migrations"),
    ] {
        let body = (method == Method::POST).then(|| migration.clone());
        clerk.send(method, path, body, &[]).await.refused(403, "forbidden");
    }
    let keeper = keeper(&platform).await;
    keeper.post("/api/process-migrations", migration.clone()).await.refused(422, "invalid");

    let source = shapers.designer.get(&format!("/api/definitions/sources/process/{PROCESS}")).await.ok();
    let text = source["text"].as_str().expect("a text");
    let renamed =
        text.replace("title: 受理\n", "title: 窗口受理\n").replace("title: 受理,", "title: 窗口受理,");
    assert_ne!(renamed, text);
    let draft = json!({ "text": renamed, "files": source["files"] });
    let path = format!("/api/definitions/drafts/process/{PROCESS}");
    shapers.designer.send(Method::PUT, &path, Some(draft), &[]).await.ok();
    shapers.publish_all("改名").await.ok();
    let versions = keeper.get("/api/process-versions").await.ok();
    let old = &versions["items"][0];
    assert_eq!(
        (&old["process"], &old["current"], &old["running"]),
        (&json!(PROCESS), &json!(false), &json!(1))
    );
    let report = keeper.post("/api/process-migrations/preview", migration.clone()).await.ok();
    assert_eq!((&report["total"], &report["ready"]), (&json!(1), &json!(1)), "{report}");
    let faulty = json!({ "process": PROCESS, "mapping": { "acceptance": "nowhere" } });
    let refused = keeper.post("/api/process-migrations/preview", faulty).await;
    assert_eq!(refused.error_at("mapping.acceptance"), "新版本中没有“nowhere”");

    let first = keeper.post_once("/api/process-migrations", "m1", migration.clone()).await.ok();
    let again = keeper.post_once("/api/process-migrations", "m1", migration).await.ok();
    assert_eq!(first, again);
    platform.settle().await;
    let job = first["job"].as_str().expect("a job");
    let done = keeper.get(&format!("/api/jobs/{job}")).await.ok();
    assert_eq!(done["result"], json!({ "total": 1, "done": 1, "refused": 0 }), "{done}");
    let items = keeper.get(&format!("/api/jobs/{job}/items")).await.ok();
    assert_eq!(
        (items["items"].as_array().map(Vec::len), &items["items"][0]["outcome"]),
        (Some(1), &json!("done"))
    );
    assert_eq!(clerk.tasks_on(CASE, &id).await[0]["title"], "窗口受理");
    let versions = keeper.get("/api/process-versions").await.ok();
    assert_eq!(
        (versions["items"].as_array().map(Vec::len), &versions["items"][0]["current"]),
        (Some(1), &json!(true))
    );
    let instance = instance_of(&clerk, &id).await;
    let view = clerk.get(&format!("/api/process-instances/{instance}")).await.ok();
    let trail = view["trail"].as_array().expect("a trail");
    let noted = trail.iter().find(|entry| entry["kind"] == "migrated").expect("an entry");
    assert_eq!((&noted["detail"]["from"], &noted["actor_name"]), (&old["version"], &json!("沈国平")));
}

async fn dead_letters_raise_the_alarm_and_are_tried_again(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 72).apply(&platform, &clerk).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    let instance = instance_of(&clerk, &id).await;
    platform
        .database
        .past_the_platform(
            "UPDATE sys_job SET state = 'failed', open_key = NULL, due_at = NULL, attempts = 5, \
             finished_at = created_at, error = 'the outside is down' WHERE kind = 'process.timer' AND due_at IS NOT NULL",
        )
        .await;
    platform.runtime.sweep().await.expect("sweeps");
    let metrics = metrics(&platform).await;
    assert!(metrics.contains("anju_stuck_instances 1\n"), "{metrics}");
    assert!(metrics.contains("anju_dead_jobs{kind=\"process.timer\"} 1\n"), "{metrics}");

    let reason = json!({ "reason": "外部系统已恢复" });
    let of_instance = format!("/api/process-instances/{instance}");
    clerk.get("/api/process-repair").await.refused(403, "forbidden");
    clerk.post("/api/process-repair/jobs/x/retry", reason.clone()).await.refused(403, "forbidden");
    for deed in ["retry", "skip", "variables"] {
        clerk.post(&format!("{of_instance}/{deed}"), json!({})).await.refused(403, "forbidden");
    }
    let keeper = keeper(&platform).await;
    let listed = keeper.get("/api/process-repair?older_than_hours=0").await.ok();
    let stuck = &listed["instances"][0];
    assert_eq!(
        (&stuck["instance_id"], &stuck["cause"], &stuck["element"]),
        (&json!(instance), &json!("timer"), &json!("verification_late"))
    );
    let job = stuck["job"].as_str().expect("a job");
    let path = format!("/api/process-repair/jobs/{job}/retry");
    assert_eq!(keeper.post(&path, json!({ "reason": "" })).await.error_at("reason"), "请填写原因");
    keeper.post_once(&path, "r1", reason.clone()).await.ok();
    keeper.post_once(&path, "r1", reason.clone()).await.ok();
    assert_eq!(keeper.get("/api/process-repair").await.ok(), json!({ "instances": [], "calls": [] }));

    let skip = json!({ "element": "acceptance", "reason": "跳过" });
    keeper.post(&format!("{of_instance}/skip"), skip).await.refused(409, "is_task");
    let set = json!({ "name": "note", "value": "补录", "reason": "补录说明" });
    keeper.post(&format!("{of_instance}/variables"), set).await.ok();
    platform.runtime.sweep().await.expect("sweeps");
    assert!(self::metrics(&platform).await.contains("anju_stuck_instances 0\n"));
}

async fn metrics(platform: &Platform) -> String {
    let reply = platform.public().get("/metrics").await;
    String::from_utf8(reply.bytes).expect("a text")
}

async fn figures_show_where_work_lies(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 73).apply(&platform, &clerk).await;
    platform.pass_days(1).await;
    let task = clerk.task_at(CASE, &id, "acceptance").await;
    clerk.post(&format!("/api/tasks/{task}/claim"), json!({})).await.ok();
    clerk.complete(CASE, &id, "acceptance", "accept", json!({})).await.ok();
    let path = format!("/api/process-analysis?process={PROCESS}");
    clerk.get(&path).await.refused(403, "forbidden");
    let keeper = keeper(&platform).await;
    let figures = keeper.get(&path).await.ok();
    assert_eq!(figures["counts"], json!({ "started": 1, "ended": 0, "running": 1 }), "{figures}");
    assert_eq!(figures["bottleneck"], "acceptance");
    let steps = figures["steps"].as_array().expect("steps");
    let acceptance = steps.iter().find(|step| step["step"] == "acceptance").expect("the step");
    assert_eq!((&acceptance["done"], &acceptance["waiting_hours"]["median"]), (&json!(1), &json!(24.0)));
    let long = keeper.get(&format!("{path}&from=2020-01-01&by=ended")).await;
    assert_eq!(long.error_at("to"), "期间应为 1 至 731 天");
    assert_eq!(keeper.get(&format!("{path}&by=ended")).await.ok()["counts"]["ended"], Value::from(0));
}

on_both_databases!(
    running_cases_are_taken_over_to_a_new_version,
    dead_letters_raise_the_alarm_and_are_tried_again,
    figures_show_where_work_lies,
);
