use anju_records::{AggregateQuery, Error};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    filters_find_what_they_say,
    absent_values_are_on_the_side_people_expect,
    paths_follow_references,
    what_may_not_be_named_is_an_error_at_its_name,
    pages_follow_one_another_without_gap_or_repeat,
    counts_are_exact_up_to_the_limit,
    a_list_shows_what_is_asked_for,
    figures_add_up,
    actions_are_offered_when_they_may_be_done,
    limits_of_a_query_are_told,
);

/// Five cases: names 一 to 五.
async fn five(bureau: &Bureau) {
    let operator = bureau.organisation("org-a").await;
    let project = bureau
        .create(
            &system(),
            "bureau.project",
            object(json!({"code": "P1", "district": "310115", "operator": operator})),
        )
        .await
        .unwrap();
    for (index, with) in [
        json!({"name": "赵一", "area": "50", "rooms": 2, "deposit": 100, "born_on": "1990-05-01", "subdistrict": "310115004", "project": project.id}),
        json!({"name": "钱二", "area": "60.5", "rooms": 3, "deposit": 200, "born_on": "1990-06-01", "subdistrict": "310115005", "tags": ["veteran"]}),
        json!({"name": "孙三", "area": "70", "deposit": 300, "born_on": "1991-01-01", "district": "310101", "project": project.id, "applied_at": "2026-11-23T23:30:00+08:00"}),
        json!({"name": "李四", "rooms": 1, "urgent": true, "reason": "重病", "applied_at": "2026-11-24T00:00:00+08:00"}),
        json!({"name": "周五_x", "area": "80", "rooms": 4, "remark": "100% 'quoted'); --"}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut input = case(with);
        input.insert("id_type".to_owned(), json!("passport"));
        input.insert("id_no".to_owned(), json!(format!("E0000000{index}")));
        bureau.create(&system(), CASE, input).await.unwrap();
    }
}

fn by_name(filter: Value) -> Value {
    json!({ "where": filter, "sort": [{ "field": "created_at" }, { "field": "id" }] })
}

async fn filters_find_what_they_say(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    let test = |field: &str, op: &str, value: Value| json!({"field": field, "op": op, "value": value});
    for (filter, expected) in [
        (test("name", "eq", json!("赵一")), vec!["赵一"]),
        (test("name", "contains", json!("五_")), vec!["周五_x"]),
        (test("name", "contains", json!("一_")), vec![]),
        (test("remark", "contains", json!("'quoted'); --")), vec!["周五_x"]),
        (test("remark", "starts_with", json!("100%")), vec!["周五_x"]),
        (test("area", "gt", json!("60")), vec!["钱二", "孙三", "周五_x"]),
        (test("area", "between", json!([50, "60.50"])), vec!["赵一", "钱二"]),
        (test("deposit", "le", json!(200)), vec!["赵一", "钱二"]),
        (test("rooms", "in", json!([1, 4])), vec!["李四", "周五_x"]),
        (test("urgent", "eq", json!(true)), vec!["李四"]),
        (test("born_on", "ge", json!("1990-06-01")), vec!["钱二", "孙三"]),
        (test("applied_at", "ge", json!("2026-11-24")), vec!["李四"]),
        (test("applied_at", "le", json!("2026-11-23")), vec!["孙三"]),
        (test("tags", "contains", json!("veteran")), vec!["钱二"]),
        (test("subdistrict", "under", json!("310115")), vec!["赵一", "钱二"]),
        (test("district", "under", json!("310101")), vec!["孙三"]),
        (
            json!({"and": [test("rooms", "ge", json!(2)), {"or": [test("name", "eq", json!("赵一")), test("area", "eq", json!(80))]}]}),
            vec!["赵一", "周五_x"],
        ),
        (
            json!({"not": {"or": [test("rooms", "ge", json!(2)), test("urgent", "eq", json!(true))]}}),
            vec!["孙三"],
        ),
    ] {
        assert_eq!(bureau.names(&city(), by_name(filter.clone())).await, expected, "{filter}");
    }
}

async fn absent_values_are_on_the_side_people_expect(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    for (filter, expected) in [
        (json!({"field": "rooms", "op": "ne", "value": 2}), 4),
        (json!({"field": "rooms", "op": "not_in", "value": [2, 3]}), 3),
        (json!({"field": "rooms", "op": "is_null"}), 1),
        (json!({"field": "rooms", "op": "not_null"}), 4),
        (json!({"not": {"field": "rooms", "op": "eq", "value": 2}}), 4),
        (json!({"not": {"field": "rooms", "op": "ne", "value": 2}}), 1),
        (json!({"not": {"field": "rooms", "op": "gt", "value": 2}}), 3),
        (json!({"not": {"field": "rooms", "op": "is_null"}}), 4),
    ] {
        let names = bureau.names(&city(), by_name(filter.clone())).await;
        assert_eq!(names.len(), expected, "{filter}: {names:?}");
    }
}

async fn paths_follow_references(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    let filter = json!({"field": "project.operator.title", "op": "eq", "value": "东方公司"});
    assert_eq!(bureau.names(&city(), by_name(filter)).await, ["赵一", "孙三"]);
    let page = bureau
        .list(&city(), json!({"select": ["name", "project.code", "project.operator"], "sort": [{"field": "project.code"}, {"field": "name"}], "page": {"size": 1}}))
        .await
        .unwrap();
    let item = &page.items[0];
    assert_eq!(item.get("project.code"), "P1");
    assert_eq!(item.get("$refs"), &json!({"project.operator": "东方公司"}));
    assert_eq!(item.get("area"), &Value::Null);
    assert!(!item.values.contains_key("area"));
}

async fn what_may_not_be_named_is_an_error_at_its_name(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    let viewer = person("viewer", anju_definitions::Level::City, "31");
    for field in ["nothing", "area", "name.length", "project.code", "id_no", "name'; --", "members.name"] {
        let test = json!({"field": field, "op": "is_null"});
        for attempt in
            [json!({"where": test}), json!({"select": [field]}), json!({"sort": [{"field": field}]})]
        {
            let error = bureau.list(&viewer, attempt.clone()).await.unwrap_err();
            assert_eq!(codes(error), [format!("{field}: unknown")], "{attempt}");
        }
    }
    for (attempt, code) in [
        (json!({"where": {"field": "rooms", "op": "eq", "value": "two"}}), "rooms: type"),
        (json!({"where": {"field": "rooms", "op": "contains", "value": "2"}}), "rooms: operator"),
        (json!({"where": {"field": "born_on", "op": "eq", "value": "yesterday"}}), "born_on: format"),
        (json!({"where": {"field": "rooms", "op": "between", "value": [1]}}), "rooms: type"),
        (json!({"where": {"field": "id_no", "op": "contains", "value": "1101"}}), "id_no: operator"),
        (json!({"where": {"field": "name", "op": "under", "value": "x"}}), "name: operator"),
        (json!({"sort": [{"field": "id_no"}]}), "id_no: operator"),
        (json!({"page": {"size": 0}}), "page.size: range"),
        (json!({"page": {"size": 501}}), "page.size: range"),
        (json!({"page": {"number": 0}}), "page.number: range"),
        (json!({"page": {"after": "abc"}}), "page.after: format"),
    ] {
        assert_eq!(codes(bureau.list(&city(), attempt).await.unwrap_err()), [code]);
    }
    let strange = bureau.records.query(&city(), "bureau.case; drop", &query(json!({}))).await;
    assert!(matches!(strange, Err(Error::NotFound)));
}

async fn pages_follow_one_another_without_gap_or_repeat(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    for dir in ["asc", "desc"] {
        for field in ["rooms", "area", "name", "applied_at", "project.code", "urgent"] {
            let sort = json!([{"field": field, "dir": dir}]);
            let whole = bureau.names(&city(), json!({"sort": sort})).await;
            let mut walked = Vec::new();
            let mut after = Value::Null;
            loop {
                let page = json!({"size": 2, "after": after});
                let page = bureau.list(&city(), json!({"sort": sort, "page": page})).await.unwrap();
                walked.extend(page.items.iter().map(|item| item.text("name").unwrap().to_owned()));
                let Some(next) = page.next else { break };
                after = json!(next);
            }
            assert_eq!(walked, whole, "{field} {dir}");
            assert_eq!(walked.len(), 5);
        }
    }
    let second =
        bureau.names(&city(), json!({"sort": [{"field": "name"}], "page": {"size": 2, "number": 2}})).await;
    let all = bureau.names(&city(), json!({"sort": [{"field": "name"}]})).await;
    assert_eq!(second, all[2..4]);
    let other_order =
        bureau.list(&city(), json!({"sort": [{"field": "name"}], "page": {"size": 1}})).await.unwrap();
    let misused = json!({"sort": [{"field": "rooms"}], "page": {"after": other_order.next}});
    assert_eq!(codes(bureau.list(&city(), misused).await.unwrap_err()), ["page.after: format"]);
}

async fn counts_are_exact_up_to_the_limit(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    let page = bureau.list(&pudong(), json!({"count": true, "page": {"size": 1}})).await.unwrap();
    assert_eq!((page.total, page.at_least, page.items.len()), (Some(4), false, 1));
    let page = bureau.list(&pudong(), json!({"page": {"size": 1}})).await.unwrap();
    assert_eq!(page.total, None);
}

async fn a_list_shows_what_is_asked_for(db: TestDatabase) {
    let bureau = bureau(db).await;
    let members = json!([{"name": "甲"}, {"name": "乙"}]);
    bureau.a_case(json!({"members": members})).await;
    let page =
        bureau.list(&city(), json!({"select": ["name", "members", "district", "created_at"]})).await.unwrap();
    let item = &page.items[0];
    let keys: Vec<_> = item.values.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "version",
            "created_at",
            "created_by",
            "updated_at",
            "updated_by",
            "name",
            "district",
            "$display",
            "members"
        ]
    );
    assert_eq!(item.rows("members")[1]["name"], "乙");
    let page = bureau.list(&city(), json!({})).await.unwrap();
    assert_eq!(page.items[0].get("area"), &Value::Null);
    assert!(page.items[0].values.contains_key("area") && !page.items[0].values.contains_key("members"));
}

async fn figures_add_up(db: TestDatabase) {
    let bureau = bureau(db).await;
    five(&bureau).await;
    let run = |actor, request: Value| {
        let bureau = &bureau;
        async move {
            let request: AggregateQuery = serde_json::from_value(request).unwrap();
            bureau
                .records
                .aggregate(&actor, CASE, &request)
                .await
                .map(|result| crate::estate::plain(&result.rows))
        }
    };
    let request = json!({"measures": [
        {"op": "count", "as": "n"}, {"op": "sum", "field": "area", "as": "area"}, {"op": "avg", "field": "rooms", "as": "rooms"},
        {"op": "max", "field": "born_on", "as": "youngest"}, {"op": "sum", "field": "deposit", "as": "deposit"},
        {"op": "count_distinct", "field": "id_no", "as": "persons"},
    ]});
    assert_eq!(
        run(city(), request).await.unwrap(),
        json!([{"n": 5, "area": "260.50", "rooms": "2.5000", "youngest": "1991-01-01", "deposit": 600, "persons": 5}])
    );
    let request = json!({"group_by": [{"field": "born_on", "grain": "year"}], "where": {"field": "born_on", "op": "not_null"}});
    assert_eq!(
        run(city(), request).await.unwrap(),
        json!([{"born_on": "1990", "count": 2}, {"born_on": "1991", "count": 1}])
    );
    let request = json!({"group_by": [{"field": "district"}]});
    assert_eq!(run(pudong(), request).await.unwrap(), json!([{"district": "310115", "count": 4}]));
    let request =
        json!({"group_by": [{"field": "project.operator"}], "where": {"field": "project", "op": "not_null"}});
    let rows = run(city(), request).await.unwrap();
    assert_eq!(rows[0]["$refs"], json!({"project.operator": "东方公司"}));
    for (request, code) in [
        (json!({"group_by": [{"field": "phone"}]}), "phone: operator"),
        (json!({"group_by": [{"field": "name", "grain": "day"}]}), "name: operator"),
        (json!({"measures": [{"op": "sum", "field": "income", "as": "x"}]}), "income: operator"),
        (json!({"measures": [{"op": "sum", "as": "x"}]}), "x: required"),
        (json!({"measures": [{"op": "sum", "field": "nothing", "as": "x"}]}), "nothing: unknown"),
    ] {
        assert_eq!(codes(run(city(), request).await.unwrap_err()), [code]);
    }
}

async fn actions_are_offered_when_they_may_be_done(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.a_case(json!({"members": [{"name": "甲"}]})).await;
    let offered = |actor| {
        let (bureau, id) = (&bureau, record.id.clone());
        async move {
            let record = bureau.records.read(&actor, CASE, &id).await.unwrap();
            record.actions().map(str::to_owned).collect::<Vec<_>>()
        }
    };
    assert_eq!(offered(city()).await, ["submit", "archive"]);
    assert_eq!(offered(pudong()).await, ["submit"]);
    bureau.patch(&system(), &record, json!({"status": "submitted"})).await.unwrap();
    assert_eq!(offered(city()).await, ["archive"]);
}

async fn limits_of_a_query_are_told(db: TestDatabase) {
    let bureau = bureau(db).await;
    let test = json!({"field": "name", "op": "eq", "value": "x"});
    let mut deep = test.clone();
    for _ in 0..16 {
        deep = json!({"not": deep});
    }
    let wide = json!({"or": vec![test.clone(); 401]});
    let sorts = vec![json!({"field": "name"}); 6];
    for request in [
        json!({"where": deep}),
        json!({"where": wide}),
        json!({"sort": sorts}),
        json!({"page": {"size": 500, "number": 1000}}),
        json!({"select": vec!["name"; 101]}),
    ] {
        assert!(matches!(bureau.list(&city(), request).await, Err(Error::TooMuch { .. })));
    }
}
