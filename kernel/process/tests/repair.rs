//! Stuck instances, and how administrators get them going again, on both databases.

mod common;

use anju_calendar::Clock;
use anju_definitions::{Source, load};
use anju_process::{Completion, EVENT_JOB, Error, StuckCause, StuckQuery, TIMER_JOB, TaskQuery};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{Condition, Fetch, JobState, JobsWanted, Select, on_both_databases};
use common::{Bureau, CASE, manager, reviewer};
use jiff::SignedDuration;
use serde_json::{Value, json};

const KINDS: [&str; 2] = [TIMER_JOB, EVENT_JOB];

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

fn system() -> Actor {
    Actor::system("测试")
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Conflict { code, .. }) => code,
        Err(Error::Forbidden { .. }) => "forbidden".into(),
        Err(Error::NotFound) => "not_found".into(),
        Err(Error::Invalid(errors)) => {
            errors.iter().map(|error| format!("{}:{}", error.field, error.code)).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

async fn active(bureau: &Bureau, instance: &str) -> Value {
    bureau.processes.instance(&reviewer(1), instance).await.unwrap()["active"].clone()
}

async fn stuck(bureau: &Bureau) -> Vec<anju_process::Stuck> {
    bureau.processes.stuck(&system(), &StuckQuery::default()).await.unwrap()
}

async fn audited(bureau: &Bureau) -> u64 {
    let select = Select::from("sys_audit").filter(Condition::eq("sys_audit", "event", "process.repaired"));
    bureau.store().reader().count(&select, None).await.unwrap()
}

/// Works due jobs off as the worker does; where each stands then.
async fn work_off(bureau: &Bureau) -> Vec<JobState> {
    let now = bureau.clock.now();
    let jobs = bureau.store().lease_jobs(&JobsWanted::of(&KINDS).at_most(100), now, 60_000).await.unwrap();
    let mut states = Vec::new();
    for job in &jobs {
        let mut tx = bureau.store().begin().await.unwrap();
        states.push(match bureau.processes.fire(&mut tx, &job.payload).await {
            Ok(_) => {
                tx.finish_job(job, &Value::Null, now).await.unwrap();
                tx.commit().await.unwrap();
                JobState::Done
            }
            Err(error) => {
                tx.rollback().await.unwrap();
                bureau.store().retry_job(job, now, &error.to_string(), now).await.unwrap()
            }
        });
    }
    states
}

/// A case whose public notice is over, and what comes after it fails: its timer is given up.
async fn a_case_stuck_at_its_notice(bureau: &Bureau) -> (String, String) {
    let (case, instance) = bureau.a_started_case("甲户", json!({"kind": "express"})).await;
    let task =
        bureau.processes.tasks(&reviewer(1), &TaskQuery::default()).await.unwrap().items[0]["id"].clone();
    let data = json!({"notice_to": "2026-12-03"}).as_object().cloned().unwrap();
    let completion = Completion { outcome: "confirm".to_owned(), data, ..Completion::default() };
    command!(bureau, complete(&reviewer(1), task.as_str().unwrap(), completion)).unwrap();
    *bureau.runner.fails.lock().unwrap() = true;
    bureau.clock.set("2026-12-04T09:00:00+08:00".parse().unwrap());
    assert!(stuck(bureau).await.is_empty());
    for _ in 0..4 {
        assert_eq!(work_off(bureau).await, [JobState::Queued]);
    }
    assert_eq!(work_off(bureau).await, [JobState::Failed], "five tries, no more");
    assert!(work_off(bureau).await.is_empty());
    (case, instance)
}

async fn a_timer_that_was_given_up_is_listed_and_tried_again(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = a_case_stuck_at_its_notice(&bureau).await;
    let listed = stuck(&bureau).await;
    assert_eq!(listed.len(), 1);
    let dead = &listed[0];
    assert_eq!((&dead.instance_id, &dead.record_id, dead.cause), (&instance, &case, StuckCause::Timer));
    assert_eq!(
        (dead.element.as_str(), dead.element_title.as_str(), dead.attempts),
        ("notice", "公示期满", Some(5))
    );
    assert!(dead.error.as_deref().unwrap().contains("issue"), "{:?}", dead.error);
    let job = dead.job.clone().unwrap();
    let older = |process: &str, hours| StuckQuery {
        process: Some(process.to_owned()),
        older_than_hours: Some(hours),
    };
    bureau.clock.advance(SignedDuration::from_hours(5));
    for (query, count) in [(older("t.review", 4), 1), (older("t.review", 6), 0), (older("t.other", 0), 0)] {
        assert_eq!(bureau.processes.stuck(&system(), &query).await.unwrap().len(), count, "{query:?}");
    }
    assert!(matches!(
        bureau.processes.stuck(&manager(), &StuckQuery::default()).await,
        Err(Error::Forbidden { .. })
    ));
    assert_eq!(code(command!(bureau, retry_job(&manager(), &job, &KINDS, "再试"))), "forbidden");
    assert_eq!(code(command!(bureau, retry_job(&system(), &job, &KINDS, " "))), "reason:required");
    assert_eq!(code(command!(bureau, retry_job(&system(), "x", &KINDS, "再试"))), "not_found");

    *bureau.runner.fails.lock().unwrap() = false;
    command!(bureau, retry_job(&system(), &job, &KINDS, "外部系统已恢复")).unwrap();
    assert!(stuck(&bureau).await.is_empty());
    assert_eq!(code(command!(bureau, retry_job(&system(), &job, &KINDS, "再试"))), "not_found");
    assert_eq!(work_off(&bureau).await, [JobState::Done]);
    assert_eq!(bureau.status(&case).await.as_deref(), Some("done"));
    let view = bureau.processes.instance(&reviewer(1), &instance).await.unwrap();
    let noted = view["trail"].as_array().unwrap().iter().find(|entry| entry["kind"] == "repaired").unwrap();
    assert_eq!((&noted["opinion"], &noted["detail"]["action"]), (&json!("外部系统已恢复"), &json!("retry")));
    assert_eq!(audited(&bureau).await, 1);
}

async fn what_fails_may_be_skipped(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = a_case_stuck_at_its_notice(&bureau).await;
    let job = stuck(&bureau).await[0].job.clone();
    let job = job.as_deref();
    assert_eq!(code(command!(bureau, skip(&system(), &instance, "confirm", job, "跳过"))), "is_task");
    assert_eq!(code(command!(bureau, skip(&system(), &instance, "nowhere", job, "跳过"))), "element:unknown");
    assert_eq!(code(command!(bureau, skip(&system(), &instance, "check", None, "跳过"))), "not_there");
    *bureau.runner.fails.lock().unwrap() = false;
    assert_eq!(
        code(command!(bureau, skip(&system(), &instance, "check", job, "跳过"))),
        "element:not_passed"
    );
    *bureau.runner.fails.lock().unwrap() = true;
    assert_eq!(active(&bureau, &instance).await, json!(["notice"]));
    bureau.runner.calls.lock().unwrap().clear();

    command!(bureau, skip(&system(), &instance, "issue", job, "已线下发证")).unwrap();
    assert_eq!(bureau.status(&case).await.as_deref(), Some("done"));
    assert!(bureau.runner.calls.lock().unwrap().is_empty());
    assert!(stuck(&bureau).await.is_empty());
    assert_eq!(code(command!(bureau, skip(&system(), &instance, "issue", job, "再跳"))), "not_found");
    let view = bureau.processes.instance(&reviewer(1), &instance).await.unwrap();
    let repaired =
        view["trail"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "repaired").count();
    assert_eq!((repaired, audited(&bureau).await), (2, 1));
}

async fn a_waiting_service_is_asked_again_or_skipped(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({})).await;
    let task =
        bureau.processes.tasks(&reviewer(1), &TaskQuery::default()).await.unwrap().items[0]["id"].clone();
    command!(bureau, claim(&reviewer(1), task.as_str().unwrap())).unwrap();
    let completion = Completion { outcome: "pass".to_owned(), ..Completion::default() };
    command!(bureau, complete(&reviewer(1), task.as_str().unwrap(), completion)).unwrap();
    assert_eq!(*bureau.runner.calls.lock().unwrap(), ["check:t.ask"]);
    command!(bureau, retry_service(&system(), &instance, "check", "未收到结果")).unwrap();
    assert_eq!(*bureau.runner.calls.lock().unwrap(), ["check:t.ask", "check:t.ask"]);
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));
    assert_eq!(code(command!(bureau, retry_service(&system(), &instance, "issue", "再试"))), "not_there");

    command!(bureau, skip(&system(), &instance, "check", None, "线下已核查")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["confirm"]));
    assert_eq!(code(command!(bureau, signal(&instance, "check", Object::new()))), "not_waiting");
    bureau.clock.advance(SignedDuration::from_hours(24 * 30));
    assert!(work_off(&bureau).await.is_empty(), "the timer on it was called off");
}

const JOINED: &str = "
process: t.joined
title: 并联
bpmn: joined.bpmn
entity: t.case
starters: [t.reviewer]
variables:
  count: { title: 份数, type: integer }
steps: {}
";

/// One of two ways is taken, and both are waited for.
const JOINED_BPMN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
  <bpmn:process id="joined" isExecutable="true">
    <bpmn:dataObject id="count" name="份数"/>
    <bpmn:startEvent id="start"/>
    <bpmn:exclusiveGateway id="split" default="b"/>
    <bpmn:parallelGateway id="join" name="汇总"/>
    <bpmn:intermediateCatchEvent id="enough" name="份数足够"><bpmn:conditionalEventDefinition><bpmn:condition>vars.count >= 2</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:intermediateCatchEvent>
    <bpmn:endEvent id="done"/>
    <bpmn:sequenceFlow id="f" sourceRef="start" targetRef="split"/>
    <bpmn:sequenceFlow id="a" sourceRef="split" targetRef="join"><bpmn:conditionExpression>record.kind == 'a'</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="b" sourceRef="split" targetRef="join"/>
    <bpmn:sequenceFlow id="g" sourceRef="join" targetRef="enough"/>
    <bpmn:sequenceFlow id="h" sourceRef="enough" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>"#;

async fn a_join_that_can_never_be_is_found_and_passed(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let mut sources = common::sources();
    sources.push(Source::new("apps/t/definitions/processes/joined.yaml", JOINED));
    sources.push(Source::new("apps/t/definitions/processes/joined.bpmn", JOINED_BPMN));
    let (catalog, problems) = load(&sources);
    let faults: Vec<String> = problems.iter().filter(|p| p.is_error()).map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    bureau.catalog.store(std::sync::Arc::new(catalog));
    // Others that are at work are not stuck.
    bureau.a_started_case("乙户", json!({})).await;
    let case = bureau.a_case("甲户", json!({})).await;
    let vars = Object::from_iter([("count".to_owned(), json!(0))]);
    let instance = command!(bureau, start(&reviewer(1), "t.joined", CASE, &case, vars.clone())).unwrap();
    let listed = stuck(&bureau).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0].instance_id, listed[0].cause, listed[0].element_title.as_str()),
        (&instance, StuckCause::Join, "汇总")
    );
    command!(bureau, skip(&system(), &instance, "join", None, "另一路不需要")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["enough"]));
    assert!(stuck(&bureau).await.is_empty());

    let set = |value: Value| ("count", value);
    assert_eq!(
        code(command!(bureau, set_variable(&manager(), &instance, set(json!(2)), "补录"))),
        "forbidden"
    );
    assert_eq!(
        code(command!(bureau, set_variable(&system(), &instance, set(json!("两份")), "补录"))),
        "value:type"
    );
    assert_eq!(
        code(command!(bureau, set_variable(&system(), &instance, ("", json!(2)), "补录"))),
        "name:length"
    );
    command!(bureau, set_variable(&system(), &instance, set(json!(1)), "补录")).unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["enough"]));
    command!(bureau, set_variable(&system(), &instance, set(json!(2)), "补录")).unwrap();
    let view = bureau.processes.instance(&reviewer(1), &instance).await.unwrap();
    assert_eq!(view["state"], "completed");
    assert_eq!(
        code(command!(bureau, set_variable(&system(), &instance, set(json!(3)), "补录"))),
        "not_running"
    );
}

on_both_databases!(
    a_timer_that_was_given_up_is_listed_and_tried_again,
    what_fails_may_be_skipped,
    a_waiting_service_is_asked_again_or_skipped,
    a_join_that_can_never_be_is_found_and_passed,
);
