//! The ways of administration on both databases: handing on, asking, returning, standing in, suspending.

mod administering;
mod asking;
mod bureau;
#[path = "../common/mod.rs"]
mod common;
mod handing;
mod people;
mod returning;
