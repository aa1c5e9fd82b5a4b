//! See the architecture.
