//! Organisations, intake offices and the people who work in the demonstration.

use std::collections::HashMap;

use anju_runtime::{
    Runtime,
    definitions::Level,
    records::{Actor, ActorKind, Object, PageRequest, Post, Query, Record},
    store::Tx,
};
use anyhow::Context;
use serde_json::{Value, json};

use super::{dice::Dice, people};

/// Password of every demonstration account.
pub const PASSWORD: &str = "Anju-demo-2026";

const ORGANISATION: &str = "platform.organisation";
const ACCOUNT: &str = "platform.account";
const POST: &str = "platform.post";
/// Code of the municipal bureau, and the place of those who work there.
pub const CITY: &str = "310000";

/// An operator of the demonstration, with the district it works in.
pub struct Operator {
    pub code: &'static str,
    pub title: &'static str,
    pub district: &'static str,
    pub city_procured: bool,
}

/// Operators of the demonstration.
pub const OPERATORS: [Operator; 4] = [
    Operator {
        code: "pudong",
        title: "上海浦东公共租赁住房投资运营有限公司",
        district: "310115",
        city_procured: false,
    },
    Operator {
        code: "xuhui",
        title: "上海徐汇惠众公共租赁住房运营有限公司",
        district: "310104",
        city_procured: false,
    },
    Operator {
        code: "yangpu",
        title: "上海杨浦公共租赁住房运营管理有限公司",
        district: "310110",
        city_procured: false,
    },
    Operator {
        code: "shishu",
        title: "上海地产住房保障运营有限公司",
        district: "310101",
        city_procured: true,
    },
];

/// Somebody who works in the demonstration.
pub struct Demonstrator {
    /// Account name; `{}` stands for the operator or district.
    pub account: &'static str,
    pub name: &'static str,
    pub place: &'static str,
    pub title: &'static str,
    pub role: &'static str,
}

const fn who(
    account: &'static str,
    name: &'static str,
    place: &'static str,
    title: &'static str,
    role: &'static str,
) -> Demonstrator {
    Demonstrator { account, name, place, title, role }
}

/// Accounts of the demonstration; the README lists them.
pub const ACCOUNTS: [Demonstrator; 23] = [
    who("city", "沈国平", CITY, "市级监管员", "eligibility.city_supervisor"),
    who("designer", "方晓芸", CITY, "平台设计员", "platform.designer"),
    who("publisher", "何伟民", CITY, "定义发布员", "platform.publisher"),
    who("steward", "唐慧", CITY, "数据管理员", "platform.data_steward"),
    who("pudong-clerk", "陈静怡", "pudong", "受理经办人", "eligibility.operator_clerk"),
    who("pudong-clerk2", "周文杰", "pudong", "受理经办人", "eligibility.operator_clerk"),
    who("pudong-review", "陆敏", "pudong", "初审经办人", "eligibility.operator_reviewer"),
    who("pudong-confirm", "顾志强", "pudong", "初审核定人", "eligibility.operator_manager"),
    who("xuhui-clerk", "徐丽华", "xuhui", "受理经办人", "eligibility.operator_clerk"),
    who("xuhui-review", "朱海波", "xuhui", "初审经办人", "eligibility.operator_reviewer"),
    who("xuhui-confirm", "姚玉兰", "xuhui", "初审核定人", "eligibility.operator_manager"),
    who("yangpu-clerk", "金婷婷", "yangpu", "受理经办人", "eligibility.operator_clerk"),
    who("yangpu-review", "赵磊", "yangpu", "初审经办人", "eligibility.operator_reviewer"),
    who("yangpu-confirm", "孙雅琴", "yangpu", "初审核定人", "eligibility.operator_manager"),
    who("shishu-clerk", "黄欣悦", "shishu", "受理经办人", "eligibility.operator_clerk"),
    who("shishu-review", "吴斌", "shishu", "初审经办人", "eligibility.operator_reviewer"),
    who("shishu-confirm", "钱秀英", "shishu", "初审核定人", "eligibility.operator_manager"),
    who("pudong-district", "严建国", "310115", "复审经办人", "eligibility.district_reviewer"),
    who("pudong-manager", "李芳", "310115", "复审核定人", "eligibility.district_manager"),
    who("xuhui-district", "张佳颖", "310104", "复审经办人", "eligibility.district_reviewer"),
    who("xuhui-manager", "王浩然", "310104", "复审核定人", "eligibility.district_manager"),
    who("yangpu-district", "刘梦洁", "310110", "复审经办人", "eligibility.district_reviewer"),
    who("yangpu-manager", "杨俊豪", "310110", "复审核定人", "eligibility.district_manager"),
];

/// Who acts in the demonstration, by account name.
pub struct Staff(HashMap<&'static str, Actor>);

impl Staff {
    pub fn actor(&self, account: &str) -> anyhow::Result<&Actor> {
        self.0.get(account).ok_or_else(|| anyhow::anyhow!("no demonstration account `{account}`"))
    }
}

pub async fn is_present(runtime: &Runtime) -> anyhow::Result<bool> {
    let query = Query { page: PageRequest { size: 1, ..PageRequest::default() }, ..Query::default() };
    let page = runtime.records.query(&Actor::system("demo"), ORGANISATION, &query).await?;
    Ok(!page.items.is_empty())
}

/// Everything in one transaction: a start that breaks off leaves nothing behind.
pub async fn create(runtime: &Runtime) -> anyhow::Result<Staff> {
    let system = Actor::system("demo");
    let mut tx = runtime.store.begin().await?;
    anju_app_platform::create_holidays(runtime, &mut tx, &system).await?;
    let mut places = create_districts(runtime, &mut tx, &system).await?;
    let mut dice = Dice::new(7);
    for operator in &OPERATORS {
        let organisation = create_operator(runtime, &mut tx, &system, operator, &places, &mut dice).await?;
        places.insert(operator.code, organisation);
    }
    create_accounts(runtime, &mut tx, &system, &places, &mut dice).await?;
    tx.commit().await?;
    staff(runtime).await
}

/// The accounts of the demonstration, each with its post at its place.
pub async fn create_accounts(
    runtime: &Runtime,
    tx: &mut Tx,
    system: &Actor,
    places: &Places,
    dice: &mut Dice,
) -> anyhow::Result<()> {
    for person in &ACCOUNTS {
        create_account(runtime, tx, system, person, &places[person.place], dice).await?;
    }
    Ok(())
}

/// The people of the demonstration, each at their post.
pub async fn staff(runtime: &Runtime) -> anyhow::Result<Staff> {
    let mut staff = HashMap::new();
    for person in &ACCOUNTS {
        let account = only(runtime, ACCOUNT, "account", person.account).await?;
        let post = only(runtime, POST, "account", &account.id).await?;
        let organisation = post.text("organisation").context("a post belongs to an organisation")?;
        let organisation = only(runtime, ORGANISATION, "id", organisation).await?;
        let actor = Actor {
            account_id: account.id.clone(),
            name: person.name.to_owned(),
            kind: ActorKind::Person,
            roles: serde_json::from_value(post.get("roles").clone())?,
            post: Some(post_at(&post, &organisation)?),
            session_id: None,
            ip: None,
            request_id: None,
        };
        staff.insert(person.account, actor);
    }
    Ok(Staff(staff))
}

fn post_at(post: &Record, organisation: &Record) -> anyhow::Result<Post> {
    let level: Level = serde_json::from_value(organisation.get("level").clone())?;
    Ok(Post {
        id: post.id.clone(),
        org_id: organisation.id.clone(),
        org_title: organisation.text("title").unwrap_or_default().to_owned(),
        level,
        district: organisation.text("district").map(str::to_owned),
        subdistrict: None,
        operator: (level == Level::Operator).then(|| organisation.id.clone()),
    })
}

/// The first record whose field has this value.
async fn only(runtime: &Runtime, entity: &str, field: &str, value: &str) -> anyhow::Result<Record> {
    let query = serde_json::from_value(json!({
        "where": { "field": field, "op": "eq", "value": value }, "page": { "size": 1 },
    }))?;
    let page = runtime.records.query(&Actor::system("demo"), entity, &query).await?;
    page.items.into_iter().next().with_context(|| format!("no {entity} whose {field} is {value}"))
}

/// Organisations by the name their people give as place.
pub type Places = HashMap<&'static str, String>;

async fn create_districts(runtime: &Runtime, tx: &mut Tx, system: &Actor) -> anyhow::Result<Places> {
    let values =
        object([("code", json!(CITY)), ("title", json!("上海市房屋管理局")), ("level", json!("city"))]);
    let city = runtime.records.create(tx, system, ORGANISATION, values, None).await?;
    let mut places = Places::from([(CITY, city.id.clone())]);
    let catalog = runtime.catalog.load_full();
    let districts = catalog.dictionary("platform.district").map(|all| all.items.clone()).unwrap_or_default();
    for district in districts {
        let title = format!("{}住房保障和房屋管理局", district.title);
        let values = object([
            ("code", json!(district.code)),
            ("title", json!(title)),
            ("level", json!("district")),
            ("parent", json!(city.id)),
            ("district", json!(district.code)),
        ]);
        let created = runtime.records.create(tx, system, ORGANISATION, values, None).await?;
        if let Some(code) = ["310115", "310104", "310110"].into_iter().find(|code| **code == district.code) {
            places.insert(code, created.id);
        }
    }
    Ok(places)
}

async fn create_operator(
    runtime: &Runtime,
    tx: &mut Tx,
    system: &Actor,
    operator: &Operator,
    places: &Places,
    dice: &mut Dice,
) -> anyhow::Result<String> {
    let parent = places.get(operator.district).unwrap_or(&places[CITY]);
    let values = object([
        ("code", json!(operator.code)),
        ("title", json!(operator.title)),
        ("level", json!("operator")),
        ("parent", json!(parent)),
        ("district", json!(operator.district)),
    ]);
    let created = runtime.records.create(tx, system, ORGANISATION, values, None).await?;
    let catalog = runtime.catalog.load_full();
    let district = people::district_title(&catalog, operator.district);
    let procurement = if operator.city_procured { "city" } else { "district" };
    let office = object([
        ("code", json!(format!("GZ-{}", operator.code))),
        ("title", json!(format!("{}受理点", operator.title.trim_end_matches("有限公司")))),
        ("phone", json!(format!("021-6{:07}", dice.between(0, 9_999_999)))),
        ("address", json!(people::address(dice, &district))),
        ("procurement", json!(procurement)),
        ("district", json!(operator.district)),
        ("organisation", json!(created.id)),
    ]);
    runtime.records.create(tx, system, "eligibility.intake_office", office, None).await?;
    Ok(created.id)
}

async fn create_account(
    runtime: &Runtime,
    tx: &mut Tx,
    system: &Actor,
    person: &Demonstrator,
    organisation: &str,
    dice: &mut Dice,
) -> anyhow::Result<()> {
    let values = object([
        ("account", json!(person.account)),
        ("name", json!(person.name)),
        ("phone", json!(people::phone(dice))),
    ]);
    let account = runtime.identity.create_account_with_password(tx, system, values, PASSWORD).await?;
    let roles: Vec<&str> = [person.role].into_iter().chain(approver_role(person.role)).collect();
    let values = object([
        ("account", json!(account)),
        ("organisation", json!(organisation)),
        ("title", json!(person.title)),
        ("roles", json!(roles)),
    ]);
    runtime.records.create(tx, system, POST, values, None).await?;
    Ok(())
}

/// Managers approve exports of their place.
fn approver_role(role: &str) -> Option<&'static str> {
    match role {
        "eligibility.operator_manager" => Some("platform.export_approver_operator"),
        "eligibility.district_manager" => Some("platform.export_approver_district"),
        "eligibility.city_supervisor" => Some("platform.export_approver_city"),
        _ => None,
    }
}

pub fn object<const N: usize>(values: [(&str, Value); N]) -> Object {
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
