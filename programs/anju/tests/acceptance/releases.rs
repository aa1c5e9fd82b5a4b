//! A site's own definitions and the releases of the program: what the site has made survives, conflicts are told,
//! and several servers agree.

use std::sync::Arc;

use anju_runtime::{App, Error, Registry, Runtime, definitions::Source};
use anju_store::{on_both_databases, testing::TestDatabase};
use serde_json::{Value, json};

use crate::support::{Client, Platform, Shapers, a_family};

const CASE: &str = "eligibility.case";
const CASE_FILE: &str = "apps/eligibility/definitions/entities/case.yaml";

/// What a site adds to the shipped case: fields, a rule, an index.
const EXTENSION: &str = "extension: site.case_origin\ntitle: 来源信息\nentity: eligibility.case\nfields:\n  introduced_by: { title: 介绍单位, type: text, length_max: 40, number: X01 }\n  visits: { title: 走访次数, type: integer, min: 0, default: 0 }\nindexes:\n  - [introduced_by]\nsearch: [introduced_by]\nrules:\n  - { code: few_visits, check: visits <= 99, field: visits, message: 走访次数不超过 99 }\n";

type Edit = Box<dyn Fn(&str, &str) -> String + Send + Sync>;

/// An application whose shipped definitions a later release has changed.
struct Changed {
    app: Box<dyn App>,
    edit: Arc<Edit>,
}

impl App for Changed {
    fn name(&self) -> &'static str {
        self.app.name()
    }

    fn sources(&self) -> Vec<Source> {
        let sources = self.app.sources().into_iter();
        sources.map(|file| Source::new(file.path.clone(), (self.edit)(&file.path, &file.text))).collect()
    }

    fn register(&self, registry: &mut Registry) {
        self.app.register(registry);
    }
}

/// The next release: the file with the replacement.
fn release(path: &'static str, from: &'static str, to: &'static str) -> Vec<Box<dyn App>> {
    let edit: Edit = Box::new(move |at, text| {
        if at != path {
            return text.to_owned();
        }
        assert!(text.contains(from), "{path} has no {from}");
        text.replace(from, to)
    });
    let edit = Arc::new(edit);
    anju::apps()
        .into_iter()
        .map(|app| Box::new(Changed { app, edit: edit.clone() }) as Box<dyn App>)
        .collect()
}

async fn newest(client: &Client) -> Value {
    client.get("/api/definitions/publications").await.ok()["items"][0].clone()
}

async fn a_site_extends_a_shipped_entity_and_the_next_release_keeps_it(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let old = clerk.create(CASE, a_family("310115", 71).application(&clerk).await).await;
    shapers.publish(&[EXTENSION]).await;
    let family = a_family("310115", 72).with("introduced_by", "塘桥街道").with("visits", 3);
    let id = clerk.create(CASE, family.application(&clerk).await).await;
    let read = clerk.read(CASE, &id).await;
    assert_eq!((read["introduced_by"].clone(), read["visits"].clone()), (json!("塘桥街道"), json!(3)));
    assert_eq!(clerk.read(CASE, &old).await["introduced_by"], Value::Null);
    let found = clerk.find(CASE, json!({ "field": "introduced_by", "op": "eq", "value": "塘桥街道" })).await;
    assert_eq!(found.len(), 1);
    let search = json!({ "search": "塘桥" });
    let found = clerk.post(&format!("/api/records/{CASE}/query"), search).await.ok();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let reply = clerk.patch(&format!("/api/records/{CASE}/{id}"), 1, json!({ "visits": 100 })).await;
    assert_eq!(reply.error_at("visits"), "走访次数不超过 99");
    let form = clerk.get("/api/definitions/page/eligibility.case_form").await.ok();
    let last = form["sections"].as_array().expect("sections").last().expect("a section").clone();
    assert_eq!(
        (last["title"].clone(), last["fields"].clone()),
        (json!("来源信息"), json!(["introduced_by", "visits"]))
    );

    // The next release renames a title, adds a field, and brings one of the site's names itself.
    let next = platform
        .another(release(CASE_FILE, "  remark: { title: 备注,", "  introduced_by: { title: 推荐单位, type: text, length_max: 80 }\n  hotline: { title: 热线, type: text }\n  remark: { title: 说明,"))
        .await
        .expect("the next release starts");
    let clerk = platform.log_in_at(&next, "pudong-clerk").await;
    let read = clerk.read(CASE, &id).await;
    assert_eq!(
        (read["introduced_by"].clone(), read["visits"].clone()),
        (json!("塘桥街道"), json!(3)),
        "values stay"
    );
    let entity = clerk.get(&format!("/api/definitions/entity/{CASE}")).await.ok();
    let title = |field: &str| entity["fields"][field]["title"].clone();
    assert_eq!(
        (title("introduced_by"), title("remark"), title("visits")),
        (json!("推荐单位"), json!("说明"), json!("走访次数"))
    );
    let publisher = platform.log_in_at(&next, "publisher").await;
    let newest = newest(&publisher).await;
    assert_eq!((newest["kind"].clone(), newest["actor_name"].clone()), (json!("release"), json!("平台启动")));
    assert_eq!(newest["conflicts"][0]["path"], "fields/introduced_by");
    assert_eq!(newest["conflicts"][0]["resolution"], "shipped_kept");
}

async fn a_definition_that_the_site_has_changed_is_merged_with_the_next_release(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let path = "/api/definitions/sources/page/platform.organisations";
    let shipped = shapers.designer.get(path).await.ok()["text"].as_str().expect("a text").to_owned();
    shapers
        .publish(&[&shipped
            .replace("title: 机构管理", "title: 机构名录")
            .replace("{ field: status, width: 90 }", "{ field: status, width: 120 }")])
        .await;
    let source = shapers.designer.get(path).await.ok();
    assert_eq!((source["is_site"].clone(), source["shipped"].clone()), (json!(true), json!(shipped)));
    let file = "apps/platform/definitions/pages/organisations.yaml";
    let next = platform
        .another(release(
            file,
            "{ field: phone, width: 140 }",
            "{ field: phone, width: 160 }, { field: created_at }",
        ))
        .await
        .expect("it starts");
    let designer = platform.log_in_at(&next, "designer").await;
    let merged = designer.get(path).await.ok()["text"].as_str().expect("a text").to_owned();
    assert!(
        merged.contains("title: 机构名录")
            && merged.contains("field: created_at")
            && merged.contains("width: 120"),
        "{merged}"
    );
    assert!(newest(&designer).await["conflicts"].as_array().expect("conflicts").is_empty());
    // Back to what is shipped.
    let shapers = Shapers { designer, publisher: platform.log_in_at(&next, "publisher").await };
    shapers.draft_removal("page", "platform.organisations").await.ok();
    shapers.publish_all("恢复出厂").await.ok();
    assert_eq!(shapers.designer.get(path).await.ok()["is_site"], false);
}

async fn a_release_that_the_data_cannot_follow_does_not_start(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let clerk = platform.log_in("pudong-clerk").await;
    let family = a_family("310115", 73).with("remark", "行动不便");
    clerk.create(CASE, family.application(&clerk).await).await;
    let from = "remark: { title: 备注, type: long_text, length_max: 500 }";
    let refused = platform.another(release(CASE_FILE, from, "remark: { title: 备注, type: integer }")).await;
    match refused.map(drop) {
        Err(Error::Definitions(text)) => {
            assert!(text.contains("“备注”由多行文字改为整数，1 条记录的值无法转换"), "{text}")
        }
        other => panic!("{other:?}"),
    }
    // The old one goes on.
    clerk.create(CASE, a_family("310115", 74).application(&clerk).await).await;
    // What a release only leaves out stays in the tables.
    let shorter = release(
        "apps/eligibility/definitions/entities/intake_office.yaml",
        "  address: { title: 地址, type: text, length_max: 200 }\n",
        "",
    );
    let refused = platform.another(shorter).await.map(drop);
    match refused {
        // The pages still show it: a release like that would not pass its own checks.
        Err(Error::Definitions(text)) => assert!(text.contains("没有字段“address”"), "{text}"),
        other => panic!("{other:?}"),
    }
}

async fn several_servers_have_the_same_definitions(db: TestDatabase) {
    let platform = Platform::on(db).await;
    let shapers = Shapers::of(&platform).await;
    let replica: Arc<Runtime> = platform.another(anju::apps()).await.expect("a replica starts");
    let there = platform.log_in_at(&replica, "pudong-clerk").await;
    let here = platform.log_in("pudong-clerk").await;
    let id = here.create(CASE, a_family("310115", 75).with("remark", "甲").application(&here).await).await;
    let before = replica.publication_number();
    shapers.publish(&[EXTENSION]).await;
    replica.refresh_definitions().await.expect("it catches up");
    assert_eq!(replica.publication_number(), before + 1);
    let read = there
        .patch(&format!("/api/records/{CASE}/{id}"), 1, json!({ "introduced_by": "塘桥街道" }))
        .await
        .ok();
    assert_eq!(read["introduced_by"], "塘桥街道");

    // Values change their form here; the other server, which does not know yet, notices by itself.
    shapers
        .publish(&[&EXTENSION
            .replace("type: integer, min: 0, default: 0", "type: decimal, scale: 1, min: 0, default: 0")])
        .await;
    assert_eq!(replica.publication_number(), before + 1);
    let read = there.read(CASE, &id).await;
    assert_eq!(read["visits"], Value::Null);
    assert_eq!(replica.publication_number(), before + 2);
    shapers
        .publish(&[&EXTENSION
            .replace("type: integer, min: 0, default: 0", "type: decimal, scale: 3, min: 0, default: 0")])
        .await;
    let version = read["version"].as_i64().expect("a version");
    let written =
        there.patch(&format!("/api/records/{CASE}/{id}"), version, json!({ "visits": "1.5" })).await.ok();
    assert_eq!(written["visits"], "1.500");
    assert_eq!(here.read(CASE, &id).await["visits"], "1.500");
}

on_both_databases!(
    a_site_extends_a_shipped_entity_and_the_next_release_keeps_it,
    a_definition_that_the_site_has_changed_is_merged_with_the_next_release,
    a_release_that_the_data_cannot_follow_does_not_start,
    several_servers_have_the_same_definitions,
);
