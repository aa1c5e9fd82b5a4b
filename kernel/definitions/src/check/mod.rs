//! The definitions of all applications against each other.

use crate::load::Loaded;

/// Adds every cross-reference problem.
pub(crate) fn check(_loaded: &mut Loaded) {}
