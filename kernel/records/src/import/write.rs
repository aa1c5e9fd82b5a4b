use anju_store::Tx;

use super::{AfterEach, Import, ImportError, ImportMode};
use crate::{Actor, Error, FieldError, Records, Result, access::Operation};

/// What became of a batch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ImportBatch {
    pub created: usize,
    /// Faults found only while writing: an application's own checks.
    pub errors: Vec<ImportError>,
}

impl Import {
    /// Number of records that will be written.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }
}

impl Records {
    /// Writes records `from` up to (not including) `to` of those that are ready, in the given transaction.
    /// With [`ImportMode::SkipFaulty`] a record that an application refuses is told and skipped.
    ///
    /// # Errors
    /// Any error means that the transaction has to be rolled back; a [`Error::Invalid`] names the row.
    pub async fn write_import(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        import: &Import,
        range: std::ops::Range<usize>,
        after_each: &mut dyn AfterEach,
    ) -> Result<ImportBatch> {
        let mut batch = ImportBatch::default();
        for (number, input) in import.ready.get(range).unwrap_or_default() {
            let why = Some("导入");
            let created = self.create_as(tx, actor, &import.entity, input, why, &import.known, Operation::Import);
            match created.await {
                Ok(record) => {
                    after_each.created(tx, &record).await?;
                    batch.created += 1;
                }
                // A duplicate was refused by the database, which ends the transaction.
                Err(Error::Invalid(faults))
                    if import.mode == ImportMode::SkipFaulty && faults.iter().all(|f| f.code != "duplicate") =>
                {
                    batch.errors.extend(faults.into_iter().map(|fault| at_row(*number, fault)));
                }
                Err(Error::Invalid(faults)) => {
                    let named = |fault: FieldError| FieldError {
                        message: format!("第 {number} 行：{}", fault.message),
                        ..fault
                    };
                    return Err(Error::Invalid(faults.into_iter().map(named).collect()));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(batch)
    }
}

fn at_row(row: usize, fault: FieldError) -> ImportError {
    ImportError { sheet: String::new(), row, column: String::new(), field: fault.field, message: fault.message }
}
