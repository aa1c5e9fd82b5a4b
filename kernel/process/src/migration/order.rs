//! What a migration would do, and which instances it is about.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anju_records::{Actor, FieldError};
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Select, Tx};
use serde::Serialize;

use super::Migration;
use super::judge::{Judge, Obstacle};
use super::mapping::{self, Mapping};
use super::standing::Standing;
use crate::plan::Plan;
use crate::rights::ProcessRight;
use crate::rows::Instance;
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::{Error, InstanceState, Processes, Result};

/// Instances looked at by a dry run, and told of one by one.
const PREVIEW_MAX: u64 = 500;
/// Instances of one order.
const ORDER_MAX: u64 = 20_000;
/// Instances whose names are asked for at a time.
const NAMES_MAX: usize = 500;
/// Versions named as those to leave.
const VERSIONS_MAX: usize = 50;
/// Elements and flows named in a mapping.
const MAPPING_MAX: usize = 1_000;

/// What would come of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationReport {
    /// The version to go to.
    pub version: String,
    /// Instances that it is about.
    pub total: u64,
    /// Those looked at, the longest running first; at most 500.
    pub looked_at: u64,
    /// Of those looked at, how many can go.
    pub ready: u64,
    /// Why others cannot, by reason.
    pub reasons: Vec<MigrationReason>,
    pub items: Vec<MigrationItem>,
}

/// How many instances something stands against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationReason {
    #[serde(flatten)]
    pub obstacle: Obstacle,
    pub count: u64,
}

/// One instance of a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationItem {
    pub id: String,
    pub record_display: String,
    /// The version it is on.
    pub version: String,
    /// Why it cannot go; it can when there is nothing.
    pub obstacles: Vec<Obstacle>,
}

/// A migration that is to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationOrder {
    /// As ordered, with the version to go to.
    pub migration: Migration,
    /// Ids of the instances, the longest running first.
    pub instances: Vec<String>,
}

impl Processes {
    /// Looks which instances could go. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right; [`Error::Invalid`] for a faulty mapping or unknown versions.
    pub async fn preview_migration(&self, actor: &Actor, migration: &Migration) -> Result<MigrationReport> {
        ProcessRight::Migrate.require(&self.catalog(), actor)?;
        let mut reader = self.reader();
        let target = self.target(&mut reader, migration).await?;
        let select = about(migration, &target, INSTANCE_COLUMNS);
        let total = reader.count(&select, None).await?;
        let rows = reader.fetch_all(&select.limit(PREVIEW_MAX)).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let instance = Instance::read(row)?;
            let obstacles = self.obstacles(&mut reader, migration, &target, &instance).await?;
            items.push(MigrationItem {
                id: instance.id,
                record_display: instance.record_display,
                version: instance.definition_version,
                obstacles,
            });
        }
        let ready = items.iter().filter(|item| item.obstacles.is_empty()).count() as u64;
        let (version, reasons) = (target.version.clone(), reasons(&items));
        Ok(MigrationReport { version, total, looked_at: items.len() as u64, ready, reasons, items })
    }

    /// The instances that a migration is about now, for it to be carried out with each
    /// ([`Processes::migrate`]). The version to go to is fixed from here on.
    ///
    /// # Errors
    /// As [`Processes::preview_migration`]; [`Error::TooMuch`].
    pub async fn order_migration(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        migration: &Migration,
    ) -> Result<MigrationOrder> {
        ProcessRight::Migrate.require(&self.catalog(), actor)?;
        let target = self.target(tx, migration).await?;
        self.plans().store(tx, &target, self.now()).await?;
        let ids = about(migration, &target, &INSTANCE_COLUMNS[..1]).limit(ORDER_MAX + 1);
        let rows = tx.fetch_all(&ids).await?;
        if rows.len() as u64 > ORDER_MAX {
            return Err(Error::TooMuch { message: format!("一次最多迁移 {ORDER_MAX} 个流程") });
        }
        let instances = rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect::<Result<Vec<_>>>()?;
        if instances.is_empty() {
            return Err(Error::Invalid(vec![FieldError::new("from", "count", "没有需要迁移的流程")]));
        }
        let migration = Migration { to: Some(target.version.clone()), ..migration.clone() };
        Ok(MigrationOrder { migration, instances })
    }

    /// How the records of instances are called, by the instance's id.
    pub async fn instance_names(&self, ids: &[String]) -> Result<HashMap<String, String>> {
        let mut reader = self.reader();
        let mut names = HashMap::with_capacity(ids.len());
        for some in ids.chunks(NAMES_MAX) {
            let select = Select::from(INSTANCE)
                .column("id", ColumnKind::Text)
                .column("record_display", ColumnKind::Text)
                .filter(Condition::is_in(INSTANCE, "id", some.iter().map(String::as_str)));
            for row in reader.fetch_all(&select).await? {
                names.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
            }
        }
        Ok(names)
    }

    /// The version to go to, when the migration as such is right.
    async fn target(&self, from: &mut impl Fetch, migration: &Migration) -> Result<Arc<Plan>> {
        let wrong = |field: &str, code: &str, message: String| {
            Err(Error::Invalid(vec![FieldError::new(field, code, message)]))
        };
        let catalog = self.catalog();
        let Some(definition) = catalog.process(&migration.process) else {
            return wrong("process", "unknown", format!("没有流程“{}”", migration.process));
        };
        if migration.from.len() > VERSIONS_MAX || migration.mapping.len() > MAPPING_MAX {
            return Err(Error::TooMuch { message: "版本或对应关系过多".to_owned() });
        }
        let current = self.plans().current(&catalog, &definition.process)?;
        let target = match &migration.to {
            Some(version) if *version != current.version => {
                match self.version(from, &migration.process, version).await? {
                    Some(plan) => plan,
                    None => return wrong("to", "unknown", format!("没有版本“{version}”")),
                }
            }
            _ => current,
        };
        let mut old = Vec::new();
        for version in &migration.from {
            match self.version(from, &migration.process, version).await? {
                Some(plan) => old.push(plan),
                None => return wrong("from", "unknown", format!("没有版本“{version}”")),
            }
        }
        let faults = mapping::faults(&migration.mapping, &old, &target);
        if faults.is_empty() { Ok(target) } else { Err(Error::Invalid(faults)) }
    }

    /// A version that instances were started on.
    async fn version(
        &self,
        from: &mut impl Fetch,
        process: &str,
        version: &str,
    ) -> Result<Option<Arc<Plan>>> {
        let select = Select::from(tables::DEFINITION)
            .column("version", ColumnKind::Text)
            .filter(Condition::eq(tables::DEFINITION, "process", process))
            .filter(Condition::eq(tables::DEFINITION, "version", version));
        match from.fetch_optional(&select).await? {
            Some(_) => Ok(Some(self.plans().of_version(from, process, version).await?)),
            None => Ok(None),
        }
    }

    async fn obstacles(
        &self,
        from: &mut impl Fetch,
        migration: &Migration,
        target: &Plan,
        instance: &Instance,
    ) -> Result<Vec<Obstacle>> {
        let old = self.plan_of(from, instance).await?;
        let standing = Standing::of(from, instance, &old).await?;
        let mapping = Mapping::new(&migration.mapping, &target.graph);
        let judge = Judge { old: &old, new: target, mapping, standing: &standing };
        Ok(judge.obstacles(&self.catalog(), &instance.vars))
    }
}

/// The running instances that a migration is about, the longest running first.
fn about(migration: &Migration, target: &Plan, columns: &'static [tables::Column]) -> Select {
    let column = |name: &str| ColumnRef::new(INSTANCE, name);
    let mut select = tables::select(INSTANCE, columns)
        .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()))
        .filter(Condition::eq(INSTANCE, "process", migration.process.as_str()))
        .filter(Condition::compare(column("definition_version"), Operator::Ne, target.version.as_str()));
    if !migration.from.is_empty() {
        let from = migration.from.iter().map(String::as_str);
        select = select.filter(Condition::is_in(INSTANCE, "definition_version", from));
    }
    if !migration.instances.is_empty() {
        let ids = migration.instances.iter().map(String::as_str);
        select = select.filter(Condition::is_in(INSTANCE, "id", ids));
    }
    select.order_by("started_at", Direction::Ascending).order_by("id", Direction::Ascending)
}

/// What stands against how many, the most frequent first.
fn reasons(items: &[MigrationItem]) -> Vec<MigrationReason> {
    let mut counted: BTreeMap<(&str, &str), MigrationReason> = BTreeMap::new();
    for obstacle in items.iter().flat_map(|item| &item.obstacles) {
        let new = || MigrationReason { obstacle: obstacle.clone(), count: 0 };
        counted.entry((&obstacle.code, &obstacle.element)).or_insert_with(new).count += 1;
    }
    let mut reasons: Vec<MigrationReason> = counted.into_values().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons
}
