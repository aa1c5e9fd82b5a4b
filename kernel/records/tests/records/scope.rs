//! S-01: records of one place cannot be reached from another, by any door.

use anju_definitions::Level;
use anju_records::{Actor, AggregateQuery, Error, Record};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    s01_every_door_is_closed_to_other_places,
    s01_nobody_puts_a_record_where_they_may_not_reach,
    s01_a_filter_of_a_role_closes_rows,
    s02_a_list_of_fields_closes_fields,
    browsing_needs_a_look_up_where_the_role_says_so,
    the_public_sees_what_a_filter_opens,
    personal_data_is_its_owners,
    without_a_role_nothing_is_there,
);

/// Who reaches the case of Pudong, 潍坊新村, operator A; who does not.
async fn actors(bureau: &Bureau) -> (Vec<Actor>, Vec<Actor>) {
    let (a, b) = (bureau.organisation("org-a").await, bureau.organisation("org-b").await);
    let inside = vec![
        city(),
        pudong(),
        person("subdistrict_clerk", Level::Subdistrict, "310115004"),
        person("operator_clerk", Level::Operator, &a),
    ];
    let mut nowhere = city();
    nowhere.post = None;
    let outside = vec![
        huangpu(),
        person("subdistrict_clerk", Level::Subdistrict, "310115005"),
        person("operator_clerk", Level::Operator, &b),
        nowhere,
        Actor::public(None),
    ];
    (inside, outside)
}

async fn the_case(bureau: &Bureau) -> Record {
    let operator = bureau.organisation("org-a").await;
    let with = json!({"subdistrict": "310115004", "operator": operator, "members": [{"name": "甲"}]});
    bureau.a_case(with).await
}

async fn s01_every_door_is_closed_to_other_places(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = the_case(&bureau).await;
    let member = record.rows("members")[0]["id"].as_str().unwrap().to_owned();
    let (inside, outside) = actors(&bureau).await;
    let count: AggregateQuery = serde_json::from_value(json!({})).unwrap();
    let total =
        |rows: Vec<anju_records::Object>| rows.first().and_then(|row| row["count"].as_i64()).unwrap_or(0);
    for actor in &inside {
        let name = &actor.account_id;
        assert!(bureau.records.read(actor, CASE, &record.id).await.is_ok(), "{name}");
        assert!(bureau.records.read(actor, "bureau.member", &member).await.is_ok(), "{name}");
        assert!(bureau.records.history(actor, CASE, &record.id).await.is_ok(), "{name}");
        assert_eq!(bureau.list(actor, json!({})).await.unwrap().items.len(), 1, "{name}");
        assert_eq!(total(bureau.records.aggregate(actor, CASE, &count).await.unwrap().rows), 1, "{name}");
    }
    for actor in &outside {
        let name = &actor.account_id;
        let records = &bureau.records;
        let closed = |error: Error| matches!(error, Error::NotFound | Error::Forbidden { .. });
        assert!(closed(records.read(actor, CASE, &record.id).await.unwrap_err()), "{name}");
        assert!(closed(records.read(actor, "bureau.member", &member).await.unwrap_err()), "{name}");
        assert!(closed(records.history(actor, CASE, &record.id).await.unwrap_err()), "{name}");
        assert!(closed(bureau.patch(actor, &record, json!({"rooms": 1})).await.unwrap_err()), "{name}");
        assert!(closed(bureau.delete(actor, &record).await.unwrap_err()), "{name}");
        let mut tx = records.store().begin().await.unwrap();
        let revealed = records.reveal(&mut tx, actor, CASE, &record.id, "id_no", "看看").await.unwrap_err();
        // For whoever may not see the field at all, there is no such field.
        assert!(closed(revealed) || *actor == Actor::public(None), "{name}");
        drop(tx);
        let page = bureau.list(actor, json!({"count": true})).await;
        assert!(
            page.is_err() || page.is_ok_and(|page| page.items.is_empty() && page.total == Some(0)),
            "{name}"
        );
        let members = records.query(actor, "bureau.member", &query(json!({}))).await;
        assert!(members.is_err() || members.is_ok_and(|page| page.items.is_empty()), "{name}");
        let rows = records.aggregate(actor, CASE, &count).await;
        assert!(rows.is_err() || rows.is_ok_and(|result| total(result.rows) == 0), "{name}");
    }
    let after = bureau.records.read(&system(), CASE, &record.id).await.unwrap();
    assert_eq!(after.version, 1, "nothing came through");
}

async fn s01_nobody_puts_a_record_where_they_may_not_reach(db: TestDatabase) {
    let bureau = bureau(db).await;
    let error = bureau.create(&huangpu(), CASE, case(json!({}))).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }));
    let mut own = case(json!({}));
    own.remove("district");
    let record = bureau.create(&huangpu(), CASE, own).await.unwrap();
    assert_eq!(record.text("district"), Some("310101"), "left empty, it is the actor's own");
    let error = bureau.patch(&huangpu(), &record, json!({"district": "310115"})).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }));
    let stolen = the_case_of_pudong(&bureau).await;
    let change = json!({"members": [{"id": stolen.rows("members")[0]["id"], "name": "偷"}]});
    assert_eq!(
        codes(bureau.patch(&huangpu(), &record, change).await.unwrap_err()),
        ["members[0].id: unknown"]
    );
    let moved = object(json!({"name": "偷", "case": stolen.id}));
    assert!(bureau.create(&huangpu(), "bureau.member", moved).await.is_err());
}

async fn the_case_of_pudong(bureau: &Bureau) -> Record {
    bureau.a_case(json!({"id_no": OTHER_ID_NO, "members": [{"name": "甲"}]})).await
}

async fn s01_a_filter_of_a_role_closes_rows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let clerk = person("subdistrict_clerk", Level::Subdistrict, "310115004");
    let open = bureau.create(&clerk, CASE, case(json!({}))).await.unwrap();
    assert_eq!(open.text("subdistrict"), Some("310115004"));
    let closed =
        bureau.a_case(json!({"id_no": OTHER_ID_NO, "subdistrict": "310115004", "status": "approved"})).await;
    assert!(matches!(bureau.records.read(&clerk, CASE, &closed.id).await, Err(Error::NotFound)));
    assert!(matches!(bureau.patch(&clerk, &closed, json!({"rooms": 1})).await, Err(Error::NotFound)));
    assert_eq!(bureau.list(&clerk, json!({})).await.unwrap().items.len(), 1);
    assert!(bureau.patch(&clerk, &open, json!({"rooms": 1})).await.is_ok());
}

async fn s02_a_list_of_fields_closes_fields(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = the_case(&bureau).await;
    let viewer = person("viewer", Level::City, "31");
    let seen = bureau.records.read(&viewer, CASE, &record.id).await.unwrap();
    let fields: Vec<_> = seen.values.keys().filter(|key| !key.starts_with('$')).map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "id",
            "version",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "case_no",
            "status",
            "name",
            "district",
            "project"
        ]
    );
    assert!(seen.get("$refs").is_null() && seen.rows("members").is_empty());
    let history = bureau.records.history(&viewer, CASE, &record.id).await.unwrap();
    assert!(history[0].changes.iter().all(|change| fields.contains(&change.field.as_str())));
    assert!(matches!(
        bureau.patch(&viewer, &record, json!({"name": "王五"})).await,
        Err(Error::Forbidden { .. })
    ));
}

async fn browsing_needs_a_look_up_where_the_role_says_so(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = the_case(&bureau).await;
    let window = person("window", Level::City, "31");
    let test =
        |field: &str, op: &str, value: Value| json!({"where": {"field": field, "op": op, "value": value}});
    for request in [json!({}), test("name", "eq", json!("张三")), test("id_no", "in", json!([ID_NO]))] {
        let error = bureau.list(&window, request).await.unwrap_err();
        assert!(
            matches!(&error, Error::TooMuch { message } if message == "请按证件号码或编号查询"),
            "{error}"
        );
    }
    let either = json!({"where": {"or": [test("id_no", "eq", json!(ID_NO))["where"], test("name", "ne", json!("x"))["where"]]}});
    assert!(matches!(bureau.list(&window, either).await, Err(Error::TooMuch { .. })));
    let found = bureau.list(&window, test("id_no", "eq", json!(ID_NO))).await.unwrap();
    assert_eq!(found.items[0].id, record.id);
    assert!(bureau.records.read(&window, CASE, &record.id).await.is_ok());
}

async fn the_public_sees_what_a_filter_opens(db: TestDatabase) {
    let bureau = bureau(db).await;
    the_case(&bureau).await;
    let shown = bureau.a_case(json!({"id_no": OTHER_ID_NO, "status": "approved", "name": "王五"})).await;
    let public = Actor::public(Some("203.0.113.9"));
    let page = bureau.list(&public, json!({"count": true})).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, Some(1)));
    assert_eq!(page.items[0].id, shown.id);
    assert!(page.items[0].get("district").is_null() && page.items[0].text("name") == Some("王五"));
    assert_eq!(page.items[0].display(), "王五 ", "the name of a record tells no hidden field");
    assert!(bureau.create(&public, CASE, case(json!({}))).await.is_err());
    let shared = bureau.records.query(&public, "bureau.organisation", &query(json!({}))).await;
    assert!(matches!(shared, Err(Error::Forbidden { .. })));
}

async fn personal_data_is_its_owners(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mine = bureau.create(&city(), "bureau.reminder", object(json!({"text": "明天"}))).await.unwrap();
    assert_eq!(mine.text("account"), Some(city().account_id.as_str()));
    let mut colleague = city();
    colleague.account_id = "another".to_owned();
    assert!(matches!(
        bureau.records.read(&colleague, "bureau.reminder", &mine.id).await,
        Err(Error::NotFound)
    ));
    assert!(bureau.records.read(&city(), "bureau.reminder", &mine.id).await.is_ok());
}

async fn without_a_role_nothing_is_there(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = the_case(&bureau).await;
    let mut nobody = city();
    nobody.roles = vec!["bureau.no_such_role".to_owned()];
    assert!(matches!(bureau.records.read(&nobody, CASE, &record.id).await, Err(Error::Forbidden { .. })));
    assert!(matches!(bureau.list(&nobody, json!({})).await, Err(Error::Forbidden { .. })));
    assert!(matches!(bureau.records.read(&city(), "bureau.nothing", &record.id).await, Err(Error::NotFound)));
}
