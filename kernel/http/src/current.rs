//! Reads that meet a publication half-way: the tables have changed under the statement, so the definitions are read
//! again, and the statement is made anew.

use anju_runtime::Runtime;

use crate::problem::{Problem, Result};

/// Publications that one read may meet.
const ATTEMPTS_MAX: u32 = 4;

/// Runs a read of records, again when it was made for definitions that are no longer in force.
pub async fn reading<T, E, F>(runtime: &Runtime, read: impl Fn() -> F) -> Result<T>
where
    E: Into<Problem>,
    F: Future<Output = std::result::Result<T, E>>,
{
    for _ in 1..ATTEMPTS_MAX {
        match read().await.map_err(Into::into) {
            Err(problem) if problem.is_outdated() => refresh(runtime).await,
            other => return other,
        }
    }
    read().await.map_err(Into::into)
}

/// Catches up with what was published. A failure shows in the next attempt.
pub async fn refresh(runtime: &Runtime) {
    if let Err(error) = runtime.refresh_definitions().await {
        drop(Problem::internal(error));
    }
}
