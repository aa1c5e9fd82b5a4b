//! What an import has done, for the person who asked for it and for the attempt that follows a lost one.

use std::collections::BTreeSet;

use anju_records::{Import, ImportError};
use anju_store::{Checkpoint, Job};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Error, Result};

/// Faults given back in the answer; the marked workbook has them all.
const ERRORS_SHOWN_MAX: usize = 2_000;

/// What the person who imported is told.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: usize,
    /// Last row of the main sheet that is written or explained.
    row: usize,
    faulty: BTreeSet<usize>,
    pub created: usize,
    pub errors: Vec<ImportError>,
}

/// What attempts before this one have done for good: everything up to `row` is written or explained. It is kept
/// with the rows themselves, in one transaction, so that no row is written twice or left out.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Done {
    pub row: usize,
    created: usize,
    faulty: BTreeSet<usize>,
    errors: Vec<ImportError>,
}

impl Done {
    pub(super) fn before(job: &Job) -> Result<Self> {
        let Some(state) = &job.checkpoint else { return Ok(Self::default()) };
        Self::deserialize(state).map_err(|error| Error::Job(format!("unreadable checkpoint: {error}")))
    }
}

impl Report {
    /// A report on what is left of an import after what was done before.
    pub(super) fn of(rest: &Import, done: Done) -> Self {
        let mut errors = done.errors;
        errors.extend(rest.errors.iter().cloned());
        let mut faulty = done.faulty;
        faulty.extend(rest.faulty_rows());
        Self { rows: rest.rows, row: done.row, faulty, created: done.created, errors }
    }

    /// A report on a workbook of which no row was looked at.
    pub(super) fn of_faults(errors: Vec<ImportError>) -> Self {
        Self { errors, ..Self::default() }
    }

    /// A row that was refused only while writing.
    pub(super) fn note(&mut self, error: ImportError) {
        self.faulty.insert(error.main_row);
        self.errors.push(error);
    }

    /// Everything up to this row of the main sheet is written or explained.
    pub(super) fn reach(&mut self, row: usize) {
        self.row = row;
    }

    /// For the transaction that writes the rows.
    pub(super) fn checkpoint(&self) -> Result<Checkpoint> {
        let row = self.row;
        let explained = |error: &&ImportError| (1..=row).contains(&error.main_row);
        let done = Done {
            row,
            created: self.created,
            faulty: self.faulty.range(..=row).copied().collect(),
            errors: self.errors.iter().filter(explained).cloned().collect(),
        };
        let state = serde_json::to_value(done).map_err(|error| Error::Job(error.to_string()))?;
        Ok(Checkpoint { done: row as i64, total: self.rows as i64, state })
    }

    pub(super) fn to_json(&self, error_file: Option<String>) -> Value {
        let shown = &self.errors[..self.errors.len().min(ERRORS_SHOWN_MAX)];
        json!({
            "rows": self.rows,
            "created": self.created,
            "faulty": self.faulty.len(),
            "errors": shown,
            "errors_total": self.errors.len(),
            "error_file": error_file,
        })
    }
}
