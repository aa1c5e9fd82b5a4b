//! Lists and figures: filters, order, pages, groups.

mod cursor;
mod filter;
mod guard;
mod joins;
mod list;
mod reach;
mod refresh;
mod rows;
mod text;

pub(crate) use filter::{FilterCompiler, has_item, own_filter, trusted_filter};
pub(crate) use guard::{Guard, told_if_slow};
pub use guard::{QueryLimits, QueryPlan};
pub(crate) use joins::{Joins, Located, Meta, Place};
pub(crate) use reach::{Shelf, Wanted, found_by};
pub use refresh::SearchProgress;
pub(crate) use text::tokens_of;
