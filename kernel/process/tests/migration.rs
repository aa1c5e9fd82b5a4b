//! Running instances on another version of their definition, on both databases.

mod common;

use anju_calendar::Clock;
use anju_definitions::{Source, load};
use anju_process::{Completion, Error, Migration, TIMER_JOB, TaskQuery};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{JobsWanted, on_both_databases};
use common::{Bureau, CASE, REVIEW, manager, reviewer};
use jiff::SignedDuration;
use serde_json::{Value, json};

const RENAMED: [(&str, &str); 7] = [
    ("  review:\n    title: 初审\n", "  first:\n    title: 受理审查\n"),
    ("not_by: review", "not_by: first"),
    ("return_to: [review]", "return_to: [first]"),
    ("id=\"review\" name", "id=\"first\" name"),
    ("attachedToRef=\"review\"", "attachedToRef=\"first\""),
    ("targetRef=\"review\"", "targetRef=\"first\""),
    ("sourceRef=\"review\"", "sourceRef=\"first\""),
];

/// Makes a version with these changes the current one.
fn publish(bureau: &Bureau, changes: &[(&str, &str)], more: Vec<Source>) {
    let mut sources = common::sources();
    for (from, to) in changes {
        assert!(sources.iter().any(|source| source.text.contains(from)), "{from}");
        for source in &mut sources {
            source.text = source.text.replace(from, to);
        }
    }
    sources.extend(more);
    let (catalog, problems) = load(&sources);
    let faults: Vec<String> = problems.iter().filter(|p| p.is_error()).map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(anju_process::check(&catalog), []);
    bureau.catalog.store(std::sync::Arc::new(catalog));
}

fn mapping(pairs: Value) -> Migration {
    serde_json::from_value(json!({ "process": REVIEW, "mapping": pairs })).unwrap()
}

fn system() -> Actor {
    Actor::system("测试")
}

/// Takes all that can go over; the messages of those that cannot.
async fn migrate(bureau: &Bureau, migration: &Migration) -> Vec<String> {
    let mut tx = bureau.store().begin().await.unwrap();
    let order = bureau.processes.order_migration(&mut tx, &system(), migration).await.unwrap();
    tx.commit().await.unwrap();
    let mut refused = Vec::new();
    for id in &order.instances {
        let mut tx = bureau.store().begin().await.unwrap();
        match bureau.processes.migrate(&mut tx, &system(), id, &order.migration).await {
            Ok(()) => tx.commit().await.unwrap(),
            Err(Error::Conflict { code, message }) if code == "not_migratable" => refused.push(message),
            Err(error) => panic!("{error}"),
        }
    }
    refused
}

async fn obstacles(bureau: &Bureau, migration: &Migration) -> Vec<(String, String)> {
    let report = bureau.processes.preview_migration(&system(), migration).await.unwrap();
    assert_eq!(report.total, report.looked_at);
    let all = report.items.into_iter().flat_map(|item| item.obstacles);
    all.map(|obstacle| (obstacle.code, obstacle.element)).collect()
}

fn named(code: &str, element: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), element.to_owned())]
}

async fn todo(bureau: &Bureau, actor: &Actor) -> Vec<Value> {
    bureau.processes.tasks(actor, &TaskQuery::default()).await.unwrap().items
}

async fn claim(bureau: &Bureau, actor: &Actor) -> String {
    let task = todo(bureau, actor).await[0]["id"].as_str().unwrap().to_owned();
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.claim(&mut tx, actor, &task).await.unwrap();
    tx.commit().await.unwrap();
    task
}

async fn complete(bureau: &Bureau, actor: &Actor, task: &str, outcome: &str) {
    let completion = Completion { outcome: outcome.to_owned(), ..Completion::default() };
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.complete(&mut tx, actor, task, completion).await.unwrap();
    tx.commit().await.unwrap();
}

async fn active(bureau: &Bureau, instance: &str) -> Value {
    bureau.processes.instance(&reviewer(1), instance).await.unwrap()["active"].clone()
}

/// Fires every timer that is due, as the worker does; how many did something.
async fn fire_due(bureau: &Bureau) -> usize {
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

async fn a_signed_task_goes_along_under_its_new_name(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({})).await;
    let task = claim(&bureau, &reviewer(1)).await;
    publish(&bureau, &RENAMED, vec![]);
    assert_eq!(active(&bureau, &instance).await, json!(["review"]), "stays until it is taken over");
    assert_eq!(obstacles(&bureau, &mapping(json!({}))).await, named("gone", "review"));
    assert_eq!(migrate(&bureau, &mapping(json!({}))).await, ["新版本中没有与“初审”对应的环节"]);
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));

    let mapping = mapping(json!({ "review": "first" }));
    let versions = bureau.processes.versions_in_use(&system()).await.unwrap();
    assert_eq!((versions.len(), versions[0].current, versions[0].running), (1, false, 1));
    let report = bureau.processes.preview_migration(&system(), &mapping).await.unwrap();
    assert_eq!((report.total, report.ready, report.reasons.len()), (1, 1, 0));
    assert_eq!(migrate(&bureau, &mapping).await, [""; 0]);
    let view = bureau.processes.instance(&reviewer(1), &instance).await.unwrap();
    assert_eq!(view["active"], json!(["first"]));
    let noted = view["trail"].as_array().unwrap().iter().find(|entry| entry["kind"] == "migrated").unwrap();
    assert_eq!(noted["detail"]["from"], versions[0].version);
    assert_eq!(noted["detail"]["to"], report.version);
    assert_eq!(noted["detail"]["moved"], json!([{ "from": "review", "to": "first" }]));
    let versions = bureau.processes.versions_in_use(&system()).await.unwrap();
    assert_eq!((versions.len(), versions[0].current, versions[0].running), (1, true, 1));
    let nothing_left = {
        let mut tx = bureau.store().begin().await.unwrap();
        bureau.processes.order_migration(&mut tx, &system(), &mapping).await
    };
    assert!(matches!(nothing_left, Err(Error::Invalid(_))));

    let mine = &todo(&bureau, &reviewer(1)).await[0];
    assert_eq!(
        (&mine["id"], &mine["title"], &mine["state"]),
        (&json!(task), &json!("受理审查"), &json!("claimed"))
    );
    *bureau.runner.answers_at_once.lock().unwrap() = true;
    complete(&bureau, &reviewer(1), &task, "pass").await;
    // Four eyes look back at a step of another name.
    assert!(todo(&bureau, &reviewer(1)).await.is_empty());
    assert_eq!(todo(&bureau, &reviewer(2)).await[0]["step"], "confirm");
}

async fn timers_count_from_when_they_were_set(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (case, instance) = bureau.a_started_case("甲户", json!({})).await;
    let late = |bureau: &Bureau| {
        let (records, case) = (bureau.records.clone(), case.clone());
        async move { records.read(&system(), CASE, &case).await.unwrap().get("late").clone() }
    };
    let longer = [(
        "attachedToRef=\"review\" cancelActivity=\"false\"><bpmn:timerEventDefinition><bpmn:timeDuration>P5WD<",
        "attachedToRef=\"review\" cancelActivity=\"false\"><bpmn:timerEventDefinition><bpmn:timeDuration>P10D<",
    ), (
        "    <bpmn:serviceTask id=\"mark_late\"",
        "    <bpmn:boundaryEvent id=\"soon\" attachedToRef=\"review\" cancelActivity=\"false\"><bpmn:timerEventDefinition><bpmn:timeDuration>P4D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:endEvent id=\"soon_end\"/>
    <bpmn:sequenceFlow id=\"f_soon\" sourceRef=\"soon\" targetRef=\"soon_end\"/>
    <bpmn:serviceTask id=\"mark_late\"",
    )];
    bureau.clock.advance(SignedDuration::from_hours(3 * 24));
    publish(&bureau, &longer, vec![]);
    assert_eq!(migrate(&bureau, &mapping(json!({}))).await, [""; 0]);
    assert_eq!(fire_due(&bureau).await, 0, "three of four days have passed");
    bureau.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(fire_due(&bureau).await, 1, "the new event after four days");
    bureau.clock.set("2026-12-02T09:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 0, "five working days were the old version's");
    assert_eq!(late(&bureau).await, Value::Null);
    bureau.clock.set("2026-12-04T09:00:00+08:00".parse().unwrap());
    assert_eq!(fire_due(&bureau).await, 1, "ten days after the task was opened");
    assert_eq!(late(&bureau).await, json!(true));
    assert_eq!(active(&bureau, &instance).await, json!(["review"]));

    // What is past fires at once, and once.
    let (_, second) = bureau.a_started_case("乙户", json!({})).await;
    bureau.clock.advance(SignedDuration::from_hours(3 * 24));
    let shorter = [("<bpmn:timeDuration>P5WD<", "<bpmn:timeDuration>P1D<")];
    publish(&bureau, &shorter, vec![]);
    let only = Migration {
        instances: vec![second.clone()],
        mapping: [("soon".to_owned(), None)].into_iter().collect(),
        ..mapping(json!({}))
    };
    assert_eq!(migrate(&bureau, &only).await, [""; 0]);
    assert_eq!(fire_due(&bureau).await, 1);
    bureau.clock.advance(SignedDuration::from_hours(30 * 24));
    assert_eq!(fire_due(&bureau).await, 0);
}

async fn what_waits_stands_against_it_unless_it_is_let_go(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({})).await;
    let task = claim(&bureau, &reviewer(1)).await;
    complete(&bureau, &reviewer(1), &task, "pass").await;
    assert_eq!(active(&bureau, &instance).await, json!(["check"]));

    let renamed = [
        ("  check:\n    title", "  enquiry:\n    title"),
        ("id=\"check\"", "id=\"enquiry\""),
        ("attachedToRef=\"check\"", "attachedToRef=\"enquiry\""),
        ("targetRef=\"check\"", "targetRef=\"enquiry\""),
        ("sourceRef=\"check\"", "sourceRef=\"enquiry\""),
    ];
    publish(&bureau, &renamed, vec![]);
    // The answer that is awaited names the element.
    assert_eq!(obstacles(&bureau, &mapping(json!({ "check": "enquiry" }))).await, named("service", "check"));
    assert_eq!(obstacles(&bureau, &mapping(json!({ "check": "confirm" }))).await, named("kind", "check"));

    publish(&bureau, &[("attachedToRef=\"check\"", "attachedToRef=\"confirm\"")], vec![]);
    assert_eq!(obstacles(&bureau, &mapping(json!({}))).await, named("event", "check_late"));
    let typed = [
        ("attachedToRef=\"check\"", "attachedToRef=\"confirm\""),
        ("steps:\n", "variables:\n  asked: { title: 已询问, type: text }\nsteps:\n"),
        (
            "    <bpmn:startEvent id=\"start\"",
            "    <bpmn:dataObject id=\"asked\" name=\"已询问\"/>\n    <bpmn:startEvent id=\"start\"",
        ),
    ];
    publish(&bureau, &typed, vec![]);
    let let_go = mapping(json!({ "check_late": null }));
    assert_eq!(obstacles(&bureau, &let_go).await, named("variable", "asked"));

    publish(&bureau, &typed[..1], vec![]);
    assert_eq!(migrate(&bureau, &let_go).await, [""; 0]);
    bureau.clock.advance(SignedDuration::from_hours(20 * 24));
    assert_eq!(fire_due(&bureau).await, 0);
    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.signal(&mut tx, &instance, "check", Object::new()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(active(&bureau, &instance).await, json!(["confirm"]));
    // The event is on the next step now, as the new version says.
    bureau.clock.advance(SignedDuration::from_hours(10 * 24));
    assert_eq!(fire_due(&bureau).await, 1);
    assert_eq!(active(&bureau, &instance).await, json!(["manual"]));
}

async fn a_faulty_mapping_and_people_without_the_right_are_refused(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    let (_, instance) = bureau.a_started_case("甲户", json!({})).await;
    publish(&bureau, &RENAMED, vec![]);
    let fault = |migration: Migration| {
        let processes = bureau.processes.clone();
        async move {
            match processes.preview_migration(&system(), &migration).await {
                Err(Error::Invalid(errors)) => {
                    errors.into_iter().map(|error| format!("{}:{}", error.field, error.code)).collect()
                }
                other => vec![format!("{other:?}")],
            }
        }
    };
    assert_eq!(fault(mapping(json!({ "review": "nowhere" }))).await, ["mapping.review:unknown"]);
    let both = mapping(json!({ "review": "first", "manual": "first" }));
    assert_eq!(fault(both).await, ["mapping.manual:twice"]);
    assert_eq!(fault(Migration { to: Some("x".into()), ..mapping(json!({})) }).await, ["to:unknown"]);
    assert_eq!(fault(Migration { from: vec!["x".into()], ..mapping(json!({})) }).await, ["from:unknown"]);
    assert_eq!(fault(Migration { process: "x".into(), ..mapping(json!({})) }).await, ["process:unknown"]);

    let migration = mapping(json!({ "review": "first" }));
    assert!(matches!(
        bureau.processes.preview_migration(&manager(), &migration).await,
        Err(Error::Forbidden { .. })
    ));
    assert!(matches!(bureau.processes.versions_in_use(&manager()).await, Err(Error::Forbidden { .. })));
    let mut tx = bureau.store().begin().await.unwrap();
    let refused = bureau.processes.migrate(&mut tx, &manager(), &instance, &migration).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

on_both_databases!(
    a_signed_task_goes_along_under_its_new_name,
    timers_count_from_when_they_were_set,
    what_waits_stands_against_it_unless_it_is_let_go,
    a_faulty_mapping_and_people_without_the_right_are_refused,
);
