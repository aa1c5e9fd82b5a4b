//! What an import has done, for the person who asked for it and for the attempt that follows a lost one.

use std::sync::Arc;

use anju_records::{ImportCounts, ImportError, ImportSetup, Judged};
use anju_store::{Job, JobStep, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::faults::Faults;
use crate::{Error, Result};

/// Faults given back in the answer; the marked workbook has them all.
const ERRORS_SHOWN_MAX: usize = 2_000;
/// Steps read at a time.
const STEPS: u64 = 100;

/// What the person who imported is told.
#[derive(Default)]
pub(super) struct Report {
    /// Rows of the main sheet.
    pub rows: usize,
    pub created: usize,
    pub updated: usize,
    /// Rows that change nothing.
    pub unchanged: usize,
    pub faults: Faults,
    pub ignored: Vec<String>,
}

/// What one transaction has done for good: written with the rows themselves, so that no row is written twice or left
/// out. It stands at the index of its first row.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Done {
    /// Rows of the main sheet from there on that are written or explained.
    pub rows: usize,
    created: usize,
    updated: usize,
    unchanged: usize,
    errors: Vec<ImportError>,
}

impl Done {
    pub fn of(rows: usize, counts: ImportCounts, unchanged: usize, errors: Vec<ImportError>) -> Self {
        Self { rows, created: counts.created, updated: counts.updated, unchanged, errors }
    }

    pub fn step(&self, position: usize) -> Result<JobStep> {
        let body = serde_json::to_value(self).map_err(|error| Error::Job(error.to_string()))?;
        Ok(JobStep { position: i64::try_from(position).unwrap_or(i64::MAX), body })
    }
}

impl Report {
    pub fn of(setup: &Arc<ImportSetup>, rows: usize, lost: &[ImportError]) -> Self {
        let mut report = Self { rows, ignored: setup.ignored_columns().to_vec(), ..Self::default() };
        report.faults.add_all(lost.to_vec());
        report
    }

    pub fn add(&mut self, done: Done) {
        self.created += done.created;
        self.updated += done.updated;
        self.unchanged += done.unchanged;
        self.faults.add_all(done.errors);
    }

    /// Adds what a batch was judged to be, written or not.
    pub fn add_judged(&mut self, judged: &mut Judged) {
        self.unchanged += judged.unchanged;
        self.faults.add_all(std::mem::take(&mut judged.errors));
    }

    /// Adds what attempts before this one have done; the index of the first row that is left.
    pub async fn take_up(&mut self, store: &Store, job: &Job) -> Result<usize> {
        let (mut next, mut after) = (0, None);
        loop {
            let steps = store.steps(&job.id, after, STEPS).await?;
            let Some(last) = steps.last() else { return Ok(next) };
            after = Some(last.position);
            for step in steps {
                let done = Done::deserialize(step.body)
                    .map_err(|error| Error::Job(format!("unreadable step: {error}")))?;
                next = next.max(usize::try_from(step.position).unwrap_or_default() + done.rows);
                self.add(done);
            }
        }
    }

    pub fn to_json(&self, error_file: Option<String>) -> Value {
        json!({
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "faulty": self.faults.rows(),
            "errors": self.faults.first(ERRORS_SHOWN_MAX),
            "errors_total": self.faults.count(),
            "error_file": error_file,
            "ignored_columns": self.ignored,
        })
    }
}
