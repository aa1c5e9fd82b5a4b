//! What an export shows, and to whom; which records an action may be done to.

use anju_definitions::{Filter, Level};
use anju_records::{Actor, Error, ExportCell, ExportRequest, ImportCell, ImportRow, ImportSheet, Result};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;

on_both_databases!(
    cells_are_as_people_read_them,
    an_export_shows_what_the_list_shows,
    a71_nothing_sensitive_leaves_in_clear,
    only_those_with_the_right_export,
    s01_nobody_exports_rows_of_others,
    fields_that_are_hidden_cannot_be_exported,
    an_export_of_many_pages_has_every_record_once,
    values_may_be_masked_further,
    filters_are_told_in_words,
    an_action_is_offered_to_those_whose_state_allows_it,
    ids_are_those_the_filter_reaches,
);

fn request(value: Value) -> ExportRequest {
    serde_json::from_value(value).expect("a request")
}

async fn exported(bureau: &Bureau, actor: &Actor, value: Value) -> Result<Vec<Vec<ExportCell>>> {
    let mut export = bureau.records.begin_export(actor, CASE, &request(value))?;
    let mut rows = Vec::new();
    loop {
        let page = bureau.records.export_page(actor, &mut export).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn text(text: &str) -> ExportCell {
    ExportCell::Text(text.to_owned())
}

fn number(text: &str) -> ExportCell {
    ExportCell::Number(text.to_owned())
}

async fn cells_are_as_people_read_them(db: TestDatabase) {
    let bureau = bureau(db).await;
    let operator = bureau.organisation("org-a").await;
    let store = bureau.records.store();
    let now = bureau.now();
    let file = store.put_file(b"%PDF".as_slice(), "证明.pdf", "application/pdf", "x", now).await.unwrap();
    bureau
        .a_case(json!({
            "deposit": 5, "area": "56.3", "rooms": 2, "born_on": "1990-03-07", "applied_at": "2026-03-05T01:30:00Z",
            "urgent": true, "reason": "病重", "tags": ["disabled", "veteran"], "detail": {"a": 1}, "operator": operator,
            "attachment": file.id, "remark": "两\n行",
        }))
        .await;
    let select = [
        "case_no",
        "status",
        "name",
        "deposit",
        "area",
        "rooms",
        "born_on",
        "applied_at",
        "urgent",
        "tags",
        "detail",
        "operator",
        "attachment",
        "remark",
        "plate",
        "operator.code",
        "version",
        "$countdown",
    ];
    let export = bureau.records.begin_export(&city(), CASE, &request(json!({ "select": select }))).unwrap();
    let titles: Vec<&str> = export.columns().map(|column| column.title.as_str()).collect();
    assert_eq!(titles[3], "押金（元）");
    assert_eq!(titles[15..], ["运营机构·机构代码", "版本"]);
    let rows = exported(&bureau, &city(), json!({ "select": select })).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let born = jiff::civil::date(1990, 3, 7);
    let expected = [
        text("草稿"),
        text("张三"),
        number("0.05"),
        number("56.30"),
        number("2"),
        ExportCell::Date(born),
        ExportCell::Instant(jiff::civil::date(2026, 3, 5).at(9, 30, 0, 0)),
        text("是"),
        text("残疾人、退役军人"),
        text("{\"a\":1}"),
        text("东方公司"),
        text("证明.pdf"),
        text("两\n行"),
        ExportCell::Empty,
        text("org-a"),
        number("1"),
    ];
    assert_eq!(row[1..], expected);
}

async fn an_export_shows_what_the_list_shows(db: TestDatabase) {
    let bureau = bureau(db).await;
    for (name, passport, district) in
        [("赵一", "E1000001", "310115"), ("钱二", "E1000002", "310101"), ("孙三", "E1000003", "310115")]
    {
        bureau
            .a_case(json!({ "name": name, "id_type": "passport", "id_no": passport, "district": district }))
            .await;
    }
    let filter = json!({ "field": "district", "op": "eq", "value": "310115" });
    let sort = json!([{ "field": "name", "dir": "desc" }]);
    let listed = bureau.names(&city(), json!({ "where": filter, "sort": sort })).await;
    let rows = exported(&bureau, &city(), json!({ "where": filter, "sort": sort, "select": ["name"] }))
        .await
        .unwrap();
    let names: Vec<ExportCell> = rows.into_iter().flatten().collect();
    assert_eq!(names, listed.iter().map(|name| text(name)).collect::<Vec<_>>());
    let export = bureau.records.begin_export(&city(), CASE, &request(json!({ "where": filter }))).unwrap();
    assert_eq!(bureau.records.count_export(&city(), &export, 100).await.unwrap(), 2);
    assert_eq!(bureau.records.count_export(&city(), &export, 0).await.unwrap(), 1, "one more than at most");
}

async fn a71_nothing_sensitive_leaves_in_clear(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({ "income": 500 })).await;
    let rows = exported(&bureau, &city(), json!({ "select": ["id_no", "phone", "income"] })).await.unwrap();
    assert_eq!(rows[0], [text("110***********002X"), text("138****8000"), text("****")]);
    let whole = format!("{:?}", exported(&bureau, &city(), json!({})).await.unwrap());
    assert!(!whole.contains(ID_NO) && !whole.contains(PHONE), "{whole}");
}

async fn only_those_with_the_right_export(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    let clerk = person("operator_clerk", Level::Operator, &bureau.organisation("org-a").await);
    for actor in [clerk, person("viewer", Level::City, "31"), Actor::public(None)] {
        assert!(matches!(exported(&bureau, &actor, json!({})).await, Err(Error::Forbidden { .. })));
        assert!(bureau.records.may_export(&actor, CASE).is_err());
    }
    assert!(bureau.records.may_export(&city(), CASE).is_ok());
}

async fn s01_nobody_exports_rows_of_others(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    bureau.a_case(json!({ "name": "李四", "id_no": OTHER_ID_NO, "district": "310101" })).await;
    let rows = exported(&bureau, &huangpu(), json!({ "select": ["name"] })).await.unwrap();
    assert_eq!(rows, [[text("李四")]]);
    let all = json!({ "where": { "or": [{ "field": "district", "op": "eq", "value": "310115" }, { "field": "name", "op": "not_null" }] }, "select": ["name"] });
    assert_eq!(exported(&bureau, &huangpu(), all).await.unwrap(), [[text("李四")]]);
}

async fn fields_that_are_hidden_cannot_be_exported(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({})).await;
    let error =
        exported(&bureau, &city(), json!({ "select": ["name", "nothing", "operator.nothing"] })).await;
    assert_eq!(codes(error.unwrap_err()), ["nothing: unknown", "operator.nothing: unknown"]);
    let error = exported(&bureau, &city(), json!({ "select": ["members"] })).await;
    assert_eq!(codes(error.unwrap_err()), ["members: operator"]);
    // A district officer may not look at the organisations of other roles' making: what a list hides, so does this.
    let listed = bureau.list(&pudong(), json!({ "select": ["operator.code"] })).await.is_ok();
    assert_eq!(exported(&bureau, &pudong(), json!({ "select": ["operator.code"] })).await.is_ok(), listed);
}

async fn an_export_of_many_pages_has_every_record_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let header = ["项目编号", "区"].map(str::to_owned).to_vec();
    let sheet = ImportSheet { name: "项目".to_owned(), header, has_rows: true };
    let mut importer =
        bureau.records.begin_import(&system(), "bureau.project", Default::default(), &[sheet]).unwrap();
    let row = |n: u32| {
        let cells = [format!("p{n:04}"), "浦东新区".to_owned()].map(ImportCell::Text).to_vec();
        ImportRow { number: n + 2, cells, children: Vec::new() }
    };
    let rows: Vec<ImportRow> = (0..4_100).map(row).collect();
    let judged = bureau.records.judge_import(&mut importer, &rows).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.write_import(&mut tx, importer.setup(), judged, None).await.unwrap();
    tx.commit().await.unwrap();
    let order = request(json!({ "select": ["code"], "sort": [{ "field": "district" }] }));
    let system = system();
    let mut export = bureau.records.begin_export(&system, "bureau.project", &order).unwrap();
    let mut codes = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = bureau.records.export_page(&system, &mut export).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages += 1;
        for row in page {
            assert!(codes.insert(format!("{:?}", row[0])), "{row:?} comes twice");
        }
    }
    assert_eq!((codes.len(), pages), (4_100, 3));
}

async fn values_may_be_masked_further(db: TestDatabase) {
    let bureau = bureau(db).await;
    bureau.a_case(json!({ "name": "欧阳若琳", "deposit": 100 })).await;
    let order = json!({ "select": ["name", "deposit", "id_no"], "mask": ["name", "deposit", "id_no"] });
    let rows = exported(&bureau, &city(), order).await.unwrap();
    assert_eq!(rows[0], [text("欧***"), text("****"), text("110***********002X")]);
}

async fn filters_are_told_in_words(db: TestDatabase) {
    let bureau = bureau(db).await;
    let operator = bureau.organisation("org-a").await;
    let told = async |filter: Value| {
        let filter: Filter = serde_json::from_value(filter).unwrap();
        bureau.records.describe_filter(&city(), CASE, &filter).await.unwrap()
    };
    let test = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    assert_eq!(told(test("district", "in", json!(["310115", "310101"]))).await, "区 属于 浦东新区、黄浦区");
    assert_eq!(told(test("id_no", "eq", json!(ID_NO))).await, "证件号码 等于 110***********002X");
    assert_eq!(told(test("operator", "eq", json!(operator))).await, "运营机构 等于 东方公司");
    assert_eq!(told(test("deposit", "between", json!([100, 25_000]))).await, "押金（元） 介于 1.00、250.00");
    assert_eq!(told(test("project.code", "is_null", Value::Null)).await, "项目·项目编号 为空");
    let nested = json!({ "and": [
        test("urgent", "eq", json!(true)),
        { "or": [test("name", "contains", json!("张")), { "not": test("rooms", "ge", json!(2)) }] },
    ] });
    assert_eq!(told(nested).await, "加急 等于 是，且 （姓名 包含 张，或 并非（间数 不小于 2））");
}

async fn an_action_is_offered_to_those_whose_state_allows_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    let draft = bureau.a_case(json!({})).await;
    let members = json!([{ "name": "甲" }]);
    let other = json!({ "name": "李四", "id_no": OTHER_ID_NO, "members": members });
    let submitted = bureau.a_case(other).await;
    bureau.patch(&city(), &submitted, json!({ "status": "submitted" })).await.unwrap();
    let far = json!({ "name": "王五", "id_type": "passport", "id_no": "E1000009", "district": "310101" });
    let far = bureau.a_case(far).await;
    let ids: Vec<String> = [&submitted.id, &draft.id, "nothing", &far.id].map(String::from).to_vec();
    let offered = |candidates: Vec<anju_records::Candidate>| -> Vec<(String, bool)> {
        candidates.into_iter().map(|one| (one.display.chars().take(2).collect(), one.offered)).collect()
    };
    let found = bureau.records.candidates(&city(), CASE, "submit", &ids).await.unwrap();
    let named = |name: &str, may: bool| (name.to_owned(), may);
    assert_eq!(offered(found), [named("李四", false), named("张三", true), named("王五", true)]);
    let found = bureau.records.candidates(&pudong(), CASE, "submit", &ids).await.unwrap();
    assert_eq!(offered(found), [named("李四", false), named("张三", true)]);
    let refused = bureau.records.candidates(&pudong(), CASE, "archive", &ids).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

async fn ids_are_those_the_filter_reaches(db: TestDatabase) {
    let bureau = bureau(db).await;
    let near = bureau.a_case(json!({})).await;
    bureau.a_case(json!({ "name": "李四", "id_no": OTHER_ID_NO, "district": "310101" })).await;
    let filter: Filter = serde_json::from_value(json!({ "field": "name", "op": "not_null" })).unwrap();
    assert_eq!(
        bureau.records.ids_of(&pudong(), CASE, &filter, None, 10).await.unwrap(),
        std::slice::from_ref(&near.id)
    );
    assert_eq!(bureau.records.ids_of(&city(), CASE, &filter, None, 10).await.unwrap().len(), 2);
    assert_eq!(bureau.records.ids_of(&city(), CASE, &filter, None, 1).await.unwrap(), [near.id]);
}
