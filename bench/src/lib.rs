//! What the benchmarks share: a light client and the arithmetic of figures.

pub mod client;
pub mod figures;
