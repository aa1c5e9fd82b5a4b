//! Writing: the stations every change passes, in the order of their files. What a station hands on has a
//! type that only it can make, so none can be left out.

mod broken;
mod check;
mod confirm;
mod delete;
mod draft;
mod known;
mod load;
mod many;
mod operations;
mod others;
mod outcome;
mod parse;
mod periods;
mod references;
mod removal;
mod restore;
mod rules;
mod save;
mod seal;
mod tables;
mod trail;
mod uniques;

pub(crate) use check::check_transition;
pub use confirm::{CONFIRM_KEY, Confirm, Confirmation};
pub(crate) use confirm::{CONFIRMATION, clean_confirmations, confirmations, table as confirmation_table};
pub(crate) use draft::{Draft, DraftRow, DraftTable};
pub(crate) use known::Known;
pub use load::{LoadCounts, LoadRecord, LoadVersion, PreparedLoad};
pub(crate) use operations::{set_row_defaults, take_place};
pub(crate) use outcome::show;
pub(crate) use parse::{Writer, parse_into};
pub(crate) use references::check_references;
pub(crate) use rules::check_row;
pub(crate) use seal::{changed_columns, search_tokens};
pub(crate) use trail::{HISTORY_COLUMNS, Occasion, history_row};
