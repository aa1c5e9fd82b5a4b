//! Checks before a catalog is published: every cell compiles, nothing refused is used, every case holds.

use anju_definitions::{Catalog, Decision};

use crate::decision::Decisions;
use crate::value::covers;

/// What is wrong with a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{decision}: {}{cause}", case.as_ref().map(|case| format!("用例“{case}”：")).unwrap_or_default())]
pub struct CheckProblem {
    /// Key of the decision.
    pub decision: String,
    /// Title of the example that does not hold, if it is one.
    pub case: Option<String>,
    pub cause: String,
}

/// Compiles all decisions of a catalog and runs their cases.
pub fn check(catalog: &Catalog) -> Vec<CheckProblem> {
    check_decisions(catalog.decisions.values().map(AsRef::as_ref))
}

/// Compiles decisions and runs their cases.
pub fn check_decisions<'a>(all: impl IntoIterator<Item = &'a Decision> + Clone) -> Vec<CheckProblem> {
    let decisions = Decisions::load(all.clone());
    let mut problems = decisions.problems().to_vec();
    for decision in all {
        if problems.iter().any(|problem| problem.decision == decision.decision) {
            continue;
        }
        for case in &decision.cases {
            let cause = match decisions.decide(&decision.decision, &case.input) {
                Ok(outcome) if covers(&outcome.result, &case.expect) => continue,
                Ok(outcome) => {
                    let rows: Vec<&str> = outcome.rows.iter().map(|row| row.row_id.as_str()).collect();
                    format!("应为 {}，实为 {}（命中行 {}）", case.expect, outcome.result, rows.join("、"))
                }
                Err(cause) => cause.to_string(),
            };
            problems.push(CheckProblem {
                decision: decision.decision.clone(),
                case: Some(case.title.clone()),
                cause,
            });
        }
    }
    problems
}
