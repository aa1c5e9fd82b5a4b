//! Lists and figures: filters, order, pages, groups.

mod cursor;
mod filter;
mod in_force;
mod joins;
mod list;

pub(crate) use filter::{FilterCompiler, trusted_filter};
pub(crate) use joins::{Joins, Located, Meta, Place};
