//! Definitions that change while the platform runs: who may do it, what is told beforehand, what is refused.

use anju_store::{Condition, SqlValue, on_both_databases, testing::TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, VISITS, grant, with_visits};

async fn a_new_entity_is_worked_with_as_soon_as_it_is_published(db: TestDatabase) {
    let (_platform, shapers, visitor) = with_visits(db).await;
    let who = visitor.get("/api/session").await.ok();
    let menus: Vec<&str> =
        who["menus"].as_array().expect("menus").iter().filter_map(|m| m["title"].as_str()).collect();
    assert!(menus.contains(&"走访管理"), "{menus:?}");
    assert_eq!(visitor.get("/api/definitions/page/site.visits").await.ok()["kind"], "list");
    let id = visitor.create("site.visit", json!({ "no": "V1", "person": "王阿姨", "cost": "12.5" })).await;
    let found = visitor.find("site.visit", json!({ "field": "cost", "op": "ge", "value": "12" })).await;
    assert_eq!(
        (found.len(), found[0]["count"].clone(), found[0]["cost"].clone()),
        (1, json!(0), json!("12.50"))
    );
    let reply = visitor.post("/api/records/site.visit", json!({ "no": "V1" })).await;
    assert_eq!(reply.error_at("no"), "已有相同编号的走访");
    assert_eq!(
        visitor.get(&format!("/api/records/site.visit/{id}/history")).await.ok()["items"][0]["action"],
        "created"
    );

    let published = shapers.publisher.get("/api/definitions/publications").await.ok();
    let newest = &published["items"][0];
    assert_eq!(
        (newest["number"].clone(), newest["kind"].clone()),
        (published["current"].clone(), json!("drafts"))
    );
    assert_eq!(
        (newest["actor_name"].clone(), newest["reason"].clone()),
        (json!("何伟民"), json!("测试发布"))
    );
    assert_eq!(newest["drafts"].as_array().map(Vec::len), Some(5));
    assert!(
        shapers.designer.get("/api/definitions/drafts").await.ok()["items"]
            .as_array()
            .expect("items")
            .is_empty()
    );
    let site = shapers.designer.get("/api/definitions/site").await.ok();
    assert_eq!(site["items"].as_array().map(Vec::len), Some(5));
}

async fn publishing_takes_two_people_and_their_rights(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let path = "/api/definitions/drafts/menu/site.main";
    let menu = "menu: site.main\ntitle: 走访管理\nitems: []\n";
    let put =
        async |client: &Client| client.send(Method::PUT, path, Some(json!({ "text": menu })), &[]).await;
    put(&clerk).await.refused(403, "forbidden");
    put(&shapers.publisher).await.refused(403, "forbidden");
    clerk.get("/api/definitions/publications").await.refused(403, "forbidden");
    put(&shapers.designer).await.ok();
    let publish =
        async |client: &Client| client.post("/api/definitions/publish", json!({ "reason": "新菜单" })).await;
    publish(&shapers.designer).await.refused(403, "forbidden");
    shapers
        .publisher
        .post("/api/definitions/publish", json!({ "reason": "  " }))
        .await
        .refused(422, "invalid");

    // Nobody publishes what they drafted, and roles need the right to grant them.
    grant(&platform, "方晓芸", "platform.publisher").await;
    let both = platform.log_in("designer").await;
    let own = publish(&both).await.refused(403, "forbidden");
    assert!(own["detail"].as_str().expect("a detail").contains("由他人发布"));
    shapers.draft("role: site.boss\ntitle: 负责人\nlevel: city\nrights: [platform.grant_roles]\n").await.ok();
    let refused = publish(&shapers.publisher).await.refused(403, "forbidden");
    assert!(refused["detail"].as_str().expect("a detail").contains("授权权限"));
    let only_menu = json!({ "reason": "只发菜单", "drafts": [{ "kind": "menu", "key": "site.main" }] });
    shapers.publisher.post("/api/definitions/publish", only_menu).await.ok();
    let drafts = shapers.designer.get("/api/definitions/drafts").await.ok();
    assert_eq!(drafts["items"][0]["key"], "site.boss");
    shapers.draft("menu: site.second\ntitle: 再来\nitems: []\n").await.ok();
    let second = json!({ "reason": "再发", "drafts": [{ "kind": "menu", "key": "site.second" }] });
    let path = "/api/definitions/publish";
    let first = shapers.publisher.post_once(path, "once", second.clone()).await.ok();
    let again = shapers.publisher.post_once(path, "once", second).await.ok();
    assert_eq!(first, again, "published once");
    let other = json!({ "reason": "别的" });
    shapers.publisher.post_once(path, "once", other).await.refused(422, "idempotency_key_reused");
    let gone =
        shapers.designer.send(Method::DELETE, "/api/definitions/drafts/role/site.boss", None, &[]).await;
    assert_eq!(gone.status.as_u16(), 204);
}

async fn every_problem_is_told_with_file_line_and_cause(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    shapers.draft("entity: site.visit\ntitle: 走访\ndisplay: \"{nmae}\"\nfields:\n  name: { title: 姓名, type: text, required_when: \"a ==\" }\n  kind: { title: 种类, type: choice, dictionary: site.kind }\nactions:\n  go: { title: 办理, effects: [{ command: { command: site.go } }] }\n").await.ok();
    shapers.draft("extension: site.more\nentity: eligibility.case\nfields:\n  remark: { title: 备注, type: text }\n").await.ok();
    let problems = shapers.designer.post("/api/definitions/check", json!({})).await.ok();
    let told: Vec<String> = problems["problems"]
        .as_array()
        .expect("problems")
        .iter()
        .map(|p| {
            format!(
                "{}:{} {}",
                p["file"].as_str().unwrap_or_default().trim_start_matches("site/site/definitions/"),
                p["line"],
                p["code"].as_str().unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "entities/visit.yaml:3 no_field",
            "entities/visit.yaml:5 expression",
            "entities/visit.yaml:6 dangling_reference",
            "entities/visit.yaml:8 unknown_command",
            "extensions/more.yaml:4 extension_field",
        ]
    );
    assert_eq!(shapers.preview().await["publishable"], false);
    let refused = shapers.publish_all("有错").await.refused(422, "definition_problems");
    assert_eq!(refused["errors"].as_array().map(Vec::len), Some(5));
    assert_eq!(refused["errors"][0]["field"], "site/site/definitions/entities/visit.yaml:3");

    for (text, code) in [("menu: site.other\ntitle: x\nitems: []\n", "name"), ("title: 无\n", "format")] {
        let path = "/api/definitions/drafts/menu/site.main";
        let reply = shapers.designer.send(Method::PUT, path, Some(json!({ "text": text })), &[]).await;
        assert_eq!(reply.refused(422, "invalid")["errors"][0]["code"], code);
    }
    let reply = shapers
        .designer
        .send(Method::PUT, "/api/definitions/drafts/nothing/site.x", Some(json!({ "text": "x: y" })), &[])
        .await;
    reply.refused(404, "not_found");
    // JSON is as good as YAML.
    let text = r#"{"dictionary": "site.kind", "title": "种类", "items": [{"code": "a", "title": "甲"}]}"#;
    let path = "/api/definitions/drafts/dictionary/site.kind";
    shapers.designer.send(Method::PUT, path, Some(json!({ "text": text })), &[]).await.ok();
}

async fn what_publishing_does_and_what_stands_in_the_way_is_told_beforehand(db: TestDatabase) {
    let (_platform, shapers, visitor) = with_visits(db).await;
    visitor.create("site.visit", json!({ "no": "V1", "person": "一个很长很长的名字", "cost": "1.25" })).await;
    visitor.create("site.visit", json!({ "no": "V2", "person": "李四" })).await;
    let changed = VISITS[0]
        .replace("length_max: 20", "length_max: 5")
        .replace("cost: { title: 费用, type: decimal, scale: 2 }", "cost: { title: 费用, type: decimal, scale: 3 }\n  place: { title: 地点, type: text, required: true }\n  kind: { title: 种类, type: text, required: true, default: 上门 }\nindexes: [[place]]");
    shapers.draft(&changed).await.ok();
    let preview = shapers.preview().await;
    assert_eq!(preview["publishable"], false);
    let list = |name: &str, key: &str| -> Vec<String> {
        let items = preview[name].as_array().expect("a list").iter();
        items
            .map(|item| {
                format!(
                    "{} {}",
                    item["field"].as_str().unwrap_or_default(),
                    item[key].as_str().unwrap_or_default()
                )
            })
            .collect()
    };
    assert_eq!(list("refusals", "code"), ["person length_shorter", "place required_without_value"]);
    assert!(preview["refusals"][0]["way"].as_str().expect("a way").contains("先修改这些记录"));
    assert_eq!(
        list("effects", "kind"),
        ["cost rewritten", "place field_added", "kind field_added", "kind filled"]
    );
    let schema: Vec<&str> =
        preview["schema"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(
        schema,
        [
            "数据表 site_visit 增加列 place",
            "数据表 site_visit 增加列 kind",
            "新建索引 ix_site_visit_place_id_live（不影响办理）"
        ]
    );
    let refused = shapers.publish_all("不行").await.refused(409, "publication_refused");
    assert_eq!(refused["errors"][0]["field"], "site.visit.person");

    let changed = changed
        .replace("length_max: 5", "length_max: 50")
        .replace(", required: true }\n  kind", " }\n  kind");
    shapers.publish(&[&changed]).await;
    let rows = visitor.find("site.visit", json!({ "and": [] })).await;
    for row in &rows {
        assert_eq!(row["kind"], "上门");
    }
    assert!(rows.iter().any(|row| row["cost"] == "1.250"));
}

async fn records_that_came_while_it_was_published_are_filled_too(db: TestDatabase) {
    let (platform, shapers, visitor) = with_visits(db).await;
    visitor.create("site.visit", json!({ "no": "V0" })).await;
    let text = VISITS[0].replace("length_max: 20", "length_max: 20, required: true, default: 居民");
    shapers.publish(&[&text]).await;
    // Written by a server that had not followed yet.
    let id = visitor.create("site.visit", json!({ "no": "V1" })).await;
    let store = &platform.runtime.store;
    let mut tx = store.begin().await.expect("a transaction");
    let person: Vec<(&str, SqlValue)> = vec![("person", SqlValue::Null)];
    tx.update("site_visit", person, Condition::eq("site_visit", "id", id.as_str())).await.expect("written");
    tx.commit().await.expect("committed");
    platform.clock.advance(jiff::SignedDuration::from_secs(10));
    platform.settle().await;
    assert_eq!(visitor.read("site.visit", &id).await["person"], "居民");
    let history = visitor.get(&format!("/api/records/site.visit/{id}/history")).await.ok();
    assert_eq!(history["items"][0]["why"], "测试发布");
}

async fn records_are_found_by_fields_that_become_searched(db: TestDatabase) {
    let (platform, shapers, visitor) = with_visits(db).await;
    visitor.create("site.visit", json!({ "no": "V1", "person": "欧阳清越" })).await;
    visitor.create("site.visit", json!({ "no": "V2" })).await;
    let search = json!({ "search": "清越" });
    visitor.post("/api/records/site.visit/query", search.clone()).await.refused(422, "invalid");
    shapers.draft(&format!("{}search: [person]\n", VISITS[0])).await.ok();
    let preview = shapers.preview().await;
    assert_eq!(preview["effects"][0]["kind"], "search_changed", "{preview}");
    shapers.publish_all("按对象搜索").await.ok();
    platform.settle().await;
    let found = visitor.post("/api/records/site.visit/query", search.clone()).await.ok();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    // A default that fills records is found too.
    let text = VISITS[0].replace("length_max: 20", "length_max: 20, required: true, default: 社区居民");
    shapers.publish(&[&format!("{text}search: [person]\n")]).await;
    platform.settle().await;
    let found = visitor.post("/api/records/site.visit/query", json!({ "search": "社区" })).await.ok();
    assert_eq!(found["items"][0]["no"], "V2", "{found}");
}

async fn an_earlier_publication_is_restored_where_the_data_allows(db: TestDatabase) {
    let (_platform, shapers, visitor) = with_visits(db).await;
    let before = shapers.publisher.get("/api/definitions/publications").await.ok()["current"]
        .as_i64()
        .expect("a number");
    let grown = VISITS[0]
        .replace("  cost:", "  note: { title: 备注, type: text }\n  cost:")
        .replace("title: 次数", "title: 走访次数");
    let published = shapers.publish(&[&grown]).await;
    assert_eq!(published["number"], before + 1);
    let changes =
        shapers.publisher.get(&format!("/api/definitions/publications/{}/changes", before + 1)).await.ok();
    let paths: Vec<&str> = changes["items"][0]["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|c| c["path"].as_str())
        .collect();
    assert_eq!(paths, ["fields/count/title", "fields/note"]);
    let id = visitor.create("site.visit", json!({ "no": "V1", "note": "要紧的话" })).await;
    let restore = async || {
        shapers
            .publisher
            .post(&format!("/api/definitions/publications/{before}/restore"), json!({ "reason": "回退" }))
            .await
    };
    let preview = shapers.publisher.post("/api/definitions/preview", json!({ "restore": before })).await.ok();
    assert_eq!(preview["refusals"][0]["code"], "field_in_use");
    restore().await.refused(409, "publication_refused");
    visitor.patch(&format!("/api/records/site.visit/{id}"), 1, json!({ "note": null })).await.ok();
    assert_eq!(restore().await.ok()["number"], before + 2);
    let entity = visitor.get("/api/definitions/entity/site.visit").await.ok();
    assert_eq!(entity["fields"]["count"]["title"], "次数");
    assert!(entity["fields"].get("note").is_none());
    let newest = shapers.publisher.get(&format!("/api/definitions/publications/{}", before + 2)).await.ok();
    assert_eq!(
        (newest["kind"].clone(), newest["reason"].clone()),
        (json!("restored"), json!(format!("恢复第 {before} 次发布：回退")))
    );
    // A definition of the site that goes altogether, and one of the data that cannot.
    shapers.draft_removal("page", "site.visit").await.ok();
    shapers.publish_all("撤下表单").await.ok();
    assert_eq!(visitor.get("/api/definitions/page/site.visit").await.status.as_u16(), 404);
    for (kind, key) in
        [("entity", "site.visit"), ("page", "site.visits"), ("menu", "site.main"), ("role", "site.visitor")]
    {
        shapers.draft_removal(kind, key).await.ok();
    }
    let refused = shapers.publish_all("撤下全部").await.refused(409, "publication_refused");
    let codes: Vec<&str> =
        refused["errors"].as_array().expect("errors").iter().filter_map(|e| e["code"].as_str()).collect();
    // The entity has a record, and somebody bears the role.
    assert!(codes.contains(&"entity_in_use") && codes.contains(&"code_in_use"), "{refused}");
}

async fn a_draft_of_what_has_changed_meanwhile_is_not_published(db: TestDatabase) {
    let (_platform, shapers, _visitor) = with_visits(db).await;
    let draft = shapers.draft(&VISITS[0].replace("title: 费用", "title: 花费")).await.ok();
    assert_eq!(draft["revision"], 1);
    let path = "/api/definitions/drafts/entity/site.visit";
    let stale = json!({ "text": VISITS[0], "revision": null });
    shapers.designer.send(Method::PUT, path, Some(stale), &[]).await.refused(409, "stale");
    // Somebody publishes another change of the same entity first.
    let source = shapers.designer.get("/api/definitions/sources/entity/site.visit").await.ok();
    assert_eq!((source["text"].clone(), source["is_site"].clone()), (json!(VISITS[0]), json!(true)));
    shapers.publish_all("花费").await.ok();
    let late = json!({ "text": VISITS[0].replace("title: 对象", "title: 被访人"), "base": source["digest"] });
    shapers.designer.send(Method::PUT, path, Some(late), &[]).await.ok();
    let refused = shapers.publish_all("被访人").await.refused(422, "definition_problems");
    assert_eq!(refused["errors"][0]["code"], "stale_draft");
    let expected = json!({ "reason": "看过的是旧的", "expected": 1 });
    shapers.publisher.post("/api/definitions/publish", expected).await.refused(409, "overtaken");
}

on_both_databases!(
    a_new_entity_is_worked_with_as_soon_as_it_is_published,
    publishing_takes_two_people_and_their_rights,
    every_problem_is_told_with_file_line_and_cause,
    what_publishing_does_and_what_stands_in_the_way_is_told_beforehand,
    records_that_came_while_it_was_published_are_filled_too,
    records_are_found_by_fields_that_become_searched,
    an_earlier_publication_is_restored_where_the_data_allows,
    a_draft_of_what_has_changed_meanwhile_is_not_published,
);
