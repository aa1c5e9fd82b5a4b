//! Records as they were, and periods in force, through the API.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Platform, Shapers, a_family};

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

async fn a_site_keeps_versions_of_a_standard_that_do_not_overlap(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let system = anju_runtime::records::Actor::system("test");
    shapers
        .publish(&["entity: site.rent_standard\ntitle: 租金标准\ndisplay: \"{district} {amount}\"\nscope: { shared: true }\nfields:\n  district: { title: 区, type: choice, dictionary: platform.district, required: true }\n  amount: { title: 每平方米月租金, type: decimal, scale: 2, required: true, unit: 元 }\n  valid_from: { title: 起始日, type: date, required: true }\n  valid_to: { title: 截止日, type: date }\neffective: { from: valid_from, to: valid_to, by: [district] }\n"])
        .await;
    let runtime = &platform.runtime;
    let add = async |amount: &str, from: &str, to: Option<&str>| {
        let values = json!({ "district": "310115", "amount": amount, "valid_from": from, "valid_to": to });
        let mut tx = runtime.store.begin().await.expect("a transaction");
        let values = values.as_object().cloned().expect("an object");
        let created = runtime.records.create(&mut tx, &system, "site.rent_standard", values, None).await?;
        tx.commit().await.expect("committed");
        Ok::<_, anju_runtime::records::Error>(created)
    };
    add("30.00", "2025-01-01", Some("2025-12-31")).await.expect("the first");
    add("32.00", "2026-01-01", None).await.expect("the second");
    let refused = add("33.00", "2026-06-01", None).await.expect_err("it overlaps");
    assert!(matches!(refused, anju_runtime::records::Error::Invalid(faults) if faults[0].code == "overlap"));
    for (day, expected) in [("2025-06-30", "30.00"), ("today", "32.00")] {
        let query = json!({ "where": { "field": "$in_force", "op": "eq", "value": day } });
        let query = serde_json::from_value(query).expect("a query");
        let found = runtime.records.query(&system, "site.rent_standard", &query).await.expect("a page");
        assert_eq!(found.items.iter().map(|r| r.get("amount")).collect::<Vec<&Value>>(), [expected], "{day}");
    }
}

on_both_databases!(
    a_case_is_shown_as_it_was_on_a_day,
    a_site_keeps_versions_of_a_standard_that_do_not_overlap
);
