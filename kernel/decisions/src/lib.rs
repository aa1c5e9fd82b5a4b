//! The one expression language (ZEN) and decisions in GoRules JDM, for every part of the platform.
//!
//! Knows: how to compile an expression, what of the language is allowed here, how to evaluate it within
//! bounds, how to run a decision graph and say which rows of its tables held and why. Values come in and go
//! out as JSON; numbers are exact decimals inside. Graphs are run here, over the language's own interpreter: the
//! whole engine of GoRules would bring a JavaScript runtime, a TypeScript parser and cloud storage with it.
//!
//! Never does: read a clock, draw a random number, reach the network or run a script. Expressions that would
//! are refused when they are compiled. Nothing of the engine's single-threaded values leaves a call, so every
//! type here is `Send + Sync`.

mod bounds;
mod check;
mod decision;
mod error;
mod expression;
mod graph;
mod run;
mod trace;
mod value;

pub use check::{CheckProblem, check, check_decisions};
pub use decision::{Decisions, Outcome};
pub use error::Error;
pub use expression::{Expression, evaluate, is_true, variables};
pub use trace::{MatchedRow, TraceStep};
