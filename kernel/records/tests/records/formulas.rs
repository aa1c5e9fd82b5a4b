//! Formulas that are published over existing records.

use anju_records::EffectKind;
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::{evolve::codes_of, evolve::next, fixture::*, types::TENANCY};

const FILE: &str = "entities/tenancy";
const LODGER_FILE: &str = "entities/lodger";

on_both_databases!(
    kept_values_follow_a_new_formula,
    formulas_over_child_rows_follow_those_of_the_rows,
    what_people_entered_gives_way_to_no_formula,
    a_formula_that_must_not_repeat_is_published_first,
    what_is_worked_out_on_reading_is_worked_out_for_the_day,
);

async fn total(bureau: &Bureau, id: &str) -> Value {
    bureau.records.read(&system(), TENANCY, id).await.unwrap().get("total").clone()
}

async fn kept_values_follow_a_new_formula(db: TestDatabase) {
    let bureau = bureau(db).await;
    let dear =
        bureau.tenancy(&system(), json!({ "tenant": "甲某", "rent": 100, "months": 12 })).await.unwrap();
    let empty = bureau.tenancy(&system(), json!({ "tenant": "乙某" })).await.unwrap();
    let before = bureau.now().to_string();
    bureau.clock.advance(jiff::SignedDuration::from_hours(24));
    let formula = [(FILE, "expression: rent * months,", "expression: rent * months + 1,")];
    let impact = bureau.publish(next(&formula)).await;
    assert!(impact.effects.iter().any(|effect| effect.kind == EffectKind::Filled), "{:?}", impact.effects);
    assert_eq!((total(&bureau, &dear.id).await, total(&bureau, &empty.id).await), (json!(1201), Value::Null));
    let record = bureau.records.read(&system(), TENANCY, &dear.id).await.unwrap();
    assert_eq!(record.version, dear.version, "nobody is told that the record changed meanwhile");
    // History tells of it, so the past has the old value.
    let history = bureau.records.history(&system(), TENANCY, &dear.id).await.unwrap();
    assert_eq!((history.len(), history[0].why.as_deref()), (2, Some("发布")));
    assert_eq!(history[0].changes.iter().map(|change| change.field.as_str()).collect::<Vec<_>>(), ["total"]);
    let past = bureau.records.read_as_of(&system(), TENANCY, &dear.id, &before).await.unwrap();
    assert_eq!(past.get("total"), &json!(1200));
    assert!(bureau.impact(&formula).await.fills.is_empty(), "published once");
    // Lists are ordered and found by the new values.
    let found = query(json!({ "where": { "field": "total", "op": "eq", "value": 1201 } }));
    assert_eq!(bureau.records.query(&system(), TENANCY, &found).await.unwrap().items.len(), 1);
}

async fn formulas_over_child_rows_follow_those_of_the_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let lodgers = json!([{ "name": "李四", "share": "2" }, { "name": "王五", "share": "3" }]);
    let record = bureau.tenancy(&system(), json!({ "tenant": "甲某", "lodgers": lodgers })).await.unwrap();
    let doubled = "half: { title: 半份, type: computed, expression: share * 2, result: decimal, scale: 2, stored: true }";
    let kept = [
        (
            LODGER_FILE,
            "half: { title: 半份, type: computed, expression: share / 2, result: decimal, scale: 2 }",
            doubled,
        ),
        (FILE, "\"sum(map(lodgers, #.share))\"", "\"sum(map(lodgers, #.half))\""),
    ];
    bureau.publish(next(&kept)).await;
    let shares =
        async || bureau.records.read(&system(), TENANCY, &record.id).await.unwrap().get("shares").clone();
    assert_eq!(shares().await, "10.0");
    let mut tripled = kept.to_vec();
    tripled.push((LODGER_FILE, "expression: share * 2,", "expression: share * 3,"));
    let impact = bureau.publish(next(&tripled)).await;
    assert_eq!(shares().await, "15.0");
    let told = impact.effects.iter().filter(|effect| effect.kind == EffectKind::Filled);
    assert_eq!(told.map(|effect| effect.entity.as_str()).collect::<Vec<_>>(), ["bureau.lodger", TENANCY]);
}

async fn what_people_entered_gives_way_to_no_formula(db: TestDatabase) {
    let bureau = bureau(db).await;
    let entered = "months: { title: 月数, type: integer, min: 1, max: 120 }";
    for stored in ["", ", stored: true"] {
        let formula = format!(
            "months: {{ title: 月数, type: computed, expression: rent / 100, result: integer{stored} }}"
        );
        let daily = ("expression: total / months / 100 / 30", "expression: total / 100");
        let changes = [(FILE, entered, formula.as_str()), (FILE, daily.0, daily.1)];
        assert_eq!(codes_of(&bureau.impact(&changes).await), [""; 0], "nobody has entered anything");
    }
    bureau.tenancy(&system(), json!({ "tenant": "甲某", "months": 12 })).await.unwrap();
    for stored in ["", ", stored: true"] {
        let formula = format!(
            "months: {{ title: 月数, type: computed, expression: rent / 100, result: integer{stored} }}"
        );
        let impact = bureau.impact(&[(FILE, entered, formula.as_str())]).await;
        assert_eq!(codes_of(&impact), ["months type_changed"]);
    }
}

async fn a_formula_that_must_not_repeat_is_published_first(db: TestDatabase) {
    let bureau = bureau(db).await;
    let unique = [(
        FILE,
        "rent * months, result: money, stored: true",
        "rent + months, result: money, stored: true, unique: true",
    )];
    assert_eq!(codes_of(&bureau.impact(&unique).await), [""; 0], "no records yet");
    for tenant in ["甲某", "乙某"] {
        bureau.tenancy(&system(), json!({ "tenant": tenant, "rent": 100, "months": 12 })).await.unwrap();
    }
    assert_eq!(codes_of(&bureau.impact(&unique).await)[0], "total unique_broken");
    let formula =
        [(FILE, "rent * months, result: money, stored: true", "rent + months, result: money, stored: true")];
    bureau.publish(next(&formula)).await;
    assert_eq!(codes_of(&bureau.impact(&unique).await), ["total unique_broken"], "the two are alike");
}

async fn what_is_worked_out_on_reading_is_worked_out_for_the_day(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record =
        bureau.tenancy(&system(), json!({ "tenant": "甲某", "born_on": "2026-11-30" })).await.unwrap();
    let then = bureau.now().to_string();
    bureau.clock.set("2026-12-24T02:00:00Z".parse().unwrap());
    let now = bureau.records.read(&system(), TENANCY, &record.id).await.unwrap();
    let past = bureau.records.read_as_of(&system(), TENANCY, &record.id, &then).await.unwrap();
    assert_eq!((now.get("after_birth"), past.get("after_birth")), (&json!(true), &json!(false)));
}
