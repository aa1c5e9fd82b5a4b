//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod fixture;
mod import;
mod reading;
mod rules;
mod scope;
mod sensitive;
mod types;
mod writing;
