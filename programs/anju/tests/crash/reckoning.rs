//! What must be true in the end, asked of the platform, of the outside systems, and where neither can tell, of the
//! tables.

use std::collections::{BTreeMap, BTreeSet};

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Row, Select, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    journey::{CASE, Case, Route},
    office::Office,
};

const VERIFICATION: &str = "eligibility.verification";
const SMS: &str = "platform.sms_message";
const CERTIFICATE: &str = "eligibility.certificate";
/// Steps and states of tasks by case.
type Tasks = BTreeMap<String, Vec<(String, String)>>;

/// The platform forgets older events.
const EVENTS_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// The sandbox forgets older requests.
const REQUESTS_REMEMBERED: usize = 10_000;

/// Every acknowledged case is there once, at its end, with what belongs to it.
pub async fn of_the_api(office: &Office, cases: &[Case]) {
    let all = records(office, CASE, &json!({ "and": [] })).await;
    let ids: BTreeSet<&str> = all.iter().map(|case| text(case, "id")).collect();
    let acknowledged: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!((ids, all.len()), (acknowledged, cases.len()));
    expect_gapless(all.iter().map(|case| text(case, "case_no")));
    let numbers: BTreeMap<&str, &str> =
        all.iter().map(|case| (text(case, "id"), text(case, "case_no"))).collect();
    for case in cases {
        assert_eq!(numbers[case.id.as_str()], case.case_no);
        expect_end(office, case).await;
        expect_history(office, case).await;
        expect_verifications(office, case).await;
        expect_messages(office, case).await;
        expect_path(office, case).await;
    }
    let certificates = records(office, CERTIFICATE, &json!({ "and": [] })).await;
    let holders: BTreeSet<&str> = certificates.iter().map(|certificate| text(certificate, "case")).collect();
    let admitted: BTreeSet<&str> = admitted(cases).map(|case| case.id.as_str()).collect();
    assert_eq!((holders.len(), holders), (certificates.len(), admitted));
    expect_gapless(certificates.iter().map(|certificate| text(certificate, "number")));
}

async fn expect_end(office: &Office, case: &Case) {
    let record = office.city.get(&format!("/api/records/{CASE}/{}", case.id)).await;
    assert_eq!(text(&record, "status"), case.route.status(), "{record}");
    for field in ["acceptance_notice", "refusal_notice", "certificate_file"] {
        let expected = case.route.documents().contains(&field);
        assert_eq!(record[field].is_string(), expected, "{field} of {record}");
        if expected {
            let pdf = office.city.download(&format!("/api/files/{}", text(&record, field))).await;
            assert!(pdf.starts_with(b"%PDF"));
        }
    }
}

async fn expect_history(office: &Office, case: &Case) {
    let record = office.city.get(&format!("/api/records/{CASE}/{}", case.id)).await;
    let history = office.city.get(&format!("/api/records/{CASE}/{}/history", case.id)).await;
    let versions: Vec<i64> =
        list(&history).iter().rev().filter_map(|entry| entry["version"].as_i64()).collect();
    let expected: Vec<i64> = (1..=record["version"].as_i64().expect("a version")).collect();
    assert_eq!(versions, expected, "history of {}", case.case_no);
}

/// Each person was asked about at each system once, and the answer is there.
async fn expect_verifications(office: &Office, case: &Case) {
    let rows = records(office, VERIFICATION, &of("case", &case.id)).await;
    let asked: BTreeSet<(&str, &str)> =
        rows.iter().map(|row| (text(row, "person_name"), text(row, "source"))).collect();
    let expected = if case.route == Route::NotAccepted { 0 } else { 2 * case.persons + 2 };
    assert_eq!((asked.len(), rows.len()), (expected, expected), "verifications of {}", case.case_no);
    assert!(rows.iter().all(|row| row["round"] == 1 && row["state"] == "answered"), "{rows:?}");
}

async fn expect_messages(office: &Office, case: &Case) {
    let texts = records(office, SMS, &of("record", &case.id)).await;
    let mut kinds: Vec<&str> = texts.iter().map(|sent| text(sent, "message")).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, case.route.messages(), "messages of {}", case.case_no);
    assert!(texts.iter().all(|sent| sent["state"] == "delivered"), "{texts:?}");
}

/// One process, ended, with every expected step completed once and in order.
async fn expect_path(office: &Office, case: &Case) {
    let path = format!("/api/process-instances?entity={CASE}&record_id={}", case.id);
    let instances = office.city.get(&path).await;
    let [instance] = list(&instances) else { panic!("{} has the processes {instances}", case.case_no) };
    assert_ne!(instance["state"], "running", "{instance}");
    let instance = office.city.get(&format!("/api/process-instances/{}", text(instance, "id"))).await;
    let trail = instance["trail"].as_array().expect("a trail");
    let done = trail.iter().filter(|entry| entry["kind"] == "completed");
    let done: Vec<&str> = done.map(|entry| text(entry, "element")).collect();
    assert_eq!(done, case.route.steps(), "steps of {}", case.case_no);
}

/// Nothing was done twice outside: one message and one commission for each that the platform meant.
pub async fn of_the_agencies(office: &Office, cases: &[Case]) {
    let messages: usize = cases.iter().map(|case| case.route.messages().len()).sum();
    let sent = office.seen_outside("sms", "messages").await;
    let texts: BTreeSet<&str> = sent.iter().map(|sent| text(sent, "text")).collect();
    // No two messages have the same text: each names its case.
    assert_eq!((sent.len(), texts.len()), (messages, messages));

    let requests = office.seen_outside("log", "requests").await;
    assert!(requests.len() < REQUESTS_REMEMBERED, "the sandbox remembers all that it was asked");
    let keys = |path: &str| -> usize {
        let of_path = requests.iter().filter(|request| request["path"] == path);
        of_path.map(|request| text(request, "idempotency_key")).collect::<BTreeSet<_>>().len()
    };
    let asked = |case: &&Case| case.route != Route::NotAccepted;
    let persons = |online: bool| -> usize {
        let of_channel = cases.iter().filter(asked).filter(|case| (case.route == Route::Online) == online);
        of_channel.map(|case| case.persons).sum()
    };
    assert_eq!(keys("/sms/send"), messages);
    assert_eq!(keys("/registry/batch"), persons(false));
    assert_eq!(keys("/registry/realtime"), persons(true));
    assert_eq!(keys("/public-housing/check"), persons(true) + persons(false));
    assert_eq!(keys("/marriage/query"), cases.iter().filter(asked).count());
    assert_eq!(keys("/social-insurance/query"), cases.iter().filter(asked).count());
}

/// What no answer of the API would show.
pub async fn of_the_store(store: &Store, cases: &[Case], now: Timestamp) {
    expect_tasks(store, cases).await;
    expect_every_change_told_once(store, now).await;
    let jobs = rows(
        store,
        &Select::from("sys_job").column("kind", ColumnKind::Text).column("state", ColumnKind::Text),
    )
    .await;
    let open: Vec<&Row> =
        jobs.iter().filter(|job| !matches!(job.text(1), Ok("done" | "cancelled"))).collect();
    assert!(open.is_empty(), "{open:?}");

    let documents: usize = cases.iter().map(|case| case.route.documents().len()).sum();
    let rendered = jobs.iter().filter(|job| job.text(0).is_ok_and(|kind| kind == "document.render")).count();
    // On a slow machine so many days pass that the first finished jobs are forgotten.
    assert!(rendered <= documents, "{rendered} of {documents}");
    let sealed = rows(store, &Select::from("sys_sealed_document").column("code", ColumnKind::Text)).await;
    assert_eq!(sealed.len(), documents);
    let files = Select::from("sys_file")
        .column("id", ColumnKind::Text)
        .filter(Condition::Not(Box::new(Condition::eq("sys_file", "created_by", "system"))));
    assert_eq!(
        rows(store, &files).await.len(),
        documents + cases.len(),
        "an upload a case, a file a document"
    );

    let unanswered = Select::from("sys_idempotency").column("key", ColumnKind::Text).filter(Condition::eq(
        "sys_idempotency",
        "status",
        0,
    ));
    assert!(rows(store, &unanswered).await.is_empty());
    assert!(rows(store, &Select::from("process_token").column("id", ColumnKind::Text)).await.is_empty());
    let in_review = Select::from("eligibility_review_slot")
        .column("id", ColumnKind::Text)
        .filter(Condition::IsNull(ColumnRef::new("eligibility_review_slot", "deleted_at")));
    assert!(rows(store, &in_review).await.is_empty());
}

/// Each step of each case was a task once, and none is open.
async fn expect_tasks(store: &Store, cases: &[Case]) {
    let select = Select::from("process_task")
        .column("record_id", ColumnKind::Text)
        .column("step", ColumnKind::Text)
        .column("state", ColumnKind::Text);
    let (mut done, mut called_off): (Tasks, Tasks) = Default::default();
    for row in rows(store, &select).await {
        let [case, step, state] = [0, 1, 2].map(|at| row.text(at).unwrap().to_owned());
        let tasks = if state == "done" { &mut done } else { &mut called_off };
        tasks.entry(case).or_default().push((step, state));
    }
    assert_eq!(done.len(), cases.len());
    for case in cases {
        let mut steps: Vec<&str> = done[&case.id].iter().map(|(step, _)| step.as_str()).collect();
        let mut expected = case.route.steps();
        steps.sort_unstable();
        expected.sort_unstable();
        assert_eq!(steps, expected, "tasks of {}", case.case_no);
        // A case that is withdrawn may have come so far.
        let at_most = [("verification_review".to_owned(), "cancelled".to_owned())];
        let others = called_off.remove(&case.id).unwrap_or_default();
        let withdrawn = case.route == Route::Withdrawn;
        assert!(others.is_empty() || withdrawn && others == at_most, "{} {others:?}", case.case_no);
    }
}

/// Every version of every record has one entry of history, one of the audit and one event.
async fn expect_every_change_told_once(store: &Store, now: Timestamp) {
    let history = Select::from("sys_history")
        .column("entity", ColumnKind::Text)
        .column("record_id", ColumnKind::Text)
        .column("version", ColumnKind::Int)
        .column("at", ColumnKind::Int)
        .order_by("id", Direction::Ascending);
    let mut versions: BTreeMap<(String, String), Vec<i64>> = BTreeMap::new();
    let history = rows(store, &history).await;
    for row in &history {
        let record = (row.text(0).unwrap().to_owned(), row.text(1).unwrap().to_owned());
        versions.entry(record).or_default().push(row.int(2).unwrap());
    }
    for (record, versions) in &versions {
        assert_eq!(*versions, (1..).take(versions.len()).collect::<Vec<i64>>(), "history of {record:?}");
    }
    for entity in versions.keys().map(|(entity, _)| entity).collect::<BTreeSet<_>>() {
        let table = entity.replace('.', "_");
        let select = Select::from(&table).column("id", ColumnKind::Text).column("version", ColumnKind::Int);
        let current = rows(store, &select).await;
        let of_entity = versions.keys().filter(|(of, _)| of == entity).count();
        assert_eq!(current.len(), of_entity, "{table}");
        for row in current {
            let record = (entity.clone(), row.text(0).unwrap().to_owned());
            assert_eq!(versions[&record].last(), Some(&row.int(1).unwrap()), "{record:?}");
        }
    }
    let audited = Select::from("sys_audit")
        .column("seq", ColumnKind::Int)
        .filter(Condition::NotNull(ColumnRef::new("sys_audit", "changes_digest")));
    assert_eq!(rows(store, &audited).await.len(), history.len());
    // Events of records; publications of definitions are told too.
    let of_record = Condition::compare(ColumnRef::new("sys_outbox", "entity"), Operator::Ne, "");
    let told = Select::from("sys_outbox")
        .column("record_id", ColumnKind::Text)
        .column("at", ColumnKind::Int)
        .filter(of_record);
    let (changed, told) = (counted(&history, 1, 3), counted(&rows(store, &told).await, 0, 1));
    assert!(told.keys().all(|one| changed.contains_key(one)), "an event without a change");
    // Of the changes before that, the events may be forgotten: many days pass on a slow machine.
    let remembered_ms = now.as_millisecond() - EVENTS_KEPT_MS;
    for (change, entries) in changed {
        let events = told.get(&change).copied().unwrap_or_default();
        assert!(
            events == entries || (change.1 < remembered_ms && events < entries),
            "{change:?}: {events} of {entries}"
        );
    }
}

/// How often an id stands beside an instant.
fn counted(rows: &[Row], id: usize, at: usize) -> BTreeMap<(String, i64), usize> {
    let mut counted = BTreeMap::new();
    for row in rows {
        let one = (row.text(id).unwrap().to_owned(), row.int(at).unwrap());
        *counted.entry(one).or_default() += 1;
    }
    counted
}

async fn rows(store: &Store, select: &Select) -> Vec<Row> {
    store.reader().fetch_all(select).await.expect("rows")
}

async fn records(office: &Office, entity: &str, filter: &Value) -> Vec<Value> {
    let query = json!({ "where": filter, "page": { "size": 100 } });
    let page = office.city.query(&format!("/api/records/{entity}/query"), query).await;
    list(&page).to_vec()
}

fn of(field: &str, id: &str) -> Value {
    json!({ "field": field, "op": "eq", "value": id })
}

fn list(page: &Value) -> &[Value] {
    page["items"].as_array().expect("items")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn admitted(cases: &[Case]) -> impl Iterator<Item = &Case> {
    cases.iter().filter(|case| case.route.status() == "admitted")
}

/// Numbers such as `GZ3101152026000001`: all different, and within one beginning without a gap from 1.
fn expect_gapless<'n>(numbers: impl Iterator<Item = &'n str>) {
    const DIGITS: usize = 6;
    let mut drawn: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for number in numbers {
        let (beginning, digits) = number.split_at(number.len() - DIGITS);
        drawn.entry(beginning).or_default().push(digits.parse().expect("digits"));
    }
    for (beginning, mut drawn) in drawn {
        drawn.sort_unstable();
        assert_eq!(drawn, (1..).take(drawn.len()).collect::<Vec<_>>(), "numbers {beginning}…");
    }
}
