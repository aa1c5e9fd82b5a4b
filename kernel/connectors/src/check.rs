//! What only this crate can say of connector definitions.

use anju_definitions::{Catalog, Kind, Place, Problem};

use crate::Shape;

/// Schemas of answers that could not be checked.
pub fn check(catalog: &Catalog) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (key, connector) in &catalog.connectors {
        for (name, operation) in &connector.operations {
            let Err(why) = Shape::parse(&operation.answer) else { continue };
            let place = catalog.place(Kind::Connector, key, &format!("operations/{name}/answer"));
            // A definition that did not come from a file has its key instead.
            let Place { file, line } = place.unwrap_or_else(|| Place { file: key.clone(), line: 1 });
            problems.push(Problem::error(&file, line, "answer_schema", format!("answer{why}")));
        }
    }
    problems
}
