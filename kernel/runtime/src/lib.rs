//! The kernel as one running thing: it wires records, processes, decisions, documents, connectors and
//! messaging together, interprets the one vocabulary of effects, runs the applications' commands, and works
//! off jobs.
//!
//! What it knows: the order in which the kernel's crates start, and the places where an application's Rust
//! code may hook in ([`App`], [`Command`], hooks of records).
//!
//! What it never does: speak HTTP or SQL; know what an application is about.

mod access;
mod action;
mod app;
mod bulk;
mod calendar;
mod command;
mod contents;
mod context;
mod directory;
mod document;
mod effects;
mod error;
mod export;
mod import;
mod inspection;
mod integrity;
mod jobs;
mod migration;
mod publishing;
mod repair;
mod retention;
mod runtime;
mod search;
mod settings;
mod structures;
mod sweep;
mod worker;

pub use action::ActionOutcome;
pub use app::{App, Registry, embedded_sources};
pub use bulk::{BULK_JOB, BulkItem, BulkOutcome, BulkPreview, BulkRefusal, Selection};
pub use command::{Command, CommandContext, CommandOutcome};
pub use document::{DocumentRequest, DocumentTicket, SealedDocument};
pub use error::{Error, Result};
pub use export::{EXPORT_JOB, EXPORT_REQUEST, ExportFormat, ExportOrder, ExportPreview, ExportTicket};
pub use import::{IMPORT_JOB, ImportRequest};
pub use inspection::{DefinitionReport, verify_definitions};
pub use integrity::{IntegrityRun, VERIFY_JOB};
pub use migration::MIGRATION_JOB;
pub use publishing::{
    DefinitionSource, DictionaryEdit, Draft, DraftInput, DraftKey, FILL_JOB, Preview, PublicationKind,
    PublicationSummary, PublishError, PublishRequest, Published, RequestKey, Right,
};
pub use retention::{RETENTION_JOB, RetentionRequest};
pub use runtime::{Runtime, StartUp, damaged_kernel_rows};
pub use search::SEARCH_JOB;
pub use settings::{ExchangeSettings, Settings};
pub use worker::Worker;

pub use anju_calendar as calendar_kit;
pub use anju_connectors as connectors;
pub use anju_crypto as crypto;
pub use anju_decisions as decisions;
pub use anju_definitions as definitions;
pub use anju_documents as documents;
pub use anju_identity as identity;
pub use anju_messaging as messaging;
pub use anju_process as process;
pub use anju_records as records;
pub use anju_store as store;
