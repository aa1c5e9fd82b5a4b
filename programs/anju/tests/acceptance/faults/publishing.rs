//! Publications: columns, indexes, values for existing records, formulas worked out anew, and the texts records are
//! found by.

use anju_runtime::{Worker, records::Actor};
use anju_store::{
    on_both_databases,
    testing::{Fault, TestDatabase},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::sweep::{CALLS_MAX, DATABASE, FAULTS, assert_same, left, stride};
use crate::support::{Client, Platform, Shapers, VISITS, grant};

const VISIT: &str = "site.visit";
const PUBLISH: &str = "/api/definitions/publish";

/// A small platform with the entity in force, its two shapers, and somebody who works with it.
async fn with_visits(db: TestDatabase) -> (Platform, Shapers, Client) {
    let people = [
        ("designer", "方晓芸", "platform.designer"),
        ("publisher", "何伟民", "platform.publisher"),
        ("city", "沈国平", "platform.data_steward"),
    ];
    let platform = Platform::small(db, Vec::new(), &people, |_| {}).await;
    grant(&platform, "何伟民", "platform.security_admin").await;
    let shapers = Shapers::of(&platform).await;
    shapers.publish(&VISITS).await;
    grant(&platform, "沈国平", "site.visitor").await;
    let visitor = platform.log_in("city").await;
    for (no, person) in [("V1", "王阿姨"), ("V2", "李叔叔")] {
        visitor.create(VISIT, json!({ "no": no, "person": person, "count": 3 })).await;
    }
    settle(&platform).await;
    (platform, shapers, visitor)
}

/// The entity of a round: with a new field that must have a value, another formula, and by turns with a unique field
/// that is searched, or without.
fn visit(number: u32) -> String {
    let (unique, search) = if is_unique(number) { (", unique: true", "no, person") } else { ("", "no") };
    let base = VISITS[0].replace("length_max: 20 }", &format!("length_max: 20{unique} }}"));
    let fields: String = (1..=number)
        .map(|n| format!("  f{n}: {{ title: 第{n}项, type: text, required: true, default: 值{n} }}\n"))
        .collect();
    let formula = format!(
        "  times: {{ title: 倍数, type: computed, result: integer, stored: true, expression: count * {number} }}\n"
    );
    format!("{base}{fields}{formula}search: [{search}]\n")
}

fn is_unique(number: u32) -> bool {
    number % 2 == 1
}

async fn visits(platform: &Platform) -> Vec<Value> {
    let records = &platform.runtime.records;
    let found = records.query(&Actor::system("test"), VISIT, &Default::default()).await.expect("a page");
    found.items.into_iter().map(|record| json!(record.values)).collect()
}

async fn r03_a_changed_entity_is_published_once(db: TestDatabase) {
    let (platform, shapers, visitor) = with_visits(db).await;
    let mut number = 2;
    // What is only there once is made by the first two.
    for number in 1..=number {
        shapers.publish(&[&visit(number)]).await;
        settle(&platform).await;
    }
    for fault in FAULTS {
        let mut all_left = Vec::new();
        for nth in (1..).step_by(stride(&platform)) {
            number += 1;
            shapers.draft(&visit(number)).await.ok();
            let (key, before) = (format!("r03-{number}"), platform.database.row_counts().await);
            platform.runtime.store.plan_fault(fault(nth));
            let first = publish(&shapers, &key).await;
            let happened = platform.runtime.store.end_fault();
            let again = publish(&shapers, &key).await.ok();
            if first.status.is_success() {
                assert_eq!(first.body, again);
            }
            assert_filled(&platform, number, fault(nth)).await;
            settle(&platform).await;
            all_left.push((fault(nth), left(before, platform.database.row_counts().await)));
            assert_filled(&platform, number, fault(nth)).await;
            assert_keys(&platform, &visitor, number, fault(nth)).await;
            assert_worked_out(&platform, &visitor, number, fault(nth)).await;
            if !happened {
                break;
            }
            assert!(nth < CALLS_MAX, "the sweep ends");
        }
        assert_same(&all_left);
    }
}

async fn publish(shapers: &Shapers, key: &str) -> crate::support::Reply {
    shapers.publisher.post_once(PUBLISH, key, json!({ "reason": "逐次失败" })).await
}

/// Until the job that follows a publication has done its work.
async fn settle(platform: &Platform) {
    for _ in 0..2 {
        platform.clock.advance(SignedDuration::from_secs(30));
        platform.settle().await;
    }
}

/// The records have values in the new field.
async fn assert_filled(platform: &Platform, number: u32, fault: Fault) {
    let field = format!("f{number}");
    for visit in visits(platform).await {
        assert_eq!(visit[&field], format!("值{number}"), "{fault:?}: {visit}");
    }
}

/// What repeats is refused exactly if it is to be.
async fn assert_keys(platform: &Platform, visitor: &Client, number: u32, fault: Fault) {
    let repeated =
        visitor.post(&format!("/api/records/{VISIT}"), json!({ "no": "V3", "person": "王阿姨" })).await;
    assert_eq!(repeated.status.is_success(), !is_unique(number), "{fault:?}: {}", repeated.body);
    if let Some(id) = repeated.body["id"].as_str() {
        let records = &platform.runtime.records;
        let mut tx = platform.runtime.store.begin().await.expect("a transaction");
        let gone = records.delete(&mut tx, &Actor::system("test"), VISIT, id, None, Some("重复")).await;
        gone.expect("deleted");
        tx.commit().await.expect("commits");
    }
}

/// Formulas and the texts to be found by, which may follow a little later.
async fn assert_worked_out(platform: &Platform, visitor: &Client, number: u32, fault: Fault) {
    for visit in visits(platform).await {
        assert_eq!(visit["times"], json!(3 * number), "{fault:?}: {visit}");
    }
    let words = json!({ "search": "李叔叔" });
    let found = visitor.post(&format!("/api/records/{VISIT}/query"), words).await.ok();
    let found = found["items"].as_array().map(Vec::len).unwrap_or_default();
    assert_eq!(found, usize::from(is_unique(number)), "{fault:?}: found by the person's name");
}

/// The job that follows a publication fills, tidies and makes searchable whatever failed before; every third of its
/// calls fails once.
async fn r03_what_follows_a_publication_is_done_in_the_end(db: TestDatabase) {
    let (platform, shapers, visitor) = with_visits(db).await;
    let mut number = 0;
    for fault in DATABASE {
        for nth in (1..).step_by(3 * stride(&platform)) {
            number += 1;
            shapers.draft(&visit(number)).await.ok();
            publish(&shapers, &format!("r03-{number}")).await.ok();
            platform.clock.advance(SignedDuration::from_secs(30));
            platform.runtime.store.plan_fault(fault(nth));
            let _ = Worker::run_due(&platform.runtime).await;
            let happened = platform.runtime.store.end_fault();
            settle(&platform).await;
            assert_worked_out(&platform, &visitor, number, fault(nth)).await;
            if !happened {
                break;
            }
            assert!(nth < CALLS_MAX, "the sweep ends");
        }
    }
}

on_both_databases!(r03_a_changed_entity_is_published_once, r03_what_follows_a_publication_is_done_in_the_end,);
