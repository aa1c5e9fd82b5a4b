//! Housing estates: relations of every kind and a field of every kind, for queries.

use std::sync::Arc;

use anju_calendar::ManualClock;
use anju_crypto::Keyring;
use anju_definitions::{Catalog, Level, Severity, SharedCatalog, Source, load};
use anju_records::{
    Actor, AggregateQuery, AggregateResult, Error, Hooks, Object, Page, QueryLimits, Record, Records, tables,
};
use anju_store::testing::TestDatabase;
use arc_swap::ArcSwap;
use serde_json::{Value, json};

use crate::fixture::{object, person, query, system};

pub const UNIT: &str = "estate.unit";

const DEFINITIONS: &[(&str, &str)] = &[
    ("dictionaries/region", include_str!("definitions/region.yaml")),
    ("dictionaries/kind", include_str!("definitions/kind.yaml")),
    ("dictionaries/tag", include_str!("definitions/tag.yaml")),
    ("entities/project", include_str!("definitions/project.yaml")),
    ("entities/building", include_str!("definitions/building.yaml")),
    ("entities/unit", include_str!("definitions/unit.yaml")),
    ("entities/room", include_str!("definitions/room.yaml")),
    ("entities/person", include_str!("definitions/person.yaml")),
    ("entities/contract", include_str!("definitions/contract.yaml")),
    ("entities/visit", include_str!("definitions/visit.yaml")),
    ("roles/city", include_str!("definitions/city.yaml")),
    ("roles/district", include_str!("definitions/district.yaml")),
    ("roles/reader", include_str!("definitions/reader.yaml")),
    ("roles/family", include_str!("definitions/family.yaml")),
    ("roles/analyst", include_str!("definitions/analyst.yaml")),
];

fn catalog_with(changes: &[(&str, &str)]) -> Catalog {
    let sources: Vec<Source> = DEFINITIONS
        .iter()
        .map(|(path, text)| {
            let changed = changes.iter().filter(|(of, _)| of == path);
            let text = changed.fold((*text).to_owned(), |text, (_, line)| match line.split_once(" => ") {
                Some((old, new)) => text.replace(old, new),
                None => format!("{text}{line}\n"),
            });
            Source { path: format!("apps/estate/definitions/{path}.yaml"), text }
        })
        .collect();
    let (catalog, problems) = load(&sources);
    let errors: Vec<String> =
        problems.iter().filter(|p| p.severity == Severity::Error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    catalog
}

pub struct Estate {
    pub records: Records,
    pub database: TestDatabase,
    pub clock: Arc<ManualClock>,
}

/// Estates on a fresh database, on 24 November 2026.
pub async fn estate(database: TestDatabase) -> Estate {
    estate_with(database, Hooks::default()).await
}

pub async fn estate_with(database: TestDatabase, hooks: Hooks) -> Estate {
    let clock = Arc::new(ManualClock::at("2026-11-24T02:00:00Z".parse().unwrap()));
    let records = open(&database, &clock, hooks, &[]).await;
    Estate { records, database, clock }
}

async fn open(
    database: &TestDatabase,
    clock: &Arc<ManualClock>,
    hooks: Hooks,
    changes: &[(&str, &str)],
) -> Records {
    let catalog = catalog_with(changes);
    database.store().sync_schema(&tables(&catalog).unwrap()).await.unwrap();
    let shared: SharedCatalog = Arc::new(ArcSwap::from_pointee(catalog));
    let keyring = Arc::new(Keyring::for_tests(1));
    Records::new(database.store().clone(), shared, keyring, clock.clone(), hooks)
}

impl Estate {
    /// The same estates with changed definitions: `(file, "old => new")`, or a line more.
    pub async fn redefined(self, changes: &[(&str, &str)]) -> Self {
        let records = open(&self.database, &self.clock, Hooks::default(), changes).await;
        Self { records, ..self }
    }

    pub fn limited(self, limits: QueryLimits) -> Self {
        Self { records: self.records.with_limits(limits), ..self }
    }

    pub async fn create(&self, actor: &Actor, entity: &str, input: Value) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let record = self.records.create(&mut tx, actor, entity, object(input), None).await?;
        tx.commit().await?;
        Ok(record)
    }

    pub async fn add(&self, entity: &str, input: Value) -> Record {
        self.create(&system(), entity, input).await.unwrap()
    }

    pub async fn patch(
        &self,
        actor: &Actor,
        entity: &str,
        id: &str,
        changes: Value,
    ) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let record = self.records.patch(&mut tx, actor, entity, id, None, object(changes), None).await?;
        tx.commit().await?;
        Ok(record)
    }

    pub async fn delete(&self, actor: &Actor, entity: &str, id: &str) -> Result<(), Error> {
        let mut tx = self.records.store().begin().await?;
        self.records.delete(&mut tx, actor, entity, id, None, Some("不再使用")).await?;
        Ok(tx.commit().await?)
    }

    pub async fn restore(&self, actor: &Actor, entity: &str, id: &str) -> Result<Record, Error> {
        let mut tx = self.records.store().begin().await?;
        let record = self.records.restore(&mut tx, actor, entity, id, Some("误删")).await?;
        tx.commit().await?;
        Ok(record)
    }

    /// Whether the record can be read.
    pub async fn is_there(&self, entity: &str, id: &str) -> bool {
        self.records.read(&system(), entity, id).await.is_ok()
    }

    pub async fn list(&self, actor: &Actor, request: Value) -> Result<Page, Error> {
        self.records.query(actor, UNIT, &query(request)).await
    }

    /// Codes of the units a query finds, sorted.
    pub async fn codes(&self, actor: &Actor, request: Value) -> Vec<String> {
        let page = self.list(actor, request).await.unwrap();
        let mut codes: Vec<String> =
            page.items.iter().map(|unit| unit.text("code").unwrap().to_owned()).collect();
        codes.sort();
        codes
    }

    /// Codes of the units that pass a filter, sorted.
    pub async fn passing(&self, actor: &Actor, filter: Value) -> Vec<String> {
        self.codes(actor, json!({ "where": filter, "page": { "size": 500 } })).await
    }

    pub async fn figures(&self, actor: &Actor, request: Value) -> Result<AggregateResult, Error> {
        let request: AggregateQuery = serde_json::from_value(request).expect("a request for figures");
        self.records.aggregate(actor, UNIT, &request).await
    }

    /// A building in a district, of a project of its own.
    pub async fn building(&self, district: &str, name: &str) -> Record {
        let code = format!("P-{district}-{name}");
        let project = json!({ "code": code, "name": format!("{name}苑"), "district": district });
        let project = self.add("estate.project", project).await;
        self.add("estate.building", json!({ "project": project.id, "name": format!("{name}号楼") })).await
    }

    pub async fn unit(&self, building: &Record, code: &str, with: Value) -> Record {
        let mut input = json!({ "code": code, "building": building.id });
        input.as_object_mut().unwrap().extend(object(with));
        self.add(UNIT, input).await
    }
}

fn of_estate(role: &str, level: Level, place: &str) -> Actor {
    Actor { roles: vec![format!("estate.{role}")], ..person(role, level, place) }
}

pub fn city() -> Actor {
    of_estate("city", Level::City, "31")
}

pub fn pudong() -> Actor {
    of_estate("district", Level::District, "310115")
}

pub fn huangpu() -> Actor {
    of_estate("district", Level::District, "310101")
}

/// At city level, with the named role.
pub fn holding(role: &str) -> Actor {
    of_estate(role, Level::City, "31")
}

/// Rows without what leads to their records and to earlier ones.
pub fn plain(rows: &[Object]) -> Value {
    let bare = |row: &Object| {
        let mut row = row.clone();
        row.retain(|name, _| name != "$where");
        Value::Object(row)
    };
    rows.iter().map(bare).collect()
}
