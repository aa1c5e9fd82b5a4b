//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod evolve;
mod fixture;
mod import;
mod reading;
mod retention;
mod scope;
mod sensitive;
mod time;
mod writing;
