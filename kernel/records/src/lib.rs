//! The only door for business data. Every read and write of a record passes the same stations, one file
//! each: authorise (rights, row scope, fields), parse and check, seal, write (with history, audit and
//! event in the same transaction). The type of a record says how far it has come:
//! `Draft → Checked → Sealed → Stored`.
//!
//! What it knows: entities and roles of the catalog, the kinds of field, Chinese messages for users.
//! What it never does: speak SQL (that is `store`), speak HTTP, start processes, or know anything of
//! housing. Nothing unchecked reaches the store; no clear text of a sensitive field leaves without
//! [`Records::reveal`] except to the platform itself ([`ActorKind::System`]).

mod access;
mod actor;
mod audit;
mod check;
mod computed;
mod door;
mod error;
mod evolve;
mod export;
mod expression;
mod figures;
mod history;
mod hooks;
mod import;
mod input;
mod integrity;
mod plan;
mod query;
mod read;
mod record;
mod records;
mod retention;
mod reveal;
mod schema;
mod search;
mod sequence;
mod services;
mod texts;
mod value;
mod write;

pub use actor::{Actor, ActorKind, Post};
pub use audit::AuditEntry;
pub use check::check;
pub use door::Boxed;
pub use error::{Error, FieldError, Result};
pub use evolve::{Effect, EffectKind, Fill, Impact, Refusal, Rewrite};
pub use export::{Export, ExportCell, ExportColumn, ExportKind, ExportRequest};
pub use figures::{
    AggregateQuery, AggregateResult, Compare, During, Grain, Grouping, MeasureOp, MeasureRequest, Top,
};
pub use history::{FieldChange, HistoryEntry};
pub use hooks::{Change, Hook, HookContext, Hooks};
pub use import::{
    AfterEach, BlankCells, ImportCell, ImportChildRow, ImportCounts, ImportError, ImportFailure, ImportMode,
    ImportOptions, ImportRow, ImportSetup, ImportSheet, ImportWrite, Importer, Judged, TemplateColumn,
    TemplateSheet, TemplateSpec,
};
pub use integrity::{DamagedRow, Flaw, InspectedRows};
pub use query::{Page, PageRequest, Query};
pub use read::Candidate;
pub use record::{Object, Record};
pub use records::Records;
pub use retention::{DueReport, Erased, LegalHold, RemovedCount, RemovedGroup, TermKey};
pub use schema::tables;
pub use search::{QueryLimits, QueryPlan, SearchProgress};
pub use value::masked_name;
pub use write::{CONFIRM_KEY, Confirm, Confirmation, LoadCounts, LoadRecord, LoadVersion, PreparedLoad};
