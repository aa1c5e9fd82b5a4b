//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod fixture;
mod import;
mod reading;
mod scope;
mod sensitive;
mod writing;
