//! Queries that would read too much are refused with advice; how a query is run is told to those with the right.

use anju_records::{Error, QueryLimits};
use anju_store::{SqlValue, on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::system;

on_both_databases!(
    what_no_index_serves_is_refused_over_a_large_table,
    small_tables_are_read_as_they_are_asked,
    figures_have_limits_of_their_own,
    the_way_a_query_is_run_is_told_by_right,
    what_is_costly_to_count_is_counted_less_far,
);

/// Every table is large and nothing may be read from end to end.
fn strict() -> QueryLimits {
    QueryLimits {
        small_table_rows: 0,
        list_cost_max: 0.5,
        list_scan_rows_max: 0,
        figures_cost_max: 0.5,
        figures_scan_rows_max: 0,
        ..QueryLimits::default()
    }
}

async fn ten(db: TestDatabase) -> Estate {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    for number in 0..10 {
        estate.unit(&building, &format!("U-{number}"), json!({ "kind": "one", "floor": number })).await;
    }
    estate
}

fn too_much(answer: Result<impl std::fmt::Debug, Error>) -> String {
    match answer.unwrap_err() {
        Error::TooMuch { message } => message,
        other => panic!("{other:?}"),
    }
}

async fn what_no_index_serves_is_refused_over_a_large_table(db: TestDatabase) {
    let estate = ten(db).await.limited(strict());
    for request in [
        json!({ "where": { "field": "note", "op": "contains", "value": "x" } }),
        json!({ "where": { "field": "floor", "op": "gt", "value": 3 } }),
        json!({ "sort": [{ "field": "floor" }] }),
        json!({ "where": { "not": { "field": "kind", "op": "eq", "value": "one" } }, "count": true }),
    ] {
        let message = too_much(estate.list(&city(), request.clone()).await);
        assert!(
            message.starts_with("此查询须逐条查看约 ") && message.contains("房源，范围过大"),
            "{message}"
        );
        assert!(
            message.contains("按房号、户型、楼栋、保管人证件筛选")
                && message.contains("用搜索查找房号、地址、说明"),
            "{message}"
        );
    }
    for request in [
        json!({}),
        json!({ "where": { "field": "kind", "op": "eq", "value": "one" }, "count": true }),
        json!({ "where": { "and": [{ "field": "code", "op": "in", "value": ["U-1"] }] } }),
        json!({ "sort": [{ "field": "kind", "dir": "desc" }] }),
        json!({ "where": { "field": "code", "op": "between", "value": ["U-3", "U-5"] }, "sort": [{ "field": "code" }] }),
        json!({ "where": { "field": "code", "op": "starts_with", "value": "U-" }, "sort": [{ "field": "code" }] }),
    ] {
        assert!(estate.list(&city(), request.clone()).await.is_ok(), "{request}");
    }
    // advice names only what its reader may see
    let message = too_much(estate.list(&holding("reader"), json!({ "sort": [{ "field": "code" }], "where": { "field": "note", "op": "contains", "value": "x" } })).await);
    assert!(
        message.contains("按房号、户型") && !message.contains("楼栋") && !message.contains("地址"),
        "{message}"
    );
    // the platform does what it must
    assert!(estate.list(&system(), json!({ "sort": [{ "field": "floor" }] })).await.is_ok());
}

async fn small_tables_are_read_as_they_are_asked(db: TestDatabase) {
    let limits = QueryLimits { small_table_rows: 1_000, ..strict() };
    let estate = ten(db).await.limited(limits);
    assert_eq!(
        estate.codes(&city(), json!({ "where": { "field": "floor", "op": "ge", "value": 9 } })).await,
        ["U-9"]
    );
    assert!(estate.figures(&city(), json!({ "group_by": [{ "field": "floor" }] })).await.is_ok());
}

async fn figures_have_limits_of_their_own(db: TestDatabase) {
    let estate = ten(db).await;
    let median = json!({ "measures": [{ "op": "median", "field": "floor", "as": "m" }] });
    let estate = estate.limited(strict());
    for request in [json!({}), median.clone()] {
        let message = too_much(estate.figures(&city(), request).await);
        assert!(message.starts_with("此统计须逐条查看约 ") && !message.contains("搜索"), "{message}");
    }
    let wide = QueryLimits { figures_cost_max: 1e9, figures_scan_rows_max: 1_000, ..strict() };
    let estate = estate.limited(wide);
    assert!(estate.figures(&city(), median).await.is_ok());
}

async fn the_way_a_query_is_run_is_told_by_right(db: TestDatabase) {
    let estate = ten(db).await;
    let request = json!({ "where": { "field": "note", "op": "contains", "value": "geheim" }, "explain": true, "count": true });
    assert!(matches!(estate.list(&city(), request.clone()).await, Err(Error::Forbidden { .. })));
    let analyst = holding("analyst");
    let page = estate.list(&analyst, request).await.unwrap();
    let plan = page.explain.expect("the way it was run");
    assert!(!plan.steps.is_empty() && plan.steps.iter().any(|step| step.contains("estate_unit")), "{plan:?}");
    assert!(!format!("{plan:?}").contains("geheim"), "no value is told");
    assert!(estate.list(&analyst, json!({})).await.unwrap().explain.is_none());
    let figures = json!({ "explain": true, "totals": true, "measures": [
        { "op": "count", "as": "n" }, { "op": "median", "field": "floor", "as": "m" }] });
    let answer = estate.figures(&analyst, figures.clone()).await.unwrap();
    assert_eq!(answer.explain.len(), 4, "the figures and the totals, each with a quantile");
    assert_eq!(serde_json::to_value(&answer).unwrap()["totals"]["n"], 10);
    assert!(matches!(estate.figures(&city(), figures).await, Err(Error::Forbidden { .. })));
}

async fn what_is_costly_to_count_is_counted_less_far(db: TestDatabase) {
    let estate = estate(db).await;
    let mut tx = estate.records.store().begin().await.unwrap();
    let columns =
        ["id", "version", "created_at", "created_by", "updated_at", "updated_by", "code", "kind", "floor"];
    let unit = |number: i64| -> Vec<SqlValue> {
        let (id, code) = (format!("{number:08}"), format!("U-{number}"));
        vec![
            id.into(),
            1.into(),
            0.into(),
            "system".into(),
            0.into(),
            "system".into(),
            code.into(),
            "one".into(),
            1.into(),
        ]
    };
    tx.insert_many("estate_unit", &columns, (0..1_002).map(unit).collect()).await.unwrap();
    tx.commit().await.unwrap();
    let on_floor = json!({ "where": { "field": "floor", "op": "eq", "value": 1 }, "count": true });
    let counted = async |estate: &Estate, request: &Value| {
        let page = estate.list(&city(), request.clone()).await.unwrap();
        (page.total, page.at_least)
    };
    let costly = QueryLimits {
        small_table_rows: 0,
        count_cost_max: 0.5,
        count_scan_rows_max: 0,
        ..QueryLimits::default()
    };
    let estate = estate.limited(costly);
    assert_eq!(counted(&estate, &on_floor).await, (Some(1_000), true));
    // what is found by an index is counted as far as ever
    let of_kind = json!({ "where": { "field": "kind", "op": "eq", "value": "one" }, "count": true });
    assert_eq!(counted(&estate, &of_kind).await, (Some(1_002), false));
    // and so is a small table
    let estate = estate.limited(QueryLimits { small_table_rows: 10_000, ..costly });
    assert_eq!(counted(&estate, &on_floor).await, (Some(1_002), false));
}
