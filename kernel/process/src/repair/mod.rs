//! Instances that do not go on by themselves: which they are, and how an administrator gets them going again. Whatever is
//! done has a reason, an entry in the trail and one in the audit log.

mod act;
mod joins;
mod stuck;

pub(crate) use act::{may_skip, not_passed};
pub use stuck::{Stuck, StuckCause, StuckQuery};
