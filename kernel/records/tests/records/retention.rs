//! Values that go at the end of their term, and everything that keeps them.

use anju_records::{Actor, Object, Record, TermKey};
use anju_store::{Condition, Error as StoreError, Fetch, Select, on_both_databases, testing::TestDatabase};
use jiff::SignedDuration;
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    what_is_due_is_told_by_term,
    anonymised_records_stay_without_a_trace_of_what_was_removed,
    removed_records_leave_nothing_behind,
    a_legal_hold_keeps_everything,
    records_that_others_refer_to_are_named,
    history_can_only_be_erased_by_a_term,
    a_file_stays_while_another_record_has_it,
);

const PETITION: &str = "bureau.petition";
const SECRETS: [&str; 6] = ["王小明", "上访经过详述", ID_NO, PHONE, "赵证人", "13900139000"];

fn key(term: &str) -> TermKey {
    TermKey { entity: PETITION.to_owned(), term: term.to_owned() }
}

fn petition(with: serde_json::Value) -> Object {
    let mut input = object(json!({
        "topic": "disabled", "name": "王小明", "id_no": ID_NO, "phone": PHONE, "story": "上访经过详述",
        "amount": 5_000, "district": "310115", "closed_on": "2024-01-10",
        "witnesses": [{ "name": "赵证人", "phone": "13900139000", "side": "支持" }],
    }));
    input.extend(object(with));
    input
}

impl Bureau {
    async fn a_petition(&self, with: serde_json::Value) -> Record {
        self.create(&city(), PETITION, petition(with)).await.unwrap()
    }

    async fn due(&self, term: &str) -> (u64, u64) {
        let reports = self.records.due_reports().await.unwrap();
        let report = reports.iter().find(|report| report.key == key(term)).unwrap();
        (report.due, report.held)
    }

    /// Erases everything due under the term; the ids.
    async fn end(&self, term: &str) -> Vec<String> {
        let mut tx = self.records.store().begin().await.unwrap();
        let ids = self.records.due_ids(&mut tx, &key(term), None, 100).await.unwrap();
        for id in &ids {
            let erased =
                self.records.erase(&mut tx, &Actor::system("期满处理"), &key(term), id).await.unwrap();
            let files = self.records.unreferenced_files(&mut tx, &erased.files).await.unwrap();
            tx.remove_files(&files.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
        }
        tx.commit().await.unwrap();
        ids
    }

    /// Tables that hold one of the texts anywhere.
    async fn tables_with(&self, texts: &[&str]) -> Vec<String> {
        self.database.tables_holding(texts).await
    }
}

async fn what_is_due_is_told_by_term(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_petition(json!({ "closed_on": "2024-11-24" })).await;
    bureau.a_petition(json!({ "closed_on": "2024-11-25" })).await;
    bureau.a_petition(json!({ "closed_on": null })).await;
    bureau.a_petition(json!({ "closed_on": "2019-01-01" })).await;
    bureau.a_petition(json!({ "closed_on": "2019-01-01", "topic": "veteran" })).await;
    assert_eq!(bureau.due("people").await, (3, 0));
    assert_eq!(bureau.due("whole").await, (1, 0));
    assert_eq!(bureau.due("bin").await, (0, 0));
    bureau.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(bureau.due("people").await, (4, 0), "two years to the day");
    let report = serde_json::to_value(bureau.records.due_reports().await.unwrap()).unwrap();
    assert_eq!(report[0]["basis"], "个人信息保护法");
    assert_eq!(report[0]["cutoff"], "2024-11-25");
}

async fn anonymised_records_stay_without_a_trace_of_what_was_removed(db: TestDatabase) {
    let bureau = bureau(db).await;
    let bytes = "来信全文：王小明".as_bytes().to_vec();
    let store = bureau.records.store().clone();
    let letter = store
        .put_file(bytes, "来信.pdf", "application/pdf", "someone", jiff::Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let first = bureau.a_petition(json!({ "letter": letter.id })).await;
    // Earlier values, a removed witness, and a reason that names somebody.
    let mut tx = store.begin().await.unwrap();
    let change = object(json!({ "name": "王大明", "id_no": OTHER_ID_NO, "witnesses": [] }));
    let why = Some("王小明改名为王大明");
    bureau.records.patch(&mut tx, &city(), PETITION, &first.id, None, change, why).await.unwrap();
    tx.commit().await.unwrap();
    let found = async |text: &str| {
        let query = query(json!({ "search": text }));
        bureau.records.query(&city(), PETITION, &query).await.unwrap().items.len()
    };
    assert_eq!((found("王大").await, found("上访经过").await), (1, 1));
    let sealed: Vec<Vec<u8>> = bureau.sealed_values(PETITION.replace('.', "_").as_str()).await;
    assert!(!sealed.is_empty());

    assert_eq!(bureau.end("people").await, std::slice::from_ref(&first.id));
    let mut gone = SECRETS.to_vec();
    gone.extend(["王大明", OTHER_ID_NO]);
    // The audit log keeps its reasons for its own term (and nothing of values).
    assert_eq!(bureau.tables_with(&gone).await, ["sys_audit"]);
    assert_eq!(bureau.tables_with(&SECRETS[1..]).await, Vec::<String>::new());
    assert_eq!(bureau.sealed_values("bureau_petition").await, Vec::<Vec<u8>>::new(), "nor a blind index");
    assert_eq!(bureau.sealed_values("bureau_witness").await, Vec::<Vec<u8>>::new());
    assert!(matches!(store.get_file(&letter.id).await, Err(StoreError::NotFound)));
    assert_eq!((found("王大").await, found("上访经过").await), (0, 0), "nor is it found by them");

    let left = bureau.records.read(&city(), PETITION, &first.id).await.unwrap();
    assert_eq!((left.get("amount"), left.text("topic")), (&json!(5_000), Some("disabled")));
    assert!(left.get("name").is_null() && left.get("id_no").is_null() && left.get("story").is_null());
    assert_eq!(left.display(), " 残疾人");
    let past = bureau.records.read_as_of(&system(), PETITION, &first.id, "2026-11-24").await.unwrap();
    assert!(past.get("name").is_null() && past.get("id_no").is_null());
    let history = bureau.records.history(&city(), PETITION, &first.id).await.unwrap();
    assert_eq!(history[0].action, "anonymised");
    assert_eq!(history[1].why.as_deref(), Some("***改名为***"));
    let name = history[1].changes.iter().find(|change| change.field == "name").unwrap();
    assert_eq!((&name.before, &name.after), (&json!("已按保存期限清除"), &json!("已按保存期限清除")));
    assert_eq!(history[2].changes.iter().find(|c| c.field == "amount").unwrap().after, "50.00");
    assert_eq!(bureau.due("people").await, (0, 0), "not done again");
    let log = bureau.audit_log("record.anonymised").await;
    assert_eq!(log, [(Some(first.id.clone()), Some("people（个人信息保护法）".to_owned()))]);
}

async fn removed_records_leave_nothing_behind(db: TestDatabase) {
    let bureau = bureau(db).await;
    let store = bureau.records.store().clone();
    let letter = store
        .put_file(b"x".to_vec(), "a.pdf", "application/pdf", "someone", jiff::Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    let gone = bureau.a_petition(json!({ "closed_on": "2019-01-01", "letter": letter.id })).await;
    let kept =
        bureau.a_petition(json!({ "closed_on": "2019-01-01", "topic": "veteran", "name": "李留存" })).await;
    assert_eq!(bureau.end("whole").await, std::slice::from_ref(&gone.id));
    assert_eq!(bureau.tables_with(&["王小明"]).await, Vec::<String>::new());
    assert_eq!(
        bureau.tables_with(&[gone.id.as_str()]).await,
        ["sys_audit", "sys_outbox"],
        "who did it, and when"
    );
    assert!(matches!(store.get_file(&letter.id).await, Err(StoreError::NotFound)));
    assert_eq!(bureau.records.read(&city(), PETITION, &kept.id).await.unwrap().rows("witnesses").len(), 1);
    // What lies in the bin goes by its own term.
    let mut tx = store.begin().await.unwrap();
    bureau.records.delete(&mut tx, &system(), PETITION, &kept.id, None, None).await.unwrap();
    tx.commit().await.unwrap();
    assert!(bureau.end("bin").await.is_empty());
    bureau.clock.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(bureau.end("bin").await, [kept.id]);
    assert_eq!(bureau.tables_with(&["李留存"]).await, Vec::<String>::new());
}

async fn a_legal_hold_keeps_everything(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_petition(json!({ "closed_on": "2019-01-01" })).await;
    let mut tx = bureau.records.store().begin().await.unwrap();
    let refused = bureau.records.set_hold(&mut tx, &city(), PETITION, &record.id, " ").await;
    assert_eq!(codes(refused.unwrap_err()), ["reason: required"]);
    bureau.records.set_hold(&mut tx, &city(), PETITION, &record.id, "诉讼未结").await.unwrap();
    bureau.records.set_hold(&mut tx, &city(), PETITION, &record.id, "诉讼二审").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((bureau.due("people").await, bureau.due("whole").await), ((0, 1), (0, 1)));
    assert!(bureau.end("people").await.is_empty() && bureau.end("whole").await.is_empty());
    let holds = bureau.records.holds(PETITION).await.unwrap();
    assert_eq!((holds.len(), holds[0].reason.as_str()), (1, "诉讼二审"));
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.release_hold(&mut tx, &city(), PETITION, &record.id, "诉讼终结").await.unwrap();
    assert!(bureau.records.release_hold(&mut tx, &city(), PETITION, &record.id, "再次").await.is_err());
    tx.commit().await.unwrap();
    assert_eq!(bureau.end("whole").await, [record.id]);
}

async fn records_that_others_refer_to_are_named(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.a_petition(json!({ "closed_on": "2019-01-01" })).await;
    let second = bureau.a_petition(json!({ "earlier": first.id })).await;
    bureau.a_petition(json!({ "see_also": second.id })).await;
    let ids = vec![first.id.clone(), second.id.clone()];
    let mut tx = bureau.records.store().begin().await.unwrap();
    let named = bureau.records.referenced(&mut tx, PETITION, &ids[..1]).await.unwrap();
    assert_eq!(named.into_iter().collect::<Vec<_>>(), [first.id]);
    let together = bureau.records.referenced(&mut tx, PETITION, &ids).await.unwrap();
    assert!(together.is_empty(), "what goes together may refer to each other");
    let kept = bureau.records.referenced(&mut tx, PETITION, &ids[1..]).await.unwrap();
    assert!(kept.is_empty(), "a reference that is kept does not keep what it names");
}

async fn history_can_only_be_erased_by_a_term(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_petition(json!({ "closed_on": "2019-01-01" })).await;
    bureau.end("people").await;
    for table in ["sys_history", "sys_audit"] {
        let mut tx = bureau.records.store().begin().await.unwrap();
        assert!(tx.delete(table, Condition::True).await.is_err(), "{table}");
    }
    let mut tx = bureau.records.store().begin().await.unwrap();
    tx.permit_erasure().await.unwrap();
    assert!(tx.delete("sys_audit", Condition::True).await.is_err(), "the audit log is never erased");
}

async fn a_file_stays_while_another_record_has_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    let store = bureau.records.store().clone();
    let letter = store
        .put_file(b"y".to_vec(), "a.pdf", "application/pdf", "someone", jiff::Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    bureau.a_petition(json!({ "letter": letter.id })).await;
    bureau.a_petition(json!({ "letter": letter.id, "closed_on": "2026-01-01" })).await;
    assert_eq!(bureau.end("people").await.len(), 1);
    assert!(store.get_file(&letter.id).await.is_ok());
    bureau.clock.advance(SignedDuration::from_hours(24 * 800));
    assert_eq!(bureau.end("people").await.len(), 1);
    assert!(store.get_file(&letter.id).await.is_err());
}

impl Bureau {
    /// Everything sealed, and every blind index, in a table.
    async fn sealed_values(&self, table: &str) -> Vec<Vec<u8>> {
        let columns: &[&str] = match table {
            "bureau_petition" => &["id_no", "id_no_bix", "phone", "phone_bix"],
            _ => &["phone", "phone_bix"],
        };
        let mut select = Select::from(table);
        for column in columns {
            select = select.column(*column, anju_store::ColumnKind::Bytes);
        }
        let rows = self.records.store().reader().fetch_all(&select).await.unwrap();
        let bytes = rows.iter().flat_map(|row| (0..columns.len()).map(|i| row.opt_bytes(i).unwrap()));
        bytes.flatten().map(<[u8]>::to_vec).collect()
    }

    /// Record and reason of the audited events.
    async fn audit_log(&self, event: &str) -> Vec<(Option<String>, Option<String>)> {
        let select = Select::from("sys_audit")
            .column("record_id", anju_store::ColumnKind::Text)
            .column("reason", anju_store::ColumnKind::Text)
            .filter(Condition::eq("sys_audit", "event", event));
        let rows = self.records.store().reader().fetch_all(&select).await.unwrap();
        let text = |row: &anju_store::Row, i| row.opt_text(i).unwrap().map(str::to_owned);
        rows.iter().map(|row| (text(row, 0), text(row, 1))).collect()
    }
}
