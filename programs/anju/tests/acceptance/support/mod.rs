//! What the tests stand on: a platform with a clock of their own, clients, families.

mod client;
mod family;
mod lab;
mod platform;
mod shaping;
mod visits;

pub use client::{Client, Reply};
pub use family::a_family;
pub use lab::SAMPLE;
pub use platform::{Platform, start_http};
pub use shaping::{Shapers, grant};
pub use visits::{VISITS, with_visits};
