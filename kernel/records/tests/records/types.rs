//! Every type of field on its way into the database and back.

use anju_records::{
    Actor, AggregateQuery, Error, Hooks, ImportCell, ImportOptions, ImportRow, ImportSheet, Importer, Judged,
    Record,
};
use anju_store::{ColumnKind, Fetch, Select, on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::fixture::*;

pub const TENANCY: &str = "bureau.tenancy";
pub const CARD: &str = "6222020000000001230";

on_both_databases!(
    every_type_comes_back_in_canonical_form,
    people_see_masks_of_sealed_types_and_find_whole_values,
    computed_fields_follow_the_values_they_read,
    values_are_searched_as_their_type_allows,
    lists_of_references_and_files_are_checked_item_by_item,
    history_tells_every_type_as_people_read_it,
    texts_are_what_people_read,
    cells_become_values_of_every_type,
    numbers_of_sequences_with_gaps_are_given_once,
);

pub fn registrar() -> Actor {
    person("registrar", anju_definitions::Level::City, "31")
}

impl Bureau {
    /// One row of a workbook of tenancies, by titles of its columns.
    async fn judged(&self, cells: &[(&str, &str)]) -> (Importer, Judged) {
        let number = [("序号", "1")];
        let cells = || number.iter().chain(cells);
        let header = cells().map(|(title, _)| (*title).to_owned()).collect();
        let sheet = ImportSheet { name: "租住登记".to_owned(), header, has_rows: true };
        let cells = cells().map(|(_, cell)| ImportCell::Text((*cell).to_owned())).collect();
        let rows = [ImportRow { number: 2, cells, children: Vec::new() }];
        let options = ImportOptions::default();
        let mut importer = self.records.begin_import(&registrar(), TENANCY, options, &[sheet]).unwrap();
        let judged = self.records.judge_import(&mut importer, &rows).await.unwrap();
        (importer, judged)
    }

    pub async fn a_file(&self, name: &str, media_type: &str, bytes: usize) -> String {
        let now = "2026-11-24T02:00:00Z".parse().unwrap();
        let contents = vec![b'x'; bytes];
        self.records.store().put_file(contents, name, media_type, "tester", now).await.unwrap().id
    }

    pub async fn a_project(&self, code: &str) -> String {
        let input = object(json!({"code": code, "district": "310115"}));
        self.create(&system(), "bureau.project", input).await.unwrap().id
    }

    pub async fn tenancy(&self, actor: &Actor, with: Value) -> Result<Record, Error> {
        let mut input = object(json!({"tenant": "张三"}));
        input.extend(object(with));
        self.create(actor, TENANCY, input).await
    }

    pub async fn change(&self, actor: &Actor, record: &Record, changes: Value) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let version = Some(record.version);
        let patched =
            self.records.patch(&mut tx, actor, TENANCY, &record.id, version, object(changes), None).await?;
        tx.commit().await?;
        Ok(patched)
    }
}

async fn every_type_comes_back_in_canonical_form(db: TestDatabase) {
    let bureau = bureau(db).await;
    let (one, two) = (bureau.a_project("P1").await, bureau.a_project("P2").await);
    let photos =
        [bureau.a_file("a.png", "image/png", 9).await, bureau.a_file("b.jpg", "image/jpeg", 9).await];
    let film = bureau.a_file("c.mp4", "video/mp4", 9).await;
    let created = bureau
        .tenancy(&system(), json!({
            "tenant": " 阿卜杜拉•买买提 ", "landlord": "李 四", "card_number": "6222 0200 0000 0001 230",
            "deed": "沪(2023)浦字不动产权第 001234 号",
            "home": {"region": "310115005", "detail": " 世纪大道１００号"}, "past_home": {"region": ["310101", "310101002"], "detail": "南京东路1号"},
            "place": {"longitude": 121.473_701_9, "latitude": "31.230416"},
            "notes": "<p>甲<b>乙</b></p>", "photos": photos, "film": film, "projects": [two, one, two],
            "area_code": "310115004", "rent": 300_000, "months": 7, "born_on": "2026-11-23",
            "lodgers": [{"name": "王五", "share": "1.5", "friends": [one]}, {"name": "赵六", "share": 2}],
        }))
        .await
        .unwrap();
    let read = bureau.records.read(&system(), TENANCY, &created.id).await.unwrap();
    for record in [&created, &read] {
        for (field, value) in [
            ("number", json!("ZZ2026110001")),
            ("tenant", json!("阿卜杜拉·买买提")),
            ("landlord", json!("李四")),
            ("card_number", json!(CARD)),
            ("deed", json!("沪（2023）浦字不动产权第001234号")),
            ("home", json!({"region": ["310115", "310115005"], "detail": "世纪大道100号"})),
            ("past_home", json!({"region": ["310101", "310101002"], "detail": "南京东路1号"})),
            ("place", json!({"longitude": "121.473701", "latitude": "31.230416"})),
            ("notes", json!("<p>甲<strong>乙</strong></p>")),
            ("photos", json!(photos)),
            ("film", json!(film)),
            ("projects", json!([two, one])),
            ("area_code", json!("310115004")),
            ("total", json!(2_100_000)),
            ("daily", json!("100.00")),
            ("shares", json!("3.5")),
            ("is_long", json!(false)),
            ("after_birth", json!(true)),
        ] {
            assert_eq!(record.get(field), &value, "{field}");
        }
        assert_eq!(record.rows("lodgers")[0]["half"], "0.75");
        assert_eq!(record.display(), "阿卜杜拉·买买提 浦东新区陆家嘴街道世纪大道100号");
    }
    assert_eq!(read.get("$refs")["projects"], json!(["P2 ", "P1 "]));
    assert_eq!(read.rows("lodgers")[0]["$refs"]["friends"], json!(["P1 "]));
    let listed = query(json!({"select": ["projects", "daily", "home"]}));
    let listed = bureau.records.query(&system(), TENANCY, &listed).await.unwrap();
    assert_eq!(listed.items[0].get("$refs")["projects"], json!(["P2 ", "P1 "]));
    assert_eq!(listed.items[0].get("daily"), "100.00");
}

async fn people_see_masks_of_sealed_types_and_find_whole_values(db: TestDatabase) {
    let bureau = bureau(db).await;
    let input = json!({
        "landlord": "李四光", "card_number": CARD, "past_home": {"region": "310101002", "detail": "南京东路1号"},
    });
    let record = bureau.tenancy(&registrar(), input).await.unwrap();
    let read = bureau.records.read(&registrar(), TENANCY, &record.id).await.unwrap();
    for seen in [&record, &read] {
        assert_eq!(seen.text("landlord"), Some("李**"));
        assert_eq!(seen.text("card_number"), Some("***************1230"));
        assert_eq!(seen.text("past_home"), Some("黄浦区南京东路街道****"));
        assert_eq!(seen.get("$masked"), &json!(["landlord", "card_number", "past_home"]));
    }
    let echoed = json!({"landlord": "李**", "card_number": "***************1230", "past_home": "黄浦区南京东路街道****", "months": 2});
    bureau.change(&registrar(), &record, echoed).await.unwrap();
    let clear = bureau.records.read(&system(), TENANCY, &record.id).await.unwrap();
    assert_eq!((clear.text("card_number"), clear.text("landlord")), (Some(CARD), Some("李四光")));
    assert_eq!(clear.get("past_home")["detail"], "南京东路1号");
    for (field, value) in [
        ("card_number", json!("6222-0200-0000-0001-230")),
        ("landlord", json!("李 四光")),
        ("past_home", json!({"region": "310101002", "detail": "南京东路１号"})),
    ] {
        let by = query(json!({"where": {"field": field, "op": "eq", "value": value}}));
        assert_eq!(bureau.records.query(&registrar(), TENANCY, &by).await.unwrap().items.len(), 1, "{field}");
    }
    let select = Select::from("bureau_tenancy")
        .column("card_number", ColumnKind::Bytes)
        .column("card_number_bix", ColumnKind::Bytes);
    let rows = bureau.records.store().reader().fetch_all(&select).await.unwrap();
    let sealed = rows[0].value(0).clone();
    assert!(!format!("{sealed:?}").contains(CARD) && !rows[0].value(1).is_null());
    let mut tx = bureau.records.store().begin().await.unwrap();
    let clear =
        bureau.records.reveal(&mut tx, &registrar(), TENANCY, &record.id, "card_number", "核对").await;
    assert_eq!(clear.unwrap(), CARD);
}

async fn computed_fields_follow_the_values_they_read(db: TestDatabase) {
    let bureau = bureau(db).await;
    let record = bureau.tenancy(&registrar(), json!({"rent": 100_005, "months": 3})).await.unwrap();
    assert_eq!((record.get("total"), record.get("is_long")), (&json!(300_015), &json!(false)));
    let error = bureau.change(&registrar(), &record, json!({"total": 1, "daily": "1"})).await.unwrap_err();
    assert_eq!(codes(error), ["daily: read_only", "total: read_only"]);
    let error = bureau.change(&system(), &record, json!({"total": 1})).await.unwrap_err();
    assert_eq!(codes(error), ["total: read_only"]);
    let changed =
        bureau.change(&registrar(), &record, json!({"months": 12, "total": 300_015})).await.unwrap();
    assert_eq!((changed.get("total"), changed.get("is_long")), (&json!(1_200_060), &json!(true)));
    assert_eq!(changed.get("daily"), "33.34", "1000.05 / 30 is rounded");
    let emptied = bureau.change(&registrar(), &changed, json!({"rent": null})).await.unwrap();
    assert_eq!((emptied.get("total"), emptied.get("daily")), (&Value::Null, &Value::Null));
    let rows = json!({"lodgers": [{"name": "王五", "share": "1"}, {"name": "赵六", "share": "2.5"}]});
    let shared = bureau.change(&registrar(), &emptied, rows).await.unwrap();
    assert_eq!(shared.get("shares"), "3.5");
    let kept = bureau.change(&registrar(), &shared, json!({"months": 1})).await.unwrap();
    assert_eq!(kept.get("shares"), "3.5", "rows that the change does not name still count");
}

async fn values_are_searched_as_their_type_allows(db: TestDatabase) {
    let bureau = bureau(db).await;
    let (one, two) = (bureau.a_project("P1").await, bureau.a_project("P2").await);
    let input = json!({
        "tenant": "甲某", "home": {"region": "310115005", "detail": "310101 \"弄\" 1号"}, "projects": [one, two], "rent": 1, "months": 30, "note": "无",
        "deed": "沪（2023）浦字不动产权第1号", "notes": "<p>朝南</p>", "area_code": "310115005",
    });
    bureau.tenancy(&system(), input).await.unwrap();
    let input = json!({"tenant": "乙某", "home": {"region": "310101002", "detail": "310115"}, "projects": [two], "rent": 2, "months": 1});
    bureau.tenancy(&system(), input).await.unwrap();
    let found = |filter: Value| {
        let bureau = &bureau;
        async move {
            let asked = query(json!({"where": filter, "sort": [{"field": "tenant"}]}));
            match bureau.records.query(&registrar(), TENANCY, &asked).await {
                Ok(page) => {
                    page.items.iter().map(|item| item.text("tenant").unwrap_or_default().to_owned()).collect()
                }
                Err(error) => codes(error),
            }
        }
    };
    let test = |field: &str, op: &str, value: Value| json!({"field": field, "op": op, "value": value});
    assert_eq!(found(test("home", "under", json!("310115"))).await, ["甲某"], "words are no regions");
    assert_eq!(found(test("home", "under", json!("310101002"))).await, ["乙某"]);
    assert_eq!(found(test("home", "contains", json!("\"弄\""))).await, ["甲某"]);
    assert_eq!(found(test("home", "eq", json!("310115"))).await, ["home: operator"]);
    assert_eq!(found(test("projects", "contains", json!(one))).await, ["甲某"]);
    assert_eq!(found(test("projects", "in", json!([one, two]))).await.len(), 2);
    assert_eq!(found(test("projects", "lt", json!(one))).await, ["projects: operator"]);
    assert_eq!(found(test("area_code", "under", json!("310115"))).await, ["甲某"]);
    assert_eq!(found(test("deed", "eq", json!("沪(2023)浦字不动产权第1号"))).await, ["甲某"]);
    assert_eq!(found(test("notes", "contains", json!("朝南"))).await, ["甲某"]);
    assert_eq!(found(test("total", "ge", json!(30))).await, ["甲某"]);
    assert_eq!(found(test("is_long", "eq", json!(true))).await, ["甲某"]);
    assert_eq!(found(test("daily", "gt", json!("0"))).await, ["daily: operator"]);
    assert_eq!(found(test("place", "eq", json!("1"))).await, ["place: operator"]);
    assert_eq!(found(json!({"field": "place", "op": "is_null"})).await.len(), 2);
    for words in ["陆家嘴街道310101", "甲某", "朝南"] {
        let asked = query(json!({ "search": words }));
        let page = bureau.records.query(&registrar(), TENANCY, &asked).await.unwrap();
        let tenants: Vec<_> = page.items.iter().filter_map(|item| item.text("tenant")).collect();
        assert_eq!(tenants, ["甲某"], "{words}");
    }
    for field in ["home", "projects", "notes", "place", "daily", "photos"] {
        let asked = query(json!({"sort": [{ "field": field }]}));
        let error = bureau.records.query(&registrar(), TENANCY, &asked).await.unwrap_err();
        assert_eq!(codes(error), [format!("{field}: operator")]);
        let asked: AggregateQuery =
            serde_json::from_value(json!({"group_by": [{ "field": field }]})).unwrap();
        let error = bureau.records.aggregate(&registrar(), TENANCY, &asked).await.unwrap_err();
        assert_eq!(codes(error), [format!("{field}: operator")]);
    }
    let asked = json!({"group_by": [{"field": "is_long"}], "measures": [{"op": "sum", "field": "total", "as": "sum"}]});
    let asked: AggregateQuery = serde_json::from_value(asked).unwrap();
    let rows = bureau.records.aggregate(&registrar(), TENANCY, &asked).await.unwrap().rows;
    let sums: Vec<(&Value, &Value)> = rows.iter().map(|row| (&row["is_long"], &row["sum"])).collect();
    assert!(
        sums.contains(&(&json!(true), &json!(30))) && sums.contains(&(&json!(false), &json!(2))),
        "{sums:?}"
    );
}

async fn lists_of_references_and_files_are_checked_item_by_item(db: TestDatabase) {
    let bureau = bureau(db).await;
    let project = bureau.a_project("P1").await;
    let picture = bureau.a_file("a.png", "image/png", 9).await;
    let large = bureau.a_file("b.png", "image/png", 1024 * 1024 + 1).await;
    let text = bureau.a_file("c.pdf", "application/pdf", 9).await;
    let input = json!({
        "photos": [picture, text, large], "film": picture, "contract": picture, "projects": [project, "gone"],
        "area_code": "310115", "home": {"region": "310115", "detail": "1号"},
    });
    let error = bureau.tenancy(&registrar(), input).await.unwrap_err();
    assert_eq!(
        codes(error),
        [
            "area_code: choice",
            "contract: format",
            "film: format",
            "home: choice",
            "photos[1]: format",
            "photos[2]: length",
            "projects[1]: reference",
        ]
    );
    let many = json!({"photos": [picture, "b", "c", "d"], "projects": "x"});
    assert_eq!(
        codes(bureau.tenancy(&registrar(), many).await.unwrap_err()),
        ["photos: length", "projects: type"]
    );
    let record = bureau.tenancy(&registrar(), json!({"projects": [project]})).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.delete(&mut tx, &system(), "bureau.project", &project, None, None).await.unwrap();
    tx.commit().await.unwrap();
    let other = bureau.a_project("P2").await;
    let changed = bureau.change(&registrar(), &record, json!({"projects": [project, other]})).await;
    assert!(changed.is_ok(), "what was in the list before stays, though its target is gone");
    let lodgers = json!({"lodgers": [{"name": "王五", "friends": [other]}]});
    bureau.change(&registrar(), &changed.unwrap(), lodgers).await.unwrap();
    let mut tx = bureau.records.store().begin().await.unwrap();
    let refused = bureau.records.delete(&mut tx, &system(), "bureau.project", &other, None, None).await;
    match refused.unwrap_err() {
        Error::Conflict { code, message } => {
            assert_eq!(code, "referenced");
            assert!(message.contains("同住人") && !message.contains("租住登记的"), "{message}");
        }
        other => panic!("{other:?}"),
    }
}

async fn history_tells_every_type_as_people_read_it(db: TestDatabase) {
    let bureau = bureau(db).await;
    let project = bureau.a_project("P1").await;
    let record = bureau.tenancy(&registrar(), json!({})).await.unwrap();
    let change = json!({
        "card_number": CARD, "home": {"region": "310115005", "detail": "1号"}, "projects": [project], "notes": "<p>甲</p>",
        "place": {"longitude": "121.5", "latitude": "31.2"}, "rent": 100, "months": 2,
    });
    bureau.change(&registrar(), &record, change).await.unwrap();
    let history = bureau.records.history(&registrar(), TENANCY, &record.id).await.unwrap();
    let after: Vec<(&str, &Value)> =
        history[0].changes.iter().map(|c| (c.field.as_str(), &c.after)).collect();
    assert_eq!(
        after,
        [
            ("card_number", &json!("***************1230")),
            ("home", &json!("浦东新区陆家嘴街道1号")),
            ("place", &json!("121.500000,31.200000")),
            ("notes", &json!("甲")),
            ("projects", &json!("P1 ")),
            ("rent", &json!("1.00")),
            ("months", &json!(2)),
            ("total", &json!("2.00")),
            ("is_long", &json!("否")),
        ]
    );
}

async fn texts_are_what_people_read(db: TestDatabase) {
    let bureau = bureau(db).await;
    let project = bureau.a_project("P1").await;
    let input = json!({"landlord": "李四", "home": {"region": "310115005", "detail": "1号"}, "projects": [project], "rent": 123_456, "months": 1});
    let record = bureau.tenancy(&registrar(), input).await.unwrap();
    let seen = bureau.records.read(&registrar(), TENANCY, &record.id).await.unwrap();
    for (field, text) in [
        ("landlord", "李*"),
        ("home", "浦东新区陆家嘴街道1号"),
        ("projects", "P1 "),
        ("rent", "1234.56"),
        ("state", "登记"),
        ("is_long", "否"),
        ("daily", "41.15"),
        ("deed", ""),
    ] {
        assert_eq!(bureau.records.text_of(TENANCY, &seen.values, field).unwrap(), text, "{field}");
    }
}

async fn cells_become_values_of_every_type(db: TestDatabase) {
    let bureau = bureau_with(db, Hooks::default()).await;
    let good = [
        ("承租人", "张　三"),
        ("银行卡号", "6222 0200 0000 0001 230"),
        ("不动产权证号", "沪房地(浦)字(2005)第012345号"),
        ("住址", "浦东新区陆家嘴街道世纪大道１号"),
        ("坐标", "121.5，31.2"),
        ("图文说明", "甲<乙"),
        ("街镇", "浦东新区/潍坊新村街道"),
        ("月租金（元）", "1,234.5元"),
        ("月数", "１２"),
        ("出生日期", "2000年1月2日"),
    ];
    let (importer, judged) = bureau.judged(&good).await;
    assert_eq!(judged.errors, []);
    let mut tx = bureau.records.store().begin().await.unwrap();
    bureau.records.write_import(&mut tx, importer.setup(), judged, None).await.unwrap();
    tx.commit().await.unwrap();
    let record = bureau.records.query(&system(), TENANCY, &query(json!({}))).await.unwrap().items.remove(0);
    for (field, value) in [
        ("tenant", json!("张三")),
        ("card_number", json!(CARD)),
        ("deed", json!("沪房地浦字（2005）第012345号")),
        ("home", json!({"region": ["310115", "310115005"], "detail": "世纪大道1号"})),
        ("place", json!({"longitude": "121.500000", "latitude": "31.200000"})),
        ("notes", json!("<p>甲&lt;乙</p>")),
        ("area_code", json!("310115004")),
        ("rent", json!(123_450)),
        ("total", json!(1_481_400)),
        ("born_on", json!("2000-01-02")),
    ] {
        assert_eq!(record.get(field), &value, "{field}");
    }
    let bad = [
        ("承租人", "张3"),
        ("银行卡号", "6222020000000000001"),
        ("住址", "世纪大道1号"),
        ("坐标", "31.2,121.5"),
        ("街镇", "浦东新区"),
        ("月租金（元）", "很多"),
    ];
    let (_, judged) = bureau.judged(&bad).await;
    let mut columns: Vec<&str> = judged.errors.iter().map(|error| error.column.as_str()).collect();
    columns.sort_unstable();
    assert_eq!(columns, ["住址", "坐标", "承租人", "月租金（元）", "街镇", "银行卡号"]);
}

async fn numbers_of_sequences_with_gaps_are_given_once(db: TestDatabase) {
    let bureau = bureau(db).await;
    let mut numbers = Vec::new();
    for tenant in ["甲某", "乙某", "丙某"] {
        numbers.push(
            bureau
                .tenancy(&system(), json!({ "tenant": tenant }))
                .await
                .unwrap()
                .text("number")
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(numbers, ["ZZ2026110001", "ZZ2026110002", "ZZ2026110003"]);
    bureau.clock.set("2026-12-01T02:00:00Z".parse().unwrap());
    let next = bureau.tenancy(&system(), json!({"tenant": "丁某"})).await.unwrap();
    assert_eq!(next.text("number"), Some("ZZ2026120001"));
}
