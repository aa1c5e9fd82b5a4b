use anju_store::Tx;

use super::{AfterEach, Import, ImportError};
use crate::{Actor, Error, FieldError, Records, Result, access::Operation};

/// Why a range was not written. The transaction has to be rolled back either way.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// One row was refused while writing: taken in the meantime, or by an application's own check.
    #[error("{}", .0.message)]
    Row(ImportError),
    #[error(transparent)]
    Other(#[from] Error),
}

impl Records {
    /// Writes a range of the records that are ready, in the given transaction; how many.
    ///
    /// # Errors
    /// [`ImportFailure::Row`] names the first row that was refused.
    pub async fn write_import(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        import: &Import,
        range: std::ops::Range<usize>,
        after_each: &mut dyn AfterEach,
    ) -> Result<usize, ImportFailure> {
        let mut written = 0;
        for (number, input) in import.ready.get(range).unwrap_or_default() {
            let created = self
                .create_as(tx, actor, &import.entity, input, Some("导入"), &import.known, Operation::Import)
                .await;
            let done = match created {
                Ok(record) => after_each.created(tx, &record).await,
                Err(error) => Err(error),
            };
            done.map_err(|error| refused(import, *number, error))?;
            written += 1;
        }
        Ok(written)
    }
}

fn refused(import: &Import, row: usize, error: Error) -> ImportFailure {
    let at = |field: String, message: String| {
        ImportFailure::Row(ImportError {
            sheet: import.sheet.clone(),
            row,
            column: String::new(),
            field,
            message,
            main_row: row,
        })
    };
    match error {
        // Nobody is there to confirm a row: it is entered by hand.
        Error::Invalid(faults) | Error::Unconfirmed(faults) => {
            let field = faults.first().map(|fault| fault.field.clone()).unwrap_or_default();
            let messages: Vec<String> =
                faults.into_iter().map(|FieldError { message, .. }| message).collect();
            at(field, messages.join("；"))
        }
        Error::Conflict { message, .. } | Error::Forbidden { message } => at(String::new(), message),
        other => ImportFailure::Other(other),
    }
}
