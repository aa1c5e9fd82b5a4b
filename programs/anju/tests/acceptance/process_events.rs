//! Processes that begin by themselves and that are told something from outside: at a time, when a record comes to be
//! such, by a message, by a signal.

use anju_runtime::{App, Registry, Worker, definitions::Source};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform};

const FLAT: &str = "yard.flat";
const ENTITY: &str = "entity: yard.flat
title: 房屋
display: \"{code}\"
scope: { shared: true }
fields:
  code: { title: 编号, type: text, required: true, unique: true }
  rent: { title: 租金, type: integer }
  checked: { title: 已检查, type: boolean, default: false }
  found: { title: 补正内容, type: text }
";
const ROLE: &str = "role: yard.keeper
title: 管理员
level: city
permissions:
  yard.flat: { read: true, create: true, update: true }
";
const STEP: &str = "    roles: [yard.keeper]
    outcomes:
      done: { title: 完成, effects: [{ set: { checked: true } }] }
";

/// A process of one user task that begins as told.
fn diagram(start: &str, more: &str) -> String {
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><message id="m" name="补正"/><signal id="g" name="停办"/><process id="p">
<startEvent id="start">{start}</startEvent><userTask id="work" name="检查"/><endEvent id="end"/>{more}
<sequenceFlow id="f1" sourceRef="start" targetRef="work"/><sequenceFlow id="f2" sourceRef="work" targetRef="end"/>
</process></definitions>"#
    )
}

const DAILY: &str =
    "<timerEventDefinition><timeCycle>R/2020-01-01T09:00:00+08:00/P1D</timeCycle></timerEventDefinition>";
const DEAR: &str =
    "<conditionalEventDefinition><condition>record.rent > 100</condition></conditionalEventDefinition>";
/// A message that comes while the task is open takes its content in; a signal calls the task off; so does a rent of 0.
const TOLD: &str = r#"
<boundaryEvent id="told" attachedToRef="work" cancelActivity="false"><messageEventDefinition messageRef="m"/></boundaryEvent>
<serviceTask id="note"/><endEvent id="noted"/>
<boundaryEvent id="stop" attachedToRef="work"><signalEventDefinition signalRef="g"/></boundaryEvent><endEvent id="stopped"/>
<boundaryEvent id="free" attachedToRef="work"><conditionalEventDefinition><condition>record.rent == 0</condition></conditionalEventDefinition></boundaryEvent><endEvent id="freed"/>
<sequenceFlow id="f3" sourceRef="told" targetRef="note"/><sequenceFlow id="f4" sourceRef="note" targetRef="noted"/>
<sequenceFlow id="f5" sourceRef="stop" targetRef="stopped"/><sequenceFlow id="f6" sourceRef="free" targetRef="freed"/>"#;

struct Yard;

impl App for Yard {
    fn name(&self) -> &'static str {
        "yard"
    }

    fn sources(&self) -> Vec<Source> {
        let at = |file: &str, text: String| Source::new(format!("apps/yard/definitions/{file}"), text);
        let process = |key: &str, more: &str| {
            format!(
                "process: yard.{key}\ntitle: {key}\nbpmn: {key}.bpmn\nentity: yard.flat\nstarters: [yard.keeper]\n{more}steps:\n  work:\n    title: 检查\n{STEP}"
            )
        };
        let unchecked = "starts:\n  start: { where: { field: checked, op: eq, value: false } }\n";
        let note = "services:\n  note:\n    effects: [{ set: { found: \"=vars.content\" } }]\n";
        vec![
            at("entities/flat.yaml", ENTITY.to_owned()),
            at("roles/keeper.yaml", ROLE.to_owned()),
            at("processes/daily.yaml", process("daily", unchecked)),
            at("processes/daily.bpmn", diagram(DAILY, "")),
            at("processes/dear.yaml", process("dear", "")),
            at("processes/dear.bpmn", diagram(DEAR, "")),
            at("processes/told.yaml", process("told", note)),
            at("processes/told.bpmn", diagram("", TOLD)),
        ]
    }

    fn register(&self, _registry: &mut Registry) {}
}

async fn yard(db: TestDatabase) -> (Platform, Client) {
    let people = [("keeper", "张", "yard.keeper"), ("admin", "李", "platform.system_admin")];
    let platform = Platform::small(db, vec![Box::new(Yard)], &people, |_| {}).await;
    let keeper = platform.log_in("keeper").await;
    (platform, keeper)
}

/// Tells what has changed and does what follows.
async fn go_on(platform: &Platform) {
    Worker::tell_pending_events(&platform.runtime).await.expect("events are told");
    platform.settle().await;
}

async fn steps_on(client: &Client, id: &str) -> Vec<Value> {
    let tasks = client.tasks_on(FLAT, id).await;
    tasks.iter().map(|task| task["process"].clone()).collect()
}

async fn m043_a_process_begins_at_its_time_on_the_records_it_is_for(db: TestDatabase) {
    let (platform, keeper) = yard(db).await;
    let due = keeper.create(FLAT, json!({ "code": "1" })).await;
    let checked = keeper.create(FLAT, json!({ "code": "2", "checked": true })).await;
    platform.settle().await;
    assert!(steps_on(&keeper, &due).await.is_empty(), "not before nine");
    platform.pass_days(1).await;
    assert_eq!(steps_on(&keeper, &due).await, ["yard.daily"]);
    assert!(steps_on(&keeper, &checked).await.is_empty());
    platform.pass_days(1).await;
    assert_eq!(steps_on(&keeper, &due).await, ["yard.daily"], "it runs already");
    keeper.complete(FLAT, &due, "work", "done", json!({})).await.ok();
    keeper.patch(&format!("/api/records/{FLAT}/{due}"), 2, json!({ "checked": false })).await.ok();
    platform.pass_days(1).await;
    assert_eq!(steps_on(&keeper, &due).await, ["yard.daily"], "once more");
}

async fn m043_a_process_begins_when_a_record_comes_to_be_such(db: TestDatabase) {
    let (platform, keeper) = yard(db).await;
    let flat = keeper.create(FLAT, json!({ "code": "1", "rent": 90, "checked": true })).await;
    go_on(&platform).await;
    assert!(steps_on(&keeper, &flat).await.is_empty());
    keeper.patch(&format!("/api/records/{FLAT}/{flat}"), 1, json!({ "rent": 120 })).await.ok();
    go_on(&platform).await;
    assert_eq!(steps_on(&keeper, &flat).await, ["yard.dear"]);
    keeper.complete(FLAT, &flat, "work", "done", json!({})).await.ok();
    go_on(&platform).await;
    assert!(steps_on(&keeper, &flat).await.is_empty(), "what it reads has not changed");
}

async fn m003_messages_and_signals_reach_those_who_wait(db: TestDatabase) {
    let (platform, keeper) = yard(db).await;
    let admin = platform.log_in("admin").await;
    let mut flats = Vec::new();
    for code in ["1", "2", "3"] {
        let flat = keeper.create(FLAT, json!({ "code": code, "checked": true })).await;
        keeper
            .post("/api/processes/yard.told/start", json!({ "entity": FLAT, "record_id": flat }))
            .await
            .ok();
        flats.push(flat);
    }
    let message = |flat: &str| json!({ "message": "补正", "entity": FLAT, "record_id": flat, "vars": { "content": "房产证" } });
    keeper.post("/api/processes/messages", message(&flats[0])).await.refused(403, "forbidden");
    // The administrator may send, but not see the records.
    admin.post("/api/processes/messages", message(&flats[0])).await.refused(403, "forbidden");
    crate::support::grant(&platform, "张", "platform.system_admin").await;
    let keeper = platform.log_in("keeper").await;
    let told = keeper.post("/api/processes/messages", message(&flats[0])).await.ok();
    assert_eq!(told, json!({ "told": 1 }));
    assert_eq!(keeper.read(FLAT, &flats[0]).await["found"], "房产证");
    assert_eq!(steps_on(&keeper, &flats[0]).await, ["yard.told"], "the task stays open");
    let nobody = json!({ "message": "别的", "entity": FLAT, "record_id": flats[0] });
    keeper.post("/api/processes/messages", nobody).await.refused(409, "nobody_waits");

    keeper.patch(&format!("/api/records/{FLAT}/{}", flats[1]), 1, json!({ "rent": 0 })).await.ok();
    go_on(&platform).await;
    assert!(steps_on(&keeper, &flats[1]).await.is_empty(), "the condition holds");
    let told = keeper.post("/api/processes/signals", json!({ "signal": "停办" })).await.ok();
    assert_eq!(told, json!({ "told": 2 }));
    platform.settle().await;
    for flat in &flats {
        assert!(steps_on(&keeper, flat).await.is_empty());
    }
    let ended =
        keeper.get(&format!("/api/process-instances?entity={FLAT}&record_id={}", flats[2])).await.ok();
    assert_eq!(ended["items"][0]["outcome"], "stopped", "{ended}");
}

on_both_databases!(
    m043_a_process_begins_at_its_time_on_the_records_it_is_for,
    m043_a_process_begins_when_a_record_comes_to_be_such,
    m003_messages_and_signals_reach_those_who_wait,
);
