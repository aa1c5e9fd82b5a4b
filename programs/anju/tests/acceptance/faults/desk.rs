//! An application with everything that jobs do: its tickets are closed with a message, a document and a process.

use anju_runtime::{App, Registry, Settings, definitions::Source};
use anju_store::testing::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Client, Platform};

pub const TICKET: &str = "desk.ticket";

const DEFINITIONS: [(&str, &str); 7] = [
    (
        "dictionaries/state.yaml",
        "dictionary: desk.state
title: 状态
items: [{ code: open, title: 未办 }, { code: closed, title: 已办 }]
",
    ),
    (
        "entities/ticket.yaml",
        "entity: desk.ticket
title: 工单
key: code
display: \"{code} {name}\"
scope: { district: district }
fields:
  code: { title: 编号, type: text, required: true, unique: true, length_max: 40 }
  name: { title: 姓名, type: text, required: true, length_max: 100 }
  phone: { title: 联系电话, type: phone, required: true, sensitive: true }
  state: { title: 状态, type: choice, dictionary: desk.state, default: open }
  district: { title: 区, type: choice, dictionary: platform.district, required: true }
  closed_on: { title: 办结日期, type: date }
  slip: { title: 回单, type: file, system: true }
  paper: { title: 材料, type: file }
  late: { title: 超时, type: boolean, system: true }
actions:
  close:
    title: 办结
    when: \"state == 'open'\"
    otherwise: 已经办结
    effects:
      - set: { state: closed }
      - message: desk.closed
      - document: { document: desk.slip, into: slip }
      - start: { process: desk.follow_up }
  close_together:
    title: 一并办结
    when: \"state == 'open'\"
    otherwise: 已经办结
    atomic: true
    effects:
      - set: { state: closed }
      - message: desk.closed
retention:
  - { term: old, keep: 30d, after: closed_on, then: remove }
",
    ),
    (
        "messages/closed.yaml",
        "message: desk.closed
title: 办结通知
entity: desk.ticket
channel: sms
to: phone
text: 【上海住房保障】{name}您好，您的工单（{code}）已办结。
",
    ),
    (
        "documents/slip.yaml",
        "document: desk.slip
title: 回单
entity: desk.ticket
template: slip.typ
seal: true
data: { code: \"=record.code\" }
public_facts: { 编号: code }
sample: { code: T-1 }
",
    ),
    ("documents/slip.typ", "#let data = json(\"data.json\")\n#data.code\n"),
    (
        "processes/follow_up.yaml",
        "process: desk.follow_up
title: 回访
bpmn: follow_up.bpmn
entity: desk.ticket
steps:
  call_back: { title: 回访, roles: [desk.clerk], outcomes: { done: { title: 已回访 } } }
services:
  mark_late: { effects: [{ set: { late: true } }, { message: desk.closed }] }
",
    ),
    (
        "roles/clerk.yaml",
        "role: desk.clerk
title: 工单员
level: city
permissions:
  desk.ticket: { read: true, create: true, update: true, import: true, export: true, actions: [close, close_together] }
  platform.sms_message: { read: true }
",
    ),
];

const FOLLOW_UP: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d">
  <bpmn:process id="follow_up" isExecutable="true">
    <bpmn:startEvent id="start"/>
    <bpmn:userTask id="call_back" name="回访"/>
    <bpmn:boundaryEvent id="late" name="超时" attachedToRef="call_back"><bpmn:timerEventDefinition><bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:serviceTask id="mark_late" name="标记超时"/>
    <bpmn:endEvent id="done"/>
    <bpmn:endEvent id="given_up"/>
    <bpmn:sequenceFlow id="f_start" sourceRef="start" targetRef="call_back"/>
    <bpmn:sequenceFlow id="f_done" sourceRef="call_back" targetRef="done"/>
    <bpmn:sequenceFlow id="f_late" sourceRef="late" targetRef="mark_late"/>
    <bpmn:sequenceFlow id="f_given_up" sourceRef="mark_late" targetRef="given_up"/>
  </bpmn:process>
</bpmn:definitions>"#;

struct Desk;

impl App for Desk {
    fn name(&self) -> &'static str {
        "desk"
    }

    fn sources(&self) -> Vec<Source> {
        let bpmn = ("processes/follow_up.bpmn", FOLLOW_UP);
        let source =
            |(path, text): &(&str, &str)| Source::new(format!("apps/desk/definitions/{path}"), *text);
        DEFINITIONS.iter().chain([&bpmn]).map(source).collect()
    }

    fn register(&self, _registry: &mut Registry) {}
}

/// A platform with the desk, and its clerk.
pub async fn with_desk(db: TestDatabase, change: impl FnOnce(&mut Settings)) -> (Platform, Client) {
    let people = [
        ("city", "沈国平", "desk.clerk"),
        ("manager", "何伟民", "platform.export_approver_city"),
        ("steward", "陈明远", "platform.data_steward"),
    ];
    let platform = Platform::small(db, vec![Box::new(Desk)], &people, change).await;
    let clerk = platform.log_in("city").await;
    (platform, clerk)
}

pub fn code(number: u32, at: u32) -> String {
    format!("T-{number:04}-{at}")
}

/// The values of a ticket of a round.
pub fn values(number: u32, at: u32) -> Value {
    json!({ "code": code(number, at), "name": format!("王{at}"), "phone": "13800138000", "district": "310115" })
}

/// Tickets of a round; their ids.
pub async fn tickets(clerk: &Client, number: u32, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for at in 0..count {
        ids.push(clerk.create(TICKET, values(number, at)).await);
    }
    ids
}

/// The tickets of a round as they are.
pub async fn tickets_of(clerk: &Client, number: u32) -> Vec<Value> {
    let filter = json!({ "field": "code", "op": "starts_with", "value": format!("T-{number:04}-") });
    let mut found = clerk.find(TICKET, filter).await;
    found.sort_by_key(|ticket| ticket["code"].as_str().unwrap_or_default().to_owned());
    found
}

pub async fn job(clerk: &Client, id: &str) -> Value {
    clerk.get(&format!("/api/jobs/{id}")).await.ok()
}

/// A workbook (CSV) with tickets; the last one is faulty.
pub fn workbook(number: u32, count: u32) -> Vec<u8> {
    let mut text = "编号,姓名,联系电话,区\n".to_owned();
    for at in 0..count {
        let phone = if at + 1 == count { "不详" } else { "13800138000" };
        text.push_str(&format!("{},王{at},{phone},浦东新区\n", code(number, at)));
    }
    text.into_bytes()
}
