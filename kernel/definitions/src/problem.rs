//! What is wrong with a definition, said so that its author can mend it.

use std::fmt;

use serde::Serialize;

/// One fault of one definition file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file as its [`crate::Source`] names it.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Stable name of the kind of fault, e.g. `dangling_reference`.
    pub code: &'static str,
    /// What is wrong and what would be right, in Chinese.
    pub message: String,
    pub severity: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Works, but is hardly meant so.
    Warning,
    /// May not be published.
    Error,
}

impl Problem {
    pub fn error(file: &str, line: u32, code: &'static str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, code, message: message.into(), severity: Severity::Error }
    }

    pub fn warning(file: &str, line: u32, code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, line, code, message) }
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
