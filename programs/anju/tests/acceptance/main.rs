//! Acceptance tests: they drive the HTTP API as a client would, on SQLite and PostgreSQL, with the sandbox of
//! outside systems answering over HTTP. Named after the module they prove.

mod support;

mod case_work;
mod demonstration;
mod faults;
mod imports;
mod journey;
mod review;
mod rights;
mod worker;
