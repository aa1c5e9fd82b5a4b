//! Definitions that change while the platform runs: who may do it, what is told beforehand, what is refused, and that
//! nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use anju_store::{Condition, SqlValue, on_both_databases, testing::TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, a_family, grant};

/// An entity of a site with its page, menu and role.
const DEFINITIONS: [&str; 5] = [
    "entity: site.visit\ntitle: 走访\nkey: no\ndisplay: \"{no} {person}\"\nscope: { shared: true }\nfields:\n  no: { title: 编号, type: text, required: true, unique: true }\n  person: { title: 对象, type: text, length_max: 20 }\n  count: { title: 次数, type: integer, default: 0 }\n  cost: { title: 费用, type: decimal, scale: 2 }\n",
    "page: site.visits\ntitle: 走访\nkind: list\nentity: site.visit\ncolumns: [{ field: no }, { field: person }]\n",
    "menu: site.main\ntitle: 走访管理\norder: 20\nitems: [{ title: 走访, page: site.visits }]\n",
    "role: site.visitor\ntitle: 走访员\nlevel: city\npermissions:\n  site.visit: { read: true, create: true, update: true }\nmenus: [site.main]\n",
    "page: site.visit\ntitle: 走访\nkind: form\nentity: site.visit\nsections: [{ title: 走访, fields: [no, person, count, cost] }]\n",
];

/// A platform with the entity in force, and somebody who works with it.
async fn with_visits(db: TestDatabase) -> (Platform, Shapers, Client) {
    let platform = Platform::on(db).await;
    grant(&platform, "何伟民", "platform.security_admin").await;
    let shapers = Shapers::of(&platform).await;
    shapers.publish(&DEFINITIONS).await;
    grant(&platform, "沈国平", "site.visitor").await;
    let visitor = platform.log_in("city").await;
    (platform, shapers, visitor)
}

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
    let changed = DEFINITIONS[0]
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
    let text = DEFINITIONS[0].replace("length_max: 20", "length_max: 20, required: true, default: 居民");
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
    shapers.draft(&format!("{}search: [person]\n", DEFINITIONS[0])).await.ok();
    let preview = shapers.preview().await;
    assert_eq!(preview["effects"][0]["kind"], "search_changed", "{preview}");
    shapers.publish_all("按对象搜索").await.ok();
    platform.settle().await;
    let found = visitor.post("/api/records/site.visit/query", search.clone()).await.ok();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    // A default that fills records is found too.
    let text = DEFINITIONS[0].replace("length_max: 20", "length_max: 20, required: true, default: 社区居民");
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
    let grown = DEFINITIONS[0]
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
    let draft = shapers.draft(&DEFINITIONS[0].replace("title: 费用", "title: 花费")).await.ok();
    assert_eq!(draft["revision"], 1);
    let path = "/api/definitions/drafts/entity/site.visit";
    let stale = json!({ "text": DEFINITIONS[0], "revision": null });
    shapers.designer.send(Method::PUT, path, Some(stale), &[]).await.refused(409, "stale");
    // Somebody publishes another change of the same entity first.
    let source = shapers.designer.get("/api/definitions/sources/entity/site.visit").await.ok();
    assert_eq!((source["text"].clone(), source["is_site"].clone()), (json!(DEFINITIONS[0]), json!(true)));
    shapers.publish_all("花费").await.ok();
    let late =
        json!({ "text": DEFINITIONS[0].replace("title: 对象", "title: 被访人"), "base": source["digest"] });
    shapers.designer.send(Method::PUT, path, Some(late), &[]).await.ok();
    let refused = shapers.publish_all("被访人").await.refused(422, "definition_problems");
    assert_eq!(refused["errors"][0]["code"], "stale_draft");
    let expected = json!({ "reason": "看过的是旧的", "expected": 1 });
    shapers.publisher.post("/api/definitions/publish", expected).await.refused(409, "overtaken");
}

/// One of many at work: counts its own record up, reads it back, lists. Every answer must be a success.
async fn work(
    client: Arc<Client>,
    number: usize,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicI64>,
) -> (String, i64) {
    let id = client.create("site.visit", json!({ "no": format!("W{number}"), "cost": "1.25" })).await;
    let path = format!("/api/records/site.visit/{id}");
    let mut version = 1;
    while !stop.load(Ordering::Relaxed) {
        let answer = client.patch(&path, version, json!({ "count": version })).await.ok();
        version = answer["version"].as_i64().expect("a version");
        assert_eq!(answer["count"], version - 1, "the answer to a write has what was written");
        let read = client.read("site.visit", &id).await;
        assert_eq!((read["count"].clone(), read["version"].clone()), (json!(version - 1), json!(version)));
        let cost: f64 = read["cost"].as_str().expect("a cost").parse().expect("a number");
        assert!((cost - 1.25).abs() < 1e-9, "{cost} is read with the wrong scale");
        let found = client
            .find("site.visit", json!({ "field": "no", "op": "eq", "value": format!("W{number}") }))
            .await;
        assert_eq!(found.len(), 1);
        written.fetch_add(1, Ordering::Relaxed);
    }
    (id, version - 1)
}

async fn sixty_four_clients_notice_nothing_of_publications(db: TestDatabase) {
    let (_platform, shapers, visitor) = with_visits(db).await;
    let visitor = Arc::new(visitor);
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let workers: Vec<_> = (0..64)
        .map(|number| tokio::spawn(work(visitor.clone(), number, stop.clone(), written.clone())))
        .collect();
    let mut text = DEFINITIONS[0].to_owned();
    for round in 0..8 {
        // Between two publications everybody gets something done.
        let before = written.load(Ordering::Relaxed);
        while written.load(Ordering::Relaxed) < before + 64 {
            assert!(workers.iter().all(|worker| !worker.is_finished()), "a client failed");
            tokio::task::yield_now().await;
        }
        text = match round {
            // Values change their form under everybody's hands.
            3 => text.replace(
                "cost: { title: 费用, type: decimal, scale: 2 }",
                "cost: { title: 费用, type: decimal, scale: 4 }",
            ),
            5 => text.replace(
                "cost: { title: 费用, type: decimal, scale: 4 }",
                "cost: { title: 费用, type: decimal, scale: 3 }",
            ),
            6 => text.replace(
                "person: { title: 对象, type: text, length_max: 20 }",
                "person: { title: 对象, type: text, required: true, default: 居民 }",
            ),
            _ => {
                text.replace(
                    "  cost:",
                    &format!("  extra_{round}: {{ title: 增加的 {round}, type: text }}\n  cost:"),
                ) + &format!("indexes: [[extra_{round}, count]]\n")
            }
        };
        if let Some((kept, _)) = text.split_once("indexes:") {
            let last =
                text.lines().rev().find(|line| line.starts_with("indexes:")).unwrap_or_default().to_owned();
            text = format!("{kept}{last}\n");
        }
        shapers.publish(&[&text]).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for worker in workers {
        acknowledged.push(worker.await.expect("a client failed"));
    }
    for (id, count) in acknowledged {
        let read = visitor.read("site.visit", &id).await;
        assert_eq!(
            (read["count"].clone(), read["cost"].clone()),
            (json!(count), json!("1.250")),
            "a write was lost"
        );
        let history = visitor.get(&format!("/api/records/site.visit/{id}/history")).await.ok();
        let entries = history["items"].as_array().expect("items").iter();
        let own = entries.filter(|entry| entry["actor_name"] == "沈国平").count();
        assert_eq!(own as i64, count + 1, "an entry for each write");
    }
}

async fn running_processes_keep_what_their_version_needs(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let id = a_family("310115", 61).apply(&platform, &clerk).await;
    let source =
        shapers.designer.get("/api/definitions/sources/process/eligibility.public_rental_new").await.ok();
    let text = source["text"].as_str().expect("a text");
    assert!(text.contains("title: 受理"), "{text}");
    let files = source["files"].as_object().expect("files").clone();
    // The process changes: cases at work go on as they began.
    let renamed =
        text.replace("title: 受理\n", "title: 窗口受理\n").replace("title: 受理,", "title: 窗口受理,");
    assert_ne!(renamed, text);
    let path = "/api/definitions/drafts/process/eligibility.public_rental_new";
    let body = json!({ "text": renamed, "files": files });
    shapers.designer.send(Method::PUT, path, Some(body), &[]).await.ok();
    shapers.publish_all("改名").await.ok();
    let tasks = clerk.tasks_on("eligibility.case", &id).await;
    assert_eq!(tasks[0]["title"], "受理", "{tasks:?}");
    clerk
        .post(&format!("/api/tasks/{}/claim", tasks[0]["id"].as_str().expect("an id")), json!({}))
        .await
        .ok();
    clerk.complete("eligibility.case", &id, "acceptance", "accept", json!({})).await.ok();
    let second = a_family("310115", 62).apply(&platform, &clerk).await;
    assert_eq!(clerk.tasks_on("eligibility.case", &second).await[0]["title"], "窗口受理");

    // What they still need cannot be taken away: here, a message that only a version of the site sends.
    shapers.draft("message: site.note\ntitle: 提醒\nentity: eligibility.case\nchannel: sms\nto: phone\ntext: \"您的申请{case_no}正在办理。\"\n").await.ok();
    let with_message = renamed.replace(
        "      - command: { command: eligibility.check_prior_cases }\n",
        "      - command: { command: eligibility.check_prior_cases }\n      - message: site.note\n",
    );
    assert_ne!(with_message, renamed);
    let body = json!({ "text": with_message, "files": files });
    shapers.designer.send(Method::PUT, path, Some(body), &[]).await.ok();
    shapers.publish_all("加短信").await.ok();
    a_family("310115", 63).apply(&platform, &clerk).await;
    shapers.draft_removal("process", "eligibility.public_rental_new").await.ok();
    shapers.draft_removal("message", "site.note").await.ok();
    let refused = shapers.publish_all("全部撤回").await.refused(409, "publication_refused");
    assert_eq!(refused["errors"][0]["code"], "process_running");
    assert!(
        refused["errors"][0]["message"].as_str().expect("a message").contains("没有消息“site.note”"),
        "{refused}"
    );
    let only_process = json!({ "reason": "流程恢复原样", "drafts": [{ "kind": "process", "key": "eligibility.public_rental_new" }] });
    shapers.publisher.post("/api/definitions/publish", only_process).await.ok();
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
    sixty_four_clients_notice_nothing_of_publications,
    running_processes_keep_what_their_version_needs,
);
