//! Reading: from rows to what an actor may see.

mod as_of;
mod children;
mod lists;
mod load;
mod many;
mod render;
mod shape;
mod single;

pub(crate) use children::{attach_children, attach_counts};
pub(crate) use lists::name_lists;
pub(crate) use load::{Loaded, LoadedRow, load_all, load_children, load_deleted, load_one, load_rows};
pub use many::Candidate;
pub(crate) use render::{Viewer, display_of, push_shown};
pub(crate) use shape::{Shape, ShapeRequest};
