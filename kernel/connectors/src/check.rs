//! What only this crate can say of connector definitions.

use anju_definitions::Catalog;

use crate::{Shape, prepare};

/// Everything wrong with the catalog's connectors: schemas that could not be checked, placeholders that no call
/// fills. One line each, naming the operation.
pub fn check(catalog: &Catalog) -> Vec<String> {
    let mut problems = Vec::new();
    for connector in catalog.connectors.values() {
        for (name, operation) in &connector.operations {
            let place = format!("{}.{name}", connector.connector);
            problems.extend(Shape::parse(&operation.answer).err().map(|why| format!("{place}: answer{why}")));
            let unfilled =
                prepare::placeholders(operation).into_iter().filter(|used| !operation.needs.contains(used));
            problems.extend(unfilled.map(|used| format!("{place}: `{{{used}}}` is not among its needs")));
        }
    }
    problems
}
