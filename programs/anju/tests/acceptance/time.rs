//! Records as they were, and periods in force, through the API.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Platform, Shapers, a_family, grant};

const CASE: &str = "eligibility.case";

async fn a_case_is_shown_as_it_was_on_a_day(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family = a_family("310115", 91).of(2);
    let id = clerk.create(CASE, family.application(&clerk).await).await;
    platform.pass_days(1).await;
    let path = format!("/api/records/{CASE}/{id}");
    let member = clerk.read(CASE, &id).await["members"][0].clone();
    let change = json!({ "employer": "上海新单位", "phone": "13900139000", "members": [{ "id": member["id"], "name": "陈小改" }] });
    clerk.patch(&path, 1, change).await.ok();
    let at = async |moment: &str| clerk.get(&format!("{path}?as_of={moment}")).await;
    let past = at("2026-03-02").await.ok();
    assert_eq!(
        (past["employer"].clone(), past["version"].clone()),
        (json!("上海申江物业管理有限公司"), json!(1))
    );
    assert_eq!(
        (past["phone"].clone(), past["members"][0]["name"].clone()),
        (json!("138****8000"), member["name"].clone())
    );
    assert_eq!(past["$as_of"], "2026-03-02T23:59:59.999+08:00");
    let now = at("2026-03-03").await.ok();
    assert_eq!(
        (now["employer"].clone(), now["phone"].clone(), now["members"][0]["name"].clone()),
        (json!("上海新单位"), json!("139****9000"), json!("陈小改"))
    );
    at("2026-03-01").await.refused(404, "not_found");
    at("yesterday").await.refused(422, "invalid");
    let xuhui = platform.log_in("xuhui-clerk").await;
    xuhui.get(&format!("{path}?as_of=2026-03-02")).await.refused(404, "not_found");
    let entry = &clerk.get(&format!("{path}/history")).await.ok()["items"][0];
    assert_eq!((entry["actor_name"].clone(), entry["action"].clone()), (json!("陈静怡"), json!("updated")));
}

const STANDARD: &str = "entity: site.rent_standard\ntitle: 租金标准\ndisplay: \"{district} {amount}\"\nscope: { shared: true }\nfields:\n  district: { title: 区, type: choice, dictionary: platform.district, required: true }\n  amount: { title: 每平方米月租金, type: decimal, scale: 2, required: true, unit: 元 }\n  valid_from: { title: 起始日, type: date, required: true }\n  valid_to: { title: 截止日, type: date }\neffective: { from: valid_from, to: valid_to, by: [district] }\n";
const PRICER: &str = "role: site.pricer\ntitle: 定价员\nlevel: city\npermissions:\n  site.rent_standard: { read: true, create: true, update: true, delete: true }\n";

async fn a_site_keeps_versions_of_a_standard_that_do_not_overlap(db: TestDatabase) {
    let platform = Platform::on(db).await;
    grant(&platform, "何伟民", "platform.security_admin").await;
    let shapers = Shapers::of(&platform).await;
    shapers.publish(&[STANDARD, PRICER]).await;
    grant(&platform, "沈国平", "site.pricer").await;
    let client = platform.log_in("city").await;
    let add = async |amount: &str, from: &str, to: Option<&str>| {
        let values = json!({ "district": "310115", "amount": amount, "valid_from": from, "valid_to": to });
        client.post("/api/records/site.rent_standard", values).await
    };
    add("30.00", "2025-01-01", Some("2025-12-31")).await.ok();
    let second = add("32.00", "2026-01-01", None).await.ok();
    let refused = add("33.00", "2026-06-01", None).await;
    assert_eq!(refused.error_at("valid_from"), "与已有的租金标准（2026-01-01 至 长期）期间重叠");
    for (day, expected) in [("2025-06-30", "30.00"), ("today", "32.00")] {
        let in_force = json!({ "field": "$in_force", "op": "eq", "value": day });
        let found = client.find("site.rent_standard", in_force).await;
        assert_eq!(found.iter().map(|rate| &rate["amount"]).collect::<Vec<&Value>>(), [expected], "{day}");
    }
    // The next version begins where this one is made to end.
    let path = format!("/api/records/site.rent_standard/{}", second["id"].as_str().expect("an id"));
    client.patch(&path, 1, json!({ "valid_to": "2026-05-31" })).await.ok();
    add("33.00", "2026-06-01", None).await.ok();
    let later = json!({ "field": "$in_force", "op": "eq", "value": "2026-06-01" });
    assert_eq!(client.find("site.rent_standard", later).await[0]["amount"], "33.00");
}

on_both_databases!(
    a_case_is_shown_as_it_was_on_a_day,
    a_site_keeps_versions_of_a_standard_that_do_not_overlap
);
