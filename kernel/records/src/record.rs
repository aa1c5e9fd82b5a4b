use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// A record as an actor sees it: flat JSON with `id`, `version`, the fields, child tables by name, and the
/// `$`-keys (`$display`, `$refs`, `$masked`, `$actions`).
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: String,
    pub version: i64,
    pub values: Object,
}

impl Record {
    /// Value of a field; `Null` when absent.
    pub fn get(&self, field: &str) -> &Value {
        self.values.get(field).unwrap_or(&Value::Null)
    }

    /// Text of a field; `None` when absent or not text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).as_str()
    }

    /// How the record is named on screens.
    pub fn display(&self) -> &str {
        self.text("$display").unwrap_or_default()
    }

    /// Rows of a child table; empty when absent.
    pub fn rows(&self, name: &str) -> &[Value] {
        self.get(name).as_array().map_or(&[], Vec::as_slice)
    }

    /// Keys of the actions offered to the actor (single reads only).
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.rows("$actions").iter().filter_map(Value::as_str)
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.values)
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}
