//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod bounds;
mod contention;
mod deleting;
mod estate;
mod evolve;
mod export;
mod faults;
mod figures;
mod fixture;
mod import;
mod import_by_key;
mod loading;
mod model;
mod operators;
mod reading;
mod regressions;
mod relations;
mod retention;
mod round_trip;
mod rules;
mod scope;
mod searching;
mod sensitive;
mod time;
mod types;
mod writing;
