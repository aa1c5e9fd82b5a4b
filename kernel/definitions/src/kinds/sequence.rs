//! Sequences: numbers that people read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Key: `app.name`.
    pub sequence: String,
    pub title: String,
    /// Pattern: literal text, `{yyyy}` `{yy}` `{mm}` `{dd}` of the day in Asia/Shanghai, `{field}` of the
    /// record, `{n:6}` the counter with six digits.
    pub pattern: String,
    /// When the counter starts again at 1.
    #[serde(default)]
    pub reset: Reset,
    /// Fields with counters of their own.
    #[serde(default)]
    pub per: Vec<String>,
    /// Whether no number may be left out. Those who want one of a gapless sequence wait for each other until
    /// their transactions end; without it they do not, numbers may be missing, and order is only roughly kept.
    #[serde(default = "yes")]
    pub gapless: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    #[default]
    Never,
    Year,
    Month,
    Day,
}
