//! Messages: texts sent to people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Key: `app.name`.
    pub message: String,
    pub title: String,
    #[serde(default)]
    pub purpose: Option<String>,
    /// The entity whose fields the text may use.
    pub entity: String,
    pub channel: Channel,
    /// Field path that holds the recipient: a phone number for SMS, an account for in-app messages.
    pub to: String,
    /// Text with `{field.path}` placeholders.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Sms,
    InApp,
}
