//! Lists and figures: filters, order, pages, groups.

mod cursor;
mod filter;
mod joins;
mod list;

pub(crate) use filter::{FilterCompiler, readable, trusted_filter};
pub(crate) use joins::{Joins, Located, Meta, Place, names};
