//! Roles: what their holders may do, and where.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Filter;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Key: `app.name`.
    pub role: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// Level of the organisation whose posts may carry the role.
    pub level: Level,
    /// Rights by entity.
    #[serde(default)]
    pub permissions: IndexMap<String, Permission>,
    /// Menus by key; a menu item is shown when its page may be seen.
    #[serde(default)]
    pub menus: Vec<String>,
    /// Decisions that may be evaluated directly.
    #[serde(default)]
    pub decisions: Vec<String>,
    /// Documents that may be rendered directly.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Named rights beyond records: `platform.manage_accounts`, `process.administer`, `jobs.view_all` ….
    #[serde(default)]
    pub rights: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    City,
    District,
    Subdistrict,
    Operator,
    /// Callers who are not signed in.
    Public,
}

impl Level {
    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::City => "市级",
            Self::District => "区级",
            Self::Subdistrict => "街镇",
            Self::Operator => "运营机构",
            Self::Public => "公众",
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    #[serde(default)]
    pub read: bool,
    #[serde(default)]
    pub create: bool,
    #[serde(default)]
    pub update: bool,
    #[serde(default)]
    pub delete: bool,
    #[serde(default)]
    pub import: bool,
    #[serde(default)]
    pub export: bool,
    /// Actions of the entity that may be used.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Sensitive fields that may be shown in clear, one by one, with a reason and an audit entry.
    #[serde(default)]
    pub unmask: Vec<String>,
    /// Only these fields are seen; absent: all.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// Fields that may not be written.
    #[serde(default)]
    pub read_only: Vec<String>,
    /// Only records that pass this filter.
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    /// Queries must test one of these fields for equality (look-up, no browsing).
    #[serde(default)]
    pub look_up_by: Vec<String>,
}
