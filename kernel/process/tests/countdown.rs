//! Working days left, in lists of records and in lists of work, on both databases (M048).

mod common;

use anju_process::{TaskCounts, TaskQuery};
use anju_records::{Actor, AggregateQuery, Query};
use anju_store::on_both_databases;
use anju_store::testing::TestDatabase;
use common::{Bureau, CASE, REVIEW, reviewer};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Titles with the days left, in the order asked for.
async fn listed(bureau: &Bureau, query: Value) -> Vec<(String, Option<i64>)> {
    let query: Query = serde_json::from_value(query).unwrap();
    let page = bureau.processes.query_records(&reviewer(1), CASE, query).await.unwrap();
    let row = |record: &anju_records::Record| {
        (record.text("title").unwrap().to_owned(), record.get("$countdown")["days_left"].as_i64())
    };
    page.items.iter().map(row).collect()
}

fn only(op: &str, value: Value) -> Value {
    json!({ "select": ["title"], "where": { "field": "$countdown", "op": op, "value": value } })
}

async fn records_are_listed_and_counted_by_the_working_days_left(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    // From Tuesday, 24 November: 20 working days end on Tuesday, 22 December.
    let (_, first) = bureau.a_started_case("甲户", json!({})).await;
    bureau.clock.advance(SignedDuration::from_hours(24 * 14));
    bureau.a_started_case("乙户", json!({})).await;
    bureau.a_case("丙户", json!({})).await;
    bureau.clock.set("2026-12-24T09:00:00+08:00".parse().unwrap());

    let all = json!({ "select": ["title", "$countdown"], "sort": [{ "field": "$countdown" }] });
    let expected = [("甲户", Some(-2)), ("乙户", Some(8)), ("丙户", None)];
    assert_eq!(listed(&bureau, all).await, expected.map(|(title, days)| (title.to_owned(), days)));
    let titles = async |op: &str, value: Value| -> Vec<String> {
        listed(&bureau, only(op, value)).await.into_iter().map(|(title, _)| title).collect()
    };
    assert_eq!(titles("lt", json!(0)).await, ["甲户"]);
    assert_eq!(titles("between", json!([0, 8])).await, ["乙户"]);
    assert!(titles("between", json!([0, 7])).await.is_empty());
    assert_eq!(titles("is_null", Value::Null).await, ["丙户"]);

    let filter = json!({ "where": { "field": "$countdown", "op": "lt", "value": 0 } });
    let query: AggregateQuery = serde_json::from_value(filter).unwrap();
    let counted = bureau.processes.aggregate_records(&reviewer(1), CASE, query).await.unwrap();
    assert_eq!(counted.rows[0]["count"], 1);

    let mut tx = bureau.store().begin().await.unwrap();
    bureau.processes.withdraw(&mut tx, &reviewer(1), &first, "申请人撤回").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(titles("not_null", Value::Null).await, ["乙户"]);
}

async fn work_is_listed_and_counted_by_the_working_days_left(db: TestDatabase) {
    let bureau = Bureau::open(db).await;
    // The review takes five working days: until Tuesday, 1 December.
    bureau.a_started_case("甲户", json!({})).await;
    bureau.clock.set("2026-12-01T09:00:00+08:00".parse().unwrap());
    bureau.a_started_case("乙户", json!({})).await;
    let clerk = reviewer(1);
    let titles = async |least: Option<i64>, most: Option<i64>| -> Vec<String> {
        let query = TaskQuery { days_left_min: least, days_left_max: most, ..TaskQuery::default() };
        let page = bureau.processes.tasks(&clerk, &query).await.unwrap();
        page.items.iter().map(|task| task["record_display"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles(Some(0), Some(0)).await, ["甲户"]);
    assert_eq!(titles(Some(4), None).await, ["乙户"]);
    let page = bureau.processes.tasks(&clerk, &TaskQuery::default()).await.unwrap();
    assert_eq!(
        json!(page.steps),
        json!([{ "process": REVIEW, "step": "review", "title": "初审", "count": 2 }])
    );
    let counts = counts(&bureau, &clerk).await;
    let urgency = (counts.late, counts.due_today, counts.due_soon, counts.due_later);
    assert_eq!((counts.todo, urgency), (2, (0, 1, 0, 1)));

    bureau.clock.set("2026-12-04T09:00:00+08:00".parse().unwrap());
    assert_eq!(titles(None, Some(-1)).await, ["甲户"]);
    let counts = self::counts(&bureau, &clerk).await;
    assert_eq!((counts.late, counts.due_today, counts.due_soon), (1, 0, 1));
    let too_far = TaskQuery { days_left_max: Some(i64::MAX), ..TaskQuery::default() };
    assert!(bureau.processes.tasks(&clerk, &too_far).await.is_err());
}

async fn counts(bureau: &Bureau, actor: &Actor) -> TaskCounts {
    bureau.processes.task_counts(actor).await.unwrap()
}

on_both_databases!(
    records_are_listed_and_counted_by_the_working_days_left,
    work_is_listed_and_counted_by_the_working_days_left,
);
