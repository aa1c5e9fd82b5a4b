//! Running instances on another version of their definition: they stay on theirs until somebody with the right takes
//! them over. [`judge`] says who can go, [`carry`] takes one along.

mod carry;
mod judge;
mod mapping;
mod order;
mod standing;
mod tasks;
mod versions;

pub use judge::Obstacle;
pub use order::{MigrationItem, MigrationOrder, MigrationReason, MigrationReport};
pub(crate) use standing::Standing;
pub use versions::VersionInUse;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Which instances go where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// Key of the process.
    pub process: String,
    /// Versions to leave; all others when there are none.
    #[serde(default)]
    pub from: Vec<String>,
    /// The version to go to; the current one when there is none.
    #[serde(default)]
    pub to: Option<String>,
    /// Elements and flows of the old versions, with their counterparts: those of the same id where nothing is said.
    /// `null` lets go of an event that is waited for.
    #[serde(default)]
    pub mapping: IndexMap<String, Option<String>>,
    /// Only these instances; all when there are none.
    #[serde(default)]
    pub instances: Vec<String>,
}
