//! A small bureau: cases of families in two districts, with every kind of field.

use std::sync::Arc;

use anju_calendar::ManualClock;
use anju_crypto::Keyring;
use anju_definitions::{Catalog, Level, Severity, SharedCatalog, Source, load};
use anju_records::{
    Actor, ActorKind, Error, FieldError, Hooks, Object, Page, Post, Query, Record, Records, tables,
};
use anju_store::{ColumnKind, Condition, Fetch, Select, testing::TestDatabase};
use arc_swap::ArcSwap;
use serde_json::{Value, json};

pub const ID_NO: &str = "11010519491231002X";
pub const OTHER_ID_NO: &str = "310115199001011232";
pub const PHONE: &str = "13800138000";

const DEFINITIONS: &[(&str, &str)] = &[
    ("dictionaries/region", include_str!("definitions/region.yaml")),
    ("dictionaries/status", include_str!("definitions/status.yaml")),
    ("dictionaries/id_type", include_str!("definitions/id_type.yaml")),
    ("dictionaries/tag", include_str!("definitions/tag.yaml")),
    ("sequences/case_no", include_str!("definitions/case_no.yaml")),
    ("entities/organisation", include_str!("definitions/organisation.yaml")),
    ("entities/project", include_str!("definitions/project.yaml")),
    ("entities/case", include_str!("definitions/case.yaml")),
    ("entities/member", include_str!("definitions/member.yaml")),
    ("entities/reminder", include_str!("definitions/reminder.yaml")),
    ("entities/rate", include_str!("definitions/rate.yaml")),
    ("entities/petition", include_str!("definitions/petition.yaml")),
    ("entities/witness", include_str!("definitions/witness.yaml")),
    ("roles/city_officer", include_str!("definitions/city_officer.yaml")),
    ("roles/district_officer", include_str!("definitions/district_officer.yaml")),
    ("roles/subdistrict_clerk", include_str!("definitions/subdistrict_clerk.yaml")),
    ("roles/operator_clerk", include_str!("definitions/operator_clerk.yaml")),
    ("roles/viewer", include_str!("definitions/viewer.yaml")),
    ("roles/window", include_str!("definitions/window.yaml")),
    ("roles/public", include_str!("definitions/public.yaml")),
    ("dictionaries/tenancy_state", include_str!("definitions/tenancy_state.yaml")),
    ("sequences/tenancy_no", include_str!("definitions/tenancy_no.yaml")),
    ("entities/tenancy", include_str!("definitions/tenancy.yaml")),
    ("entities/lodger", include_str!("definitions/lodger.yaml")),
    ("roles/registrar", include_str!("definitions/registrar.yaml")),
    ("roles/outsider", include_str!("definitions/outsider.yaml")),
];

pub fn catalog() -> Catalog {
    catalog_with(|_, text| Some(text.to_owned()))
}

/// The bureau's definitions after a change: by path and text, none for one that goes.
pub fn catalog_with(change: impl Fn(&str, &str) -> Option<String>) -> Catalog {
    let source = |(path, text): &(&str, &str)| {
        Some(Source { path: format!("apps/bureau/definitions/{path}.yaml"), text: change(path, text)? })
    };
    let sources: Vec<Source> = DEFINITIONS.iter().filter_map(source).collect();
    let (catalog, problems) = load(&sources);
    let errors: Vec<String> =
        problems.iter().filter(|p| p.severity == Severity::Error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let problems: Vec<String> = anju_records::check(&catalog).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    catalog
}

pub struct Bureau {
    pub records: Records,
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
}

/// The bureau on a fresh database, on 24 November 2026.
pub async fn bureau(database: TestDatabase) -> Bureau {
    bureau_with(database, Hooks::default()).await
}

pub async fn bureau_with(database: TestDatabase, hooks: Hooks) -> Bureau {
    let catalog = catalog();
    database.store().sync_schema(&tables(&catalog).unwrap()).await.unwrap();
    let shared: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
    let clock = Arc::new(ManualClock::at("2026-11-24T02:00:00Z".parse().unwrap()));
    let keyring = Arc::new(Keyring::for_tests(1));
    let records = Records::new(database.store().clone(), shared, keyring, clock.clone(), hooks);
    let bureau = Bureau { records, database, clock };
    for (id, title) in [("org-a", "东方公司"), ("org-b", "西方公司")] {
        let input = object(json!({ "code": id, "title": title }));
        bureau.create(&system(), "bureau.organisation", input).await.unwrap();
    }
    bureau
}

impl Bureau {
    pub async fn create(&self, actor: &Actor, entity: &str, input: Object) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let record = self.records.create(&mut tx, actor, entity, input, None).await?;
        tx.commit().await?;
        Ok(record)
    }

    pub async fn patch(&self, actor: &Actor, record: &Record, changes: Value) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let version = Some(record.version);
        let patched =
            self.records.patch(&mut tx, actor, CASE, &record.id, version, object(changes), None).await?;
        tx.commit().await?;
        Ok(patched)
    }

    pub async fn delete(&self, actor: &Actor, record: &Record) -> Result<(), Error> {
        let mut tx = self.records.store().begin().await?;
        self.records.delete(&mut tx, actor, CASE, &record.id, Some(record.version), Some("重复录入")).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A case of the family of 张三 in Pudong (310115), changed by `with`.
    pub async fn a_case(&self, with: Value) -> Record {
        self.create(&system(), CASE, case(with)).await.unwrap()
    }

    /// Id of the organisation with this code.
    pub async fn organisation(&self, code: &str) -> String {
        let query = query(json!({ "where": { "field": "code", "op": "eq", "value": code } }));
        self.records.query(&system(), "bureau.organisation", &query).await.unwrap().items[0].id.clone()
    }

    pub async fn list(&self, actor: &Actor, query_json: Value) -> Result<Page, Error> {
        self.records.query(actor, CASE, &query(query_json)).await
    }

    pub fn now(&self) -> jiff::Timestamp {
        anju_calendar::Clock::now(&*self.clock)
    }

    /// How many entries of the audit log tell this event of this record.
    pub async fn audited(&self, event: &str, record: &str) -> usize {
        let select = Select::from("sys_audit")
            .column("seq", ColumnKind::Int)
            .filter(Condition::eq("sys_audit", "event", event))
            .filter(Condition::eq("sys_audit", "record_id", record));
        self.records.store().reader().fetch_all(&select).await.unwrap().len()
    }

    /// Names of the cases a query finds, in its order.
    pub async fn names(&self, actor: &Actor, query_json: Value) -> Vec<String> {
        let page = self.list(actor, query_json).await.unwrap();
        page.items.iter().map(|item| item.text("name").unwrap_or_default().to_owned()).collect()
    }
}

pub const CASE: &str = "bureau.case";

pub fn object(value: Value) -> Object {
    value.as_object().expect("an object").clone()
}

pub fn query(value: Value) -> Query {
    serde_json::from_value(value).expect("a query")
}

pub fn case(with: Value) -> Object {
    let mut input = object(json!({
        "name": "张三", "id_no": ID_NO, "phone": PHONE, "district": "310115",
    }));
    input.extend(object(with));
    input
}

pub fn faults(error: Error) -> Vec<FieldError> {
    match error {
        Error::Invalid(faults) => faults,
        other => panic!("not about the input: {other:?}"),
    }
}

/// `field: code` of each fault, sorted.
pub fn codes(error: Error) -> Vec<String> {
    let mut codes: Vec<String> = faults(error).iter().map(|f| format!("{}: {}", f.field, f.code)).collect();
    codes.sort();
    codes
}

pub fn system() -> Actor {
    Actor::system("平台")
}

pub fn person(role: &str, level: Level, place: &str) -> Actor {
    let district = (place.len() >= 6).then(|| place[..6].to_owned());
    let post = Post {
        id: format!("post-{role}-{place}"),
        org_id: format!("org-of-{place}"),
        org_title: "某机构".to_owned(),
        level,
        district: if level == Level::Operator { None } else { district },
        subdistrict: (level == Level::Subdistrict).then(|| place.to_owned()),
        operator: (level == Level::Operator).then(|| place.to_owned()),
    };
    Actor {
        account_id: format!("account-{role}-{place}"),
        name: "李四".to_owned(),
        kind: ActorKind::Person,
        post: Some(post),
        roles: vec![format!("bureau.{role}")],
        session_id: Some("session".to_owned()),
        ip: Some("10.0.0.1".to_owned()),
        request_id: Some("request".to_owned()),
    }
}

pub fn city() -> Actor {
    person("city_officer", Level::City, "31")
}

pub fn pudong() -> Actor {
    person("district_officer", Level::District, "310115")
}

pub fn huangpu() -> Actor {
    person("district_officer", Level::District, "310101")
}
