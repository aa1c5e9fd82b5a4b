//! Fields of every type and rules over others, as a client meets them: published, entered, refused, confirmed, listed,
//! found, exported and imported again.

use anju_runtime::documents::workbook::{self, Cell};
use anju_store::{on_both_databases, testing::TestDatabase};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, grant};

const TENANCY: &str = "site.tenancy";
const RECORDS: &str = "/api/records/site.tenancy";

/// A PNG of one pixel.
const PICTURE: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0,
    1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

async fn registrar(platform: &Platform) -> Client {
    let shapers = Shapers::of(platform).await;
    grant(platform, "何伟民", "platform.security_admin").await;
    let texts =
        include_str!("fields/definitions.txt").split("-- ").filter_map(|part| part.split_once(" --\n"));
    let texts: Vec<&str> = texts.map(|(_, text)| text).collect();
    shapers.publish(&texts).await;
    grant(platform, "沈国平", "site.registrar").await;
    platform.log_in("city").await
}

async fn an_office(client: &Client) -> (String, String) {
    let query = json!({ "sort": [{ "field": "code" }], "page": { "size": 1 } });
    let offices = client.post("/api/records/eligibility.intake_office/query", query).await.ok();
    let office = &offices["items"][0];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (text(&office["id"]), text(&office["code"]))
}

/// A tenancy with a value of every type.
fn whole(office: &str, photo: &str) -> Value {
    json!({
        "tenant": "张　三", "id_no": "11010519491231002x", "phone": "138 0013 8000", "card_number": "6222 0200 0000 0001 230",
        "landlord_code": "91350100m000100y43", "deed": "沪(2023)浦字不动产权第001234号",
        "home": { "region": ["310115", "310115005"], "detail": "世纪大道１号" },
        "place": { "longitude": 121.5, "latitude": "31.2" }, "area": "50.5", "rent": 500_000, "months": 12,
        "starts_on": "2026-03-01", "keys_at": "2026-03-01T09:30:00+08:00", "furnished": true,
        "facilities": ["lift", "gas"], "area_code": "310115005", "offices": [office], "photos": [photo],
        "notes": "<p>南北<strong>通透</strong></p>", "remark": "两行\n文字",
        "lodgers": [{ "name": "李四", "share": "40" }, { "name": "王五", "share": "60.0" }],
    })
}

async fn a_photo(client: &Client) -> String {
    let file = client.upload("/api/files", "客厅.png", PICTURE.to_vec()).await.ok();
    file["id"].as_str().expect("an id").to_owned()
}

fn codes(body: &Value) -> Vec<String> {
    let errors = body["errors"].as_array().expect("errors").iter();
    let mut codes: Vec<String> = errors
        .map(|error| {
            format!(
                "{} {}",
                error["field"].as_str().unwrap_or_default(),
                error["code"].as_str().unwrap_or_default()
            )
        })
        .collect();
    codes.sort();
    codes
}

async fn values_of_every_type_are_entered_read_and_found(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let client = registrar(&platform).await;
    let ((office, _), photo) = (an_office(&client).await, a_photo(&client).await);
    let created = client.post(RECORDS, whole(&office, &photo)).await.ok();
    let id = created["id"].as_str().expect("an id");
    let record = client.read(TENANCY, id).await;
    for (field, value) in [
        ("tenant", json!("张三")),
        ("id_no", json!("110***********002X")),
        ("phone", json!("138****8000")),
        ("card_number", json!("***************1230")),
        ("landlord_code", json!("91350100M000100Y43")),
        ("deed", json!("沪（2023）浦字不动产权第001234号")),
        ("home", json!({ "region": ["310115", "310115005"], "detail": "世纪大道1号" })),
        ("place", json!({ "longitude": "121.500000", "latitude": "31.200000" })),
        ("area", json!("50.50")),
        ("facilities", json!(["lift", "gas"])),
        ("photos", json!([photo])),
        ("total", json!(6_000_000)),
        ("per_metre", json!("99.01")),
        ("people", json!(2)),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    assert_eq!(record["number"], "ZZ20260001");
    assert_eq!(record["$refs"]["offices"].as_array().map(Vec::len), Some(1), "{}", record["$refs"]);
    for filter in [
        json!({ "field": "home", "op": "under", "value": "310115" }),
        json!({ "field": "area_code", "op": "under", "value": "310115" }),
        json!({ "field": "facilities", "op": "contains", "value": "gas" }),
        json!({ "field": "offices", "op": "contains", "value": office }),
        json!({ "field": "total", "op": "ge", "value": 6_000_000 }),
        json!({ "field": "card_number", "op": "eq", "value": "6222020000000001230" }),
        json!({ "field": "lodgers.name", "op": "eq", "value": "王五" }),
    ] {
        let found = client.post(&format!("{RECORDS}/query"), json!({ "where": filter })).await.ok();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{filter}");
    }
    let found = client.post(&format!("{RECORDS}/query"), json!({ "search": "世纪大道" })).await.ok();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    // What is worked out on reading cannot be searched by.
    let by = json!({ "where": { "field": "per_metre", "op": "gt", "value": "1" } });
    assert_eq!(client.post(&format!("{RECORDS}/query"), by).await.status, 422);
    // History tells every value as people read it, masked where it is sealed.
    let history = client.get(&format!("{RECORDS}/{id}/history")).await.ok().to_string();
    for text in ["浦东新区", "世纪大道1号", "电梯、燃气", "5000.00", "***************1230", "客厅.png"]
    {
        assert!(history.contains(text), "{text} in {history}");
    }
    assert!(!history.contains("6222020000000001230"));
}

async fn all_faults_of_a_request_are_told_together(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let client = registrar(&platform).await;
    let ((office, _), photo) = (an_office(&client).await, a_photo(&client).await);
    client.post(RECORDS, whole(&office, &photo)).await.ok();
    let mut faulty = whole("nowhere", "nothing");
    for (field, value) in [
        ("id_no", json!("110105194912310021")),
        ("phone", json!("12")),
        ("card_number", json!("6222020000000001231")),
        ("landlord_code", json!("91350100M000100Y44")),
        ("home", json!({ "region": "310999", "detail": "x" })),
        ("place", json!({ "longitude": 31.2, "latitude": 121.5 })),
        ("area", json!("4")),
        ("rent", json!(null)),
        ("months", json!(48)),
        ("facilities", json!(["pool"])),
        ("area_code", json!("310115")),
        ("notes", json!("<script>alert(1)</script>")),
        ("lodgers", json!([{ "name": "李4", "share": "140" }])),
    ] {
        faulty[field] = value;
    }
    let refused = client.post(RECORDS, faulty).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        codes(&refused.body),
        [
            "area range",
            "area_code choice",
            "card_number format",
            "deed duplicate",
            "facilities choice",
            "home choice",
            "id_no format",
            "landlord_code format",
            "lodgers[0].name format",
            "lodgers[0].share range",
            "long_reason required",
            "notes format",
            "offices[0] reference",
            "phone format",
            "photos[0] reference",
            "place range",
            "rent required",
            "tenant one_home",
        ],
        "{}",
        refused.body
    );
    let listed = client.post(&format!("{RECORDS}/query"), json!({ "count": true })).await.ok();
    assert_eq!(listed["total"], 1, "nothing is half written");
}

async fn a_soft_rule_is_confirmed_with_a_reason_and_remembered(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let client = registrar(&platform).await;
    let ((office, _), photo) = (an_office(&client).await, a_photo(&client).await);
    let mut dear = whole(&office, &photo);
    dear["rent"] = json!(900_000);
    let asked = client.post_once(RECORDS, "first", dear.clone()).await.refused(422, "confirmation_required");
    assert_eq!(asked["warnings"][0]["code"], "rent_high", "{asked}");
    assert_eq!(asked["warnings"][0]["message"], "月租金超过 8000 元");
    dear["$confirm"] = json!([{ "code": "rent_high", "reason": "" }]);
    let refused = client.post(RECORDS, dear.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.error_at("$confirm[0].reason").is_empty()), (422, false));
    dear["$confirm"] = json!([{ "code": "rent_high", "reason": "整套别墅，经区局同意" }]);
    let created = client.post_once(RECORDS, "second", dear).await.ok();
    let (id, version) =
        (created["id"].as_str().expect("an id"), created["version"].as_i64().expect("a version"));
    // Not asked again while the rent stays; asked when it changes.
    let path = format!("{RECORDS}/{id}");
    let changed = client.patch(&path, version, json!({ "remark": "另一段" })).await.ok();
    let version = changed["version"].as_i64().expect("a version");
    client.patch(&path, version, json!({ "rent": 950_000 })).await.refused(422, "confirmation_required");
    let history = client.get(&format!("{path}/history")).await.ok();
    assert!(history.to_string().contains("整套别墅，经区局同意"), "{history}");
    // Read-only by condition.
    let signed = client.patch(&path, version, json!({ "state": "signed" })).await.ok();
    let refused =
        client.patch(&path, signed["version"].as_i64().expect("a version"), json!({ "rent": 100 })).await;
    assert_eq!((refused.status.as_u16(), refused.error_at("rent").is_empty()), (422, false));
}

async fn what_is_exported_can_be_imported_again(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let client = registrar(&platform).await;
    let ((office, code), photo) = (an_office(&client).await, a_photo(&client).await);
    client.post(RECORDS, whole(&office, &photo)).await.ok();
    let select = [
        "number",
        "tenant",
        "home",
        "place",
        "area",
        "rent",
        "facilities",
        "offices",
        "photos",
        "notes",
        "per_metre",
    ];
    let ticket = client.post(&format!("{RECORDS}/export"), json!({ "select": select })).await.ok();
    platform.settle().await;
    let mine = client.get("/api/exports").await.ok();
    let export = mine["items"].as_array().expect("items").iter().find(|item| item["id"] == ticket["export"]);
    let file = export.expect("the export")["file"].as_str().expect("a file").to_owned();
    let bytes = client.get(&format!("/api/files/{file}")).await.bytes;
    let book = workbook::read(&bytes, &workbook::Limits::default()).expect("a workbook");
    let row: Vec<String> = book.sheets[0].rows[0].cells.iter().map(Cell::as_text).collect();
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 8, 9, 10].map(|at: usize| row[at].as_str()),
        [
            "ZZ20260001",
            "张三",
            "浦东新区陆家嘴街道世纪大道1号",
            "121.500000,31.200000",
            "50.5",
            "5000",
            "电梯、燃气",
            "客厅.png",
            "南北通透",
            "99.01"
        ]
    );
    // Lists of references are read by the keys of what they name, or by their names.
    let rows = [
        ["序号", "承租人", "房屋坐落", "月租金（元）", "服务机构"],
        ["1", "赵六", "徐汇区田林街道田林路2号", "3,000.5元", &code],
        ["2", "钱七", "徐汇区田林街道田林路3号", "3000", &row[7]],
        ["3", "孙八", "徐汇区田林街道田林路4号", "3000", "查无此处"],
    ];
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("租住登记").expect("a name");
    for (at, cells) in (0..).zip(rows) {
        sheet.write_row(at, 0, cells).expect("cells");
    }
    let bytes = book.save_to_buffer().expect("a workbook");
    let job = client.upload(&format!("{RECORDS}/import?mode=skip_faulty"), "租住登记.xlsx", bytes).await.ok();
    platform.settle().await;
    let job = client.get(&format!("/api/jobs/{}", job["job"].as_str().expect("a job"))).await.ok();
    let imported = &job["result"];
    assert_eq!((&imported["created"], &imported["faulty"]), (&json!(2), &json!(1)), "{imported}");
    let query = json!({ "where": { "field": "offices", "op": "contains", "value": office }, "count": true });
    let found = client.post(&format!("{RECORDS}/query"), query).await.ok();
    assert_eq!(found["total"], 3);
}

on_both_databases!(
    values_of_every_type_are_entered_read_and_found,
    all_faults_of_a_request_are_told_together,
    a_soft_rule_is_confirmed_with_a_reason_and_remembered,
    what_is_exported_can_be_imported_again,
);
