//! From one catalog to the next: what is done, what is refused, and that nothing is lost.

use std::sync::Arc;

use anju_definitions::Catalog;
use anju_records::{EffectKind, Impact, tables};
use anju_store::{Error as StoreError, on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    what_only_adds_is_done,
    what_would_lose_data_is_refused_with_a_way_out,
    what_nobody_has_filled_may_go,
    stricter_rules_are_told_with_their_numbers,
    existing_records_get_the_default_of_a_field_that_becomes_required,
    values_take_another_scale_and_statements_of_old_are_outdated,
    records_that_break_a_new_key_or_period_refuse_it,
    an_entity_goes_only_when_it_is_empty,
);

/// The next catalog: definitions at these paths with these replacements.
pub fn next(changes: &[(&str, &str, &str)]) -> Catalog {
    catalog_with(|path, text| {
        let mut text = text.to_owned();
        for (_, from, to) in changes.iter().filter(|(at, _, _)| *at == path) {
            assert!(text.contains(from), "{path} has no {from}");
            text = text.replace(from, to);
        }
        Some(text)
    })
}

const CASE_FILE: &str = "entities/case";

pub fn codes_of(impact: &Impact) -> Vec<String> {
    let place = |field: &Option<String>| field.clone().unwrap_or_default();
    impact.refusals.iter().map(|r| format!("{} {}", place(&r.field), r.code).trim().to_owned()).collect()
}

fn kinds_of(impact: &Impact) -> Vec<(Option<&str>, EffectKind)> {
    impact.effects.iter().map(|effect| (effect.field.as_deref(), effect.kind)).collect()
}

impl Bureau {
    pub async fn impact(&self, changes: &[(&str, &str, &str)]) -> Impact {
        self.records.impact(&next(changes)).await.unwrap()
    }

    /// Publishes as the platform does: extend, rewrite, swap, fill.
    pub async fn publish(&self, mut catalog: Catalog) -> Impact {
        let impact = self.records.impact(&catalog).await.unwrap();
        assert!(impact.refusals.is_empty(), "{:?}", impact.refusals);
        let store = self.records.store();
        catalog.generations = self.records.catalog().load().generations.clone();
        store.extend_schema(&tables(&catalog).unwrap()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        for rewrite in &impact.rewrites {
            let generation = self.records.rewrite(&mut tx, rewrite).await.unwrap();
            catalog.generations.insert(rewrite.entity.clone(), generation);
        }
        tx.commit().await.unwrap();
        self.records.catalog().store(Arc::new(catalog));
        for fill in &impact.fills {
            self.records.fill(&system(), fill, "发布").await.unwrap();
        }
        impact
    }

    async fn passport_case(&self, number: u32, with: Value) -> anju_records::Record {
        let mut input = case(json!({ "id_type": "passport", "id_no": format!("E{number:08}") }));
        input.extend(object(with));
        self.create(&system(), CASE, input).await.unwrap()
    }
}

async fn what_only_adds_is_done(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({ "remark": "旧" })).await;
    let changes = [
        (
            CASE_FILE,
            "  reason:",
            "  floor: { title: 楼层, type: integer }\n  secret: { title: 密, type: text, sensitive: true }\n  reason:",
        ),
        (CASE_FILE, "length_max: 20", "length_max: 60"),
        (
            CASE_FILE,
            "remark: { title: 备注, type: long_text }",
            "remark: { title: 备注, type: long_text, length_max: 9000 }",
        ),
        (CASE_FILE, "plate: { title: 车牌, type: text,", "plate: { title: 车牌, type: long_text,"),
        (CASE_FILE, "required: true, length_min: 2", "length_min: 2"),
        (CASE_FILE, "rules:\n", "indexes:\n  - [floor]\nrules:\n"),
        (
            CASE_FILE,
            "scope: { district: district, subdistrict: subdistrict,",
            "scope: { district: district, subdistrict: district,",
        ),
    ];
    let impact = bureau.publish(next(&changes)).await;
    assert_eq!(
        kinds_of(&impact),
        [
            (Some("name"), EffectKind::Widened),
            (Some("name"), EffectKind::Widened),
            (Some("remark"), EffectKind::Widened),
            (Some("plate"), EffectKind::Widened),
            (Some("plate"), EffectKind::Widened),
            (Some("floor"), EffectKind::FieldAdded),
            (Some("secret"), EffectKind::FieldAdded),
            (None, EffectKind::ScopeChanged),
        ]
    );
    let changed =
        bureau.patch(&system(), &case, json!({ "floor": 3, "secret": "密", "name": null })).await.unwrap();
    assert_eq!(
        (changed.get("floor"), changed.text("secret"), changed.text("remark")),
        (&json!(3), Some("密"), Some("旧"))
    );
    assert!(changed.get("name").is_null());
    assert!(bureau.records.impact(&next(&changes)).await.unwrap().effects.is_empty(), "published once");
}

async fn what_would_lose_data_is_refused_with_a_way_out(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau
        .a_case(json!({
            "area": "50.55", "deposit": 123, "remark": "十个字以上的一段备注文字", "tags": ["disabled"], "rooms": 2,
            "plate": "沪A12345", "born_on": "1990-01-01", "phone": "13800000000",
        }))
        .await;
    let refused = async |from: &str, to: &str| codes_of(&bureau.impact(&[(CASE_FILE, from, to)]).await);
    for (from, to, code) in [
        ("  plate: { title: 车牌, type: text, pattern: \"沪[A-Z][A-Z0-9]{5}\" }\n", "", "plate field_in_use"),
        (
            "born_on: { title: 出生日期, type: date, max: today }",
            "born_on: { title: 出生日期, type: date_time }",
            "born_on type_changed",
        ),
        (
            "deposit: { title: 押金, type: money,",
            "deposit: { title: 押金, type: integer,",
            "deposit type_changed",
        ),
        (
            "phone: { title: 电话, type: phone, sensitive: true }",
            "phone: { title: 电话, type: phone }",
            "phone type_changed",
        ),
        (
            "area: { title: 面积, type: decimal, scale: 2,",
            "area: { title: 面积, type: decimal, scale: 1,",
            "area scale_changed",
        ),
        (
            "remark: { title: 备注, type: long_text }",
            "remark: { title: 备注, type: long_text, length_max: 5 }",
            "remark length_shorter",
        ),
        (
            "code: { title: 单位代码, type: credit_code }",
            "code: { title: 单位代码, type: credit_code, required: true }",
            "code required_without_value",
        ),
        (
            "  reason:",
            "  must: { title: 必填项, type: text, required: true }\n  reason:",
            "must required_without_value",
        ),
        (
            "  reason:",
            "  day: { title: 日, type: date, required: true, default: =today }\n  reason:",
            "day required_without_value",
        ),
    ] {
        assert_eq!(refused(from, to).await, [code], "{to}");
    }
    let impact = bureau.impact(&[("dictionaries/tag", "  - { code: disabled, title: 残疾人 }\n", "")]).await;
    assert_eq!(codes_of(&impact), ["tags code_in_use"]);
    assert!(impact.refusals[0].message.contains("“残疾人”（disabled，1 条）"), "{:?}", impact.refusals);
    assert!(impact.refusals[0].way.contains("retired"));
    let impact = bureau
        .impact(&[
            ("dictionaries/status", "  - { code: draft, title: 草稿 }\n", ""),
            (CASE_FILE, "default: draft", "default: submitted"),
            (
                CASE_FILE,
                "from: { draft: [submitted], submitted: [draft, approved] }",
                "from: { submitted: [approved] }",
            ),
        ])
        .await;
    assert_eq!(codes_of(&impact), ["status code_in_use"]);
    let parent = bureau
        .impact(&[
            (
                "entities/member",
                "parent: { field: case, as: members, rows_max: 3 }\n",
                "scope: { shared: true }\n",
            ),
            (CASE_FILE, "len(members) > 0", "true"),
        ])
        .await;
    assert_eq!(codes_of(&parent), ["parent_changed"]);
}

async fn what_nobody_has_filled_may_go(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    let changes = [
        (CASE_FILE, "  plate: { title: 车牌, type: text, pattern: \"沪[A-Z][A-Z0-9]{5}\" }\n", ""),
        (
            CASE_FILE,
            "born_on: { title: 出生日期, type: date, max: today }",
            "born_on: { title: 出生日期, type: choice, dictionary: bureau.tag }",
        ),
        ("dictionaries/tag", "  - { code: disabled, title: 残疾人 }\n", ""),
    ];
    let impact = bureau.publish(next(&changes)).await;
    assert_eq!(
        kinds_of(&impact),
        [(Some("born_on"), EffectKind::Widened), (Some("plate"), EffectKind::FieldRemoved)]
    );
    // The name is still taken by a column of its kind, and free for another field of that kind.
    let again = [changes[1], changes[2]];
    let back = next(&again);
    assert!(bureau.records.impact(&back).await.unwrap().refusals.is_empty());
    bureau.publish(back).await;
    let other_kind = (
        CASE_FILE,
        "born_on: { title: 出生日期, type: date, max: today }",
        "born_on: { title: 出生日期, type: integer }",
    );
    assert_eq!(codes_of(&bureau.impact(&[other_kind]).await), ["born_on type_changed"]);
}

async fn stricter_rules_are_told_with_their_numbers(db: TestDatabase) {
    let bureau = bureau(db).await;
    for (number, rooms) in [(1, 2), (2, 8), (3, 9)] {
        bureau.passport_case(number, json!({ "rooms": rooms, "area": "300.00" })).await;
    }
    let impact = bureau
        .impact(&[(
            CASE_FILE,
            "rooms: { title: 间数, type: integer, min: 1, max: 9 }",
            "rooms: { title: 间数, type: integer, min: 1, max: 7 }",
        )])
        .await;
    assert_eq!(kinds_of(&impact), [(Some("rooms"), EffectKind::Tightened)]);
    assert!(impact.effects[0].message.contains("2 条"), "{}", impact.effects[0].message);
    assert!(impact.refusals.is_empty());
}

async fn existing_records_get_the_default_of_a_field_that_becomes_required(db: TestDatabase) {
    let bureau = bureau(db).await;
    let without = bureau.passport_case(1, json!({})).await;
    let with = bureau.passport_case(2, json!({ "rooms": 2, "area": "30.00" })).await;
    let changes = [
        (
            CASE_FILE,
            "rooms: { title: 间数, type: integer, min: 1, max: 9 }",
            "rooms: { title: 间数, type: integer, min: 1, max: 9, required: true, default: 1 }",
        ),
        (
            CASE_FILE,
            "  reason:",
            "  grade: { title: 等级, type: decimal, scale: 1, required: true, default: \"2.5\" }\n  reason:",
        ),
    ];
    let impact = bureau.publish(next(&changes)).await;
    assert_eq!(impact.effects.iter().filter(|effect| effect.kind == EffectKind::Filled).count(), 2);
    let read = async |id: &str| bureau.records.read(&system(), CASE, id).await.unwrap();
    let filled = read(&without.id).await;
    assert_eq!((filled.get("rooms"), filled.text("grade"), filled.version), (&json!(1), Some("2.5"), 1));
    let kept = read(&with.id).await;
    assert_eq!((kept.get("rooms"), kept.text("grade"), kept.version), (&json!(2), Some("2.5"), 1));
    let history = bureau.records.history(&system(), CASE, &without.id).await.unwrap();
    assert_eq!((history[0].why.as_deref(), history[0].changes[0].field.as_str()), (Some("发布"), "rooms"));
    let past = bureau.records.read_as_of(&system(), CASE, &with.id, "2026-11-24").await.unwrap();
    assert_eq!(past.get("rooms"), &json!(2));
}

async fn values_take_another_scale_and_statements_of_old_are_outdated(db: TestDatabase) {
    let bureau = bureau(db).await;
    let case = bureau.a_case(json!({ "area": "50.50", "rooms": 2, "id_no": ID_NO })).await;
    let old = bureau.records.catalog().load_full();
    let changes = [
        (
            CASE_FILE,
            "area: { title: 面积, type: decimal, scale: 2,",
            "area: { title: 面积, type: decimal, scale: 4,",
        ),
        (
            CASE_FILE,
            "rooms: { title: 间数, type: integer, min: 1, max: 9 }",
            "rooms: { title: 间数, type: decimal, scale: 1, min: 1, max: 9 }",
        ),
    ];
    let impact = bureau.publish(next(&changes)).await;
    assert_eq!(
        kinds_of(&impact),
        [(Some("area"), EffectKind::Rewritten), (Some("rooms"), EffectKind::Rewritten)]
    );
    let read = bureau.records.read(&system(), CASE, &case.id).await.unwrap();
    assert_eq!(
        (read.text("area"), read.text("rooms"), read.text("id_no")),
        (Some("50.5000"), Some("2.0"), Some(ID_NO))
    );
    let changed = bureau.patch(&system(), &read, json!({ "area": "50.1234", "rooms": "2.5" })).await.unwrap();
    assert_eq!(changed.text("area"), Some("50.1234"));
    let past = bureau.records.read_as_of(&system(), CASE, &case.id, "2026-11-24").await.unwrap();
    assert_eq!(past.text("area"), Some("50.1234"), "changed within the same instant");
    let found =
        bureau.names(&system(), json!({ "where": { "field": "area", "op": "gt", "value": "50.12" } })).await;
    assert_eq!(found, ["张三"]);

    // Whoever still has the old definitions can neither read nor write wrongly.
    let new = bureau.records.catalog().load_full();
    bureau.records.catalog().store(old);
    let outdated = |error| matches!(error, anju_records::Error::Store(StoreError::Outdated(_)));
    assert!(outdated(bureau.records.read(&system(), CASE, &case.id).await.unwrap_err()));
    assert!(outdated(bureau.patch(&system(), &changed, json!({ "area": "60.00" })).await.unwrap_err()));
    bureau.records.catalog().store(new);

    // And back again, where no value has more places.
    assert_eq!(
        codes_of(&bureau.records.impact(&next(&[])).await.unwrap()),
        ["area scale_changed", "rooms scale_changed"]
    );
    bureau.patch(&system(), &changed, json!({ "area": "50.12", "rooms": "3" })).await.unwrap();
    bureau.publish(next(&[])).await;
    let read = bureau.records.read(&system(), CASE, &case.id).await.unwrap();
    assert_eq!((read.text("area"), read.get("rooms")), (Some("50.12"), &json!(3)));
    assert_eq!(bureau.records.catalog().load().generations[CASE], 3);
}

async fn records_that_break_a_new_key_or_period_refuse_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    for (number, name) in [(1, "张三"), (2, "张三"), (3, "李四")] {
        bureau.passport_case(number, json!({ "name": name, "origin": "窗口" })).await;
    }
    let unique = (CASE_FILE, "rules:\n", "unique:\n  - [name, origin]\nrules:\n");
    let impact = bureau.impact(&[unique]).await;
    assert_eq!(codes_of(&impact), ["origin unique_broken"]);
    assert!(
        impact.refusals[0].message.contains("“姓名、来源”不得重复，但已有 1 组"),
        "{:?}",
        impact.refusals
    );
    let page = bureau
        .list(&system(), json!({ "where": { "field": "name", "op": "eq", "value": "张三" } }))
        .await
        .unwrap();
    bureau.delete(&system(), &page.items[0]).await.unwrap();
    let impact = bureau.publish(next(&[unique])).await;
    assert_eq!(kinds_of(&impact), [(None, EffectKind::KeyAdded)]);
    let again = case(json!({ "id_type": "passport", "id_no": "E00000009", "origin": "窗口" }));
    assert_eq!(codes(bureau.create(&system(), CASE, again).await.unwrap_err()), ["origin: duplicate"]);
    assert_eq!(kinds_of(&bureau.impact(&[]).await), [(None, EffectKind::KeyRemoved)]);

    for (from, to) in [("2025-01-01", "2025-06-30"), ("2025-06-30", "2025-12-31")] {
        let rate = json!({ "district": "310115", "kind": to, "amount": "1", "from": from, "to": to });
        bureau.create(&city(), "bureau.rate", object(rate)).await.unwrap();
    }
    let wider = ("entities/rate", "by: [district, kind]", "by: [district]");
    let impact = bureau.impact(&[wider]).await;
    assert_eq!(codes_of(&impact), ["from periods_overlap"]);
}

async fn an_entity_goes_only_when_it_is_empty(db: TestDatabase) {
    let bureau = bureau(db).await;
    let without = |gone: &'static [&'static str]| {
        catalog_with(move |path, text| {
            if gone.contains(&path) {
                return None;
            }
            let lines = text.lines().filter(|line| !line.contains("bureau.reminder"));
            Some(lines.map(|line| format!("{line}\n")).collect())
        })
    };
    let next = without(&["entities/reminder"]);
    let impact = bureau.records.impact(&next).await.unwrap();
    assert_eq!(kinds_of(&impact), [(None, EffectKind::EntityRemoved)]);

    bureau.create(&city(), "bureau.reminder", object(json!({ "text": "提醒" }))).await.unwrap();
    let impact = bureau.records.impact(&next).await.unwrap();
    assert_eq!(codes_of(&impact), ["entity_in_use"]);
    bureau.publish(catalog()).await;
}
