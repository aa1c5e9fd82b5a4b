//! BPMN 2.0: the part of it that is carried out here, as an immutable graph.

mod events;
mod graph;
mod parse;
mod structure;
mod timer;

pub use events::{Repeat, Throw, Trigger};
pub use graph::{Element, Flow, Graph, Kind, Variable};
pub use parse::parse;
pub use timer::Timer;

/// What is wrong with a diagram, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("第 {line} 行：{cause}")]
pub struct DiagramError {
    /// Id of the element, if it is about one.
    pub element: Option<String>,
    pub line: u32,
    pub cause: String,
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;
