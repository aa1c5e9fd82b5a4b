//! An application nobody prepared for: definitions only, with the kinds of field and action that imports, exports and
//! actions on many records have to cope with.

use anju_runtime::{
    App, Registry, Runtime,
    definitions::Source,
    records::{Actor, Object, PageRequest, Query},
};
use serde_json::json;

pub const SAMPLE: &str = "lab.sample";

const DEFINITIONS: [(&str, &str); 4] = [
    (
        "dictionaries/state",
        "dictionary: lab.state
title: 状态
items: [{ code: open, title: 未办 }, { code: closed, title: 已办 }, { code: held, title: 暂缓 }]
",
    ),
    (
        "entities/sample",
        "entity: lab.sample
title: 样本
key: code
display: \"{code} {name}\"
scope: { district: district }
fields:
  code: { title: 编号, type: text, required: true, unique: true, length_max: 40 }
  name: { title: 名称, type: text, required: true, length_max: 100 }
  state: { title: 状态, type: choice, dictionary: lab.state, default: open }
  district: { title: 区, type: choice, dictionary: platform.district, required: true }
  owner: { title: 业主, type: text, length_max: 100 }
  id_no: { title: 证件号码, type: id_number, sensitive: true }
  price: { title: 价格, type: money, min: 0 }
  area: { title: 面积, type: decimal, scale: 2, min: 0 }
  rooms: { title: 间数, type: integer, min: 0 }
  built_on: { title: 建成日期, type: date }
  seen_at: { title: 查看时间, type: date_time }
  let: { title: 已出租, type: boolean, default: false }
  operator: { title: 运营机构, type: ref, to: platform.organisation }
  remark: { title: 备注, type: long_text, length_max: 500 }
rules:
  - { code: rooms_fit, check: rooms <= 20, field: rooms, message: 间数不超过 20 }
actions:
  close: { title: 办结, when: \"state == 'open'\", otherwise: 已经办结, effects: [{ set: { state: closed } }] }
  close_together: { title: 一并办结, when: \"state == 'open'\", otherwise: 已经办结, atomic: true, effects: [{ set: { state: closed } }] }
  note: { title: 批注, input: { text: { title: 批注内容, type: text, required: true, length_min: 2 } }, effects: [{ set: { remark: \"=input.text\" } }] }
",
    ),
    (
        "roles/keeper",
        "role: lab.keeper
title: 样本管理员
level: city
permissions:
  lab.sample: { read: true, create: true, update: true, import: true, export: true, actions: [close, close_together, note] }
  platform.organisation: { read: true }
",
    ),
    (
        "roles/district_keeper",
        "role: lab.district_keeper
title: 区样本管理员
level: district
permissions:
  lab.sample: { read: true, export: true, actions: [close], fields: [code, name, state, district] }
",
    ),
];

pub struct Lab;

impl App for Lab {
    fn name(&self) -> &'static str {
        "lab"
    }

    fn sources(&self) -> Vec<Source> {
        let source =
            |(path, text): &(&str, &str)| Source::new(format!("apps/lab/definitions/{path}.yaml"), *text);
        DEFINITIONS.iter().map(source).collect()
    }

    fn register(&self, _registry: &mut Registry) {}
}

/// Adds a role to the first post of an account.
pub async fn give_role(runtime: &Runtime, account: &str, role: &str) {
    let system = Actor::system("test");
    let one = async |entity: &str, field: &str, value: &str| {
        let query: Query = Query {
            filter: serde_json::from_value(json!({ "field": field, "op": "eq", "value": value }))
                .expect("a filter"),
            page: PageRequest { size: 1, ..PageRequest::default() },
            ..Query::default()
        };
        let page = runtime.records.query(&system, entity, &query).await.expect("a query");
        page.items.into_iter().next().expect("a record")
    };
    let account = one("platform.account", "account", account).await;
    let post = one("platform.post", "account", &account.id).await;
    let mut roles = post.get("roles").as_array().expect("roles").clone();
    roles.push(json!(role));
    let changes = Object::from_iter([("roles".to_owned(), json!(roles))]);
    let mut tx = runtime.store.begin().await.expect("a transaction");
    runtime
        .records
        .patch(&mut tx, &system, "platform.post", &post.id, None, changes, None)
        .await
        .expect("the post has the role");
    tx.commit().await.expect("commits");
}
