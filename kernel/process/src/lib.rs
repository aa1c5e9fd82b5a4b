//! The BPMN 2.0 engine: user tasks with work lists, service tasks, exclusive gateways, timers, and deadlines
//! in working days. A running instance keeps the version of the definition it was started on.
//!
//! Reading order: [`bpmn`] (diagram to graph), [`machine`] (the pure core: what an event does to the tokens),
//! `run` (writes what the core says), `commands` (one file each), `view` (what people see).
//!
//! What it knows: definitions of processes, the record a process works on, roles and places of actors.
//! What it never does: begin or commit a transaction, carry out effects itself (see [`EffectRunner`]), read the
//! machine's clock, speak SQL or HTTP, know anything of housing.

mod access;
mod analysis;
pub mod bpmn;
mod check;
mod commands;
mod countdown;
mod effects;
mod error;
mod forget;
mod form;
mod gateway;
mod help;
pub mod machine;
mod migration;
mod people;
mod phrases;
mod plan;
mod processes;
mod repair;
mod rights;
mod rows;
mod run;
mod running;
mod starts;
mod substitutes;
mod tables;
mod task_rows;
mod timers;
mod trail;
mod view;

pub use analysis::{Analysis, AnalysisQuery, Counted, OutcomeCount, PeriodOf, Quantiles, StepFigures};
pub use check::{CheckProblem, check};
pub use commands::{ADMINISTER, Completion, Signing};
pub use effects::{EffectContext, EffectError, EffectResult, EffectRunner};
pub use error::{Error, Result};
pub use migration::{
    Migration, MigrationItem, MigrationOrder, MigrationReason, MigrationReport, Obstacle, VersionInUse,
};
pub use people::People;
pub use processes::{CalendarSource, Processes};
pub use repair::{Stuck, StuckCause, StuckQuery};
pub use rights::ProcessRight;
pub use rows::{InstanceState, TaskState};
pub use running::RunningVersion;
pub use starts::START_JOB;
pub use substitutes::Absence;
pub use tables::tables;
pub use timers::{EVENT_JOB, TIMER_JOB};
pub use trail::TrailKind;
pub use view::{StepCount, TaskBox, TaskCounts, TaskPage, TaskQuery};
