//! Deletion with what refers to a record, and the way back.

use std::sync::{Arc, Mutex};

use anju_records::{Actor, Change, Error, FieldError, Hook, HookContext, Hooks, Record};
use anju_store::{ColumnKind, Dialect, Fetch, Select, Tx, on_both_databases, testing::TestDatabase};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::estate::*;
use crate::fixture::{codes, object, query, system};

on_both_databases!(
    what_is_referred_to_stays_and_says_by_whom,
    a_refusal_names_only_what_the_actor_may_see,
    what_refers_by_cascade_goes_along_and_comes_back,
    a_reference_below_keeps_everything,
    what_is_kept_goes_on_naming_the_deleted,
    a_row_that_is_referred_to_cannot_be_left_out,
    the_recycle_bin_shows_what_its_viewer_may_delete,
    only_what_is_in_order_comes_back,
    a_row_comes_back_while_there_is_room,
    a_restoration_leaves_its_trail_and_asks_hooks,
    deletion_and_a_new_reference_exclude_each_other,
);

fn message(error: Error) -> String {
    match error {
        Error::Conflict { code, message } if code == "referenced" => message,
        other => panic!("not a refusal: {other:?}"),
    }
}

async fn contract(estate: &Estate, no: &str, with: Value) -> Record {
    let mut input = object(with);
    input.insert("no".to_owned(), json!(no));
    estate.add("estate.contract", Value::Object(input)).await
}

async fn what_is_referred_to_stays_and_says_by_whom(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    let unit = estate.unit(&building, "A", json!({})).await;
    let first = contract(&estate, "HT-1", json!({ "unit": unit.id })).await;
    let refused = estate.delete(&city(), UNIT, &unit.id).await.unwrap_err();
    assert_eq!(message(refused), "不能删除此房源：被 1 条合同的“房源”引用（HT-1）。请先处理这些记录");
    for no in ["HT-2", "HT-3", "HT-4"] {
        contract(&estate, no, json!({ "unit": unit.id })).await;
    }
    let refused = message(estate.delete(&city(), UNIT, &unit.id).await.unwrap_err());
    assert!(refused.contains("被 4 条合同的“房源”引用（HT-") && refused.contains(" 等）"), "{refused}");
    assert!(estate.is_there(UNIT, &unit.id).await);
    for no in ["HT-2", "HT-3", "HT-4"] {
        let request = query(json!({ "where": { "field": "no", "op": "eq", "value": no } }));
        let page = estate.records.query(&city(), "estate.contract", &request).await.unwrap();
        estate.delete(&city(), "estate.contract", &page.items[0].id).await.unwrap();
    }
    estate.delete(&city(), "estate.contract", &first.id).await.unwrap();
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    assert!(!estate.is_there(UNIT, &unit.id).await);
}

async fn a_refusal_names_only_what_the_actor_may_see(db: TestDatabase) {
    let estate = estate(db).await;
    let (east, west) = (estate.building("310115", "东").await, estate.building("310101", "西").await);
    let tenant = estate.add("estate.person", json!({ "name": "周全" })).await;
    let west_unit = estate.unit(&west, "W", json!({})).await;
    contract(&estate, "HT-W", json!({ "unit": west_unit.id, "tenant": tenant.id })).await;
    let refused = message(estate.delete(&pudong(), "estate.person", &tenant.id).await.unwrap_err());
    assert_eq!(refused, "不能删除此人员：人员被您无权查看的合同引用。请先处理这些记录");
    let east_unit = estate.unit(&east, "E", json!({})).await;
    contract(&estate, "HT-E", json!({ "unit": east_unit.id, "tenant": tenant.id })).await;
    let refused = message(estate.delete(&pudong(), "estate.person", &tenant.id).await.unwrap_err());
    assert!(refused.contains("被 1 条合同的“承租人”引用（HT-E），另有您无权查看的"), "{refused}");
    assert!(!refused.contains("HT-W"));
    // visits are beyond the rights of districts altogether
    estate.add("estate.visit", json!({ "unit": east_unit.id, "note": "看房", "guide": tenant.id })).await;
    let refused = message(estate.delete(&pudong(), "estate.person", &tenant.id).await.unwrap_err());
    assert!(refused.contains("；人员被您无权查看的看房记录引用"), "{refused}");
}

/// A building with units A (rooms, a visit) and B; a third unit deleted before.
async fn full_building(estate: &Estate) -> (Record, Vec<(&'static str, String)>, String) {
    let building = estate.building("310115", "东").await;
    let a = estate.unit(&building, "A", json!({ "rooms": [{ "use": "卧室" }, { "use": "客厅" }] })).await;
    let b = estate.unit(&building, "B", json!({})).await;
    let earlier = estate.unit(&building, "Z", json!({})).await;
    estate.delete(&city(), UNIT, &earlier.id).await.unwrap();
    let visit = estate.add("estate.visit", json!({ "unit": a.id, "note": "看房" })).await;
    let mut all = vec![(UNIT, a.id.clone()), (UNIT, b.id), ("estate.visit", visit.id)];
    all.extend(a.rows("rooms").iter().map(|room| ("estate.room", room["id"].as_str().unwrap().to_owned())));
    (building, all, earlier.id)
}

async fn what_refers_by_cascade_goes_along_and_comes_back(db: TestDatabase) {
    let estate = estate(db).await;
    let (building, all, earlier) = full_building(&estate).await;
    estate.delete(&city(), "estate.building", &building.id).await.unwrap();
    for (entity, id) in &all {
        assert!(!estate.is_there(entity, id).await, "{entity}");
    }
    let (_, a) = &all[0];
    let alone = estate.restore(&city(), UNIT, a).await.unwrap_err();
    assert!(matches!(&alone, Error::Conflict { code, .. } if code == "deleted_with_another"), "{alone:?}");
    estate.clock.set("2026-11-25T02:00:00Z".parse().unwrap());
    let restored = estate.restore(&city(), "estate.building", &building.id).await.unwrap();
    assert_eq!(restored.version, building.version + 2);
    assert_eq!(restored.get("updated_at"), "2026-11-25T10:00:00+08:00");
    for (entity, id) in &all {
        assert!(estate.is_there(entity, id).await, "{entity}");
    }
    assert!(!estate.is_there(UNIT, &earlier).await, "what was deleted before stays deleted");
    let unit = estate.records.read(&city(), UNIT, a).await.unwrap();
    let uses: Vec<_> = unit.rows("rooms").iter().map(|room| room["use"].clone()).collect();
    assert_eq!(uses, ["卧室", "客厅"], "in their order");
    let history = estate.records.history(&city(), UNIT, a).await.unwrap();
    let told: Vec<_> = history.iter().map(|entry| (entry.action.as_str(), entry.why.as_deref())).collect();
    assert_eq!(told[0], ("restored", Some("误删")));
    assert_eq!(told[1].0, "deleted");
    assert!(told[1].1.unwrap().starts_with("随楼栋"), "{told:?}");
}

async fn a_reference_below_keeps_everything(db: TestDatabase) {
    let estate = estate(db).await;
    let (building, all, _) = full_building(&estate).await;
    let (unit, room) = (&all[0].1, &all[3].1);
    let on_unit = contract(&estate, "HT-1", json!({ "unit": unit })).await;
    let refused = message(estate.delete(&city(), "estate.building", &building.id).await.unwrap_err());
    assert!(refused.starts_with("不能删除此楼栋：被 1 条合同的“房源”引用（HT-1）"), "{refused}");
    estate
        .patch(&city(), "estate.contract", &on_unit.id, json!({ "unit": all[1].1, "room": room }))
        .await
        .unwrap();
    let refused = message(estate.delete(&city(), UNIT, unit).await.unwrap_err());
    assert!(refused.contains("被 1 条合同的“房间”引用"), "{refused}");
    for (entity, id) in &all {
        assert!(estate.is_there(entity, id).await, "{entity}");
    }
}

async fn what_is_kept_goes_on_naming_the_deleted(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    let keeper = estate.add("estate.person", json!({ "name": "周全" })).await;
    let unit = estate.unit(&building, "A", json!({ "keeper": keeper.id })).await;
    estate.delete(&city(), "estate.person", &keeper.id).await.unwrap();
    let read = estate.records.read(&city(), UNIT, &unit.id).await.unwrap();
    assert_eq!(read.get("$refs")["keeper"], "周全");
    assert!(estate.patch(&city(), UNIT, &unit.id, json!({ "floor": 2 })).await.is_ok());
    let named_anew = estate
        .create(&city(), UNIT, json!({ "code": "B", "building": building.id, "keeper": keeper.id }))
        .await;
    assert_eq!(codes(named_anew.unwrap_err()), ["keeper: reference"]);
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    assert!(estate.restore(&city(), UNIT, &unit.id).await.is_ok(), "the keeper need not be there");
}

async fn a_row_that_is_referred_to_cannot_be_left_out(db: TestDatabase) {
    let estate = estate(db).await;
    let (_, all, _) = full_building(&estate).await;
    let (unit, room) = (&all[0].1, &all[3].1);
    contract(&estate, "HT-1", json!({ "unit": all[1].1, "room": room })).await;
    let refused = estate.patch(&city(), UNIT, unit, json!({ "rooms": [] })).await.unwrap_err();
    assert!(message(refused).contains("被 1 条合同的“房间”引用（HT-1）"));
    let kept = json!({ "rooms": [{ "id": room, "use": "书房" }] });
    assert!(estate.patch(&city(), UNIT, unit, kept).await.is_ok(), "the other one may go");
}

async fn the_recycle_bin_shows_what_its_viewer_may_delete(db: TestDatabase) {
    let estate = estate(db).await;
    let (east, west) = (estate.building("310115", "东").await, estate.building("310101", "西").await);
    let mut ids = Vec::new();
    for (building, code, address) in
        [(&east, "A", "张杨路1号"), (&east, "B", "浦东大道2号"), (&west, "C", "人民路3号"), (&east, "D", "")]
    {
        ids.push(
            estate.unit(building, code, json!({ "address": address, "rooms": [{ "use": "卧室" }] })).await.id,
        );
    }
    for (hour, id) in (3..).zip(&ids[..3]) {
        estate.clock.set(format!("2026-11-24T0{hour}:00:00Z").parse().unwrap());
        estate.delete(&city(), UNIT, id).await.unwrap();
    }
    let bin = async |actor: &Actor, request: Value| -> Result<Vec<String>, Error> {
        let page = estate.records.deleted(actor, UNIT, &query(request)).await?;
        Ok(page.items.iter().map(|unit| unit.text("code").unwrap().to_owned()).collect())
    };
    assert_eq!(bin(&city(), json!({})).await.unwrap(), ["C", "B", "A"], "the last deleted first");
    assert_eq!(bin(&pudong(), json!({ "count": true })).await.unwrap(), ["B", "A"]);
    assert_eq!(bin(&city(), json!({ "search": "张杨" })).await.unwrap(), ["A"]);
    assert_eq!(
        bin(&city(), json!({ "where": { "field": "code", "op": "in", "value": ["A", "D"] } })).await.unwrap(),
        ["A"]
    );
    let first =
        estate.records.deleted(&city(), UNIT, &query(json!({ "page": { "size": 2 } }))).await.unwrap();
    let next = json!({ "page": { "size": 2, "after": first.next } });
    assert_eq!(bin(&city(), next).await.unwrap(), ["A"]);
    assert_eq!(first.items[0].get("updated_by"), city().account_id.as_str());
    assert!(matches!(bin(&holding("reader"), json!({})).await, Err(Error::Forbidden { .. })));
    assert_eq!(estate.codes(&city(), json!({ "search": "浦东大道" })).await, [""; 0], "not in lists");
    // rows that went along are not listed on their own
    let rooms = estate.records.deleted(&city(), "estate.room", &query(json!({}))).await.unwrap();
    assert!(rooms.items.is_empty());
    assert!(matches!(estate.restore(&pudong(), UNIT, &ids[2]).await, Err(Error::NotFound)));
    assert!(matches!(estate.restore(&holding("reader"), UNIT, &ids[0]).await, Err(Error::Forbidden { .. })));
    assert!(estate.restore(&pudong(), UNIT, &ids[0]).await.is_ok());
}

async fn only_what_is_in_order_comes_back(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    let unit = estate.unit(&building, "A", json!({})).await;
    assert!(matches!(estate.restore(&city(), UNIT, &unit.id).await, Err(Error::NotFound)), "not deleted");
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    let twin = estate.unit(&building, "A", json!({})).await;
    let refused = estate.restore(&city(), UNIT, &unit.id).await.unwrap_err();
    assert_eq!(codes(refused), ["code: duplicate"]);
    estate.delete(&city(), UNIT, &twin.id).await.unwrap();
    // the building goes without the unit, which was gone before
    estate.delete(&city(), "estate.building", &building.id).await.unwrap();
    let refused = estate.restore(&city(), UNIT, &unit.id).await.unwrap_err();
    match &refused {
        Error::Invalid(faults) => {
            assert_eq!((faults[0].field.as_str(), faults[0].code.as_str()), ("building", "reference"));
            assert_eq!(faults[0].message, "房源“A”所引用的楼栋已被删除，请先恢复该楼栋");
        }
        other => panic!("{other:?}"),
    }
    estate.restore(&city(), "estate.building", &building.id).await.unwrap();
    assert!(estate.restore(&city(), UNIT, &unit.id).await.is_ok());
    assert!(matches!(estate.restore(&city(), UNIT, &unit.id).await, Err(Error::NotFound)), "only once");
}

async fn a_row_comes_back_while_there_is_room(db: TestDatabase) {
    let estate = estate(db).await;
    let building = estate.building("310115", "东").await;
    let rooms = json!([{ "use": "一" }, { "use": "二" }, { "use": "三" }]);
    let unit = estate.unit(&building, "A", json!({ "rooms": rooms })).await;
    let keep: Vec<Value> = unit.rows("rooms")[..2].iter().map(|room| json!({ "id": room["id"] })).collect();
    let left_out = unit.rows("rooms")[2]["id"].as_str().unwrap();
    estate
        .patch(&city(), UNIT, &unit.id, json!({ "rooms": [keep[0], keep[1], { "use": "四" }] }))
        .await
        .unwrap();
    let refused = estate.restore(&city(), "estate.room", left_out).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Conflict { code, message } if code == "length" && message.contains("最多 3 行")),
        "{refused:?}"
    );
    estate.patch(&city(), UNIT, &unit.id, json!({ "rooms": keep })).await.unwrap();
    estate.restore(&city(), "estate.room", left_out).await.unwrap();
    let uses = estate.records.read(&city(), UNIT, &unit.id).await.unwrap();
    assert_eq!(uses.rows("rooms").len(), 3);
    // a deleted record takes along the rows it has then, and no others
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    estate.restore(&city(), UNIT, &unit.id).await.unwrap();
    assert_eq!(estate.records.read(&city(), UNIT, &unit.id).await.unwrap().rows("rooms").len(), 3);
}

/// Notes every change it is told, and forbids restoring a unit whose floor is 13.
struct Watcher(Mutex<Vec<(Change, usize)>>);

#[async_trait]
impl Hook for Watcher {
    async fn validate(&self, _tx: &mut Tx, context: &HookContext<'_>) -> Result<Vec<FieldError>, Error> {
        let unlucky = context.change == Change::Restored && context.record["floor"] == 13;
        Ok(if unlucky { vec![FieldError::new("floor", "unlucky", "13 层不能恢复")] } else { Vec::new() })
    }

    async fn after_save(&self, _tx: &mut Tx, context: &HookContext<'_>) -> Result<(), Error> {
        let rooms = context.record["rooms"].as_array().map_or(0, Vec::len);
        self.0.lock().unwrap().push((context.change, rooms));
        Ok(())
    }
}

async fn a_restoration_leaves_its_trail_and_asks_hooks(db: TestDatabase) {
    let watcher = Arc::new(Watcher(Mutex::default()));
    let estate = estate_with(db, Hooks::default().on(UNIT, watcher.clone())).await;
    let building = estate.building("310115", "东").await;
    let unit = estate.unit(&building, "A", json!({ "floor": 13, "rooms": [{ "use": "卧室" }] })).await;
    estate.delete(&city(), UNIT, &unit.id).await.unwrap();
    assert_eq!(codes(estate.restore(&city(), UNIT, &unit.id).await.unwrap_err()), ["floor: unlucky"]);
    assert!(!estate.is_there(UNIT, &unit.id).await);
    let other = estate.unit(&building, "B", json!({ "rooms": [{ "use": "卧室" }] })).await;
    estate.delete(&city(), UNIT, &other.id).await.unwrap();
    estate.restore(&city(), UNIT, &other.id).await.unwrap();
    let told = watcher.0.lock().unwrap().clone();
    assert_eq!(told[2..], [(Change::Created, 1), (Change::Deleted, 0), (Change::Restored, 1)]);
    let history = estate.records.history(&city(), UNIT, &other.id).await.unwrap();
    assert_eq!((history[0].action.as_str(), history[0].version), ("restored", 3));
    let mut reader = estate.records.store().reader();
    let audit =
        Select::from("sys_audit").column("event", ColumnKind::Text).column("record_id", ColumnKind::Text);
    let audited = reader.fetch_all(&audit).await.unwrap();
    let restored = |row: &&anju_store::Row| {
        row.text(0).unwrap() == "record.restored" && row.text(1).unwrap() == other.id
    };
    assert_eq!(audited.iter().filter(restored).count(), 1);
    let events = estate.records.store().pending_events(100).await.unwrap();
    assert!(events.iter().any(|event| event.topic == "record.restored" && event.record_id == other.id));
}

/// Whichever comes first wins; the other is told. SQLite has one transaction at a time anyway.
async fn deletion_and_a_new_reference_exclude_each_other(db: TestDatabase) {
    let estate = Arc::new(estate(db).await);
    if estate.records.store().dialect() == Dialect::Sqlite {
        return;
    }
    let building = estate.building("310115", "东").await;
    let (a, b) = (estate.unit(&building, "A", json!({})).await, estate.unit(&building, "B", json!({})).await);
    let input = |unit: &Record| object(json!({ "no": "HT", "unit": unit.id }));
    // the reference first: the deletion waits for it and is refused
    let mut tx = estate.records.store().begin().await.unwrap();
    estate.records.create(&mut tx, &system(), "estate.contract", input(&a), None).await.unwrap();
    let deletion = {
        let (estate, id) = (estate.clone(), a.id.clone());
        tokio::spawn(async move { estate.delete(&city(), UNIT, &id).await })
    };
    while waiting(&estate).await == 0 {
        tokio::task::yield_now().await;
    }
    tx.commit().await.unwrap();
    message(deletion.await.unwrap().unwrap_err());
    // the deletion first: the reference waits for it and is refused
    let mut tx = estate.records.store().begin().await.unwrap();
    estate.records.delete(&mut tx, &city(), UNIT, &b.id, None, None).await.unwrap();
    let reference = {
        let (estate, input) = (estate.clone(), input(&b));
        tokio::spawn(async move { estate.create(&system(), "estate.contract", Value::Object(input)).await })
    };
    while waiting(&estate).await == 0 {
        tokio::task::yield_now().await;
    }
    tx.commit().await.unwrap();
    assert_eq!(codes(reference.await.unwrap().unwrap_err()), ["unit: reference"]);
}

/// How many transactions wait for another.
async fn waiting(estate: &Estate) -> u64 {
    let locks = Select::from("pg_locks").filter(anju_store::Condition::eq("pg_locks", "granted", false));
    estate.records.store().reader().count(&locks, None).await.unwrap()
}
