//! each call to the database that a command on records makes fails once, and each answer to its commit is lost
//! once. Whoever asked cannot know what happened, asks again with the same idempotency key, and there is one effect:
//! in the record, in its history, in the audit log, among the events.

use anju_records::{Error, ImportCell, ImportOptions, ImportRow, ImportSheet, Record, Result, TermKey};
use anju_store::{
    Claim, ColumnKind, Condition, Fetch, Select, SqlValue, Tx, on_both_databases,
    testing::{Fault, TestDatabase},
};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    r03_records_are_created_once,
    r03_records_and_their_rows_are_changed_once,
    r03_records_are_deleted_once_and_restored_once,
    r03_rules_are_let_pass_once,
    r03_rows_are_imported_once,
    r03_values_are_revealed_once_and_erased_once,
    r03_records_are_filled_once,
);

/// More calls than any of the commands makes.
const CALLS_MAX: u32 = 200;
const TENANCY: &str = "bureau.tenancy";
const PETITION: &str = "bureau.petition";

/// Entries of history, of the audit log, and events.
type Trail = [usize; 3];

impl Bureau {
    /// One step with an idempotency key, as the HTTP edge does it.
    async fn once(&self, key: &str, command: impl AsyncFn(&mut Tx) -> Result<Value>) -> Result<Value> {
        let mut tx = self.records.store().begin().await?;
        if let Claim::Repeated(earlier) = tx.claim(key, "tester", "digest", self.now()).await? {
            return Ok(earlier.body);
        }
        let answer = command(&mut tx).await?;
        tx.answer(key, "tester", 200, &answer).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// What is left behind by everything that was done so far.
    async fn trail(&self) -> Trail {
        let count = async |table: &str, column: &str| {
            let select = Select::from(table).column(column, ColumnKind::Text);
            self.records.store().reader().fetch_all(&select).await.unwrap().len()
        };
        [
            count("sys_history", "entity").await,
            count("sys_audit", "event").await,
            count("sys_outbox", "entity").await,
        ]
    }

    /// Lets each call of the command fail in turn, then the answer of its commit; each time something new is prepared,
    /// and the command, asked for again, leaves `expected` behind and `check` holds.
    async fn sweep<P>(
        &self,
        name: &str,
        prepare: impl AsyncFn(u32) -> P,
        command: impl AsyncFn(&mut Tx, &P) -> Result<Value>,
        expected: Trail,
        check: impl AsyncFn(&P, Value),
    ) {
        let faults: [fn(u32) -> Fault; 2] = [Fault::Call, Fault::AnswerOfCommit];
        let mut number = 0;
        for fault in faults {
            for nth in 1.. {
                number += 1;
                let prepared = prepare(number).await;
                let (key, before) = (format!("{name}-{number}"), self.trail().await);
                let store = self.records.store();
                store.plan_fault(fault(nth));
                let first = self.once(&key, async |tx| command(tx, &prepared).await).await;
                let happened = store.end_fault();
                assert_eq!(first.is_err(), happened, "{:?}: {first:?}", fault(nth));
                let again = self.once(&key, async |tx| command(tx, &prepared).await).await.unwrap();
                let after = self.trail().await;
                let left: Vec<usize> =
                    after.iter().zip(before).map(|(after, before)| after - before).collect();
                assert_eq!(left, expected, "{:?}", fault(nth));
                check(&prepared, again).await;
                if !happened {
                    assert!(nth > 1, "the command calls the database");
                    break;
                }
                assert!(nth < CALLS_MAX, "the sweep ends");
            }
        }
    }

    async fn read_case(&self, id: &str) -> Result<Record, Error> {
        self.records.read(&system(), CASE, id).await
    }
}

/// Another certificate for each number.
fn numbered(number: u32, with: Value) -> Value {
    let mut input = object(json!({ "id_type": "passport", "id_no": format!("E{number:08}") }));
    input.extend(object(with));
    Value::Object(input)
}

fn told(record: &Record) -> Value {
    json!({ "id": record.id, "version": record.version })
}

async fn r03_records_are_created_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{ "name": "甲" }, { "name": "乙" }]);
    bureau
        .sweep(
            "create",
            async |number| case(numbered(number, json!({ "members": members }))),
            async |tx, input| {
                Ok(told(&bureau.records.create(tx, &pudong(), CASE, input.clone(), None).await?))
            },
            [1, 1, 1],
            async |input, told| {
                let test = json!({ "where": { "field": "id_no", "op": "eq", "value": input["id_no"] } });
                let found = bureau.list(&system(), test).await.unwrap().items;
                assert_eq!((found.len(), json!(found[0].id)), (1, told["id"].clone()));
                assert_eq!(bureau.read_case(&found[0].id).await.unwrap().rows("members").len(), 2);
            },
        )
        .await;
    // gapless: a number that a failed attempt drew is drawn again
    let numbers =
        bureau.list(&system(), json!({ "sort": [{ "field": "case_no" }], "page": { "size": 500 } })).await;
    let numbers = numbers.unwrap().items;
    let last = numbers.last().and_then(|case| case.text("case_no")).unwrap();
    assert!(last.ends_with(&numbers.len().to_string()), "{last} of {}", numbers.len());
}

async fn r03_records_and_their_rows_are_changed_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau
        .sweep(
            "patch",
            async |number| {
                bureau
                    .a_case(numbered(number, json!({ "members": [{ "name": "甲" }, { "name": "乙" }] })))
                    .await
            },
            async |tx, case: &Record| {
                let kept = json!({ "id": case.rows("members")[0]["id"], "name": "甲某" });
                let changes = object(json!({ "remark": "已核", "members": [{ "name": "丙" }, kept] }));
                let version = Some(case.version);
                Ok(told(&bureau.records.patch(tx, &pudong(), CASE, &case.id, version, changes, None).await?))
            },
            [1, 1, 1],
            async |case, _| {
                let case = bureau.read_case(&case.id).await.unwrap();
                let names: Vec<_> = case.rows("members").iter().map(|row| row["name"].clone()).collect();
                assert_eq!(
                    (case.version, case.text("remark"), names),
                    (2, Some("已核"), vec![json!("丙"), json!("甲某")])
                );
            },
        )
        .await;
}

async fn r03_records_are_deleted_once_and_restored_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let prepare =
        async |number| bureau.a_case(numbered(number, json!({ "members": [{ "name": "甲" }] }))).await;
    let delete = async |tx: &mut Tx, case: &Record| {
        bureau.records.delete(tx, &pudong(), CASE, &case.id, Some(case.version), Some("重复")).await?;
        Ok(json!({}))
    };
    bureau
        .sweep("delete", prepare, delete, [1, 1, 1], async |case, _| {
            assert!(matches!(bureau.read_case(&case.id).await, Err(Error::NotFound)));
        })
        .await;
    let prepare = async |number| {
        let case = prepare(1_000 + number).await;
        bureau.delete(&system(), &case).await.unwrap();
        case
    };
    let restore = async |tx: &mut Tx, case: &Record| {
        Ok(told(&bureau.records.restore(tx, &pudong(), CASE, &case.id, None).await?))
    };
    bureau
        .sweep("restore", prepare, restore, [1, 1, 1], async |case, _| {
            let case = bureau.read_case(&case.id).await.unwrap();
            assert_eq!((case.version, case.rows("members").len()), (3, 1));
        })
        .await;
}

async fn r03_rules_are_let_pass_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau
        .sweep(
            "confirm",
            async |number| format!("租{}", char::from_u32(0x4e00 + number).unwrap()),
            async |tx, tenant: &String| {
                let input = object(json!({
                    "tenant": tenant, "rent": 600_000, "months": 6,
                    "$confirm": [{ "code": "rent_high", "reason": "新建小区" }],
                }));
                Ok(told(&bureau.records.create(tx, &city_registrar(), TENANCY, input, None).await?))
            },
            // the creation and the confirmation are in the audit log
            [1, 2, 1],
            async |_, told| {
                let id = told["id"].as_str().unwrap();
                let history = bureau.records.history(&system(), TENANCY, id).await.unwrap();
                assert_eq!((history.len(), history[0].confirmations.len()), (1, 1));
            },
        )
        .await;
}

fn city_registrar() -> anju_records::Actor {
    person("registrar", anju_definitions::Level::City, "31")
}

async fn r03_rows_are_imported_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let header = ["姓名", "证件类型", "证件号码", "区"].map(str::to_owned).to_vec();
    let sheet = ImportSheet { name: "案件".to_owned(), header, has_rows: true };
    bureau
        .sweep(
            "import",
            async |number| {
                let row = |at: u32| {
                    let cells = ["赵一", "passport", &format!("E{:08}", number * 10 + at), "310115"];
                    let cells = cells.map(|cell| ImportCell::Text(cell.to_owned())).to_vec();
                    ImportRow { number: 2 + at, cells, children: Vec::new() }
                };
                vec![row(0), row(1)]
            },
            async |tx, rows: &Vec<ImportRow>| {
                let options = ImportOptions::default();
                let mut importer =
                    bureau.records.begin_import(&system(), CASE, options, std::slice::from_ref(&sheet))?;
                // looked up outside the transaction: on SQLite too, beside the one that writes
                let judged = bureau.records.judge_import(&mut importer, rows).await?;
                let counts = bureau.records.write_import(tx, importer.setup(), judged, None).await;
                let counts = counts.map_err(|failure| Error::Internal(failure.to_string()))?;
                Ok(json!(counts.created))
            },
            [2, 2, 2],
            async |_, created| assert_eq!(created, 2),
        )
        .await;
}

async fn r03_values_are_revealed_once_and_erased_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let prepare = async |number: u32| {
        let input = object(json!({
            "topic": "disabled", "name": format!("王{number}"), "id_no": ID_NO, "story": "经过", "district": "310115",
            "closed_on": "2020-01-10", "witnesses": [{ "name": "赵证人", "phone": PHONE }],
        }));
        bureau.create(&system(), PETITION, input).await.unwrap()
    };
    let reveal = async |tx: &mut Tx, petition: &Record| {
        Ok(json!(bureau.records.reveal(tx, &system(), PETITION, &petition.id, "id_no", "核对").await?))
    };
    bureau.sweep("reveal", prepare, reveal, [0, 1, 0], async |_, clear| assert_eq!(clear, ID_NO)).await;
    let key = TermKey { entity: PETITION.to_owned(), term: "people".to_owned() };
    let erase = async |tx: &mut Tx, petition: &Record| {
        bureau.records.erase(tx, &system(), &key, &petition.id).await?;
        Ok(json!({}))
    };
    let before = prepare(9_999).await;
    let trail = bureau.trail().await;
    bureau.once("one erasure", async |tx| erase(tx, &before).await).await.unwrap();
    let one = bureau.trail().await;
    let expected: Vec<usize> = one.iter().zip(trail).map(|(after, before)| after - before).collect();
    bureau
        .sweep("erase", prepare, erase, [expected[0], expected[1], expected[2]], async |petition, _| {
            let erased = bureau.records.read(&system(), PETITION, &petition.id).await.unwrap();
            assert_eq!((erased.get("name"), erased.get("id_no")), (&Value::Null, &Value::Null));
        })
        .await;
}

/// Filling commits batch by batch and has no key: it is called again until it ends, and goes on where it was. Each
/// fault meets three records without the value.
async fn r03_records_are_filled_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    for number in 0..3 {
        bureau.a_case(numbered(number, json!({}))).await;
    }
    let next = catalog_with(|path, text| {
        let from = "remark: { title: 备注, type: long_text }";
        let to = "remark: { title: 备注, type: long_text, required: true, default: 无 }";
        Some(if path == "entities/case" { text.replace(from, to) } else { text.to_owned() })
    });
    let impact = bureau.records.impact(&next).await.unwrap();
    assert_eq!(impact.fills.len(), 1);
    let store = bureau.records.store();
    store.extend_schema(&anju_records::tables(&next).unwrap()).await.unwrap();
    bureau.records.catalog().store(std::sync::Arc::new(next));
    let mut met = 0;
    for fault in std::iter::once(Fault::AnswerOfCommit(1)).chain((1..CALLS_MAX).map(Fault::Call)) {
        let mut tx = store.begin().await.unwrap();
        tx.update("bureau_case", vec![("remark", SqlValue::Null)], Condition::True).await.unwrap();
        tx.commit().await.unwrap();
        let before = entries_of_cases(&bureau).await;
        store.plan_fault(fault);
        let filled = bureau.records.fill(&system(), &impact.fills[0], "发布").await;
        let struck = store.end_fault();
        assert_eq!(filled.is_err(), struck, "{fault:?}");
        if struck {
            met += 1;
            bureau.records.fill(&system(), &impact.fills[0], "发布").await.unwrap();
        }
        let cases = bureau.list(&system(), json!({})).await.unwrap().items;
        assert!(cases.iter().all(|case| case.text("remark") == Some("无")), "{fault:?}");
        assert_eq!(entries_of_cases(&bureau).await, before + 3, "each filled once: {fault:?}");
        if !struck {
            break;
        }
    }
    assert!((4..CALLS_MAX - 1).contains(&met), "{met} faults");
}

async fn entries_of_cases(bureau: &Bureau) -> u64 {
    let entries = Select::from("sys_history").filter(Condition::eq("sys_history", "entity", CASE));
    bureau.records.store().reader().count(&entries, None).await.unwrap()
}
