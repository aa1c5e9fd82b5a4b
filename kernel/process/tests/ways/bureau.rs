//! A bureau whose processes have the ways of administration, and who works where.

use std::sync::Arc;

use anju_calendar::Clock;
use anju_definitions::{Catalog, Level, Source, load};
use anju_process::{Completion, EVENT_JOB, Error, People, TIMER_JOB, TaskBox, TaskQuery};
use anju_records::{Actor, Object};
use anju_store::testing::TestDatabase;
use anju_store::{Fetch, JobsWanted};
use async_trait::async_trait;
use serde_json::{Value, json};

pub use crate::common::{Bureau, CASE, REVIEW, manager, reviewer, stranger};

pub const WAYS: &str = "t.ways";
pub const FORK: &str = "t.fork";
pub const CALLER: &str = "t.caller";

const WAYS_YAML: &str = "
process: t.ways
title: 审批
bpmn: ways.bpmn
entity: t.case
due: { working_days: 20 }
due_field: due_on
correction: fix
steps:
  review:
    title: 初审
    roles: [t.reviewer]
    due: { working_days: 5 }
    opinions: [符合条件]
    outcomes:
      pass: { title: 通过 }
  check:
    title: 复核
    roles: [t.reviewer]
    not_by: review
    outcomes:
      pass: { title: 通过 }
      supplement: { title: 补正 }
      escalate: { title: 上报 }
    return_to: [review, starter]
  fix:
    title: 补正
    outcomes:
      done: { title: 已补正 }
  decide:
    title: 决定
    candidates:
      - { roles: [t.manager], at: superior, of: check }
      - { roles: [t.manager], district: record.kind }
      - { list: vars.experts }
    outcomes:
      pass: { title: 同意 }
";

const FORK_YAML: &str = "
process: t.fork
title: 并联
bpmn: fork.bpmn
entity: t.case
steps:
  prepare:
    title: 准备
    roles: [t.reviewer]
    outcomes:
      pass: { title: 完成 }
  left:
    title: 甲方
    roles: [t.reviewer]
    outcomes:
      pass: { title: 完成 }
    return_to: [prepare]
  right:
    title: 乙方
    roles: [t.manager]
    outcomes:
      pass: { title: 完成 }
";

const CALLER_YAML: &str = "
process: t.caller
title: 总流程
bpmn: caller.bpmn
entity: t.case
";

const ADMIN: &str = "
role: t.admin
title: 流程管理员
level: city
permissions:
  t.case: { read: true }
rights: [platform.administer_processes]
";

/// A diagram of elements `(tag, id)` and flows `(from, to, condition)`; `within` is put inside as it is.
fn diagram(elements: &[(&str, &str)], flows: &[(&str, &str, &str)], within: &str) -> String {
    let mut body = String::new();
    for (tag, id) in elements {
        let more = if *tag == "exclusiveGateway" { " default=\"f_gate_done\"" } else { "" };
        body.push_str(&format!("<bpmn:{tag} id=\"{id}\"{more}/>\n"));
    }
    for (from, to, condition) in flows {
        let condition = match *condition {
            "" => String::new(),
            text => format!("<bpmn:conditionExpression>{text}</bpmn:conditionExpression>"),
        };
        body.push_str(&format!(
            "<bpmn:sequenceFlow id=\"f_{from}_{to}\" sourceRef=\"{from}\" targetRef=\"{to}\">{condition}</bpmn:sequenceFlow>\n"
        ));
    }
    format!(
        "<?xml version=\"1.0\"?>\n<bpmn:definitions xmlns:bpmn=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" \
         id=\"d\">\n<bpmn:process id=\"p\" isExecutable=\"true\">\n{body}{within}\n</bpmn:process>\n</bpmn:definitions>"
    )
}

fn ways_bpmn() -> String {
    let elements = [
        ("startEvent", "start"),
        ("userTask", "review"),
        ("userTask", "check"),
        ("exclusiveGateway", "gate"),
        ("userTask", "fix"),
        ("userTask", "decide"),
        ("endEvent", "done"),
        ("endEvent", "lapsed"),
    ];
    let flows = [
        ("start", "review", ""),
        ("review", "check", ""),
        ("check", "gate", ""),
        ("gate", "fix", "outcome == 'supplement'"),
        ("gate", "decide", "outcome == 'escalate'"),
        ("gate", "done", ""),
        ("fix", "review", ""),
        ("decide", "done", ""),
        ("late", "lapsed", ""),
    ];
    let late = "<bpmn:boundaryEvent id=\"late\" attachedToRef=\"review\"><bpmn:timerEventDefinition>\
                <bpmn:timeDuration>P10WD</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>";
    diagram(&elements, &flows, late)
}

fn fork_bpmn() -> String {
    let elements = [
        ("startEvent", "start"),
        ("userTask", "prepare"),
        ("parallelGateway", "fork"),
        ("userTask", "left"),
        ("userTask", "right"),
        ("parallelGateway", "join"),
        ("endEvent", "done"),
    ];
    let flows = [
        ("start", "prepare", ""),
        ("prepare", "fork", ""),
        ("fork", "left", ""),
        ("fork", "right", ""),
        ("left", "join", ""),
        ("right", "join", ""),
        ("join", "done", ""),
    ];
    diagram(&elements, &flows, "")
}

fn caller_bpmn() -> String {
    let flows = [("start", "call", ""), ("call", "done", "")];
    let call = "<bpmn:callActivity id=\"call\" calledElement=\"t.fork\"/>";
    diagram(&[("startEvent", "start"), ("endEvent", "done")], &flows, call)
}

pub fn sources() -> Vec<Source> {
    let mut sources = crate::common::sources();
    let mut add = |folder: &str, file: &str, text: &str| {
        sources.push(Source::new(format!("apps/t/definitions/{folder}/{file}"), text));
    };
    add("processes", "ways.yaml", WAYS_YAML);
    add("processes", "ways.bpmn", &ways_bpmn());
    add("processes", "fork.yaml", FORK_YAML);
    add("processes", "fork.bpmn", &fork_bpmn());
    add("processes", "caller.yaml", CALLER_YAML);
    add("processes", "caller.bpmn", &caller_bpmn());
    add("roles", "admin.yaml", ADMIN);
    sources
}

fn catalog() -> Catalog {
    let (catalog, problems) = load(&sources());
    let problems: Vec<String> =
        problems.iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert_eq!(anju_process::check(&catalog), []);
    catalog
}

/// Of another district.
pub fn far_manager() -> Actor {
    at("far_manager", "外区负责人", &manager(), "bureau2", "310104")
}

/// A reviewer of another district, named by account.
pub fn expert() -> Actor {
    at("expert", "专家", &reviewer(1), "org9", "310104")
}

pub fn admin() -> Actor {
    let mut admin = at("admin", "流程管理员", &manager(), "city", "");
    admin.roles = vec!["t.admin".into()];
    if let Some(post) = &mut admin.post {
        (post.level, post.district) = (Level::City, None);
    }
    admin
}

fn at(account: &str, name: &str, like: &Actor, org: &str, district: &str) -> Actor {
    let mut actor = Actor { account_id: account.into(), name: name.into(), ..like.clone() };
    if let Some(post) = &mut actor.post {
        (post.org_id, post.operator) = (org.into(), Some(org.into()));
        post.district = Some(district.into());
    }
    actor
}

/// Those who work in the bureaus.
struct Staff(Vec<Actor>);

#[async_trait]
impl People for Staff {
    async fn at_posts(&self, _: &mut (dyn Fetch + '_), account: &str) -> anju_records::Result<Vec<Actor>> {
        Ok(self.0.iter().filter(|actor| actor.account_id == account).cloned().collect())
    }

    async fn above(
        &self,
        _: &mut (dyn Fetch + '_),
        organisation: &str,
    ) -> anju_records::Result<Option<String>> {
        Ok((organisation == "org1").then(|| "bureau".to_owned()))
    }
}

pub async fn open(db: TestDatabase) -> Bureau {
    let mut bureau = Bureau::open(db).await;
    bureau.catalog.store(Arc::new(catalog()));
    let mut staff = vec![stranger(), manager(), far_manager(), expert(), admin()];
    staff.extend((1..=4).map(reviewer));
    bureau.processes = bureau.processes.clone().knowing(Arc::new(Staff(staff)));
    bureau
}

/// Runs a command in its own transaction and commits it when it went well.
macro_rules! command {
    ($bureau:expr, $method:ident ( $($argument:expr),* $(,)? )) => {{
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
pub(crate) use command;

/// A case with a process started by the first reviewer: `(case, instance)`.
pub async fn started(bureau: &Bureau, process: &str, fields: Value, vars: Value) -> (String, String) {
    let case = bureau.a_case("甲户", fields).await;
    let vars: Object = vars.as_object().cloned().unwrap_or_default();
    let instance = command!(bureau, start(&reviewer(1), process, CASE, &case, vars)).unwrap();
    (case, instance)
}

pub fn done(outcome: &str) -> Completion {
    Completion { outcome: outcome.to_owned(), ..Completion::default() }
}

pub fn advice(outcome: &str, opinion: &str) -> Completion {
    Completion { opinion: Some(opinion.to_owned()), ..done(outcome) }
}

pub async fn listed(bureau: &Bureau, actor: &Actor, task_box: TaskBox) -> Vec<Value> {
    bureau.processes.tasks(actor, &TaskQuery { task_box, ..TaskQuery::default() }).await.unwrap().items
}

pub async fn todo(bureau: &Bureau, actor: &Actor) -> Vec<Value> {
    let items = listed(bureau, actor, TaskBox::Todo).await;
    let counted = bureau.processes.task_counts(actor).await.unwrap().todo;
    assert_eq!(counted, items.len() as u64, "lists and counts agree");
    items
}

#[track_caller]
pub fn id(task: &Value) -> String {
    task["id"].as_str().unwrap().to_owned()
}

pub async fn only_task(bureau: &Bureau, actor: &Actor) -> String {
    let tasks = todo(bureau, actor).await;
    assert_eq!(tasks.len(), 1, "{}: {tasks:#?}", actor.name);
    id(&tasks[0])
}

/// Entries of the trail of a kind.
pub async fn trail(bureau: &Bureau, instance: &str, kind: &str) -> Vec<Value> {
    let view = bureau.processes.instance(&manager(), instance).await.unwrap();
    view["trail"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

pub async fn active(bureau: &Bureau, instance: &str) -> Value {
    bureau.processes.instance(&manager(), instance).await.unwrap()["active"].clone()
}

/// Does every job of the engine that is due, as the worker does; how many did something.
pub async fn fire_due(bureau: &Bureau) -> usize {
    let now = bureau.clock.now();
    let wanted = JobsWanted::of(&[TIMER_JOB, EVENT_JOB]).at_most(100);
    let mut fired = 0;
    for job in &bureau.store().lease_jobs(&wanted, now, 60_000).await.unwrap() {
        let mut tx = bureau.store().begin().await.unwrap();
        fired += usize::from(bureau.processes.fire(&mut tx, &job.payload).await.unwrap());
        tx.finish_job(job, &Value::Null, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    fired
}

pub fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
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

pub fn nothing() -> Value {
    json!({})
}
