//! Reads that meet a publication half-way: the tables have changed under the statement, so the definitions are read
//! again, and the statement is made anew.

use anju_runtime::{Runtime, records, store};

use crate::problem::Problem;

/// Publications that one read may meet.
const ATTEMPTS_MAX: u32 = 4;

/// Runs a read of records, again when it was made for definitions that are no longer in force.
pub async fn reading<T, F>(runtime: &Runtime, read: impl Fn() -> F) -> Result<T, records::Error>
where
    F: Future<Output = Result<T, records::Error>>,
{
    for _ in 1..ATTEMPTS_MAX {
        match read().await {
            Err(records::Error::Store(store::Error::Outdated(_))) => refresh(runtime).await,
            other => return other,
        }
    }
    read().await
}

/// Catches up with what was published. A failure shows in the next attempt.
pub async fn refresh(runtime: &Runtime) {
    if let Err(error) = runtime.refresh_definitions().await {
        drop(Problem::internal(error));
    }
}
