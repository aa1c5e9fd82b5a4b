//! Messages about a record, carried by the agencies' sandbox.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anju_calendar::{Clock, ManualClock};
use anju_connectors::{
    CALL_JOB, CallError, Connectors, HandlerError, JobOutcome, POLL_JOB, Reply, ReplyHandler,
};
use anju_crypto::Keyring;
use anju_definitions::{Source, load};
use anju_messaging::{Messaging, SMS_ENTITY};
use anju_records::{Actor, Hooks, Object, Query, Record, Records};
use anju_store::{JobsWanted, Store, StoreConfig, Tx};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

const DEFINITIONS: [(&str, &str); 6] = [
    (
        "apps/platform/definitions/connectors/sms.yaml",
        include_str!("../../../apps/platform/definitions/connectors/sms.yaml"),
    ),
    (
        "apps/platform/definitions/dictionaries/sms_state.yaml",
        "
dictionary: platform.sms_state
title: 短信状态
items:
  - { code: queued, title: 待发送 }
  - { code: sent, title: 已发送 }
  - { code: delivered, title: 已送达 }
  - { code: failed, title: 发送失败 }
",
    ),
    (
        "apps/platform/definitions/entities/sms_message.yaml",
        "
entity: platform.sms_message
title: 短信记录
display: '{title}'
scope: { district: district, operator: operator }
fields:
  title: { title: 短信类型, type: text, system: true }
  message: { title: 消息标识, type: text, system: true }
  phone: { title: 手机号, type: phone, sensitive: true, system: true }
  text: { title: 短信内容, type: long_text, system: true }
  state: { title: 状态, type: choice, dictionary: platform.sms_state, default: queued, system: true }
  entity: { title: 业务类型, type: text, system: true }
  record: { title: 业务记录, type: text, system: true }
  subject: { title: 业务编号, type: text, system: true }
  district: { title: 区, type: text, system: true }
  operator: { title: 运营机构, type: text, system: true }
  requested_at: { title: 提交时间, type: date_time, system: true }
  sent_at: { title: 发送时间, type: date_time, system: true }
  delivered_at: { title: 送达时间, type: date_time, system: true }
  receipt: { title: 网关回执号, type: text, system: true }
  error: { title: 失败原因, type: text, length_max: 500, system: true }
transitions:
  field: state
  from: { queued: [sent, delivered, failed], sent: [delivered, failed], failed: [queued, sent] }
",
    ),
    (
        "apps/test/definitions/entities/office.yaml",
        "
entity: test.office
title: 受理点
display: '{name}'
scope: { shared: true }
fields:
  name: { title: 名称, type: text, required: true }
  phone: { title: 电话, type: phone }
",
    ),
    (
        "apps/test/definitions/entities/case.yaml",
        "
entity: test.case
title: 案件
key: case_no
display: '{case_no} {name}'
scope: { district: district }
fields:
  case_no: { title: 编号, type: text, required: true }
  name: { title: 姓名, type: text, required: true }
  phone: { title: 手机号, type: phone, sensitive: true }
  office: { title: 受理点, type: ref, to: test.office }
  rent: { title: 租金, type: money }
  district: { title: 区, type: text }
",
    ),
    (
        "apps/test/definitions/messages/accepted.yaml",
        "
message: test.accepted
title: 受理通知
entity: test.case
channel: sms
to: phone
text: '{name}您好，申请（{case_no}）已受理，月租{rent}，受理点{office}，电话{office.phone}。'
",
    ),
];

struct Desk(Messaging);

#[async_trait]
impl ReplyHandler for Desk {
    async fn reply(
        &self,
        tx: &mut Tx,
        _call: &str,
        reply: &Reply,
        outcome: Result<&Value, &CallError>,
    ) -> Result<(), HandlerError> {
        assert!(Messaging::takes(reply));
        Ok(self.0.take_reply(tx, reply, outcome).await?)
    }
}

struct Bench {
    store: Store,
    records: Records,
    connectors: Connectors,
    desk: Desk,
    clock: Arc<ManualClock>,
    base: String,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let clock = Arc::new(ManualClock::at("2026-03-02T01:00:00Z".parse().expect("a time")));
        let options = anju_agencies::Options {
            day: Duration::from_secs(240),
            clock: clock.clone(),
            ..anju_agencies::Options::default()
        };
        tokio::spawn(async move { anju_agencies::serve(listener, options).await });

        let sources = DEFINITIONS.map(|(path, text)| Source { path: path.to_owned(), text: text.to_owned() });
        let (catalog, problems) = load(&sources);
        assert!(problems.iter().all(|problem| !problem.is_error()), "{problems:?}");
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
        tables.extend(anju_records::tables(&catalog).expect("the catalog compiles"));
        store.sync_schema(&tables).await.expect("tables");
        let catalog = Arc::new(ArcSwap::from_pointee(catalog));
        let keyring = Arc::new(Keyring::for_tests(1));
        let records =
            Records::new(store.clone(), catalog.clone(), keyring.clone(), clock.clone(), Hooks::default());
        let endpoints = BTreeMap::from([("agencies".to_owned(), base.clone())]);
        let connectors = Connectors::new(store.clone(), catalog.clone(), endpoints, clock.clone(), keyring)
            .expect("connectors");
        let messaging = Messaging::new(records.clone(), connectors.clone(), catalog, clock.clone());
        Self { store, records, connectors, desk: Desk(messaging), clock, base, _folder: folder }
    }

    /// A case with this phone, and the message about it sent.
    async fn accept(&self, phone: Value) {
        let platform = Actor::system("test");
        let mut tx = self.store.begin().await.expect("a transaction");
        let office = json!({ "name": "静安受理点", "phone": "021-62345678" });
        let office = self
            .records
            .create(&mut tx, &platform, "test.office", object(office), None)
            .await
            .expect("an office");
        let case = json!({
            "case_no": "GZ-1", "name": "张三", "phone": phone, "office": office.id, "rent": 123_450, "district": "310106",
        });
        let case =
            self.records.create(&mut tx, &platform, "test.case", object(case), None).await.expect("a case");
        let case = self.records.read_in(&mut tx, &platform, "test.case", &case.id).await.expect("a case");
        self.desk.0.send(&mut tx, &platform, "test.accepted", &case).await.expect("queued");
        tx.commit().await.expect("committed");
    }

    async fn work(&self) -> Option<JobOutcome> {
        let jobs = self
            .store
            .lease_jobs(&JobsWanted::of(&[CALL_JOB, POLL_JOB]), self.clock.now(), 60_000)
            .await
            .expect("leased");
        let job = jobs.into_iter().next()?;
        Some(self.connectors.handle_job(&job, &self.desk).await.expect("handled"))
    }

    async fn sms(&self) -> Record {
        let page =
            self.records.query(&Actor::system("test"), SMS_ENTITY, &Query::default()).await.expect("a page");
        assert_eq!(page.items.len(), 1);
        page.items.into_iter().next().expect("one message")
    }

    async fn sent(&self) -> Value {
        reqwest::get(format!("{}/control/sms", self.base))
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }
}

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap_or_default()
}

#[tokio::test]
async fn m047_a_message_is_written_down_sent_once_and_followed_to_its_delivery() {
    let bench = Bench::new().await;
    bench.accept(json!("13800000001")).await;
    let text = "张三您好，申请（GZ-1）已受理，月租1234.50元，受理点静安受理点，电话021-62345678。";
    let queued = bench.sms().await;
    assert_eq!([queued.text("state"), queued.text("text")], [Some("queued"), Some(text)]);
    assert_eq!([queued.text("subject"), queued.text("district")], [Some("GZ-1"), Some("310106")]);
    assert_eq!(bench.sent().await["messages"], json!([]));

    assert_eq!(bench.work().await, Some(JobOutcome::Answered));
    assert_eq!(bench.sms().await.text("state"), Some("sent"));
    let sent = bench.sent().await;
    assert_eq!(sent["messages"][0]["phone"], "13800000001");
    assert_eq!(sent["messages"][0]["text"], text);

    assert_eq!(bench.work().await, Some(JobOutcome::Deferred));
    bench.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(bench.work().await, Some(JobOutcome::Answered));
    assert_eq!(bench.sms().await.text("state"), Some("delivered"));
    assert_eq!(bench.work().await, None);
}

#[tokio::test]
async fn m047_a_number_that_does_not_exist_ends_as_failed() {
    let bench = Bench::new().await;
    bench.accept(json!("13800000000")).await;
    bench.work().await;
    bench.work().await;
    bench.clock.advance(SignedDuration::from_secs(10));
    bench.work().await;
    let sms = bench.sms().await;
    assert_eq!([sms.text("state"), sms.text("error")], [Some("failed"), Some("空号")]);
}

#[tokio::test]
async fn m047_without_a_phone_the_message_is_kept_as_failed_and_the_step_goes_on() {
    let bench = Bench::new().await;
    bench.accept(Value::Null).await;
    let sms = bench.sms().await;
    assert_eq!([sms.text("state"), sms.text("error")], [Some("failed"), Some("没有手机号")]);
    assert_eq!(bench.work().await, None);
}
