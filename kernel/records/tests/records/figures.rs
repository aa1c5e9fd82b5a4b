//! Figures: measures, periods, comparison, and the way back to the records.

use anju_records::Error;
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::codes;

on_both_databases!(
    every_measure_by_group,
    each_figure_may_have_its_own_records,
    quantiles_are_exact,
    times_are_grouped_by_any_grain,
    groups_are_chosen_and_ordered_by_their_figures,
    the_rest_is_added_up_exactly,
    periods_are_compared_with_earlier_ones,
    a_period_is_compared_without_being_grouped,
    every_figure_leads_to_its_records,
    what_makes_no_sense_is_refused,
);

/// Units by kind, with rents and the day they were ready.
async fn units(estate: &Estate) {
    let (east, west) = (estate.building("310115", "东").await, estate.building("310101", "西").await);
    for (index, (building, kind, rent, area, day)) in [
        (&east, "studio", Some(100), Some("30.10"), Some("2025-01-15")),
        (&east, "studio", Some(200), Some("30.20"), Some("2025-02-28")),
        (&east, "one", Some(400), None, Some("2026-01-01")),
        (&west, "one", Some(400), Some("50"), Some("2026-01-31")),
        (&west, "one", None, Some("70"), Some("2026-02-10")),
        (&west, "two", Some(-50), Some("90"), Some("2026-02-28")),
        (&west, "two", Some(1_000), Some("99.99"), None),
    ]
    .into_iter()
    .enumerate()
    {
        let with = json!({ "kind": kind, "rent": rent, "area": area, "ready_on": day,
            "seen_at": day.map(|day| format!("{day}T00:30:00+08:00")), "floor": index });
        estate.unit(building, &format!("U{index}"), with).await;
    }
}

async fn rows(estate: &Estate, request: Value) -> Value {
    plain(&estate.figures(&city(), request).await.unwrap().rows)
}

async fn every_measure_by_group(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let measures = json!([
        { "op": "count", "as": "n" },
        { "op": "count", "field": "rent", "as": "rented" },
        { "op": "count_distinct", "field": "rent", "as": "rents" },
        { "op": "sum", "field": "area", "as": "area" },
        { "op": "min", "field": "rent", "as": "lowest" },
        { "op": "max", "field": "ready_on", "as": "last" },
        { "op": "avg", "field": "rent", "as": "rent" },
        { "op": "ratio", "of": "rented", "to": "n", "as": "let" },
        { "op": "share", "of": "n", "as": "part" },
    ]);
    let request =
        json!({ "group_by": [{ "field": "kind", "as": "type" }], "measures": measures, "totals": true });
    let answer = estate.figures(&city(), request).await.unwrap();
    assert_eq!(
        plain(&answer.rows),
        json!([
            { "type": "one", "n": 3, "rented": 2, "rents": 1, "area": "120.00", "lowest": 400, "last": "2026-02-10",
              "rent": "400.0000", "let": "0.6667", "part": "0.4286" },
            { "type": "studio", "n": 2, "rented": 2, "rents": 2, "area": "60.30", "lowest": 100, "last": "2025-02-28",
              "rent": "150.0000", "let": "1.0000", "part": "0.2857" },
            { "type": "two", "n": 2, "rented": 2, "rents": 2, "area": "189.99", "lowest": -50, "last": "2026-02-28",
              "rent": "475.0000", "let": "1.0000", "part": "0.2857" },
        ])
    );
    let totals = answer.totals.unwrap();
    assert_eq!(
        (&totals["n"], &totals["area"], &totals["rent"]),
        (&json!(7), &json!("370.29"), &json!("341.6667"))
    );
    assert_eq!(
        (&totals["let"], &totals["part"], &totals["$where"]),
        (&json!("0.8571"), &json!("1.0000"), &Value::Null)
    );
    let nothing = json!({ "where": { "field": "code", "op": "eq", "value": "-" }, "measures": measures });
    let empty = json!([{ "n": 0, "rented": 0, "rents": 0, "area": null, "lowest": null, "last": null, "rent": null,
        "let": null, "part": null }]);
    assert_eq!(rows(&estate, nothing).await, empty);
}

async fn each_figure_may_have_its_own_records(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let request = json!({
        "group_by": [{ "field": "building.project.district" }],
        "measures": [
            { "op": "count", "as": "n" },
            { "op": "count", "where": { "field": "kind", "op": "eq", "value": "one" }, "as": "ones" },
            { "op": "sum", "field": "rent", "where": { "field": "rent", "op": "gt", "value": 100 }, "as": "high" },
            { "op": "median", "field": "rent", "where": { "field": "kind", "op": "ne", "value": "two" }, "as": "middle" },
            { "op": "ratio", "of": "ones", "to": "n", "as": "part" },
            { "op": "count", "where": { "field": "building.project.name", "op": "eq", "value": "东苑" }, "as": "east" },
        ],
    });
    let district = "building.project.district";
    assert_eq!(
        rows(&estate, request).await,
        json!([
            { district: "310101", "n": 4, "ones": 2, "high": 1_400, "middle": "400.0000", "part": "0.5000", "east": 0 },
            { district: "310115", "n": 3, "ones": 1, "high": 600, "middle": "200.0000", "part": "0.3333", "east": 3 },
        ])
    );
}

async fn quantiles_are_exact(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let request = json!({ "measures": [
        { "op": "median", "field": "rent", "as": "rent" },
        { "op": "median", "field": "area", "as": "area" },
        { "op": "percentile", "at": "0.5", "field": "rent", "as": "half" },
        { "op": "percentile", "at": "0.9", "field": "area", "as": "wide" },
        { "op": "percentile", "at": "1", "field": "rent", "as": "highest" },
        { "op": "percentile", "at": "0.0001", "field": "ready_on", "as": "first" },
        { "op": "count", "as": "n" },
    ]});
    // rents -50 100 200 400 400 1000; areas 30.10 30.20 50 70 90 99.99
    assert_eq!(
        rows(&estate, request).await,
        json!([{ "rent": "300.0000", "area": "60.000000", "half": 200, "wide": "99.99", "highest": 1_000,
            "first": "2025-01-15", "n": 7 }])
    );
    let by_kind = json!({ "group_by": [{ "field": "kind" }], "measures": [{ "op": "median", "field": "area", "as": "m" }],
        "having": { "field": "m", "op": "gt", "value": 50 }, "sort": [{ "field": "m", "dir": "desc" }] });
    assert_eq!(
        rows(&estate, by_kind).await,
        json!([{ "kind": "two", "m": "94.995000" }, { "kind": "one", "m": "60.000000" }])
    );
}

async fn times_are_grouped_by_any_grain(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    for (grain, expected) in [
        ("day", vec!["2025-01-15", "2025-02-28", "2026-01-01", "2026-01-31", "2026-02-10", "2026-02-28"]),
        ("week", vec!["2025-W03", "2025-W09", "2026-W01", "2026-W05", "2026-W07", "2026-W09"]),
        ("month", vec!["2025-01", "2025-02", "2026-01", "2026-02"]),
        ("quarter", vec!["2025-Q1", "2026-Q1"]),
        ("year", vec!["2025", "2026"]),
    ] {
        for field in ["ready_on", "seen_at"] {
            let request = json!({ "group_by": [{ "field": field, "grain": grain }],
                "where": { "field": field, "op": "not_null" } });
            let answer = rows(&estate, request).await;
            let labels: Vec<&str> =
                answer.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect();
            assert_eq!(labels, expected, "{field} {grain}");
        }
    }
    let twice = json!({ "group_by": [
        { "field": "ready_on", "grain": "year", "as": "year" }, { "field": "ready_on", "grain": "quarter" }] });
    assert_eq!(
        rows(&estate, twice).await,
        json!([
            { "year": "2025", "ready_on": "2025-Q1", "count": 2 },
            { "year": "2026", "ready_on": "2026-Q1", "count": 4 },
            { "year": null, "ready_on": null, "count": 1 },
        ])
    );
    let created = json!({ "group_by": [{ "field": "created_at", "grain": "week" }] });
    assert_eq!(rows(&estate, created).await, json!([{ "created_at": "2026-W48", "count": 7 }]));
}

async fn groups_are_chosen_and_ordered_by_their_figures(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let by_rent = |more: Value| {
        let mut request = json!({ "group_by": [{ "field": "rent" }], "measures": [
            { "op": "count", "as": "n" }, { "op": "sum", "field": "area", "as": "area" }] });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let rents = |answer: Value| -> Vec<Value> {
        answer.as_array().unwrap().iter().map(|row| row["rent"].clone()).collect()
    };
    let rents_of = async |more: Value| rents(rows(&estate, by_rent(more)).await);
    let sorted = rents_of(json!({ "sort": [{ "field": "n", "dir": "desc" }, { "field": "rent" }] })).await;
    assert_eq!(sorted, [json!(400), json!(-50), json!(100), json!(200), json!(1_000), Value::Null]);
    let sorted = rents_of(json!({ "sort": [{ "field": "area" }] })).await;
    assert_eq!(
        sorted,
        [json!(100), json!(200), json!(400), Value::Null, json!(-50), json!(1_000)],
        "30.10 first"
    );
    let several = json!({ "having": { "or": [{ "field": "n", "op": "ge", "value": 2 }, { "field": "area", "op": "between", "value": ["90", 95] }] } });
    assert_eq!(rents_of(several).await, [json!(-50), json!(400)]);
    let none = json!({ "having": { "not": { "field": "area", "op": "not_null" } } });
    assert!(rents_of(none).await.is_empty());
    let top = json!({ "top": { "size": 2, "by": "area" } });
    assert_eq!(rents_of(top).await, [json!(1_000), json!(-50)]);
    let top = json!({ "top": { "size": 2, "by": "area" }, "sort": [{ "field": "rent" }] });
    assert_eq!(rents_of(top).await, [json!(-50), json!(1_000)]);
}

async fn the_rest_is_added_up_exactly(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let request = json!({
        "group_by": [{ "field": "kind" }, { "field": "rent" }],
        "measures": [
            { "op": "count", "as": "n" },
            { "op": "median", "field": "area", "as": "middle" },
            { "op": "count_distinct", "field": "kind", "as": "kinds" },
            { "op": "share", "of": "n", "as": "part" },
        ],
        "top": { "size": 2, "others": true },
    });
    let answer = estate.figures(&city(), request.clone()).await.unwrap();
    assert_eq!(answer.rows.len(), 3);
    assert_eq!(
        (&answer.rows[0]["kind"], &answer.rows[0]["rent"], &answer.rows[0]["n"]),
        (&json!("one"), &json!(400), &json!(2))
    );
    let others = plain(&answer.rows[2..]);
    // all but the two of 400 and the one without rent: areas 30.10 30.20 90 99.99
    assert_eq!(
        others,
        json!([{ "kind": null, "rent": null, "n": 4, "middle": "60.100000", "kinds": 2, "part": "0.5714", "$others": true }])
    );
    let led = estate.passing(&city(), answer.rows[2]["$where"].clone()).await;
    assert_eq!(led, ["U0", "U1", "U5", "U6"]);
    let mut all = request;
    all["top"]["size"] = json!(50);
    let answer = estate.figures(&city(), all).await.unwrap();
    assert!(answer.rows.iter().all(|row| !row.contains_key("$others")), "nothing is left");
}

async fn periods_are_compared_with_earlier_ones(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let measures = json!([{ "op": "count", "as": "n" }, { "op": "sum", "field": "rent", "as": "rent" }, { "op": "avg", "field": "area", "as": "area" }]);
    let request = json!({
        "during": { "field": "ready_on", "from": "2026-01-01", "to": "2026-12-31" },
        "group_by": [{ "field": "ready_on", "grain": "month" }],
        "measures": measures,
        "compare": { "period": "year" },
        "totals": true,
    });
    let answer = estate.figures(&city(), request.clone()).await.unwrap();
    let [january, february] = answer.rows.as_slice() else { panic!("{:?}", answer.rows) };
    assert_eq!((&january["ready_on"], &january["n"]), (&json!("2026-01"), &json!(2)));
    assert_eq!(january["$compare"]["n"], json!({ "previous": 1, "change": 1, "rate": "1.0000" }));
    assert_eq!(january["$compare"]["rent"], json!({ "previous": 100, "change": 700, "rate": "7.0000" }));
    assert_eq!(
        january["$compare"]["area"],
        json!({ "previous": "30.100000", "change": "19.900000", "rate": "0.6611" })
    );
    assert_eq!(february["$compare"]["rent"], json!({ "previous": 200, "change": -250, "rate": "-1.2500" }));
    let led = estate.passing(&city(), january["$compare"]["$where"].clone()).await;
    assert_eq!(led, ["U0"]);
    let totals = answer.totals.unwrap();
    assert_eq!(totals["$compare"]["n"], json!({ "previous": 2, "change": 2, "rate": "1.0000" }));
    // with the month before, from the same figures
    let request = json!({
        "group_by": [{ "field": "seen_at", "grain": "month" }], "measures": measures, "compare": { "period": "month" },
        "where": { "field": "seen_at", "op": "not_null" },
    });
    let answer = estate.figures(&city(), request).await.unwrap();
    let told: Vec<_> = answer.rows.iter().map(|row| row["$compare"]["n"]["previous"].clone()).collect();
    assert_eq!(told, [json!(0), json!(1), json!(0), json!(2)]);
    assert_eq!(answer.rows[0]["$compare"]["n"], json!({ "previous": 0, "change": 1, "rate": null }));
    assert_eq!(answer.rows[0]["$compare"]["rent"], json!({ "previous": null, "change": null, "rate": null }));
    let led = estate.passing(&city(), answer.rows[3]["$compare"]["$where"].clone()).await;
    assert_eq!(led, ["U2", "U3"]);
}

async fn a_period_is_compared_without_being_grouped(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let request = json!({
        "during": { "field": "ready_on", "from": "2026-01-01", "to": "2026-02-28" },
        "group_by": [{ "field": "kind" }],
        "compare": { "period": "year" },
        "measures": [{ "op": "count", "as": "n" }, { "op": "share", "of": "n", "as": "part" }],
    });
    let answer = estate.figures(&city(), request.clone()).await.unwrap();
    let told: Vec<_> = answer
        .rows
        .iter()
        .map(|row| (row["kind"].clone(), row["n"].clone(), row["$compare"]["n"]["previous"].clone()))
        .collect();
    // what had records only then is told too
    let row = |kind: &str, now: i64, then: i64| (json!(kind), json!(now), json!(then));
    assert_eq!(told, [row("one", 3, 0), row("two", 1, 0), row("studio", 0, 2)]);
    assert_eq!(answer.rows[0]["$compare"]["part"], json!({ "previous": null, "change": null, "rate": null }));
    assert_eq!(answer.rows[2]["$compare"]["part"]["previous"], "1.0000");
    let mut top = request;
    top["top"] = json!({ "size": 1, "others": true });
    let answer = estate.figures(&city(), top).await.unwrap();
    let others = answer.rows[1].clone();
    assert_eq!(
        (&others["$others"], &others["n"], &others["part"]),
        (&json!(true), &json!(1), &json!("0.2500"))
    );
    assert_eq!(others["$compare"]["n"], json!({ "previous": 2, "change": -1, "rate": "-0.5000" }));
    let led = estate.passing(&city(), others["$compare"]["$where"].clone()).await;
    assert_eq!(led, ["U0", "U1"]);
}

async fn every_figure_leads_to_its_records(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let request = json!({
        "where": { "or": [{ "field": "rent", "op": "ge", "value": 0 }, { "field": "rent", "op": "is_null" }] },
        "group_by": [{ "field": "building" }, { "field": "ready_on", "grain": "quarter" }, { "field": "seen_at", "grain": "week" }, { "field": "area" }],
    });
    for actor in [city(), pudong()] {
        let answer = estate.figures(&actor, request.clone()).await.unwrap();
        assert!(answer.rows.len() > 2);
        for row in &answer.rows {
            let led = estate.passing(&actor, row["$where"].clone()).await;
            assert_eq!(json!(led.len()), row["count"], "{row:?}");
        }
    }
}

async fn what_makes_no_sense_is_refused(db: TestDatabase) {
    let estate = estate(db).await;
    units(&estate).await;
    let count = json!({ "op": "count", "as": "n" });
    let during = |from: &str, to: &str| json!({ "field": "ready_on", "from": from, "to": to });
    for (request, code) in [
        (json!({ "group_by": [{ "field": "keeper_no" }] }), "keeper_no: operator"),
        (json!({ "group_by": [{ "field": "tags" }] }), "tags: operator"),
        (json!({ "group_by": [{ "field": "rooms.use" }] }), "rooms.use: unknown"),
        (json!({ "group_by": [{ "field": "kind", "grain": "week" }] }), "kind: operator"),
        (json!({ "group_by": [{ "field": "kind" }, { "field": "kind" }] }), "kind: duplicate"),
        (json!({ "measures": [count, count] }), "n: duplicate"),
        (json!({ "measures": [{ "op": "count", "as": "$n" }] }), "$n: format"),
        (json!({ "measures": [{ "op": "sum", "as": "x" }] }), "x: required"),
        (json!({ "measures": [{ "op": "median", "field": "ready_on", "as": "x" }] }), "ready_on: operator"),
        (json!({ "measures": [{ "op": "sum", "field": "keeper_no", "as": "x" }] }), "keeper_no: operator"),
        (json!({ "measures": [{ "op": "percentile", "field": "rent", "as": "x" }] }), "x: range"),
        (
            json!({ "measures": [{ "op": "percentile", "at": "1.1", "field": "rent", "as": "x" }] }),
            "x: range",
        ),
        (json!({ "measures": [{ "op": "percentile", "at": "0", "field": "rent", "as": "x" }] }), "x: range"),
        (json!({ "measures": [{ "op": "ratio", "of": "n", "as": "x" }, count] }), "x: required"),
        (json!({ "measures": [{ "op": "ratio", "of": "n", "to": "y", "as": "x" }, count] }), "x: unknown"),
        (
            json!({ "measures": [{ "op": "share", "of": "a", "as": "x" }, { "op": "avg", "field": "rent", "as": "a" }] }),
            "x: unknown",
        ),
        (
            json!({ "measures": [{ "op": "share", "of": "n", "field": "rent", "as": "x" }, count] }),
            "x: operator",
        ),
        (
            json!({ "measures": [{ "op": "count", "where": { "field": "nothing", "op": "is_null" }, "as": "x" }] }),
            "nothing: unknown",
        ),
        (json!({ "having": { "field": "nothing", "op": "gt", "value": 1 } }), "nothing: unknown"),
        (json!({ "having": { "field": "count", "op": "contains", "value": "1" } }), "count: operator"),
        (json!({ "having": { "field": "count", "op": "gt", "value": true } }), "count: type"),
        (json!({ "having": { "has": "rooms" } }), "rooms: operator"),
        (json!({ "sort": [{ "field": "nothing" }] }), "nothing: unknown"),
        (json!({ "top": { "size": 0 } }), "top.size: range"),
        (json!({ "top": { "size": 51 } }), "top.size: range"),
        (
            json!({ "top": { "size": 5, "by": "kind" }, "group_by": [{ "field": "kind" }] }),
            "top.by: operator",
        ),
        (json!({ "during": during("2026-01-01", "2025-01-01") }), "during.to: range"),
        (json!({ "during": during("2026-1-1", "2026-02-01") }), "during.from: format"),
        (
            json!({ "during": { "field": "kind", "from": "2026-01-01", "to": "2026-01-02" } }),
            "kind: operator",
        ),
        (json!({ "compare": { "period": "year" } }), "compare: required"),
        (
            json!({ "compare": { "period": "month" }, "group_by": [{ "field": "ready_on", "grain": "week" }] }),
            "compare: operator",
        ),
        (
            json!({ "compare": { "period": "year" }, "group_by": [{ "field": "ready_on", "grain": "year" }], "top": { "size": 1, "others": true } }),
            "compare: operator",
        ),
    ] {
        let refused = estate.figures(&city(), request.clone()).await;
        match refused {
            Err(Error::Invalid(_)) => assert_eq!(codes(refused.unwrap_err()), [code], "{request}"),
            other => panic!("{request}: {other:?}"),
        }
    }
    for request in
        [json!({ "group_by": vec![json!({ "field": "kind" }); 5] }), json!({ "measures": vec![count; 21] })]
    {
        assert!(matches!(estate.figures(&city(), request).await, Err(Error::TooMuch { .. })));
    }
}
