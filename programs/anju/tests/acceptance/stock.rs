//! Stock and contracts as far as they are there: a unit is entered, released, let and let go of; lists, pages and menus
//! are there for those who use them.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform, a_family};

const UNIT: &str = "supply.unit";
const CONTRACT: &str = "contracts.contract";

/// A unit of the clerk's operator, released.
async fn a_unit(platform: &Platform, clerk: &Client) -> (String, String) {
    let operators =
        clerk.find("platform.organisation", json!({ "field": "code", "op": "eq", "value": "pudong" })).await;
    let operator = operators[0]["id"].as_str().expect("an id").to_owned();
    let place = json!({ "district": "310115", "operator": operator });
    let with = |more: Value| {
        let mut values = place.as_object().expect("an object").clone();
        values.extend(more.as_object().expect("an object").clone());
        Value::Object(values)
    };
    let project = with(json!({ "code": "XM1", "title": "张杨公寓", "address": "上海市浦东新区张杨路100弄" }));
    let project = clerk.create("supply.project", project).await;
    let building = clerk
        .create("supply.building", with(json!({ "project": project, "number": "1号", "floors": 6 })))
        .await;
    let unit = json!({
        "project": project, "building": building, "address": "上海市浦东新区张杨路100弄1号", "room_no": "101",
        "unit_type": "studio", "floor_area": "32.50", "monthly_rent": 180_000,
        "location": { "longitude": "121.52", "latitude": "31.23" },
    });
    let unit = clerk.create(UNIT, with(unit)).await;
    clerk.act(UNIT, "release", &unit, json!({})).await.refused(403, "forbidden");
    let manager = platform.log_in("pudong-confirm").await;
    manager.act(UNIT, "release", &unit, json!({})).await.ok();
    (unit, operator)
}

fn a_contract(case: &str, unit: &str, operator: &str) -> Value {
    json!({
        "case": case, "unit": unit, "district": "310115", "operator": operator, "tenant_name": "陈建国",
        "id_no": "11010519491231002X", "phone": "13800138000", "from": "2026-03-10", "to": "2028-03-09",
        "monthly_rent": 180_000, "deposit": 180_000,
    })
}

async fn a_unit_is_released_let_and_let_go_of(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let (unit, operator) = a_unit(&platform, &clerk).await;
    let released = clerk.read(UNIT, &unit).await;
    assert_eq!((&released["state"], &released["unit_code"]), (&json!("vacant"), &json!("FY31011500000001")));
    let case = clerk.create("eligibility.case", a_family("310115", 1).application(&clerk).await).await;

    let path = format!("/api/records/{CONTRACT}");
    let early = clerk.post(&path, a_contract(&case, &unit, &operator)).await;
    assert!(early.error_at("case").contains("尚未取得资格"));
    platform.change("eligibility.case", &case, json!({ "status": "admitted" })).await;
    let contract = clerk.create(CONTRACT, a_contract(&case, &unit, &operator)).await;
    let again = clerk.post(&path, a_contract(&case, &unit, &operator)).await;
    assert!(again.error_at("unit").contains("未终止的合同"));
    clerk.act(CONTRACT, "file", &contract, json!({})).await.refused(409, "action_not_available");
    for action in ["sign", "file"] {
        clerk.act(CONTRACT, action, &contract, json!({})).await.ok();
    }
    clerk.act(CONTRACT, "expire", &contract, json!({})).await.refused(409, "action_not_available");
    clerk.act(UNIT, "move_in", &unit, json!({})).await.ok();
    let occupied = clerk.post(&path, a_contract(&case, &unit, &operator)).await;
    assert!(occupied.error_at("unit").contains("不可租"));
    clerk.act(UNIT, "lock", &unit, json!({ "reason": "维修" })).await.refused(409, "action_not_available");
    clerk.act(CONTRACT, "surrender", &contract, json!({ "reason": "自行购房" })).await.ok();
    clerk.act(UNIT, "vacate", &unit, json!({})).await.ok();

    let ended = clerk.read(CONTRACT, &contract).await;
    assert_eq!(
        (&ended["state"], &ended["contract_no"]),
        (&json!("surrendered"), &json!("HT3101152026000001"))
    );
    assert_eq!((&ended["signed_on"], &ended["ended_on"]), (&json!("2026-03-02"), &json!("2026-03-02")));
    assert!(ended["id_no"].as_str().is_some_and(|masked| masked.contains('*')), "{ended}");
    let last = clerk.create(CONTRACT, a_contract(&case, &unit, &operator)).await;
    clerk.act(CONTRACT, "sign", &last, json!({})).await.ok();
    platform.pass_days(740).await;
    clerk.act(CONTRACT, "expire", &last, json!({})).await.ok();
    assert_eq!(clerk.read(CONTRACT, &last).await["state"], "expired");
    // What is locked cannot be released past the manager, nor what is not of its project entered.
    let manager = platform.log_in("pudong-confirm").await;
    manager.act(UNIT, "recall", &unit, json!({})).await.ok();
    clerk.act(UNIT, "lock", &unit, json!({ "reason": "维修" })).await.refused(409, "action_not_available");
    let elsewhere = json!({ "code": "XM2", "title": "另一处", "address": "浦三路8弄", "district": "310115", "operator": operator });
    let elsewhere = clerk.create("supply.project", elsewhere).await;
    let version = clerk.read(UNIT, &unit).await["version"].as_i64().expect("a version");
    let moved =
        clerk.patch(&format!("/api/records/{UNIT}/{unit}"), version, json!({ "project": elsewhere })).await;
    assert!(moved.error_at("building").contains("不属于"));
    manager.act(UNIT, "withdraw", &unit, json!({})).await.ok();
}

async fn another_operator_sees_nothing_of_it_and_the_district_only_looks(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let (unit, _) = a_unit(&platform, &clerk).await;
    let other = platform.log_in("xuhui-clerk").await;
    other.get(&format!("/api/records/{UNIT}/{unit}")).await.refused(404, "not_found");
    let district = platform.log_in("pudong-district").await;
    let seen = district.read(UNIT, &unit).await;
    assert_eq!(seen["$actions"], json!([]));
    let who = district.get("/api/session").await.ok();
    let menus = who["menus"].to_string();
    assert!(menus.contains("supply.units") && menus.contains("contracts.contracts"), "{menus}");
}

on_both_databases!(
    a_unit_is_released_let_and_let_go_of,
    another_operator_sees_nothing_of_it_and_the_district_only_looks,
);
