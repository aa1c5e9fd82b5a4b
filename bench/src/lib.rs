//! What the benchmarks share: a light client, load in rounds, a server as its own process, the arithmetic of figures.

pub mod client;
pub mod figures;
pub mod load;
pub mod server;
pub mod session;
