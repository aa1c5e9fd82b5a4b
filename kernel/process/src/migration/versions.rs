//! Which versions are in use.

use anju_records::Actor;
use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group, Measure, Select};
use serde::Serialize;
use serde_json::Value;

use crate::rights::ProcessRight;
use crate::rows::instant;
use crate::tables::{DEFINITION, INSTANCE};
use crate::view::time;
use crate::{InstanceState, Processes, Result};

/// Versions told of at most.
const VERSIONS_MAX: u64 = 1_000;

/// A version of a process with the instances that run on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionInUse {
    pub process: String,
    pub title: String,
    pub version: String,
    /// When the first instance was started on it.
    pub since: Value,
    /// Whether new instances start on it.
    pub current: bool,
    pub running: u64,
}

impl Processes {
    /// The versions that instances run on, by process, newest first.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`] without the right to migrate.
    pub async fn versions_in_use(&self, actor: &Actor) -> Result<Vec<VersionInUse>> {
        let catalog = self.catalog();
        ProcessRight::Migrate.require(&catalog, actor)?;
        let group = |name: &str| Group {
            column: ColumnRef::new(INSTANCE, name),
            kind: ColumnKind::Text,
            alias: name.to_owned(),
            grain: None,
        };
        let running = Aggregate {
            filter: Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()),
            group: vec![group("process"), group("definition_version")],
            measures: vec![Measure::count_rows("running")],
            limit: Some(VERSIONS_MAX),
            ..Aggregate::of(INSTANCE)
        };
        let mut reader = self.reader();
        let mut found: Vec<(i64, VersionInUse)> = Vec::new();
        for row in reader.aggregate(&running).await? {
            let (process, version) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
            let since = Select::from(DEFINITION)
                .column("created_at", ColumnKind::Int)
                .filter(Condition::eq(DEFINITION, "process", process.as_str()))
                .filter(Condition::eq(DEFINITION, "version", version.as_str()));
            let stored = reader.fetch_optional(&since).await?;
            let since = stored.map(|row| row.int(0)).transpose()?.unwrap_or_default();
            let plan = self.plans().of_version(&mut reader, &process, &version).await?;
            let current = catalog.process(&process).is_some()
                && self.plans().current(&catalog, &process)?.version == version;
            let running = row.int(2)?.unsigned_abs();
            let title = plan.definition.title.clone();
            let told =
                VersionInUse { process, title, version, since: time(instant(since)?), current, running };
            found.push((since, told));
        }
        found.sort_by(|(a_since, a), (b_since, b)| a.process.cmp(&b.process).then(b_since.cmp(a_since)));
        Ok(found.into_iter().map(|(_, told)| told).collect())
    }
}
