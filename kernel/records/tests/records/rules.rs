//! Rules: read-only fields, rules over other records, rules that people confirm, everything told at once.

use anju_records::{Actor, Error, FieldError, Record};
use anju_store::{ColumnKind, Condition, Fetch, Select, on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;
use crate::types::{TENANCY, registrar};

on_both_databases!(
    a_field_is_read_only_while_its_condition_holds,
    others_may_not_exist_must_exist_and_are_counted,
    the_record_in_question_is_named_to_those_who_may_see_it,
    a_rule_over_others_is_asked_only_when_what_it_reads_changes,
    a_soft_rule_is_confirmed_with_a_reason_and_remembered,
    soft_rules_of_rows_and_over_others_are_confirmed_one_by_one,
    the_platform_is_not_asked_unless_a_person_stands_behind_it,
    every_fault_of_parent_and_rows_is_told_at_once,
    every_value_that_repeats_is_told,
    two_at_once_cannot_both_be_the_only_one,
    a_restored_record_stands_beside_others_again,
);

fn warnings(error: Error) -> Vec<FieldError> {
    match error {
        Error::Unconfirmed(warnings) => warnings,
        other => panic!("not to be confirmed: {other:?}"),
    }
}

fn warned(error: Error) -> Vec<String> {
    warnings(error).iter().map(|one| format!("{}: {}", one.field, one.code)).collect()
}

async fn a_field_is_read_only_while_its_condition_holds(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.tenancy(&registrar(), json!({"rent": 100, "months": 1})).await.unwrap();
    let signed = bureau.change(&registrar(), &record, json!({"rent": 200, "state": "signed"})).await.unwrap();
    let error = bureau.change(&registrar(), &signed, json!({"rent": 300, "months": 2})).await.unwrap_err();
    assert_eq!(faults(error), [FieldError::new("rent", "read_only", "月租金现在不能修改")]);
    assert!(bureau.change(&registrar(), &signed, json!({"rent": 200, "months": 1})).await.is_ok(), "an echo");
    let set = bureau.change(&system(), &signed, json!({"rent": 300})).await.unwrap();
    assert_eq!(set.get("rent"), &json!(300), "the platform may");
    let opened = bureau.change(&registrar(), &set, json!({"rent": 400, "state": "open"})).await.unwrap();
    assert_eq!(opened.get("rent"), &json!(400), "two allowed steps in one");
}

async fn others_may_not_exist_must_exist_and_are_counted(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.tenancy(&registrar(), json!({})).await.unwrap();
    let error = bureau
        .tenancy(&registrar(), json!({"months": 61, "note": "长", "area_code": "310115004"}))
        .await
        .unwrap_err();
    assert_eq!(codes(error), ["area_code: project_there", "tenant: one_home"]);
    bureau.change(&registrar(), &first, json!({"state": "closed"})).await.unwrap();
    bureau.a_project("310115004").await;
    let long = json!({"months": 61, "note": "长", "area_code": "310115004"});
    assert!(bureau.tenancy(&registrar(), long).await.is_ok());
    let reopened = bureau.records.read(&registrar(), TENANCY, &first.id).await.unwrap();
    let error = bureau.change(&system(), &reopened, json!({"tenant": "张三丰", "state": "closed"})).await;
    assert!(error.is_ok(), "a closed one is not asked");

    let lodger = |id_no: &str| json!({"lodgers": [{"name": "王五", "share": 1, "id_no": id_no}]});
    for tenant in ["甲某", "乙某"] {
        let mut with = lodger(ID_NO);
        with["tenant"] = json!(tenant);
        bureau.tenancy(&registrar(), with).await.unwrap();
    }
    let mut third = lodger(ID_NO);
    third["tenant"] = json!("丙某");
    let error = bureau.tenancy(&registrar(), third).await.unwrap_err();
    assert_eq!(codes(error), ["lodgers[0].id_no: lodging_twice"]);
    let mut third = lodger(OTHER_ID_NO);
    third["tenant"] = json!("丙某");
    assert!(bureau.tenancy(&registrar(), third).await.is_ok());
}

async fn the_record_in_question_is_named_to_those_who_may_see_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    let home = json!({"region": "310115005", "detail": "1号"});
    bureau.tenancy(&system(), json!({ "home": home })).await.unwrap();
    let message = |error: Error| faults(error).remove(0).message;
    let told = bureau.tenancy(&registrar(), json!({})).await.unwrap_err();
    assert_eq!(message(told), "该承租人已有在租登记（张三 浦东新区陆家嘴街道1号）");
    let outsider = person("outsider", anju_definitions::Level::City, "31");
    let told = bureau.tenancy(&outsider, json!({})).await.unwrap_err();
    assert_eq!(message(told), "该承租人已有在租登记");
}

async fn a_rule_over_others_is_asked_only_when_what_it_reads_changes(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.tenancy(&registrar(), json!({})).await.unwrap();
    let second = bureau.tenancy(&registrar(), json!({"tenant": "李四"})).await.unwrap();
    let error = bureau.change(&registrar(), &second, json!({"tenant": "张三"})).await.unwrap_err();
    assert_eq!(codes(error), ["tenant: one_home"]);
    let closed =
        bureau.change(&registrar(), &second, json!({"tenant": "张三", "state": "closed"})).await.unwrap();
    assert!(bureau.change(&registrar(), &closed, json!({"months": 3})).await.is_ok());
    assert!(bureau.change(&registrar(), &first, json!({"months": 3})).await.is_ok(), "not its own rival");
}

async fn audited(bureau: &Bureau) -> Vec<String> {
    let select = Select::from("sys_audit").column("reason", ColumnKind::Text);
    let select = select.filter(Condition::eq("sys_audit", "event", "record.confirmed"));
    let rows = bureau.records.store().reader().fetch_all(&select).await.unwrap();
    rows.iter().map(|row| row.opt_text(0).unwrap().unwrap_or_default().to_owned()).collect()
}

async fn confirmed(bureau: &Bureau, actor: &Actor, record: &Record) -> Vec<(i64, String, String)> {
    let history = bureau.records.history(actor, TENANCY, &record.id).await.unwrap();
    let all =
        history.iter().flat_map(|entry| entry.confirmations.iter().map(move |one| (entry.version, one)));
    all.map(|(version, one)| (version, one.field.clone(), one.reason.clone())).collect()
}

async fn a_soft_rule_is_confirmed_with_a_reason_and_remembered(db: TestDatabase) {
    let bureau = bureau(db).await;
    let dear = json!({"rent": 600_000, "months": 1});
    let error = bureau.tenancy(&registrar(), dear).await.unwrap_err();
    assert_eq!(warnings(error), [FieldError::new("rent", "rent_high", "月租金超过 5000 元")]);
    let silent = json!({"rent": 600_000, "$confirm": [{"code": "rent_high", "reason": " "}]});
    assert_eq!(
        codes(bureau.tenancy(&registrar(), silent).await.unwrap_err()),
        ["$confirm[0].reason: required"]
    );
    let odd = json!({"rent": 600_000, "$confirm": "yes"});
    assert_eq!(codes(bureau.tenancy(&registrar(), odd).await.unwrap_err()), ["$confirm: type"]);
    let given =
        json!({"rent": 600_000, "months": 1, "$confirm": [{"code": "rent_high", "reason": "市中心"}]});
    let record = bureau.tenancy(&registrar(), given).await.unwrap();
    assert_eq!(confirmed(&bureau, &registrar(), &record).await, [(1, "rent".into(), "市中心".into())]);
    assert_eq!(audited(&bureau).await, ["月租金超过 5000 元：市中心"]);

    let changed = bureau.change(&registrar(), &record, json!({"months": 2})).await.unwrap();
    let error = bureau.change(&registrar(), &changed, json!({"rent": 700_000})).await.unwrap_err();
    assert_eq!(warned(error), ["rent: rent_high"], "another value is another question");
    let low = bureau.change(&registrar(), &changed, json!({"rent": 1})).await.unwrap();
    let back = bureau.change(&registrar(), &low, json!({"rent": 600_000})).await;
    assert!(back.is_ok(), "the same value was confirmed before");
    let both = json!({"rent": 700_000, "months": 500});
    let error = bureau.change(&registrar(), &back.unwrap(), both).await.unwrap_err();
    assert_eq!(codes(error), ["months: range"], "what must be mended comes first");
}

async fn soft_rules_of_rows_and_over_others_are_confirmed_one_by_one(db: TestDatabase) {
    let bureau = bureau(db).await;
    let card = crate::types::CARD;
    bureau.tenancy(&registrar(), json!({"card_number": card})).await.unwrap();
    let input = |confirm: Value| {
        json!({
            "tenant": "李四", "card_number": card, "$confirm": confirm,
            "lodgers": [{"name": "王五", "share": "0.5"}, {"name": "赵六", "share": "1"}, {"name": "钱七", "share": "0.2"}],
        })
    };
    let error = bureau.tenancy(&registrar(), input(json!([]))).await.unwrap_err();
    assert_eq!(
        warned(error),
        ["lodgers[0].share: share_small", "lodgers[2].share: share_small", "card_number: same_card"]
    );
    let one = json!([{"code": "same_card", "reason": "夫妻共用"}, {"code": "share_small", "field": "lodgers[2].share", "reason": "暂住"}]);
    let error = bureau.tenancy(&registrar(), input(one)).await.unwrap_err();
    assert_eq!(warned(error), ["lodgers[0].share: share_small"]);
    let all = json!([{"code": "same_card", "reason": "夫妻共用"}, {"code": "share_small", "reason": "暂住"}]);
    let record = bureau.tenancy(&registrar(), input(all)).await.unwrap();
    let mut told = confirmed(&bureau, &registrar(), &record).await;
    told.sort();
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], (1, "card_number".into(), "夫妻共用".into()));
    let select = Select::from("sys_confirmation").column("message", ColumnKind::Text);
    let rows = bureau.records.store().reader().fetch_all(&select).await.unwrap();
    assert!(
        rows.iter().all(|row| !row.text(0).unwrap().contains('（')),
        "other records are not named in what is kept"
    );
    assert!(bureau.change(&registrar(), &record, json!({"months": 3})).await.is_ok());
}

async fn the_platform_is_not_asked_unless_a_person_stands_behind_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    assert!(bureau.tenancy(&system(), json!({"rent": 600_000})).await.is_ok());
    let behalf = registrar().on_behalf();
    assert!(bureau.tenancy(&behalf, json!({"tenant": "李四", "rent": 600_000})).await.is_ok());
    let step = json!({"tenant": "王五", "rent": 600_000, "$confirm": []});
    assert_eq!(warned(bureau.tenancy(&behalf, step).await.unwrap_err()), ["rent: rent_high"]);
}

async fn every_fault_of_parent_and_rows_is_told_at_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let deed = "沪（2023）浦字不动产权第1号";
    bureau.tenancy(&registrar(), json!({ "deed": deed })).await.unwrap();
    for tenant in ["甲某", "乙某"] {
        let lodgers = json!([{"name": "王五", "share": 1, "id_no": ID_NO}]);
        bureau.tenancy(&registrar(), json!({ "tenant": tenant, "lodgers": lodgers })).await.unwrap();
    }
    let input = json!({
        "deed": deed, "card_number": "1", "months": 61, "area_code": "310115004", "photos": ["gone"], "nothing": 1, "rent": 600_000,
        "lodgers": [
            {"name": "王五", "share": -1},
            {"share": 1, "id_no": OTHER_ID_NO},
            {"name": "赵六", "share": 1, "id_no": ID_NO},
            {"name": "钱七", "share": 1, "id_no": OTHER_ID_NO},
        ],
    });
    let error = bureau.tenancy(&registrar(), input).await.unwrap_err();
    assert_eq!(
        codes(error),
        [
            "area_code: project_there",
            "card_number: format",
            "deed: duplicate",
            "lodgers[0].share: range",
            "lodgers[1].name: required",
            "lodgers[2].id_no: lodging_twice",
            "lodgers[3].id_no: duplicate",
            "note: required",
            "nothing: unknown",
            "photos[0]: reference",
            "tenant: one_home",
        ]
    );
}

async fn every_value_that_repeats_is_told(db: TestDatabase) {
    let bureau = bureau(db).await;
    let deed = "沪（2023）浦字不动产权第1号";
    let first = bureau
        .tenancy(
            &registrar(),
            json!({ "deed": deed, "lodgers": [{"name": "甲", "share": 1, "id_no": ID_NO}] }),
        )
        .await
        .unwrap();
    let lodgers = json!([{"name": "乙", "share": 1, "id_no": OTHER_ID_NO}, {"name": "丙", "share": 1, "id_no": OTHER_ID_NO}]);
    let input = json!({"tenant": "李四", "deed": "沪(2023)浦字不动产权第1号", "lodgers": lodgers});
    let error = bureau.tenancy(&registrar(), input).await.unwrap_err();
    assert_eq!(
        faults(error),
        [
            FieldError::new("deed", "duplicate", "已有相同不动产权证号的租住登记"),
            FieldError::new("lodgers[1].id_no", "duplicate", "已有相同证件号码的同住人"),
        ]
    );
    let row = first.rows("lodgers")[0].clone();
    let swapped = json!({"lodgers": [{"name": "丁", "share": 1, "id_no": ID_NO}, {"id": row["id"], "id_no": OTHER_ID_NO}]});
    let changed = bureau.change(&registrar(), &first, swapped).await;
    assert!(changed.is_ok(), "what a row gives up, a new one may take: {changed:?}");
}

async fn two_at_once_cannot_both_be_the_only_one(db: TestDatabase) {
    let bureau = std::sync::Arc::new(bureau(db).await);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let bureau = bureau.clone();
            tokio::spawn(async move { bureau.tenancy(&registrar(), json!({})).await.is_ok() })
        })
        .collect();
    let mut saved = 0;
    for task in tasks {
        saved += usize::from(task.await.unwrap());
    }
    assert_eq!(saved, 1);
}

async fn a_restored_record_stands_beside_others_again(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.tenancy(&system(), json!({})).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.delete(&mut tx, &system(), TENANCY, &first.id, None, None).await.unwrap();
    tx.commit().await.unwrap();
    let second = bureau.tenancy(&system(), json!({})).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    let refused = bureau.records.restore(&mut tx, &system(), TENANCY, &first.id, None).await;
    assert_eq!(codes(refused.unwrap_err()), ["tenant: one_home"]);
    drop(tx);
    bureau.change(&system(), &second, json!({"state": "closed"})).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    assert!(bureau.records.restore(&mut tx, &system(), TENANCY, &first.id, None).await.is_ok());
}
