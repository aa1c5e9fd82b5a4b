//! The shapes of queries and figures in the OpenAPI document, drawn from the types themselves.

use anju_runtime::records::{AggregateQuery, AggregateResult, Page, Query};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

const COMPONENTS: &str = "/components/schemas";

/// The document with the schemas that the routes of records refer to.
pub fn with_queries(document: &OpenApi) -> Value {
    // A document of plain maps and texts always becomes JSON.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = COMPONENTS.into());
    let mut generator = settings.into_generator();
    generator.subschema_for::<Query>();
    generator.subschema_for::<Page>();
    generator.subschema_for::<AggregateQuery>();
    generator.subschema_for::<AggregateResult>();
    let components =
        document.as_object_mut().map(|document| document.entry("components").or_insert_with(empty));
    let schemas =
        components.and_then(Value::as_object_mut).map(|all| all.entry("schemas").or_insert_with(empty));
    if let Some(schemas) = schemas.and_then(Value::as_object_mut) {
        schemas.extend(generator.take_definitions(true));
    }
    document
}

fn empty() -> Value {
    Value::Object(Map::new())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every `$ref` of the document, and every schema it has.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_to_a_schema() {
        let document = crate::api_document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.contains("#/components/schemas/Filter"), "{found:?}");
        for reference in found {
            let schema = document.pointer(reference.trim_start_matches('#'));
            assert!(schema.is_some(), "{reference} leads nowhere");
        }
        let query = &document["components"]["schemas"]["Query"];
        assert_eq!(query["properties"]["page"]["$ref"], "#/components/schemas/PageRequest", "{query}");
        let path = &document["paths"]["/api/records/{entity}/aggregate"]["post"];
        let body = &path["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        assert_eq!(body, "#/components/schemas/AggregateQuery", "{path}");
    }
}
