//! Menus.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// Key: `app.name`.
    pub menu: String,
    pub title: String,
    /// Place among the menus, ascending.
    #[serde(default)]
    pub order: i32,
    /// Icon name of the front end's set.
    #[serde(default)]
    pub icon: Option<String>,
    pub items: Vec<MenuItem>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    pub title: String,
    pub page: String,
    #[serde(default)]
    pub icon: Option<String>,
}
