//! Rights of those who look after processes as such, as roles list them. Each is a right of its own.

use anju_definitions::Catalog;
use anju_records::Actor;

use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessRight {
    /// May see which versions are in use and take running instances over to another.
    Migrate,
    /// May see which instances are stuck and put them right.
    Repair,
    /// May see how work goes, within the place of their post.
    Analyse,
}

impl ProcessRight {
    pub fn key(self) -> &'static str {
        match self {
            Self::Migrate => "platform.migrate_processes",
            Self::Repair => "platform.repair_processes",
            Self::Analyse => "platform.analyse_processes",
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Migrate => "您没有迁移流程版本的权限",
            Self::Repair => "您没有修复流程的权限",
            Self::Analyse => "您没有查看流程分析的权限",
        }
    }

    /// # Errors
    /// [`Error::Forbidden`] without the right.
    pub fn require(self, catalog: &Catalog, actor: &Actor) -> Result<()> {
        match actor.holds_right(catalog, self.key()) {
            true => Ok(()),
            false => Err(Error::forbidden(self.refusal())),
        }
    }
}
