//! Calls against the agencies' sandbox over real HTTP, on the embedded database.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use anju_calendar::{Clock, ManualClock};
use anju_connectors::{
    CALL_JOB, CallError, Connectors, Error, HandlerError, JobOutcome, Object, POLL_JOB, Reply, ReplyHandler,
};
use anju_crypto::Keyring;
use anju_definitions::{Source, load};
use anju_store::{ColumnKind, Fetch, Job, JobsWanted, Select, Store, StoreConfig, TableSpec, Tx};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

const ID_NO: &str = "11010519491231002X";
const LEASE_MS: i64 = 60_000;
const CONNECTOR: &str = r#"
connector: test.agency
title: 测试机构
endpoint: agencies.registry
timeout_ms: 400
retry: { attempts_max: 3, first_wait_ms: 1000, wait_max_ms: 60000 }
operations:
  check:
    title: 核查
    method: POST
    path: /registry/realtime
    needs: [id_no, name]
    body: { id_no: "{id_no}", name: "{name}" }
    answer: { type: object, required: [code, data], properties: { data: { type: object, required: [properties] } } }
  submit:
    title: 次日核查
    method: POST
    path: /registry/batch
    needs: [id_no, name]
    body: { persons: [{ id_no: "{id_no}", name: "{name}" }] }
    answer: { type: object, required: [data], properties: { data: { type: object, required: [receipt] } } }
    deferred: { receipt: /data/receipt, poll: fetch, ready: "answer.data.state == '已完成'", every_ms: 600000, give_up_hours: 72 }
  fetch:
    title: 取结果
    method: GET
    path: /registry/batch/{receipt}
    needs: [receipt]
    answer: { type: object, required: [data], properties: { data: { type: object, required: [state] } } }
  send:
    title: 发短信
    method: POST
    path: /sms/send
    needs: [phone, text]
    body: { phone: "{phone}", text: "{text}" }
    answer: { type: object, required: [data] }
"#;

/// What the handler was given, and how it is to misbehave.
#[derive(Default)]
struct Desk {
    replies: Mutex<Vec<(Reply, Result<Value, CallError>)>>,
    refusals: Mutex<VecDeque<&'static str>>,
    /// Stops for ever after its changes, as a process does that is killed at this moment.
    dies: bool,
}

#[async_trait]
impl ReplyHandler for Desk {
    async fn reply(
        &self,
        tx: &mut Tx,
        call: &str,
        reply: &Reply,
        outcome: Result<&Value, &CallError>,
    ) -> Result<(), HandlerError> {
        tx.insert("test_answer", vec![("id", call.into())]).await?;
        if self.dies {
            std::future::pending::<()>().await;
        }
        if let Some(why) = self.refusals.lock().expect("unpoisoned").pop_front() {
            return Err(why.into());
        }
        let outcome = outcome.cloned().map_err(Clone::clone);
        self.replies.lock().expect("unpoisoned").push((reply.clone(), outcome));
        Ok(())
    }
}

struct Bench {
    connectors: Connectors,
    store: Store,
    clock: Arc<ManualClock>,
    desk: Desk,
    base: String,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(ManualClock::at("2026-03-02T01:00:00Z".parse().expect("a time")));
        let options = anju_agencies::Options {
            day: Duration::from_secs(86_400),
            clock: clock.clone(),
            ..anju_agencies::Options::default()
        };
        tokio::spawn(async move { anju_agencies::serve(listener, options).await });

        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let store = Store::open(&StoreConfig::new(
            url,
            folder.path().join("files"),
            anju_store::RowKey::for_tests(1),
        ))
        .await
        .expect("a store");
        let mut tables = anju_connectors::tables();
        tables.push(TableSpec::new("test_answer").column("id", ColumnKind::Text).primary_key(["id"]));
        store.sync_schema(&tables).await.expect("tables");

        let path = "apps/test/definitions/connectors/agency.yaml".to_owned();
        let (catalog, problems) = load(&[Source { path, text: CONNECTOR.to_owned() }]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(anju_connectors::check(&catalog), []);
        let connectors = Connectors::new(
            store.clone(),
            Arc::new(ArcSwap::from_pointee(catalog)),
            BTreeMap::from([("agencies".to_owned(), base.clone())]),
            clock.clone(),
            Arc::new(Keyring::for_tests(1)),
        )
        .expect("connectors");
        let http = reqwest::Client::new();
        Self { connectors, store, clock, desk: Desk::default(), base, http, _folder: folder }
    }

    async fn control(&self, path: &str, body: Value) {
        let request = self.http.put(format!("{}/control/{path}", self.base)).json(&body);
        assert!(request.send().await.expect("an answer").status().is_success());
    }

    async fn faults(&self, agency: &str, next: &[&str]) {
        self.control(&format!("behaviour/{agency}"), json!({ "next": next })).await;
    }

    async fn seen(&self, what: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/control/{what}", self.base)).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        answer.as_object().and_then(|map| map.values().next()?.as_array().cloned()).unwrap_or_default()
    }

    async fn request(&self, operation: &str, values: Object) -> String {
        let reply = Reply { command: "test.take".to_owned(), payload: json!({ "case": 7 }) };
        let mut tx = self.store.begin().await.expect("a transaction");
        let call = self.connectors.request(&mut tx, operation, values, Some(reply)).await.expect("queued");
        tx.commit().await.expect("committed");
        call
    }

    async fn lease(&self) -> Option<Job> {
        let jobs =
            self.store.lease_jobs(&JobsWanted::of(&[CALL_JOB, POLL_JOB]), self.clock.now(), LEASE_MS).await;
        jobs.expect("leased").into_iter().next()
    }

    async fn work(&self) -> JobOutcome {
        let job = self.lease().await.expect("a due job");
        self.connectors.handle_job(&job, &self.desk).await.expect("handled")
    }

    /// Works the due job; it is put back, and the clock moves on to its next time.
    async fn work_and_wait(&self) {
        match self.work().await {
            JobOutcome::Again(at) => self.clock.set(at),
            other => panic!("{other:?}"),
        }
    }

    fn replies(&self) -> Vec<Result<Value, CallError>> {
        self.desk.replies.lock().expect("unpoisoned").iter().map(|(_, outcome)| outcome.clone()).collect()
    }

    async fn rows(&self, table: &str, columns: &[(&str, ColumnKind)]) -> Vec<Vec<String>> {
        let select =
            columns.iter().fold(Select::from(table), |select, (name, kind)| select.column(*name, *kind));
        let rows = self.store.reader().fetch_all(&select).await.expect("rows");
        rows.iter().map(|row| row.values().iter().map(|value| format!("{value:?}")).collect()).collect()
    }
}

fn person() -> Object {
    Object::from_iter([("id_no".to_owned(), json!(ID_NO)), ("name".to_owned(), json!("张三丰"))])
}

fn message() -> Object {
    Object::from_iter([("phone".to_owned(), json!("13800000001")), ("text".to_owned(), json!("您好"))])
}

#[tokio::test]
async fn a_good_answer_reaches_the_handler_with_the_values_of_the_reply() {
    let bench = Bench::new().await;
    bench.request("test.agency.check", person()).await;
    assert_eq!(bench.work().await, JobOutcome::Answered);
    let (reply, outcome) = bench.desk.replies.lock().expect("unpoisoned")[0].clone();
    assert_eq!(reply, Reply { command: "test.take".to_owned(), payload: json!({ "case": 7 }) });
    assert_eq!(outcome.expect("an answer")["data"]["id_no"], ID_NO);
    assert!(bench.lease().await.is_none());
}

#[tokio::test]
async fn nothing_leaves_when_the_transaction_is_undone() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.expect("a transaction");
    bench.connectors.request(&mut tx, "test.agency.check", person(), None).await.expect("queued");
    tx.rollback().await.expect("undone");
    assert!(bench.lease().await.is_none());
    assert!(bench.seen("log").await.is_empty());
}

#[tokio::test]
async fn failures_are_tried_again_after_growing_waits_under_one_key() {
    let bench = Bench::new().await;
    bench.faults("registry", &["500", "nonsense"]).await;
    let call = bench.request("test.agency.check", person()).await;
    let start = bench.clock.now();
    bench.work_and_wait().await;
    assert_eq!(bench.clock.now().as_millisecond() - start.as_millisecond(), 1_000);
    bench.work_and_wait().await;
    assert_eq!(bench.work().await, JobOutcome::Answered);
    let log = bench.seen("log").await;
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|seen| seen["idempotency_key"] == call.as_str()));
}

#[tokio::test]
async fn an_agency_that_never_answers_ends_in_one_final_failure() {
    let bench = Bench::new().await;
    bench.faults("registry", &["timeout", "timeout", "timeout"]).await;
    bench.request("test.agency.check", person()).await;
    bench.work_and_wait().await;
    bench.work_and_wait().await;
    let timeout = CallError::Timeout { timeout_ms: 400 };
    assert_eq!(bench.work().await, JobOutcome::Failed(timeout.clone()));
    assert_eq!(bench.replies(), [Err(timeout)]);
}

#[tokio::test]
async fn every_kind_of_bad_answer_is_told_apart() {
    let bench = Bench::new().await;
    bench.faults("registry", &["500", "redirect", "nonsense", "wrong_shape", "huge"]).await;
    let mut errors = Vec::new();
    for key in ["1", "2", "3", "4", "5"] {
        errors.push(
            bench
                .connectors
                .call("test.agency.check", &person(), key)
                .await
                .expect_err("refused")
                .to_string(),
        );
    }
    assert_eq!(
        errors,
        [
            "对方系统拒绝请求（HTTP 500）",
            "对方系统拒绝请求（HTTP 302）",
            "对方系统的答复无法识别：不是 JSON",
            "对方系统的答复无法识别：/data 应为 object",
            "对方系统的答复无法识别：超过 1048576 字节",
        ]
    );
    let wrong = Object::from_iter([("id_no".to_owned(), json!("123")), ("name".to_owned(), json!("张三丰"))]);
    let agency = bench.connectors.call("test.agency.check", &wrong, "6").await;
    assert_eq!(agency, Err(CallError::Agency { code: "4002".to_owned(), msg: "证件号码不合规".to_owned() }));
    let unprepared = bench.connectors.call("test.agency.check", &Object::new(), "7").await;
    assert_eq!(unprepared.expect_err("refused").code(), "unprepared");
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    let bench = Bench::new().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let (catalog, _) = load(&[Source {
        path: "apps/test/definitions/connectors/agency.yaml".to_owned(),
        text: CONNECTOR.to_owned(),
    }]);
    let connectors = Connectors::new(
        bench.store.clone(),
        Arc::new(ArcSwap::from_pointee(catalog)),
        BTreeMap::from([("agencies.registry".to_owned(), format!("http://{address}"))]),
        bench.clock.clone(),
        Arc::new(Keyring::for_tests(1)),
    )
    .expect("connectors");
    assert_eq!(connectors.call("test.agency.check", &person(), "1").await, Err(CallError::Unreachable));
}

#[tokio::test]
async fn an_agencys_refusal_is_final_at_once() {
    let bench = Bench::new().await;
    bench.control(&format!("persons/{ID_NO}"), json!({ "name": "李四" })).await;
    bench.request("test.agency.check", person()).await;
    assert!(matches!(bench.work().await, JobOutcome::Failed(CallError::Agency { .. })));
    assert_eq!(bench.replies().len(), 1);
}

#[tokio::test]
async fn a_next_day_answer_is_fetched_when_it_is_there() {
    let bench = Bench::new().await;
    bench.faults("registry", &["lost_answer"]).await;
    bench.request("test.agency.submit", person()).await;
    bench.work_and_wait().await;
    assert_eq!(bench.work().await, JobOutcome::Deferred);
    assert!(bench.lease().await.is_none(), "asked before the first interval is over");
    bench.clock.advance(SignedDuration::from_mins(10));
    bench.work_and_wait().await;
    bench.faults("registry", &["503"]).await;
    bench.work_and_wait().await;
    bench.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(bench.work().await, JobOutcome::Answered);
    let answer = bench.replies().remove(0).expect("an answer");
    assert_eq!(answer["data"]["results"][0]["id_no"], ID_NO);
    assert!(bench.lease().await.is_none());
    let submitted = bench.seen("log").await.iter().filter(|seen| seen["path"] == "/registry/batch").count();
    assert_eq!(submitted, 2, "the lost answer was asked for again");
}

#[tokio::test]
async fn a_result_that_never_comes_is_given_up_with_a_failure() {
    let bench = Bench::new().await;
    bench.request("test.agency.submit", person()).await;
    assert_eq!(bench.work().await, JobOutcome::Deferred);
    bench.faults("registry", &["503"]).await;
    bench.clock.advance(SignedDuration::from_hours(73));
    assert_eq!(bench.work().await, JobOutcome::Failed(CallError::Refused(503)));
    assert_eq!(bench.replies().len(), 1);
}

#[tokio::test]
async fn an_answer_that_could_not_be_taken_in_has_one_effect_on_both_sides() {
    let bench = Bench::new().await;
    bench.desk.refusals.lock().expect("unpoisoned").push_back("the record of 张三丰 is locked");
    bench.request("test.agency.send", message()).await;
    bench.work_and_wait().await;
    assert!(bench.rows("test_answer", &[("id", ColumnKind::Text)]).await.is_empty());
    assert_eq!(bench.work().await, JobOutcome::Answered);
    assert_eq!(bench.rows("test_answer", &[("id", ColumnKind::Text)]).await.len(), 1);
    assert_eq!(bench.seen("log").await.len(), 2);
    assert_eq!(bench.seen("sms").await.len(), 1);
}

#[tokio::test]
async fn a_worker_killed_between_call_and_finish_leaves_one_effect() {
    let bench = Bench::new().await;
    bench.request("test.agency.send", message()).await;
    let job = bench.lease().await.expect("a due job");
    let dying = Desk { dies: true, ..Desk::default() };
    let killed =
        tokio::time::timeout(Duration::from_millis(500), bench.connectors.handle_job(&job, &dying)).await;
    assert!(killed.is_err());
    assert!(bench.lease().await.is_none(), "the lease still holds");
    bench.clock.advance(SignedDuration::from_millis(LEASE_MS));
    assert_eq!(bench.work().await, JobOutcome::Answered);
    assert_eq!(bench.rows("test_answer", &[("id", ColumnKind::Text)]).await.len(), 1);
    assert_eq!(bench.seen("log").await.len(), 2);
    assert_eq!(bench.seen("sms").await.len(), 1);
    assert_eq!(bench.connectors.handle_job(&job, &bench.desk).await.expect("handled"), JobOutcome::LeaseLost);
}

#[tokio::test]
async fn neither_jobs_nor_the_log_show_personal_data() {
    let bench = Bench::new().await;
    bench.control(&format!("persons/{ID_NO}"), json!({ "name": "李四" })).await;
    bench.faults("registry", &["500"]).await;
    bench.request("test.agency.check", person()).await;
    bench.work_and_wait().await;
    bench.work().await;
    let text = ColumnKind::Text;
    let jobs = bench.rows("sys_job", &[("payload", text), ("result", text), ("error", text)]).await;
    let calls = bench
        .rows(
            "sys_call",
            &[("connector", text), ("operation", text), ("key", text), ("outcome", text), ("error", text)],
        )
        .await;
    assert_eq!(calls.len(), 2);
    assert!(calls[1][3].contains("agency"), "{calls:?}");
    let shown = format!("{jobs:?}{calls:?}");
    assert!(!shown.contains(ID_NO) && !shown.contains("张三丰"), "{shown}");
}

#[tokio::test]
async fn an_operation_nobody_defined_is_refused_at_the_request() {
    let bench = Bench::new().await;
    let mut tx = bench.store.begin().await.expect("a transaction");
    let refused = bench.connectors.request(&mut tx, "test.agency.guess", person(), None).await;
    assert!(matches!(refused, Err(Error::Unknown(name)) if name == "test.agency.guess"));
}

#[test]
fn a_schema_that_could_not_be_checked_is_told_where_it_stands() {
    let text = CONNECTOR.replace("answer: { type: object, required: [data] }", "answer: { oneOf: [] }");
    let path = "apps/test/definitions/connectors/agency.yaml".to_owned();
    let (catalog, _) = load(&[Source { path, text }]);
    let problems: Vec<String> = anju_connectors::check(&catalog).iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["apps/test/definitions/connectors/agency.yaml:35: answer/oneOf: 此处不检查这个关键字，不能使用"]
    );
}
