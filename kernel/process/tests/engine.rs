//! The engine on both databases: work lists, completion, returns, timers, versions.

mod common;

use anju_process::{Completion, Error, TIMER_JOB, TaskBox, TaskQuery};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{JobsWanted, on_both_databases};
use common::{Bureau, CASE, REVIEW, manager, reviewer, stranger};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Runs a command in its own transaction and commits it when it went well.
macro_rules! command {
    ($bureau:expr, $method:ident ( $($argument:expr),* )) => {{
        let mut tx = $bureau.store().begin().await.unwrap();
        match $bureau.processes.$method(&mut tx, $($argument),*).await {
            Ok(done) => {
                tx.commit().await.unwrap();
                Ok(done)
            }
            Err(error) => Err(error),
        }
    }};
}

fn completion(outcome: &str, opinion: &str, data: Value) -> Completion {
    Completion {
        outcome: outcome.to_owned(),
        opinion: (!opinion.is_empty()).then(|| opinion.to_owned()),
        data: data.as_object().cloned().unwrap_or_default(),
        ..Completion::default()
    }
}

async fn todo(bureau: &Bureau, actor: &Actor) -> Vec<Value> {
    bureau.processes.tasks(actor, &TaskQuery::default()).await.unwrap().items
}

async fn only_task(bureau: &Bureau, actor: &Actor) -> String {
    let tasks = todo(bureau, actor).await;
    assert_eq!(tasks.len(), 1, "{tasks:#?}");
    tasks[0]["id"].as_str().unwrap().to_owned()
}

/// Fires every timer that is due, as the worker does.
async fn fire_due(bureau: &Bureau) -> usize {
    use anju_calendar::Clock;
    let now = bureau.clock.now();
    let jobs =
        bureau.store().lease_jobs(&JobsWanted::of(&[TIMER_JOB]).at_most(100), now, 60_000).await.unwrap();
    let mut fired = 0;
    for job in &jobs {
        let mut tx = bureau.store().begin().await.unwrap();
        fired += usize::from(bureau.processes.fire(&mut tx, &job.payload).await.unwrap());
        tx.finish_job(job, &Value::Null, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    fired
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Conflict { code, .. }) => code,
        Err(Error::Forbidden { .. }) => "forbidden".into(),
        Err(Error::NotFound) => "not_found".into(),
        Err(Error::Stale { .. }) => "stale".into(),
        Err(Error::Invalid(errors)) => {
            errors.iter().map(|error| format!("{}:{}", error.field, error.code)).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

async fn a_case_goes_from_start_to_end(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    assert_eq!(bureau.status(&case).await.as_deref(), Some("review"));
    let (first, second) = (reviewer(1), reviewer(2));

    let task = only_task(&bureau, &first).await;
    assert_eq!(
        code(command!(bureau, complete(&first, &task, completion("pass", "", json!({}))))),
        "not_claimed"
    );
    command!(bureau, claim(&first, &task)).unwrap();
    command!(bureau, complete(&first, &task, completion("pass", "同意", json!({"notify": false})))).unwrap();
    assert_eq!(*bureau.runner.calls.lock().unwrap(), ["check:t.ask"]);
    assert!(todo(&bureau, &second).await.is_empty());

    let vars = Object::from_iter([("answer".to_owned(), json!("ok"))]);
    command!(bureau, signal(&instance, "check", vars.clone())).unwrap();
    assert_eq!(code(command!(bureau, signal(&instance, "check", vars))), "not_waiting");

    // Four eyes: the first reviewer neither sees nor may do the confirmation.
    assert!(todo(&bureau, &first).await.is_empty());
    let task = only_task(&bureau, &second).await;
    let answer = completion("confirm", "", json!({"notice_to": "2026-12-03"}));
    assert_eq!(code(command!(bureau, complete(&first, &task, answer.clone()))), "forbidden");
    command!(bureau, complete(&second, &task, answer)).unwrap();

    bureau.clock.set("2026-12-03T23:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0);
    bureau.clock.set("2026-12-04T00:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 1);
    assert_eq!(bureau.status(&case).await.as_deref(), Some("done"));

    let view = bureau.processes.instance(&first, &instance).await.unwrap();
    assert_eq!(
        (&view["state"], &view["outcome"], &view["outcome_title"]),
        (&json!("completed"), &json!("done"), &json!("办结"))
    );
    assert_eq!(view["active"], json!([]));
    let kinds: Vec<&str> =
        view["trail"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.first().zip(kinds.last()), Some((&"started", &"ended")));
    let review = view["trail"].as_array().unwrap().iter().find(|e| e["kind"] == "completed").unwrap();
    assert_eq!(
        (&review["actor_name"], &review["opinion"], &review["outcome_title"]),
        (&json!("经办1"), &json!("同意"), &json!("通过"))
    );
    assert_eq!(
        view["taken"],
        json!([
            "f_start",
            "to_review",
            "f_review",
            "passed",
            "f_check",
            "f_confirm",
            "confirmed",
            "f_notice",
            "f_issue"
        ])
    );
    assert!(view["bpmn"].as_str().unwrap().contains("review_process"));
    assert_eq!(
        bureau
            .processes
            .tasks(&first, &TaskQuery { task_box: TaskBox::Done, ..TaskQuery::default() })
            .await
            .unwrap()
            .total,
        1
    );
    assert_eq!(bureau.processes.task_counts(&first).await.unwrap().started, 1);
}

async fn work_lists_follow_role_place_and_claims(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    bureau.a_started_case("甲户", json!({})).await;
    bureau.a_started_case("乙户", json!({"operator": "org2"})).await;
    let (first, second) = (reviewer(1), reviewer(2));
    let task = only_task(&bureau, &first).await;
    assert_eq!(only_task(&bureau, &second).await, task);
    assert_ne!(only_task(&bureau, &stranger()).await, task);
    assert!(todo(&bureau, &manager()).await.is_empty());
    assert_eq!(code(command!(bureau, claim(&stranger(), &task))), "forbidden");
    assert_eq!(code(command!(bureau, claim(&Actor::public(None), &task))), "forbidden");
    assert!(matches!(bureau.processes.task(&stranger(), &task).await, Err(Error::NotFound)));

    command!(bureau, claim(&first, &task)).unwrap();
    command!(bureau, claim(&first, &task)).unwrap();
    assert!(todo(&bureau, &second).await.is_empty());
    assert_eq!(todo(&bureau, &first).await[0]["state"], "claimed");
    assert_eq!(code(command!(bureau, claim(&second, &task))), "task_claimed");
    assert_eq!(
        code(command!(bureau, complete(&second, &task, completion("pass", "", json!({}))))),
        "task_claimed"
    );
    assert_eq!(code(command!(bureau, release(&second, &task))), "task_claimed");
    command!(bureau, release(&first, &task)).unwrap();
    assert_eq!(only_task(&bureau, &second).await, task);

    let search = TaskQuery { search: Some("甲".into()), ..TaskQuery::default() };
    assert_eq!(bureau.processes.tasks(&first, &search).await.unwrap().total, 1);
    let search = TaskQuery { search: Some("丙".into()), ..TaskQuery::default() };
    assert_eq!(bureau.processes.tasks(&first, &search).await.unwrap().total, 0);
}

async fn every_fault_of_a_completion_is_said_at_once(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, _) = bureau.a_started_case("甲户", json!({"area": "15.00"})).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    command!(bureau, claim(&first, &task)).unwrap();
    let attempt = completion("fail", " ", json!({"finding": "太短", "notify": "x", "other": 1}));
    assert_eq!(
        code(command!(bureau, complete(&first, &task, attempt))),
        "opinion:required other:unknown finding:length notify:type"
    );
    assert_eq!(
        code(command!(bureau, complete(&first, &task, completion("pass", "", json!({}))))),
        "outcome:not_allowed"
    );
    assert_eq!(
        code(command!(bureau, complete(&first, &task, completion("x", "", json!({}))))),
        "outcome:choice"
    );
    let view = bureau.processes.task(&first, &task).await.unwrap();
    assert_eq!(view["outcomes"][0]["why_not"], "人均面积超过标准");
    assert_eq!(view["form"][0]["field"]["title"], "结论说明");

    let stale = Completion {
        record_version: Some(1),
        ..completion("fail", "不符合", json!({"finding": "人均住房面积超过规定标准不予通过"}))
    };
    assert_eq!(code(command!(bureau, complete(&first, &task, stale.clone()))), "stale");
    let good = Completion { record_version: None, ..stale };
    command!(bureau, complete(&first, &task, good.clone())).unwrap();
    assert_eq!(code(command!(bureau, complete(&first, &task, good))), "task_not_open");
    assert_eq!(bureau.status(&case).await.as_deref(), Some("refused"));
    let record = bureau.records.read(&Actor::system("测试"), CASE, &case).await.unwrap();
    assert_eq!(record.text("finding"), Some("人均住房面积超过规定标准不予通过"));
    let view = &bureau.processes.instances_of(&first, CASE, &case).await.unwrap()[0];
    assert_eq!((&view["state"], &view["outcome"]), (&json!("terminated"), &json!("refused")));
}

async fn a_case_sent_back_is_reviewed_anew(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    let (first, second) = (reviewer(1), reviewer(2));
    *bureau.runner.answers_at_once.lock().unwrap() = true;
    let task = only_task(&bureau, &first).await;
    command!(bureau, claim(&first, &task)).unwrap();
    command!(bureau, complete(&first, &task, completion("pass", "", json!({})))).unwrap();

    let confirm = only_task(&bureau, &second).await;
    assert_eq!(
        bureau.processes.task(&second, &confirm).await.unwrap()["return_to"],
        json!([{"step": "review", "title": "初审"}])
    );
    assert_eq!(code(command!(bureau, return_to(&second, &confirm, "review", " "))), "reason:required");
    assert_eq!(code(command!(bureau, return_to(&second, &confirm, "manual", "缺材料"))), "step:choice");
    command!(bureau, return_to(&second, &confirm, "review", "缺材料")).unwrap();
    assert_eq!(code(command!(bureau, return_to(&second, &confirm, "review", "缺材料"))), "task_not_open");
    assert_eq!(bureau.status(&case).await.as_deref(), Some("review"));
    let again = only_task(&bureau, &first).await;
    assert_ne!(again, task);
    let view = bureau.processes.instance(&first, &instance).await.unwrap();
    assert_eq!(view["active"], json!(["review"]));
    assert_eq!(view["next"][0]["step"], "confirm");
    let returned = view["trail"].as_array().unwrap().iter().find(|e| e["kind"] == "returned").unwrap();
    assert_eq!((&returned["opinion"], &returned["outcome_title"]), (&json!("缺材料"), &json!("退回至初审")));
    // The second reviewer does the review now; the confirmation then falls to the first.
    command!(bureau, claim(&second, &again)).unwrap();
    command!(bureau, complete(&second, &again, completion("pass", "", json!({})))).unwrap();
    assert!(todo(&bureau, &second).await.is_empty());
    only_task(&bureau, &first).await;
}

async fn a_withdrawn_case_leaves_nothing_to_do(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    assert_eq!(code(command!(bureau, withdraw(&manager(), &instance, "不办了"))), "forbidden");
    assert_eq!(code(command!(bureau, withdraw(&stranger(), &instance, "不办了"))), "not_found");
    command!(bureau, withdraw(&first, &instance, "申请人撤回")).unwrap();
    assert_eq!(bureau.status(&case).await.as_deref(), Some("withdrawn"));
    assert!(todo(&bureau, &first).await.is_empty());
    assert_eq!(code(command!(bureau, claim(&first, &task))), "task_not_open");
    assert_eq!(code(command!(bureau, withdraw(&first, &instance, "再撤"))), "not_running");
    bureau.clock.advance(SignedDuration::from_hours(24 * 30));
    assert_eq!(fire_due(&bureau).await, 0);
    // The record is free for a new process.
    command!(bureau, start(&first, REVIEW, CASE, &case, Object::new())).unwrap();
    assert_eq!(code(command!(bureau, start(&first, REVIEW, CASE, &case, Object::new()))), "process_running");
    assert_eq!(
        code(command!(bureau, start_by_hand(&manager(), REVIEW, CASE, &case, Object::new()))),
        "forbidden"
    );
}

async fn timers_mark_and_move_and_fire_once(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    let first = reviewer(1);
    // Five working days after Tuesday the 24th are over on Tuesday the 1st at midnight.
    bureau.clock.set("2026-12-01T23:59:59+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0);
    let task = only_task(&bureau, &first).await;
    assert_eq!(todo(&bureau, &first).await[0]["days_left"], 0);
    bureau.clock.set("2026-12-02T00:00:00+08:00".parse().unwrap());
    assert_eq!(todo(&bureau, &first).await[0]["days_left"], -1);
    assert_eq!(fire_due(&bureau).await, 1);
    let record = bureau.records.read(&Actor::system("测试"), CASE, &case).await.unwrap();
    assert_eq!(record.get("late"), &json!(true));
    assert_eq!(only_task(&bureau, &first).await, task);

    command!(bureau, claim(&first, &task)).unwrap();
    command!(bureau, complete(&first, &task, completion("pass", "", json!({})))).unwrap();
    bureau.clock.advance(SignedDuration::from_hours(24 * 10));
    assert_eq!(fire_due(&bureau).await, 1);
    assert_eq!(code(command!(bureau, signal(&instance, "check", Object::new()))), "not_waiting");
    assert_eq!(todo(&bureau, &first).await[0]["step"], "manual");
    assert_eq!(fire_due(&bureau).await, 0);
}

async fn a_timer_delivered_twice_does_nothing_the_second_time(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    bureau.a_started_case("甲户", json!({})).await;
    use anju_calendar::Clock;
    bureau.clock.advance(SignedDuration::from_hours(24 * 10));
    let jobs = bureau
        .store()
        .lease_jobs(&JobsWanted::of(&[TIMER_JOB]).at_most(100), bureau.clock.now(), 60_000)
        .await
        .unwrap();
    assert_eq!(jobs.len(), 1);
    assert!(command!(bureau, fire(&jobs[0].payload)).unwrap());
    assert!(!command!(bureau, fire(&jobs[0].payload)).unwrap());
}

async fn a_gateway_says_why_without_telling_secrets(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({"kind": "express", "income": 500_000})).await;
    let view = bureau.processes.instance(&reviewer(1), &instance).await.unwrap();
    let gateway = view["trail"].as_array().unwrap().iter().find(|e| e["kind"] == "gateway").unwrap();
    assert_eq!(gateway["detail"]["flow"], "to_review");
    assert_eq!(gateway["detail"]["by_default"], true);
    let condition = &gateway["detail"]["conditions"][0];
    assert_eq!(condition["result"], false);
    assert_eq!(condition["values"], json!({"record.kind": "express", "record.income": "***"}));
}

async fn a_running_instance_keeps_its_version(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({})).await;
    let mut sources = common::sources();
    for source in &mut sources {
        source.text = source.text.replace("title: 初审\n", "title: 新初审\n").replace("r, t.manager]", "r]");
    }
    let (changed, _) = anju_definitions::load(&sources);
    bureau.catalog.store(std::sync::Arc::new(changed));
    // A server that has never seen the old version.
    let other = Bureau::open_beside(&bureau).await;
    let view = other.processes.instance(&reviewer(1), &instance).await.unwrap();
    assert_eq!(
        view["trail"].as_array().unwrap().iter().rfind(|e| e["kind"] == "entered").unwrap()["title"],
        "初审"
    );
    let (_, newer) = bureau.a_started_case("乙户", json!({})).await;
    let view = bureau.processes.instance(&reviewer(1), &newer).await.unwrap();
    assert_eq!(
        view["trail"].as_array().unwrap().iter().rfind(|e| e["kind"] == "entered").unwrap()["title"],
        "新初审"
    );
}

async fn what_fails_leaves_everything_as_it_was(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    let first = reviewer(1);
    let task = only_task(&bureau, &first).await;
    command!(bureau, claim(&first, &task)).unwrap();
    *bureau.runner.fails.lock().unwrap() = true;
    let failed: Result<(), Error> =
        command!(bureau, complete(&first, &task, completion("pass", "", json!({}))));
    assert!(matches!(failed, Err(Error::Effect { .. })));
    assert_eq!(todo(&bureau, &first).await[0]["state"], "claimed");
    *bureau.runner.fails.lock().unwrap() = false;
    command!(bureau, complete(&first, &task, completion("pass", "", json!({})))).unwrap();
    let view = bureau.processes.instance(&first, &instance).await.unwrap();
    assert_eq!(view["active"], json!(["check"]));
    assert_eq!(bureau.status(&case).await.as_deref(), Some("review"));
}

async fn two_who_complete_at_once_complete_once(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({"kind": "express"})).await;
    let task = only_task(&bureau, &reviewer(2)).await;
    let both = [reviewer(2), reviewer(3), manager()].map(|actor| {
        let (processes, store, task) = (bureau.processes.clone(), bureau.store().clone(), task.clone());
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let answer = completion("refuse", "不同意", json!({}));
            match processes.complete(&mut tx, &actor, &task, answer).await {
                Ok(_) => tx.commit().await.map(|()| "done".to_owned()).unwrap(),
                Err(error) => code::<()>(Err(error)),
            }
        })
    });
    let mut results = Vec::new();
    for one in both {
        results.push(one.await.unwrap());
    }
    results.sort();
    assert_eq!(results, ["done", "task_not_open", "task_not_open"]);
    let view = bureau.processes.instance(&reviewer(2), &instance).await.unwrap();
    let completed = view["trail"].as_array().unwrap().iter().filter(|e| e["kind"] == "completed").count();
    assert_eq!(completed, 1);
}

on_both_databases!(
    a_case_goes_from_start_to_end,
    work_lists_follow_role_place_and_claims,
    every_fault_of_a_completion_is_said_at_once,
    a_case_sent_back_is_reviewed_anew,
    a_withdrawn_case_leaves_nothing_to_do,
    timers_mark_and_move_and_fire_once,
    a_timer_delivered_twice_does_nothing_the_second_time,
    a_gateway_says_why_without_telling_secrets,
    a_running_instance_keeps_its_version,
    what_fails_leaves_everything_as_it_was,
    two_who_complete_at_once_complete_once,
);

#[test]
fn the_fixture_has_no_faults_and_faults_are_found() {
    let catalog = common::catalog();
    assert_eq!(anju_process::check(&catalog), []);
    let mut sources = common::sources();
    for source in &mut sources {
        source.text = source
            .text
            .replace("outcome == 'confirm'", "outcome ==== 'confirm'")
            .replace("  mark_late:", "  mark:");
    }
    let (broken, _) = anju_definitions::load(&sources);
    let problems: Vec<String> = anju_process::check(&broken).iter().map(ToString::to_string).collect();
    for word in ["mark_late", "mark", "confirmed"] {
        assert!(problems.iter().any(|problem| problem.contains(word)), "{problems:#?}");
    }
}
