//! A site's definitions over the shipped ones: put together, carried over to a new release, compared.
//!
//! Shipped definitions are never edited. A site's own lie in files of the same shape whose paths begin with
//! [`SITE`]; one with the key of a shipped definition stands in its place, an `extension` adds to an entity.

mod compose;
mod diff;
mod emit;
mod identity;
mod items;
mod merge;
#[cfg(test)]
mod tests;
mod upgrade;

pub use compose::{SITE, compose, definition_path, name_of};
pub use diff::{TextChange, changes};
pub use items::{ItemChange, ItemFault, edit_items};
pub use upgrade::{Conflict, Resolution, Upgrade, upgrade};

pub(crate) use emit::emit;
