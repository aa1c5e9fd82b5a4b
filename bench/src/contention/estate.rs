//! An application made for measuring: units that a salesperson reserves and releases.

use anju::demo::directory::{PASSWORD, Staff, object};
use anju_runtime::{App, Registry, Runtime, definitions::Source, records::Actor};
use anyhow::Context;
use serde_json::json;

pub const UNIT: &str = "estate.unit";
/// Who reserves, at the city: sees all units.
pub const SELLER: &str = "estate-seller";

const DEFINITIONS: [(&str, &str); 3] = [
    (
        "dictionaries/state",
        "dictionary: estate.state\ntitle: 房源状态\nitems:\n  - { code: free, title: 空置 }\n  - { code: taken, title: 已订 }\n",
    ),
    (
        "entities/unit",
        "entity: estate.unit\ntitle: 房源\ndisplay: \"{code}\"\nscope: { shared: true }\nfields:\n\
         \x20 code: { title: 编号, type: text, required: true, unique: true }\n\
         \x20 state: { title: 状态, type: choice, dictionary: estate.state, default: free }\n\
         \x20 household: { title: 家庭, type: text, required_when: \"state == 'taken'\" }\n\
         transitions: { field: state, from: { free: [taken], taken: [free] } }\n",
    ),
    (
        "roles/seller",
        "role: estate.seller\ntitle: 选房经办人\nlevel: city\npermissions:\n\
         \x20 estate.unit: { read: true, update: true }\n",
    ),
];

pub struct Estate;

impl App for Estate {
    fn name(&self) -> &'static str {
        "estate"
    }

    fn sources(&self) -> Vec<Source> {
        let source = |(path, text): (&str, &str)| Source {
            path: format!("apps/estate/definitions/{path}.yaml"),
            text: text.to_owned(),
        };
        DEFINITIONS.map(source).to_vec()
    }

    fn register(&self, _registry: &mut Registry) {}
}

/// The seller's account, and units that are free; their ids.
pub async fn fill(runtime: &Runtime, staff: &Staff, units: usize) -> anyhow::Result<Vec<String>> {
    let system = Actor::system("bench");
    let supervisor = staff.actor("city")?.post.as_ref().context("nobody works at the city")?;
    let mut tx = runtime.store.begin().await?;
    let account =
        object([("account", json!(SELLER)), ("name", json!("王选房")), ("phone", json!("13800138000"))]);
    let account = runtime.identity.create_account_with_password(&mut tx, &system, account, PASSWORD).await?;
    let post = object([
        ("account", json!(account)),
        ("organisation", json!(supervisor.org_id)),
        ("title", json!("选房经办人")),
        ("roles", json!(["estate.seller"])),
    ]);
    runtime.records.create(&mut tx, &system, "platform.post", post, None).await?;
    let mut ids = Vec::with_capacity(units);
    for number in 0..units {
        let unit = object([("code", json!(format!("U{number:05}")))]);
        ids.push(runtime.records.create(&mut tx, &system, UNIT, unit, None).await?.id);
    }
    tx.commit().await?;
    Ok(ids)
}
