//! Lists and figures: filters, order, pages, groups.

mod cursor;
mod filter;
mod joins;
mod list;

pub(crate) use filter::{FilterCompiler, own_filter, trusted_filter};
pub(crate) use joins::{Joins, Located, Meta, Place};
