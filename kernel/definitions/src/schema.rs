//! JSON Schemas of the kinds, for editors and for the check of shapes.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use crate::{
    Connector, Decision, Dictionary, Document, Entity, Extension, Kind, Menu, Message, Page, Process, Role,
    Sequence,
};

/// The JSON Schema (2020-12) of each kind by its name.
pub fn schemas() -> Vec<(&'static str, Value)> {
    Kind::ALL.into_iter().map(|kind| (kind.name(), schema(kind))).collect()
}

pub(crate) fn schema(kind: Kind) -> Value {
    match kind {
        Kind::Entity => of::<Entity>(),
        Kind::Dictionary => of::<Dictionary>(),
        Kind::Page => of::<Page>(),
        Kind::Process => of::<Process>(),
        Kind::Decision => of::<Decision>(),
        Kind::Document => of::<Document>(),
        Kind::Role => of::<Role>(),
        Kind::Menu => of::<Menu>(),
        Kind::Message => of::<Message>(),
        Kind::Sequence => of::<Sequence>(),
        Kind::Connector => of::<Connector>(),
        Kind::Extension => of::<Extension>(),
    }
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_has_a_schema_that_names_its_first_key() {
        for (kind, schema) in super::schemas() {
            assert_eq!(schema["properties"][kind]["type"], "string", "{kind}");
        }
    }
}
