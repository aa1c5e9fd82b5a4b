//! The structure of the beneficiaries' data: types, attributes, dictionaries, and what other systems ask about them.

use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Platform, Shapers, a_family};

const CASE: &str = "eligibility.case";

/// The customer unit, a type of beneficiary beside the applicant and the family.
const UNIT: &str = "entity: site.customer_unit\ntitle: 客户单位\npurpose: 单位承租公共租赁住房的用人单位\nkey: code\ndisplay: \"{name}\"\nscope: { shared: true }\nfields:\n  code: { title: 统一社会信用代码, type: credit_code, required: true, unique: true, number: U001, group: 基础属性 }\n  name: { title: 单位名称, type: text, required: true, length_max: 100, number: U002, group: 基础属性 }\n  industry: { title: 所属行业, type: choice, dictionary: site.industry, number: U003, group: 基础属性 }\n  beds: { title: 需求床位数, type: integer, min: 1, max: 5000, unit: 张, number: U101, group: 单位租赁扩展属性 }\n";
const INDUSTRY: &str = "dictionary: site.industry\ntitle: 职业行业\nitems:\n  - { code: I, title: 信息传输 }\n  - { code: I64, title: 互联网, parent: I }\n  - { code: I641, title: 互联网接入, parent: I64 }\n  - { code: C, title: 制造业 }\n";
/// What one variety of service adds to the applicant.
const VARIETY: &str = "extension: site.talent_applicant\ntitle: 人才公寓扩展属性\nentity: eligibility.case\nfields:\n  talent_level: { title: 人才层次, type: choice, dictionary: site.talent_level, number: T001 }\n  talent_since: { title: 认定日期, type: date, max: today, number: T002, required_when: \"talent_level != null\" }\n";
const LEVEL: &str = "dictionary: site.talent_level\ntitle: 人才层次\nitems:\n  - { code: A, title: 领军人才 }\n  - { code: B, title: 高层次人才 }\n";

async fn attribute(client: &crate::support::Client, entity: &str, name: &str) -> Value {
    let structure = client.get(&format!("/api/structures/{entity}")).await.ok();
    let attributes = structure["attributes"].as_array().expect("attributes").clone();
    attributes.into_iter().find(|attribute| attribute["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

/// 参照保障对象数据标准，管理保障对象的实体类型，如主申请人、保障家庭、客户单位等；管理属性的编号、数据类型、校验规则等，支持基础属性和服务品种扩展属性。
async fn m204_types_and_attributes_of_beneficiaries_are_managed(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let types = clerk.get("/api/structures").await.ok();
    let keys = |types: &Value| -> Vec<String> {
        let items = types["items"].as_array().expect("items").iter();
        items.filter_map(|item| item["entity"].as_str().map(str::to_owned)).collect()
    };
    // The applicant with the family are shipped types; the customer unit is one of the site.
    assert!(
        keys(&types).contains(&CASE.to_owned()) && keys(&types).contains(&"eligibility.member".to_owned())
    );
    let role = shapers.designer.get("/api/definitions/sources/entity/eligibility.case").await.ok();
    assert!(role["text"].as_str().is_some_and(|text| text.contains("主申请人")));
    shapers.publish(&[INDUSTRY, UNIT, LEVEL, VARIETY]).await;

    // Attributes: numbers, types and checks; basic ones and those of one variety of service.
    let id_no = attribute(&clerk, CASE, "id_no").await;
    assert_eq!(
        (id_no["type"].clone(), id_no["group"].clone(), id_no["origin"].clone()),
        (json!("id_number"), json!("基础属性"), json!("shipped"))
    );
    assert_eq!(id_no["checks"], json!(["必填", "证件号码校验（GB 11643 等）"]));
    let level = attribute(&clerk, CASE, "talent_level").await;
    assert_eq!(
        (level["number"].clone(), level["group"].clone(), level["origin"].clone()),
        (json!("T001"), json!("人才公寓扩展属性"), json!("site"))
    );
    let family = a_family("310115", 81).with("talent_level", "A");
    let reply = clerk.post(&format!("/api/records/{CASE}"), family.application(&clerk).await).await;
    assert_eq!(reply.error_at("talent_since"), "请填写认定日期");
    // The rule of an attribute changes, its number is its own.
    let looser = VARIETY.replace(", required_when: \"talent_level != null\"", "");
    shapers.publish(&[&looser]).await;
    clerk.create(CASE, family.application(&clerk).await).await;
    shapers.draft(&VARIETY.replace("number: T002", "number: T001")).await.ok();
    let refused = shapers.publish_all("编号重复").await.refused(422, "definition_problems");
    assert_eq!(refused["errors"][0]["code"], "duplicate_number");
    // Nobody has a right on the new type yet, so nobody sees it.
    assert!(!keys(&clerk.get("/api/structures").await.ok()).contains(&"site.customer_unit".to_owned()));
    clerk.get("/api/structures/site.customer_unit").await.refused(404, "not_found");
}

/// 提供保障对象属性字典的维护管理，支持多级字典；为上层应用系统提供对保障对象数据类型、数据属性以及属性字典的查询服务。
async fn m205_dictionaries_are_kept_and_structures_are_asked_for(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let steward = platform.log_in("steward").await;
    let clerk = platform.log_in("pudong-clerk").await;
    let occupation = "extension: site.occupation\nentity: eligibility.case\nfields:\n  industry: { title: 职业行业, type: choice, dictionary: site.industry, number: X301 }\n";
    shapers.publish(&[INDUSTRY, occupation]).await;
    let path = "/api/dictionaries/site.industry/changes";
    let edit = |changes: Value| json!({ "changes": changes, "reason": "行业分类更新" });
    clerk.post(path, edit(json!([{ "op": "remove", "code": "C" }]))).await.refused(403, "forbidden");

    // Several levels: added, moved, renamed, put in order, no longer offered.
    steward
        .post(
            path,
            edit(json!([
                { "op": "add", "code": "I65", "title": "软件", "parent": "I", "after": "I64" },
                { "op": "add", "code": "I651", "title": "软件开发", "parent": "I65" },
                { "op": "change", "code": "C", "title": "制造业（停用）", "retired": true },
                { "op": "order", "codes": ["C", "I", "I65", "I651", "I64", "I641"] },
            ])),
        )
        .await
        .ok();
    let structure = clerk.get(&format!("/api/structures/{CASE}")).await.ok();
    let expected = json!([
        { "code": "C", "title": "制造业（停用）", "retired": true, "children": [] },
        { "code": "I", "title": "信息传输", "retired": false, "children": [
            { "code": "I65", "title": "软件", "retired": false, "children": [
                { "code": "I651", "title": "软件开发", "retired": false, "children": [] } ] },
            { "code": "I64", "title": "互联网", "retired": false, "children": [
                { "code": "I641", "title": "互联网接入", "retired": false, "children": [] } ] } ] },
    ]);
    assert_eq!(structure["dictionaries"]["site.industry"]["items"], expected);
    let members = structure["children"]
        .as_array()
        .expect("child tables")
        .iter()
        .find(|child| child["name"] == "members");
    assert_eq!(members.expect("the family")["title"], "家庭成员");

    // The new items are in force at once, retired ones are not offered, those in use cannot go.
    let application = a_family("310115", 82).with("industry", "I651").application(&clerk).await;
    clerk.create(CASE, application).await;
    let retired = a_family("310115", 83).with("industry", "C").application(&clerk).await;
    let reply = clerk.post(&format!("/api/records/{CASE}"), retired).await;
    assert_eq!(reply.error_at("industry"), "选项“制造业（停用）”已停用");
    let under = clerk.find(CASE, json!({ "field": "industry", "op": "under", "value": "I" })).await;
    assert_eq!(under.len(), 1);
    let refused = steward
        .post(path, edit(json!([{ "op": "remove", "code": "I651" }])))
        .await
        .refused(409, "publication_refused");
    assert_eq!(refused["errors"][0]["code"], "code_in_use");
    steward
        .post(path, edit(json!([{ "op": "remove", "code": "I641" }, { "op": "remove", "code": "C" }])))
        .await
        .ok();
    let faults = steward
        .post(path, edit(json!([{ "op": "add", "code": "I", "title": "重复" }])))
        .await
        .refused(422, "invalid");
    assert_eq!(faults["errors"][0]["field"], "changes[0]");

    // A shipped dictionary is kept the same way, and stays the site's through a release.
    let levels =
        json!({ "reason": "新增渠道", "changes": [{ "op": "add", "code": "bank", "title": "银行代办" }] });
    steward.post("/api/dictionaries/eligibility.channel/changes", levels).await.ok();
    let channel = clerk.get("/api/definitions/dictionary/eligibility.channel").await.ok();
    assert_eq!(channel["items"].as_array().expect("items").last().expect("an item")["title"], "银行代办");
    let newest = shapers.publisher.get("/api/definitions/publications").await.ok()["items"][0].clone();
    assert_eq!((newest["kind"].clone(), newest["actor_name"].clone()), (json!("dictionary"), json!("唐慧")));
    assert_eq!(newest["reason"], "字典 eligibility.channel：新增渠道");

    // Only what the asker may see.
    platform.public().get("/api/structures").await.refused(401, "not_signed_in");
    let designer = platform.log_in("designer").await;
    designer.get(&format!("/api/structures/{CASE}")).await.refused(404, "not_found");
}

on_both_databases!(
    m204_types_and_attributes_of_beneficiaries_are_managed,
    m205_dictionaries_are_kept_and_structures_are_asked_for,
);
