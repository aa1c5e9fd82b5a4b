//! The only place that speaks SQL: SQLite (embedded) and PostgreSQL.
//!
//! It knows tables, typed queries, transactions, and the kernel's own tables that must commit together with
//! business rows: outgoing events, jobs, gapless numbers, remembered answers, uploaded files.
//!
//! It never knows entities, actors or rights, never takes a text of SQL from outside, never puts a value into
//! SQL text (all are bound), and never drops a table or column, and never changes a row of
//! an authenticated table without checking its code and giving it a new one. Both databases give the same results in the same
//! order; `tests/contract` holds them to it.
//!
//! Reading order: [`value`], [`spec`], [`query`], then [`Store`] and [`Tx`].

mod build;
mod bulk;
mod connection;
mod database_error;
mod drafts;
mod error;
mod explain;
#[cfg(feature = "testing")]
mod faults;
mod fetch;
mod figures;
mod files;
mod id;
mod idempotency;
mod jobs;
mod json;
mod load;
mod outbox;
mod query;
mod reader;
mod results;
mod row_codes;
mod schema;
mod sequence;
mod sole_use;
mod spec;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod turns;
mod tx;
mod value;

pub use anju_crypto::RowKey;
pub use drafts::DraftFile;
pub use error::{Error, Result};
pub use explain::Explanation;
pub use fetch::Fetch;
pub use figures::{AVERAGE_SCALE, Aggregate, Grain, Group, Measure, MeasureOp, Quantile, Rank, Spans};
pub use files::{FileMeta, RemovedFiles, StoredContents};
pub use idempotency::{Claim, Remembered};
pub use jobs::{Checkpoint, Job, JobState, JobStep, JobsWanted, LeasedJob, NewJob, open_job};
pub use outbox::{Event, NewEvent};
pub use query::{ColumnRef, Columns, Condition, Direction, Duplicates, Join, Lock, Operator, Select};
pub use reader::{Reader, ReaderOfMany};
pub use results::{NewResult, ResultFile};
pub use row_codes::{CheckedRow, CheckedRows, RowPosition};
pub use schema::{Rescale, generation_name};
pub use sole_use::SoleUse;
pub use spec::{ColumnSpec, IndexSpec, SchemaChange, TableSpec};
pub use store::{Dialect, Store, StoreConfig};
pub use tx::Tx;
pub use value::{ColumnKind, Row, SqlValue};
