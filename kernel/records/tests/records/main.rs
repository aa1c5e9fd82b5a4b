//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod export;
mod fixture;
mod import;
mod import_by_key;
mod reading;
mod round_trip;
mod scope;
mod sensitive;
mod writing;
