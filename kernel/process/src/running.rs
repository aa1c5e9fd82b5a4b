//! Which versions of processes are at work: new definitions must not take away what those need.

use std::sync::Arc;

use anju_definitions::Process;
use anju_store::{Aggregate, ColumnKind, ColumnRef, Condition, Fetch, Group};

use crate::tables::INSTANCE;
use crate::{InstanceState, Processes, Result};

/// Versions looked at at most.
const VERSIONS_MAX: u64 = 1_000;

/// A version of a process with instances at work.
#[derive(Debug, Clone)]
pub struct RunningVersion {
    pub version: String,
    /// With its diagram.
    pub definition: Arc<Process>,
}

impl Processes {
    /// The versions that running instances were started on.
    pub async fn running_versions(&self) -> Result<Vec<RunningVersion>> {
        let group = |name: &str| Group {
            column: ColumnRef::new(INSTANCE, name),
            kind: ColumnKind::Text,
            alias: name.to_owned(),
            grain: None,
        };
        let running = Aggregate {
            filter: Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()),
            group: vec![group("process"), group("definition_version")],
            limit: Some(VERSIONS_MAX),
            ..Aggregate::of(INSTANCE)
        };
        let mut reader = self.reader();
        let mut versions = Vec::new();
        for row in reader.aggregate(&running).await? {
            let (process, version) = (row.text(0)?, row.text(1)?);
            let plan = self.plans().of_version(&mut reader, process, version).await?;
            let definition = Arc::new(plan.definition.clone());
            versions.push(RunningVersion { version: version.to_owned(), definition });
        }
        Ok(versions)
    }
}
