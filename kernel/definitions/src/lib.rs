//! The definition language of Anju: YAML files that describe entities, pages, processes, decisions,
//! documents, rights and menus.
//!
//! What it knows: the shape of each kind ([`kinds`]), how a file becomes a value *and* all its errors
//! with file, line and cause, how the definitions of all applications are checked against each other and
//! compiled into one immutable [`Catalog`].
//!
//! What it never does: touch a database, the network or the clock; know anything of housing.

mod bpmn;
mod catalog;
mod check;
mod expressions;
mod extend;
mod hint;
pub mod kinds;
mod load;
mod node;
pub mod overlay;
mod parse;
pub mod path;
mod problem;
mod schema;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub use catalog::{Catalog, Place, SharedCatalog};
pub use expressions::{PlacedExpression, expressions};
pub use kinds::*;
pub use load::{DEFINITIONS_MAX, FILE_BYTES_MAX, load};
pub use problem::{Problem, Severity};
pub use schema::schemas;
pub use source::{Kind, Source};
pub use tree::LEVELS_MAX;
