//! Acceptance tests: they drive the HTTP API as a client would, on SQLite and PostgreSQL, with the sandbox of
//! outside systems answering over HTTP. Named after the module they prove.

mod support;

mod bulk;
mod case_work;
mod city;
mod demonstration;
mod exchange;
mod exports;
mod faults;
mod fields;
mod foreign_form;
mod imports;
mod integrity;
mod journey;
mod process_events;
mod process_operations;
mod publishing;
mod publishing_at_work;
mod releases;
mod retention;
mod review;
mod rights;
mod stock;
mod structures;
mod time;
mod ways;
mod worker;
