//! Reading: from rows to what an actor may see.

mod children;
mod lists;
mod load;
mod render;
mod shape;
mod single;

pub(crate) use children::{attach_children, attach_counts};
pub(crate) use lists::name_lists;
pub(crate) use load::{Loaded, load_children, load_deleted, load_one};
pub(crate) use render::{Viewer, display_of, push_shown};
pub(crate) use shape::{Shape, ShapeRequest};
