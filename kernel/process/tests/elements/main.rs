//! Every element of BPMN that the reader accepts, on both databases: where the tokens stand, which tasks are open, what
//! is waited for and which timers run after each step, and that nothing is left behind.

#[path = "../common/mod.rs"]
mod common;

mod activities;
mod boundaries;
mod calls;
mod checks;
mod conditions;
mod correlation;
mod countersign;
mod cycles;
mod desk;
mod errors;
mod event_gateways;
mod event_subs;
mod gateways;
mod leaving;
mod returns;
mod rounds;
mod starts_and_ends;
mod sub_processes;
mod writing;
