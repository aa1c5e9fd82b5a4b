//! The end of records: how long they are kept, what keeps them longer, and how their values go for good.
//!
//! A value that goes, goes from the table, its blind index, the history and the files. What other parts of the
//! platform keep about a record (processes, sealed documents) is theirs to forget; [`Erased`] tells them what.

mod counts;
mod due;
mod erase;
mod erased;
mod hold;
mod tables;

pub use counts::{RemovedCount, RemovedGroup};
pub use due::{DueReport, TermKey};
pub use erased::Erased;
pub use hold::LegalHold;
pub(crate) use tables::tables;
