//! A small bureau: cases of two operators in one district, a process with every kind of element, and a runner
//! that keeps what it was asked to do.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::{Arc, Mutex, OnceLock};

use anju_calendar::{Clock, ManualClock, WorkingCalendar};
use anju_crypto::Keyring;
use anju_definitions::{Catalog, Effect, Level, SharedCatalog, Source, load};
use anju_process::{EffectContext, EffectError, EffectResult, EffectRunner, Processes};
use anju_records::{Actor, ActorKind, Hooks, Object, Post, Records};
use anju_store::testing::TestDatabase;
use anju_store::{Store, Tx};
use async_trait::async_trait;
use serde_json::{Value, json};

pub const CASE: &str = "t.case";
pub const REVIEW: &str = "t.review";

const ENTITY: &str = "
entity: t.case
title: 案件
display: \"{title}\"
scope: { district: district, operator: operator }
fields:
  title: { title: 名称, type: text, required: true }
  kind: { title: 类型, type: text }
  status: { title: 状态, type: text, system: true }
  district: { title: 区, type: text }
  operator: { title: 机构, type: text }
  area: { title: 面积, type: decimal, scale: 2 }
  income: { title: 收入, type: money, sensitive: true }
  notice_to: { title: 公示截止, type: date, system: true }
  finding: { title: 结论说明, type: text, system: true }
  late: { title: 超时, type: boolean, system: true }
  due_on: { title: 办结期限, type: date, system: true }
";

const PROCESS: &str = "
process: t.review
title: 审核
bpmn: review.bpmn
entity: t.case
due: { working_days: 20, warn_days: 5 }
due_field: due_on
starters: [t.reviewer]
withdraw:
  roles: [t.reviewer]
  effects:
    - set: { status: withdrawn }
steps:
  review:
    title: 初审
    roles: [t.reviewer]
    claim: true
    due: { working_days: 5, warn_days: 2 }
    on_enter:
      - set: { status: review }
    form:
      finding: { outcomes: [fail], required: true, length_min: 15 }
      notify: { variable: { title: 短信告知, type: boolean, default: true } }
    outcomes:
      pass: { title: 通过, when: 'record.area < 15', otherwise: 人均面积超过标准 }
      fail: { title: 不通过, negative: true, opinion_required: true }
  manual:
    title: 人工核查
    roles: [t.reviewer]
    outcomes:
      done: { title: 已核查 }
  confirm:
    title: 核定
    roles: [t.reviewer, t.manager]
    not_by: review
    due: { working_days: 3 }
    form:
      notice_to: { outcomes: [confirm], required: true, default: '=working_days_ahead[7]' }
    outcomes:
      confirm: { title: 核定通过 }
      refuse: { title: 不同意, negative: true, opinion_required: true }
    return_to: [review]
services:
  check:
    title: 外部核查
    wait: true
    effects:
      - command: { command: t.ask }
  mark_late:
    effects:
      - set: { late: true }
  issue:
    effects:
      - command: { command: t.issue }
ends:
  done:
    - set: { status: done }
  refused:
    - set: { status: refused }
";

const BPMN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
  <bpmn:process id="review_process" isExecutable="true">
    <bpmn:startEvent id="start" name="提交"/>
    <bpmn:exclusiveGateway id="by_kind" name="类型" default="to_review"/>
    <bpmn:userTask id="review" name="初审"/>
    <bpmn:boundaryEvent id="late" name="初审超时" attachedToRef="review" cancelActivity="false"><bpmn:timerEventDefinition><bpmn:timeDuration>P5WD</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:serviceTask id="mark_late" name="标记超时"/>
    <bpmn:endEvent id="late_end"/>
    <bpmn:exclusiveGateway id="after_review" name="初审结果" default="failed"/>
    <bpmn:serviceTask id="check" name="外部核查"/>
    <bpmn:boundaryEvent id="check_late" name="核查超时" attachedToRef="check"><bpmn:timerEventDefinition><bpmn:timeDuration>P3WD</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:userTask id="manual" name="人工核查"/>
    <bpmn:boundaryEvent id="manual_late" name="人工核查超时" attachedToRef="manual"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:userTask id="confirm" name="核定"/>
    <bpmn:exclusiveGateway id="after_confirm" name="核定结果" default="not_confirmed"/>
    <bpmn:intermediateCatchEvent id="notice" name="公示期满"><bpmn:timerEventDefinition><bpmn:timeDate>=record.notice_to</bpmn:timeDate></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>
    <bpmn:serviceTask id="issue" name="发证"/>
    <bpmn:endEvent id="done" name="办结"/>
    <bpmn:endEvent id="refused" name="不予通过"><bpmn:terminateEventDefinition/></bpmn:endEvent>
    <bpmn:sequenceFlow id="f_start" sourceRef="start" targetRef="by_kind"/>
    <bpmn:sequenceFlow id="to_confirm" sourceRef="by_kind" targetRef="confirm" name="快办"><bpmn:conditionExpression>record.kind == 'express' and record.income == null</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="to_review" sourceRef="by_kind" targetRef="review"/>
    <bpmn:sequenceFlow id="f_late" sourceRef="late" targetRef="mark_late"/>
    <bpmn:sequenceFlow id="f_late_end" sourceRef="mark_late" targetRef="late_end"/>
    <bpmn:sequenceFlow id="f_review" sourceRef="review" targetRef="after_review"/>
    <bpmn:sequenceFlow id="passed" sourceRef="after_review" targetRef="check" name="通过"><bpmn:conditionExpression>outcome == 'pass'</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="failed" sourceRef="after_review" targetRef="refused"/>
    <bpmn:sequenceFlow id="f_check" sourceRef="check" targetRef="confirm"/>
    <bpmn:sequenceFlow id="f_check_late" sourceRef="check_late" targetRef="manual"/>
    <bpmn:sequenceFlow id="f_manual" sourceRef="manual" targetRef="confirm"/>
    <bpmn:sequenceFlow id="f_manual_late" sourceRef="manual_late" targetRef="confirm"/>
    <bpmn:sequenceFlow id="f_confirm" sourceRef="confirm" targetRef="after_confirm"/>
    <bpmn:sequenceFlow id="confirmed" sourceRef="after_confirm" targetRef="notice" name="通过"><bpmn:conditionExpression>outcome == 'confirm'</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="not_confirmed" sourceRef="after_confirm" targetRef="refused"/>
    <bpmn:sequenceFlow id="f_notice" sourceRef="notice" targetRef="issue"/>
    <bpmn:sequenceFlow id="f_issue" sourceRef="issue" targetRef="done"/>
  </bpmn:process>
</bpmn:definitions>"#;

const ROLES: [(&str, &str); 2] = [
    (
        "reviewer",
        "
role: t.reviewer
title: 经办人
level: operator
permissions:
  t.case: { read: true, create: true, update: true }
",
    ),
    (
        "manager",
        "
role: t.manager
title: 审核负责人
level: district
permissions:
  t.case: { read: true }
",
    ),
];

pub fn sources() -> Vec<Source> {
    let at = |folder: &str, file: &str, text: &str| {
        Source::new(format!("apps/t/definitions/{folder}/{file}"), text)
    };
    let mut sources = vec![
        at("entities", "case.yaml", ENTITY),
        at("processes", "review.yaml", PROCESS),
        at("processes", "review.bpmn", BPMN),
    ];
    sources.extend(ROLES.iter().map(|(name, text)| at("roles", &format!("{name}.yaml"), text)));
    sources
}

pub fn catalog() -> Catalog {
    catalog_of(&sources())
}

/// What the sources say, which has to be without fault.
pub fn catalog_of(sources: &[Source]) -> Catalog {
    let (catalog, problems) = load(sources);
    let problems: Vec<String> =
        problems.iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    catalog
}

/// Keeps what it was asked to do, and does `set`.
#[derive(Default)]
pub struct Runner {
    records: OnceLock<Records>,
    processes: OnceLock<Processes>,
    pub calls: Mutex<Vec<String>>,
    /// Commands that answer at once, that go on elsewhere, that fail.
    pub answers_at_once: Mutex<bool>,
    pub pending: Mutex<bool>,
    pub fails: Mutex<bool>,
}

#[async_trait]
impl EffectRunner for Runner {
    async fn run(
        &self,
        tx: &mut Tx,
        context: &EffectContext<'_>,
        effects: &[Effect],
    ) -> Result<EffectResult, EffectError> {
        let mut result = EffectResult::default();
        for effect in effects {
            match effect {
                Effect::Set(values) => {
                    let changes: Object = values.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                    let system = context.actor.on_behalf();
                    let records = self.records.get().unwrap();
                    records
                        .patch(tx, &system, context.entity, context.record_id, None, changes, None)
                        .await?;
                }
                Effect::Command { command, values } if command == "t.throw" => {
                    let code = values["code"].as_str().unwrap_or_default();
                    return Err(EffectError::Thrown(code.to_owned()));
                }
                Effect::Command { command, .. } => {
                    self.calls.lock().unwrap().push(format!("{}:{command}", context.element));
                    if *self.fails.lock().unwrap() {
                        return Err(EffectError::Failed("the outside is down".into()));
                    }
                    result.vars.insert("asked".into(), json!(true));
                    result.pending |= *self.pending.lock().unwrap();
                    let at_once = *self.answers_at_once.lock().unwrap();
                    if at_once && command == "t.ask" {
                        let vars = Object::from_iter([("answer".to_owned(), json!("ok"))]);
                        let processes = self.processes.get().unwrap();
                        processes
                            .signal(tx, context.instance_id, context.element, vars)
                            .await
                            .map_err(Box::new)?;
                    }
                }
                other => return Err(EffectError::Failed(format!("not in this fixture: {other:?}"))),
            }
        }
        Ok(result)
    }
}

pub struct Bureau {
    pub db: TestDatabase,
    pub clock: Arc<ManualClock>,
    pub catalog: SharedCatalog,
    pub records: Records,
    pub processes: Processes,
    pub runner: Arc<Runner>,
}

impl Bureau {
    pub async fn open(db: TestDatabase) -> Self {
        Self::open_with(db, catalog()).await
    }

    pub async fn open_with(db: TestDatabase, catalog: Catalog) -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-24T09:00:00+08:00".parse().unwrap()));
        let catalog: SharedCatalog = Arc::new(arc_swap::ArcSwap::from_pointee(catalog));
        let store = db.store().clone();
        let mut tables = anju_records::tables(&catalog.load()).unwrap();
        tables.extend(anju_process::tables());
        store.sync_schema(&tables).await.unwrap();
        let as_clock: Arc<dyn Clock> = clock.clone();
        let keyring = Arc::new(Keyring::for_tests(7));
        let records =
            Records::new(store.clone(), catalog.clone(), keyring, as_clock.clone(), Hooks::default());
        let runner = Arc::new(Runner::default());
        let calendar = Arc::new(WorkingCalendar::default());
        let processes = Processes::new(
            records.clone(),
            store,
            catalog.clone(),
            Arc::new(move || calendar.clone()),
            as_clock,
            runner.clone() as Arc<dyn EffectRunner>,
        );
        let _ = runner.records.set(records.clone());
        let _ = runner.processes.set(processes.clone());
        Self { db, clock, catalog, records, processes, runner }
    }

    pub fn store(&self) -> &Store {
        self.db.store()
    }

    pub async fn a_case(&self, title: &str, fields: Value) -> String {
        let mut tx = self.store().begin().await.unwrap();
        let mut input = json!({"title": title, "district": "310101", "operator": "org1", "area": "10.00"});
        if let (Some(input), Some(fields)) = (input.as_object_mut(), fields.as_object()) {
            input.extend(fields.clone());
        }
        let input = input.as_object().cloned().unwrap();
        let record = self.records.create(&mut tx, &Actor::system("测试"), CASE, input, None).await.unwrap();
        tx.commit().await.unwrap();
        record.id
    }

    /// A case with its process started by the first reviewer: `(case, instance)`.
    pub async fn a_started_case(&self, title: &str, fields: Value) -> (String, String) {
        let case = self.a_case(title, fields).await;
        let mut tx = self.store().begin().await.unwrap();
        let instance =
            self.processes.start(&mut tx, &reviewer(1), REVIEW, CASE, &case, Object::new()).await.unwrap();
        tx.commit().await.unwrap();
        (case, instance)
    }

    pub async fn status(&self, case: &str) -> Option<String> {
        let record = self.records.read(&Actor::system("测试"), CASE, case).await.unwrap();
        record.text("status").map(str::to_owned)
    }
}

fn person(account: &str, name: &str, role: &str, level: Level, operator: &str, district: &str) -> Actor {
    Actor {
        account_id: account.to_owned(),
        name: name.to_owned(),
        kind: ActorKind::Person,
        post: Some(Post {
            id: format!("post-{account}"),
            org_id: operator.to_owned(),
            org_title: "机构".to_owned(),
            level,
            district: Some(district.to_owned()),
            subdistrict: None,
            operator: Some(operator.to_owned()),
        }),
        roles: vec![role.to_owned()],
        session_id: None,
        ip: None,
        request_id: None,
    }
}

/// A reviewer of the first operator.
pub fn reviewer(number: u32) -> Actor {
    person(
        &format!("reviewer{number}"),
        &format!("经办{number}"),
        "t.reviewer",
        Level::Operator,
        "org1",
        "310101",
    )
}

/// A reviewer of another operator.
pub fn stranger() -> Actor {
    person("stranger", "外人", "t.reviewer", Level::Operator, "org2", "310101")
}

pub fn manager() -> Actor {
    person("manager", "负责人", "t.manager", Level::District, "bureau", "310101")
}

/// A second server on the same database, with caches of its own.
pub struct Beside {
    pub processes: Processes,
}

impl Bureau {
    pub async fn open_beside(bureau: &Bureau) -> Beside {
        let store = bureau.db.another_store().await;
        let clock: Arc<dyn Clock> = bureau.clock.clone();
        let catalog = bureau.catalog.clone();
        let keyring = Arc::new(Keyring::for_tests(7));
        let records = Records::new(store.clone(), catalog.clone(), keyring, clock.clone(), Hooks::default());
        let calendar = Arc::new(WorkingCalendar::default());
        let runner = bureau.runner.clone() as Arc<dyn EffectRunner>;
        let processes =
            Processes::new(records, store, catalog, Arc::new(move || calendar.clone()), clock, runner);
        Beside { processes }
    }
}
