//! The sweeps themselves: of requests, which are sent again with their key, and of background work, which the worker
//! takes up again.

use std::collections::BTreeMap;

use anju_runtime::Worker;
use anju_store::{ColumnKind, Condition, Dialect, Fetch, Select, testing::Fault};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Client, Platform, Reply};

/// More calls than any command makes.
pub const CALLS_MAX: u32 = 1_500;
/// Log of the attempts at calls to others: how many there are depends on what failed.
const CALL_LOG: &str = "sys_call";

/// A kind of fault, for the n-th time.
pub type NthFault = fn(u32) -> Fault;

/// All kinds of faults.
pub const FAULTS: [NthFault; 3] = [Fault::Call, Fault::AnswerOfCommit, Fault::Key];
/// Those of the database.
pub const DATABASE: [NthFault; 2] = [Fault::Call, Fault::AnswerOfCommit];

/// How many rows each table has more, or less, than before.
pub type Left = BTreeMap<String, i64>;

/// A request ready to be sent, and the record or person it is about.
pub struct Ask {
    pub about: String,
    pub method: Method,
    pub path: String,
    pub version: Option<i64>,
    pub body: Value,
}

impl Ask {
    pub fn post(about: &str, path: String, body: Value) -> Self {
        Self { about: about.to_owned(), method: Method::POST, path, version: None, body }
    }

    async fn send(&self, client: &Client, key: &str) -> Reply {
        let version = self.version.map(|version| version.to_string());
        let mut headers = vec![("idempotency-key", key)];
        headers.extend(version.iter().map(|version| ("if-match", version.as_str())));
        client.send(self.method.clone(), &self.path, Some(self.body.clone()), &headers).await
    }
}

/// Sweeps a request. `prepare` gets a number of its own each time.
pub async fn sweep(
    platform: &Platform,
    faults: &[NthFault],
    client: &Client,
    prepare: impl AsyncFn(u32) -> Ask,
    check: impl AsyncFn(&Ask, Value),
) {
    let send = async |ask: &Ask, key: &str| ask.send(client, key).await;
    sweep_sending(platform, faults, prepare, send, check).await;
}

/// As [`sweep`], for what is sent otherwise than as JSON.
pub async fn sweep_sending<P>(
    platform: &Platform,
    faults: &[NthFault],
    prepare: impl AsyncFn(u32) -> P,
    send: impl AsyncFn(&P, &str) -> Reply,
    check: impl AsyncFn(&P, Value),
) {
    let mut number = 100;
    // What is only there once is made by the first.
    send(&prepare(number).await, "r03-first").await.ok();
    for fault in faults {
        let mut all_left = Vec::new();
        for nth in 1.. {
            number += 1;
            let prepared = prepare(number).await;
            let (key, before) = (format!("r03-{number}"), platform.database.row_counts().await);
            platform.runtime.store.plan_fault(fault(nth));
            let first = send(&prepared, &key).await;
            let happened = platform.runtime.store.end_fault();
            assert_whole(platform).await;
            if matches!(fault(nth), Fault::Key(_)) && happened {
                let detail = "密钥服务暂时不可用，本次操作未执行，请稍后重试";
                assert_eq!(first.status.as_u16(), 503, "{}", first.body);
                assert_eq!(first.body["detail"], detail);
            }
            let first_ok = first.status.is_success().then_some(first.body);
            let again = send(&prepared, &key).await.ok();
            all_left.push((fault(nth), left(before, platform.database.row_counts().await)));
            if let Some(first) = first_ok {
                assert_eq!(first, again, "{:?}: the answer is remembered", fault(nth));
            }
            check(&prepared, again).await;
            if !happened {
                break;
            }
            assert!(nth < CALLS_MAX, "the sweep ends");
        }
        assert_same(&all_left);
    }
}

/// Sweeps the work that is due after `prepare`. Each time `pauses` pass before the worker looks again.
pub async fn sweep_work<P>(
    platform: &Platform,
    pauses: &[SignedDuration],
    prepare: impl AsyncFn(u32) -> P,
    check: impl AsyncFn(&P),
) {
    let mut number = 100;
    let settle = async || {
        for pause in pauses {
            platform.clock.advance(*pause);
            platform.settle().await;
        }
    };
    // What is only there once is made by the first.
    let first = prepare(number).await;
    platform.settle().await;
    settle().await;
    check(&first).await;
    for fault in FAULTS {
        let mut all_left = Vec::new();
        for nth in (1..).step_by(stride(platform)) {
            number += 1;
            let prepared = prepare(number).await;
            let before = platform.database.row_counts().await;
            platform.runtime.store.plan_fault(fault(nth));
            // A failure to lease ends this round of work; the next one goes on.
            let _ = Worker::run_due(&platform.runtime).await;
            let happened = platform.runtime.store.end_fault();
            assert_whole(platform).await;
            settle().await;
            all_left.push((fault(nth), left(before, platform.database.row_counts().await)));
            check(&prepared).await;
            if !happened {
                break;
            }
            assert!(nth < CALLS_MAX, "the sweep ends");
        }
        assert_same(&all_left);
    }
}

/// Long rounds are gone for each call on SQLite, for every seventh on PostgreSQL.
pub fn stride(platform: &Platform) -> usize {
    match platform.runtime.store.dialect() {
        Dialect::Sqlite => 1,
        Dialect::Postgres => 7,
    }
}

/// The last one was not disturbed; all others have to leave behind the same.
pub fn assert_same(all: &[(Fault, Left)]) {
    let Some(((_, undisturbed), disturbed)) = all.split_last() else { panic!("a sweep") };
    for (fault, left) in disturbed {
        assert_eq!(left, undisturbed, "{fault:?}");
    }
}

pub fn left(before: BTreeMap<String, i64>, after: BTreeMap<String, i64>) -> Left {
    let more = |(table, rows): (String, i64)| {
        let more = rows - before.get(&table).copied().unwrap_or_default();
        (more != 0 && table != CALL_LOG).then_some((table, more))
    };
    after.into_iter().filter_map(more).collect()
}

/// Whatever just failed, each upload that the database knows has its contents on the disk.
async fn assert_contents(platform: &Platform) {
    let uploads = Select::from("sys_file").column("digest", ColumnKind::Text);
    let folder = platform.runtime.settings.data_dir.join("files");
    for row in platform.runtime.store.reader().fetch_all(&uploads).await.expect("uploads") {
        let digest = row.text(0).expect("a digest");
        let path = folder.join(&digest[..2]).join(&digest[2..4]).join(digest);
        assert!(path.is_file(), "the contents of an upload are gone: {digest}");
    }
}

/// Nothing is half written, whatever just failed: each version of each ticket, export and case is in its history once,
/// and in the audit log and among the events, which also tell of those that were removed since.
async fn assert_whole(platform: &Platform) {
    assert_contents(platform).await;
    let catalog = platform.runtime.catalog.load();
    for entity in ["desk.ticket", "platform.export_request", "eligibility.case"] {
        if catalog.entity(entity).is_none() {
            continue;
        }
        let store = &platform.runtime.store;
        let table = entity.replace('.', "_");
        let versions = Select::from(&table).column("version", ColumnKind::Int);
        let versions = store.reader().fetch_all(&versions).await.expect("records");
        let versions: i64 = versions.iter().map(|row| row.int(0).expect("a version")).sum();
        let count = async |table: &str, filter: Condition| {
            let rows = Select::from(table).filter(Condition::eq(table, "entity", entity).and(filter));
            i64::try_from(store.reader().count(&rows, None).await.expect("a count")).expect("a number")
        };
        let of_records = ["record.created", "record.updated", "record.deleted", "record.restored"];
        let told = |table: &str, column: &str| Condition::is_in(table, column, of_records);
        let counts = [
            count("sys_history", Condition::True).await,
            count("sys_audit", told("sys_audit", "event")).await,
            count("sys_outbox", told("sys_outbox", "topic")).await,
        ];
        let [history, audit, events] = counts;
        assert_eq!(
            (history, audit),
            (versions, events),
            "versions and history, audit and events of {entity}"
        );
        assert!(events >= versions, "{events} events of {versions} versions of {entity}");
    }
}
