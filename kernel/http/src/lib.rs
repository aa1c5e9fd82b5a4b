//! The API's edge: the only crate that knows HTTP. A request becomes an `Actor` and values; an answer or an
//! error becomes JSON. One file per operation.
//!
//! What it knows: paths, status codes, cookies, problem details (RFC 9457), OpenAPI.
//! What it never does: decide who may do what (records, processes and identity do), touch the store but to
//! open the transaction of a business step, know what an application is about.

mod actor;
mod current;
mod decisions;
mod definitions;
mod desk;
mod documents;
mod exports;
mod files;
mod headers;
mod health;
mod integrity;
mod jobs;
mod problem;
mod process_operations;
mod processes;
mod publishing;
mod records;
mod retention;
mod router;
mod schemas;
mod session;
mod step;
mod structures;
mod tasks;
mod upload;

pub use router::{ServerOptions, api_document, router};
