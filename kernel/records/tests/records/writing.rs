use std::sync::Arc;

use anju_records::{Change, Error, FieldError, Hook, HookContext, Hooks, Object};
use anju_store::{ColumnKind, Fetch, Select, Tx, on_both_databases, testing::TestDatabase};
use async_trait::async_trait;
use serde_json::json;

use crate::fixture::*;

on_both_databases!(
    a_full_record_comes_back_in_canonical_form,
    every_fault_is_told_at_once,
    numbers_count_by_district_and_year,
    certificates_follow_their_kind,
    people_cannot_set_what_is_not_theirs,
    conditions_over_the_record_hold_on_every_save,
    states_change_only_as_declared,
    references_must_exist_and_be_visible,
    files_must_exist_and_be_of_an_accepted_kind,
    a_stale_version_is_refused,
    child_rows_are_replaced_by_id,
    what_is_unique_stays_unique_until_it_is_deleted,
    a_change_leaves_history_audit_and_event,
    nothing_is_left_of_a_refused_change,
    hooks_compute_check_and_follow,
    the_platform_may_set_everything,
    inputs_of_actions_are_checked_like_records,
);

async fn a_full_record_comes_back_in_canonical_form(db: TestDatabase) {
    let bureau = bureau(db).await;
    let operator = bureau.organisation("org-a").await;
    let input = case(json!({
        "name": " 张三 ", "id_no": "１１０１０５１９４９１２３１００２x", "phone": "+86 138-0013-8000",
        "income": 12_000_000, "deposit": "500", "area": 56.3, "rooms": 2, "born_on": "1949-12-31",
        "applied_at": "2026-11-24T01:02:03Z", "tags": ["veteran", "veteran"], "remark": "第一行\n第二行",
        "code": "91350100m000100y43", "plate": "沪A12345", "detail": {"a": [1]}, "operator": operator,
        "members": [{"name": "王五", "id_no": OTHER_ID_NO, "share": "1"}],
    }));
    let created = bureau.create(&system(), CASE, input).await.unwrap();
    let read = bureau.records.read(&system(), CASE, &created.id).await.unwrap();
    for record in [&created, &read] {
        assert_eq!(record.version, 1);
        for (field, value) in [
            ("name", json!("张三")),
            ("id_no", json!(ID_NO)),
            ("phone", json!(PHONE)),
            ("income", json!(12_000_000)),
            ("deposit", json!(500)),
            ("area", json!("56.30")),
            ("rooms", json!(2)),
            ("born_on", json!("1949-12-31")),
            ("applied_at", json!("2026-11-24T09:02:03+08:00")),
            ("tags", json!(["veteran"])),
            ("urgent", json!(false)),
            ("remark", json!("第一行\n第二行")),
            ("code", json!("91350100M000100Y43")),
            ("detail", json!({"a": [1]})),
            ("status", json!("draft")),
            ("case_no", json!("GZ31011520260001")),
            ("operator", json!(operator)),
            ("created_at", json!("2026-11-24T10:00:00+08:00")),
            ("created_by", json!("system")),
        ] {
            assert_eq!(record.get(field), &value, "{field}");
        }
        assert_eq!(record.display(), "张三 GZ31011520260001");
        assert_eq!(record.rows("members").len(), 1);
        assert_eq!(record.rows("members")[0]["share"], "1.0");
        assert_eq!(record.rows("members")[0]["id_no"], OTHER_ID_NO);
    }
    assert_eq!(read.get("$refs"), &json!({ "operator": "东方公司" }));
}

async fn every_fault_is_told_at_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let input = object(json!({
        "name": "张", "id_no": "110105194912310021", "phone": "123", "income": -1, "deposit": 1.5, "area": "3",
        "rooms": "x", "born_on": "2027-01-01", "applied_at": "soon", "urgent": "yes", "tags": ["nobody"],
        "code": "91350100M000100Y44", "plate": "A12345", "status": "lost", "remark": 7, "nothing": 1, "version": 3,
        "origin": "a\nb", "members": [{"id_no": "1"}, 5, {"id": "no such", "name": "甲"}],
    }));
    let error = bureau.create(&city(), CASE, input).await.unwrap_err();
    let mut expected = vec![
        "name: length",
        "id_no: format",
        "phone: format",
        "income: range",
        "deposit: format",
        "area: range",
        "rooms: type",
        "born_on: range",
        "applied_at: format",
        "urgent: type",
        "tags: choice",
        "code: format",
        "plate: format",
        "status: choice",
        "remark: type",
        "nothing: unknown",
        "version: unknown",
        "origin: format",
        "members[0].name: required",
        "members[0].id_no: format",
        "members[1]: type",
        "members[2].id: unknown",
        "district: required",
    ];
    expected.sort_unstable();
    assert_eq!(codes(error), expected);
}

async fn numbers_count_by_district_and_year(db: TestDatabase) {
    let bureau = bureau(db).await;
    let number = |record: anju_records::Record| record.text("case_no").unwrap().to_owned();
    assert_eq!(number(bureau.a_case(json!({"id_no": ID_NO})).await), "GZ31011520260001");
    assert_eq!(number(bureau.a_case(json!({"id_no": OTHER_ID_NO})).await), "GZ31011520260002");
    let huangpu = json!({"district": "310101", "id_type": "passport", "id_no": "E12345678"});
    assert_eq!(number(bureau.a_case(huangpu).await), "GZ31010120260001");
    bureau.clock.set("2026-12-31T16:00:00Z".parse().unwrap());
    let next_year = json!({"id_type": "passport", "id_no": "E12345679"});
    assert_eq!(number(bureau.a_case(next_year).await), "GZ31011520270001");
}

async fn certificates_follow_their_kind(db: TestDatabase) {
    let bureau = bureau(db).await;
    let fault = |id_type: &'static str, id_no: &'static str| {
        let bureau = &bureau;
        async move {
            let input = case(json!({"id_type": id_type, "id_no": id_no}));
            bureau.create(&city(), CASE, input).await.map_err(codes).err().unwrap_or_default()
        }
    };
    assert_eq!(fault("resident_id", "E12345678").await, ["id_no: format"]);
    assert_eq!(fault("hk_permit", "E12345678").await, ["id_no: format"]);
    assert_eq!(fault("household_book", ID_NO).await, ["id_type: choice"]);
    assert!(fault("hk_permit", "H12345678").await.is_empty());
    assert!(fault("passport", "e12345678").await.is_empty());
}

async fn people_cannot_set_what_is_not_theirs(db: TestDatabase) {
    let bureau = bureau(db).await;
    let input = case(json!({"score": 100, "case_no": "GZ1", "status": "approved"}));
    let error = bureau.create(&city(), CASE, input).await.unwrap_err();
    assert_eq!(codes(error), ["case_no: read_only", "score: read_only", "status: transition"]);
    let record = bureau.create(&pudong(), CASE, case(json!({"origin": "窗口"}))).await.unwrap();
    let error = bureau
        .patch(&pudong(), &record, json!({"origin": "网上", "deposit": 1, "id": "x"}))
        .await
        .unwrap_err();
    assert_eq!(codes(error), ["deposit: read_only", "id: unknown", "origin: immutable"]);
    let echoed = json!({"origin": "窗口", "case_no": record.get("case_no"), "$display": "x"});
    assert!(bureau.patch(&pudong(), &record, echoed).await.is_ok());
}

async fn conditions_over_the_record_hold_on_every_save(db: TestDatabase) {
    let bureau = bureau(db).await;
    let error = bureau.create(&city(), CASE, case(json!({"area": "9.99", "rooms": 2}))).await.unwrap_err();
    assert_eq!(codes(error), ["rooms: room_size"]);
    let record = bureau.create(&city(), CASE, case(json!({"area": "9.99"}))).await.unwrap();
    let error = bureau.patch(&city(), &record, json!({"rooms": 2})).await.unwrap_err();
    assert_eq!(faults(error), [FieldError::new("rooms", "room_size", "每间不少于 5 平方米")]);
    let error = bureau.patch(&city(), &record, json!({"urgent": true})).await.unwrap_err();
    assert_eq!(codes(error), ["reason: required"]);
    assert!(bureau.patch(&city(), &record, json!({"urgent": true, "reason": "重病"})).await.is_ok());
}

async fn states_change_only_as_declared(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_case(json!({})).await;
    let error = bureau.patch(&system(), &record, json!({"status": "approved"})).await.unwrap_err();
    assert_eq!(faults(error)[0].message, "不能从“草稿”变为“通过”");
    let error = bureau.patch(&city(), &record, json!({"status": "submitted"})).await.unwrap_err();
    assert_eq!(codes(error), ["status: members_needed"]);
    let change = json!({"status": "submitted", "members": [{"name": "王五"}]});
    assert!(bureau.patch(&city(), &record, change).await.is_ok());
}

async fn references_must_exist_and_be_visible(db: TestDatabase) {
    let bureau = bureau(db).await;
    let input = object(json!({"code": "P1", "district": "310101"}));
    let project = bureau.create(&city(), "bureau.project", input).await.unwrap();
    let elsewhere = case(json!({"project": project.id, "operator": "no-such"}));
    let error = bureau.create(&pudong(), CASE, elsewhere).await.unwrap_err();
    assert_eq!(codes(error), ["operator: reference", "project: reference"]);
    let own = case(json!({"project": project.id, "district": "310101"}));
    assert!(bureau.create(&huangpu(), CASE, own).await.is_ok());
}

async fn files_must_exist_and_be_of_an_accepted_kind(db: TestDatabase) {
    let bureau = bureau(db).await;
    let store = bureau.records.store();
    let now = "2026-11-24T02:00:00Z".parse().unwrap();
    let put = |name: &'static str, kind: &'static str| async move {
        store.put_file(b"contents".to_vec(), name, kind, "tester", now).await.unwrap().id
    };
    let (picture, program) =
        (put("a.png", "image/png").await, put("a.exe", "application/octet-stream").await);
    for (file, expected) in
        [(picture.as_str(), None), (&program, Some("format")), ("missing", Some("reference"))]
    {
        let input = case(json!({"attachment": file}));
        let outcome = bureau.create(&city(), CASE, input).await;
        assert_eq!(outcome.map_err(|e| faults(e)[0].code.clone()).err().as_deref(), expected);
    }
}

async fn a_stale_version_is_refused(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_case(json!({})).await;
    let changed = bureau.patch(&city(), &record, json!({"rooms": 2})).await.unwrap();
    assert_eq!((changed.version, changed.get("rooms")), (2, &json!(2)));
    let same = bureau.patch(&city(), &changed, json!({"rooms": 2})).await.unwrap();
    assert_eq!(same.version, 2, "nothing changed");
    let error = bureau.patch(&city(), &record, json!({"rooms": 3})).await.unwrap_err();
    assert!(matches!(error, Error::Stale { current: 2 }));
    let error = bureau.delete(&city(), &record).await.unwrap_err();
    assert!(matches!(error, Error::Stale { current: 2 }));
}

async fn child_rows_are_replaced_by_id(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{"name": "甲", "id_no": OTHER_ID_NO}, {"name": "乙"}]);
    let record = bureau.create(&city(), CASE, case(json!({"members": members}))).await.unwrap();
    let first = record.rows("members")[0]["id"].clone();
    let shown = record.rows("members")[0]["id_no"].clone();
    assert_eq!(shown, "310***********1232");
    let change = json!({"members": [{"name": "丙"}, {"id": first, "name": "甲甲", "id_no": shown}]});
    let changed = bureau.patch(&city(), &record, change).await.unwrap();
    let names: Vec<_> = changed.rows("members").iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["丙", "甲甲"]);
    let clear = bureau.records.read(&system(), CASE, &record.id).await.unwrap();
    assert_eq!(clear.rows("members")[1]["id_no"], OTHER_ID_NO);
    assert_eq!(clear.rows("members")[1]["id"], first);
    let twice =
        json!({"members": [{"name": "甲", "id_no": OTHER_ID_NO}, {"name": "乙", "id_no": OTHER_ID_NO}]});
    assert_eq!(
        codes(bureau.patch(&city(), &changed, twice).await.unwrap_err()),
        ["members[1].id_no: duplicate"]
    );
    let many = json!({"members": vec![json!({"name": "丁"}); 4]});
    assert_eq!(codes(bureau.patch(&city(), &changed, many).await.unwrap_err()), ["members: length"]);
}

async fn what_is_unique_stays_unique_until_it_is_deleted(db: TestDatabase) {
    let bureau = bureau(db).await;
    let first = bureau.a_case(json!({})).await;
    let error = bureau.create(&city(), CASE, case(json!({"name": "李四"}))).await.unwrap_err();
    assert_eq!(faults(error), [FieldError::new("id_no", "duplicate", "已有相同证件号码的案件")]);
    bureau.delete(&city(), &first).await.unwrap();
    assert!(matches!(bureau.records.read(&city(), CASE, &first.id).await, Err(Error::NotFound)));
    assert!(bureau.create(&city(), CASE, case(json!({}))).await.is_ok());
}

async fn a_change_leaves_history_audit_and_event(db: TestDatabase) {
    let bureau = bureau(db).await;
    let operator = bureau.organisation("org-a").await;
    let record = bureau.create(&city(), CASE, case(json!({"members": [{"name": "甲"}]}))).await.unwrap();
    let member = record.rows("members")[0]["id"].clone();
    let change = json!({
        "phone": "13900139000", "area": "60", "urgent": true, "reason": "重病", "operator": operator, "deposit": 100_050,
        "members": [{"id": member, "name": "甲甲"}, {"name": "乙"}],
    });
    let changed = bureau.patch(&city(), &record, change).await.unwrap();
    bureau.delete(&city(), &changed).await.unwrap();
    let error = bureau.records.history(&city(), CASE, &record.id).await.unwrap_err();
    assert!(matches!(error, Error::NotFound), "a deleted record is out of sight, history and all");

    let other = bureau.create(&city(), CASE, case(json!({"members": [{"name": "甲"}]}))).await.unwrap();
    let member = other.rows("members")[0]["id"].clone();
    let change = json!({
        "phone": "13900139000", "area": "60", "urgent": true, "reason": "重病", "operator": operator, "deposit": 100_050,
        "members": [{"id": member, "name": "甲甲"}, {"name": "乙"}],
    });
    bureau.patch(&city(), &other, change).await.unwrap();
    let history = bureau.records.history(&city(), CASE, &other.id).await.unwrap();
    assert_eq!((history.len(), history[0].version, history[0].action.as_str()), (2, 2, "updated"));
    assert_eq!(history[0].actor_name, "李四");
    let shown: Vec<_> =
        history[0].changes.iter().map(|c| (c.field.as_str(), c.before.clone(), c.after.clone())).collect();
    assert_eq!(
        shown,
        [
            ("phone", json!("138****8000"), json!("139****9000")),
            ("deposit", json!(null), json!("1000.50")),
            ("area", json!(null), json!("60.00")),
            ("urgent", json!("否"), json!("是")),
            ("operator", json!(null), json!("东方公司")),
            ("reason", json!(null), json!("重病")),
            ("members[0].name", json!("甲"), json!("甲甲")),
            ("members[1].name", json!(null), json!("乙")),
        ]
    );

    let events = bureau.records.store().pending_events(100).await.unwrap();
    let topics: Vec<_> =
        events.iter().filter(|e| e.record_id == record.id).map(|e| e.topic.as_str()).collect();
    assert_eq!(topics, ["record.created", "record.updated", "record.deleted"]);
    assert!(events.iter().all(|event| !event.payload.to_string().contains("13900139000")));
    let audit =
        Select::from("sys_audit").column("event", ColumnKind::Text).column("record_id", ColumnKind::Text);
    let rows = bureau.records.store().reader().fetch_all(&audit).await.unwrap();
    let audited = rows.iter().filter(|row| row.text(1).unwrap() == record.id).count();
    assert_eq!(audited, 3);
    let mut tx = bureau.records.store().begin().await.unwrap();
    assert!(tx.delete("sys_audit", anju_store::Condition::True).await.is_err(), "the log only grows");
}

async fn nothing_is_left_of_a_refused_change(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mut tx = bureau.records.store().begin().await.unwrap();
    let created = bureau.records.create(&mut tx, &city(), CASE, case(json!({})), None).await.unwrap();
    drop(tx);
    assert!(matches!(bureau.records.read(&city(), CASE, &created.id).await, Err(Error::NotFound)));
    assert!(
        !bureau.records.store().pending_events(100).await.unwrap().iter().any(|e| e.record_id == created.id)
    );
    let again = bureau.create(&city(), CASE, case(json!({}))).await.unwrap();
    assert_eq!(again.text("case_no"), Some("GZ31011520260001"), "the number was not used up");
}

struct Counting;

#[async_trait]
impl Hook for Counting {
    async fn before_save(&self, _tx: &mut Tx, context: &HookContext<'_>) -> anju_records::Result<Object> {
        let members = context.record["members"].as_array().map_or(0, Vec::len);
        Ok(object(json!({ "score": members })))
    }

    async fn validate(
        &self,
        _tx: &mut Tx,
        context: &HookContext<'_>,
    ) -> anju_records::Result<Vec<FieldError>> {
        let forbidden = context.change == Change::Deleted && context.record["score"] != 0;
        Ok(if forbidden {
            vec![FieldError::new("members", "in_use", "还有家庭成员")]
        } else {
            Vec::new()
        })
    }

    async fn after_save(&self, tx: &mut Tx, context: &HookContext<'_>) -> anju_records::Result<()> {
        if context.change == Change::Created {
            let input =
                object(json!({ "account": context.actor.account_id, "text": context.record["name"] }));
            context.records.create(tx, &system(), "bureau.reminder", input, None).await?;
        }
        Ok(())
    }
}

async fn hooks_compute_check_and_follow(db: TestDatabase) {
    let bureau = bureau_with(db, Hooks::default().on(CASE, Arc::new(Counting))).await;
    let record = bureau.create(&city(), CASE, case(json!({"members": [{"name": "甲"}]}))).await.unwrap();
    assert_eq!(record.get("score"), &json!(1));
    let changed = bureau.patch(&city(), &record, json!({"rooms": 2})).await.unwrap();
    assert_eq!(changed.get("score"), &json!(1), "rows that the change does not name are there too");
    assert_eq!(codes(bureau.delete(&city(), &changed).await.unwrap_err()), ["members: in_use"]);
    let emptied = bureau.patch(&city(), &changed, json!({"members": []})).await.unwrap();
    assert_eq!(emptied.get("score"), &json!(0));
    assert!(bureau.delete(&city(), &emptied).await.is_ok());
    let own = bureau.records.query(&city(), "bureau.reminder", &query(json!({}))).await.unwrap();
    assert_eq!(own.items[0].text("text"), Some("张三"));
}

async fn the_platform_may_set_everything(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_case(json!({"score": 7, "case_no": "旧编号1", "status": "approved"})).await;
    assert_eq!(record.text("case_no"), Some("旧编号1"));
    assert_eq!(record.text("status"), Some("approved"));
}

async fn inputs_of_actions_are_checked_like_records(db: TestDatabase) {
    let bureau = bureau(db).await;
    let elsewhere = bureau.a_case(json!({"district": "310101"})).await;
    let fields = serde_json::from_value(json!({
        "reason": {"title": "原因", "type": "text", "required": true, "length_min": 2},
        "amount": {"title": "金额", "type": "decimal", "scale": 1},
        "on": {"title": "日期", "type": "date", "default": "=today"},
        "other": {"title": "关联案件", "type": "ref", "to": "bureau.case"},
    }))
    .unwrap();
    let records = &bureau.records;
    let mut tx = records.store().begin().await.unwrap();
    let good = object(json!({"reason": "搬迁", "amount": 2}));
    let checked = records.check_fields(&mut tx, &pudong(), &fields, good).await.unwrap();
    assert_eq!(checked, object(json!({"reason": "搬迁", "amount": "2.0", "on": "2026-11-24"})));
    let bad = object(json!({"amount": "0.55", "other": elsewhere.id, "more": 1}));
    let error = records.check_fields(&mut tx, &pudong(), &fields, bad).await.unwrap_err();
    assert_eq!(codes(error), ["amount: format", "more: unknown", "other: reference", "reason: required"]);
}
