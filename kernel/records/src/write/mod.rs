//! Writing: the stations every change passes, in the order of their files. What a station hands on has a
//! type that only it can make, so none can be left out.

mod broken;
mod check;
mod confirm;
mod delete;
mod draft;
mod operations;
mod others;
mod outcome;
mod parse;
mod references;
mod removal;
mod restore;
mod rules;
mod save;
mod seal;
mod tables;
mod trail;
mod uniques;

pub use confirm::Confirmation;
pub(crate) use confirm::{confirmations, table as confirmation_table};
pub(crate) use draft::{Draft, DraftRow};
pub(crate) use operations::{set_row_defaults, take_place};
pub(crate) use parse::{Writer, parse_into};
pub(crate) use references::{KnownReferences, check_references};
pub(crate) use rules::check_row;
