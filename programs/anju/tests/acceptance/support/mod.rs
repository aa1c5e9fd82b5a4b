//! What the tests stand on: a platform with a clock of their own, clients, families.

mod client;
mod family;
mod platform;

pub use client::{Client, Reply};
pub use family::a_family;
pub use platform::Platform;
