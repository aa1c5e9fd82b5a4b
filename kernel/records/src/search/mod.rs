//! Lists and figures: filters, order, pages, groups.

mod cursor;
mod filter;
mod guard;
mod in_force;
mod joins;
mod list;
mod lookups;
mod reach;
mod refresh;
mod rows;
mod text;

pub(crate) use filter::{FilterCompiler, has_item, own_filter, readable, trusted_filter};
pub(crate) use guard::{Guard, told_if_slow};
pub use guard::{QueryLimits, QueryPlan};
pub(crate) use joins::{Joins, Located, Meta, Place, names, unknown_field};
pub(crate) use list::Paging;
pub(crate) use reach::{Shelf, Wanted, found_by};
pub use refresh::SearchProgress;
pub(crate) use refresh::tokens_are_made;
pub(crate) use rows::first_rows;
pub(crate) use text::tokens_of;
