//! The door, on both databases: what it lets in, what it shows to whom, what it keeps.

mod bounds;
mod deleting;
mod estate;
mod figures;
mod fixture;
mod import;
mod model;
mod operators;
mod reading;
mod relations;
mod rules;
mod scope;
mod searching;
mod sensitive;
mod types;
mod writing;
