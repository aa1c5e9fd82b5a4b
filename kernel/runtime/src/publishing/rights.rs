//! Rights of those who shape the platform.

use anju_definitions::Catalog;
use anju_records::{Actor, Error};

/// A named right beyond records, as roles list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// May draft definitions, check them and look at what publishing would do.
    Design,
    /// May publish what others have drafted, and restore earlier publications.
    Publish,
    /// May publish definitions of roles too.
    GrantRoles,
    /// May change the items of dictionaries.
    EditDictionaries,
    /// May look at what is due, and have it erased.
    Retention,
    /// May keep records from being erased.
    LegalHold,
    /// May see which rows were changed past the platform, and have all looked through.
    Integrity,
    /// May bring messages and signals to processes.
    ProcessEvents,
}

impl Right {
    pub fn key(self) -> &'static str {
        match self {
            Self::Design => "platform.design",
            Self::Publish => "platform.publish",
            Self::GrantRoles => "platform.grant_roles",
            Self::EditDictionaries => "platform.edit_dictionaries",
            Self::Retention => "platform.retention",
            Self::LegalHold => "platform.legal_hold",
            Self::Integrity => "platform.integrity",
            Self::ProcessEvents => "platform.process_events",
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Design => "您没有设计定义的权限",
            Self::Publish => "您没有发布定义的权限",
            Self::GrantRoles => "本次发布含角色定义，须由具有授权权限的人员发布",
            Self::EditDictionaries => "您没有维护字典的权限",
            Self::Retention => "您没有期满处理的权限",
            Self::LegalHold => "您没有设置留存的权限",
            Self::Integrity => "您没有查看完整性校验的权限",
            Self::ProcessEvents => "您没有向流程发送消息和信号的权限",
        }
    }

    /// Whether one of the actor's roles carries the right.
    pub fn is_held(self, catalog: &Catalog, actor: &Actor) -> bool {
        actor.holds_right(catalog, self.key())
    }

    /// # Errors
    /// [`Error::Forbidden`] without the right.
    pub fn require(self, catalog: &Catalog, actor: &Actor) -> Result<(), Error> {
        match self.is_held(catalog, actor) {
            true => Ok(()),
            false => Err(Error::forbidden(self.refusal())),
        }
    }
}
