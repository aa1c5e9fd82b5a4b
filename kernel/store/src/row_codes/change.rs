//! Changing rows that have codes: the rows are read and locked, their codes checked, and the new values written together
//! with the new codes.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CODE, Coding, Judged, judged};
use crate::build::{self, CodedRows};
use crate::{ColumnRef, Condition, Error, Operator, Rescale, Result, SqlValue, Tx};

/// Rows that are read and written at once.
const BATCH: usize = 500;

impl Tx {
    /// As [`Tx::update`], for a table whose rows have codes.
    pub(crate) async fn update_coded(
        &mut self,
        table: &str,
        coding: &Arc<Coding>,
        sets: Vec<(&str, SqlValue)>,
        filter: &Condition,
    ) -> Result<u64> {
        let wanted = CodedRows { table, filter, after: None, limit: None, lock: true };
        let (coding, rows) = self.sound_rows(coding, &wanted).await?;
        let known = self.store().known();
        let changes: Vec<(&str, &SqlValue)> = sets.iter().map(|(name, value)| (*name, value)).collect();
        let code = |row: &Judged| {
            coding.code_after(&known.row_key, row.values.as_deref().unwrap_or_default(), &changes)
        };
        if let [row] = rows.as_slice() {
            let code = code(row);
            let sets = sets.into_iter().chain([(CODE, code)]).collect();
            let statement = build::update(self.dialect(), table, sets, &this_row(table, &coding, row));
            return self.execute(statement).await;
        }
        let written = rows
            .iter()
            .map(|row| {
                let key = row.key.iter().cloned();
                key.chain(sets.iter().map(|(_, value)| value.clone())).chain([code(row)]).collect()
            })
            .collect();
        let names: Vec<&str> = sets.iter().map(|(name, _)| *name).chain([CODE]).collect();
        self.write_many(table, &keys(&coding), &names, written).await
    }

    /// As [`Tx::update_many`], for a table whose rows have codes.
    pub(crate) async fn update_many_coded(
        &mut self,
        table: &str,
        coding: &Arc<Coding>,
        (found_by, sets): (&[&str], &[&str]),
        rows: Vec<Vec<SqlValue>>,
    ) -> Result<u64> {
        let Some(first) = found_by.first() else { return Ok(0) };
        let mut found = 0;
        for chunk in rows.chunks(BATCH) {
            let given: HashMap<&[SqlValue], &[SqlValue]> = chunk
                .iter()
                .map(|row| row.split_at(found_by.len()))
                .filter(|(key, _)| !key.iter().any(SqlValue::is_null))
                .collect();
            let firsts = given.keys().map(|key| key[0].clone()).collect();
            let filter = Condition::In { column: ColumnRef::new(table, *first), values: firsts };
            let wanted = CodedRows { table, filter: &filter, after: None, limit: None, lock: true };
            let (coding, there) = self.judged_rows(coding, &wanted).await?;
            let known = self.store().known();
            let mut written = Vec::with_capacity(there.len());
            for row in &there {
                let Some(values) = row.values.as_deref() else { return Err(self.damaged(table, row)) };
                let key = coding.found_by(row, values, found_by);
                let Some(new) = given.get(key.as_slice()) else { continue };
                if !row.sound {
                    return Err(self.damaged(table, row));
                }
                let changes: Vec<(&str, &SqlValue)> = sets.iter().copied().zip(*new).collect();
                let code = coding.code_after(&known.row_key, values, &changes);
                written.push(row.key.iter().chain(*new).cloned().chain([code]).collect());
            }
            let names: Vec<&str> = sets.iter().copied().chain([CODE]).collect();
            found += self.write_many(table, &keys(&coding), &names, written).await?;
        }
        Ok(found)
    }

    /// As [`Tx::rescale`], for a table whose rows have codes.
    pub(crate) async fn rescale_coded(
        &mut self,
        table: &str,
        coding: &Arc<Coding>,
        column: &str,
        scale: Rescale,
    ) -> Result<u64> {
        let filter = Condition::NotNull(ColumnRef::new(table, column));
        let (mut changed, mut after) = (0, None::<Vec<SqlValue>>);
        loop {
            let limit = Some(BATCH as u64);
            let wanted = CodedRows { table, filter: &filter, after: after.as_deref(), limit, lock: false };
            let (coding, rows) = self.sound_rows(coding, &wanted).await?;
            let Some(last) = rows.last() else { return Ok(changed) };
            after = Some(last.position().to_vec());
            let known = self.store().known();
            let mut written = Vec::with_capacity(rows.len());
            for row in &rows {
                let values = row.values.as_deref().unwrap_or_default();
                let scaled = match coding.values_at(values, &[column]).first() {
                    Some(SqlValue::Int(value)) => scaled(*value, scale),
                    _ => None,
                };
                let Some(scaled) = scaled else {
                    return Err(self.fail(Error::Database(format!("{table}.{column} cannot be rescaled"))));
                };
                let value = SqlValue::Int(scaled);
                let code = coding.code_after(&known.row_key, values, &[(column, &value)]);
                written.push(row.key.iter().cloned().chain([value, code]).collect());
            }
            changed += self.write_many(table, &keys(&coding), &[column, CODE], written).await?;
        }
    }

    /// Gives codes to the rows that have none, unchecked: those from before their table was authenticated. The rows
    /// coded, and where the next batch begins.
    pub(super) async fn code_batch(
        &mut self,
        coding: &Arc<Coding>,
        after: Option<&[SqlValue]>,
    ) -> Result<(u64, Option<Vec<SqlValue>>)> {
        let table = coding.table.as_str();
        let limit = Some(BATCH as u64);
        let wanted = CodedRows { table, filter: &Condition::True, after, limit, lock: true };
        let (coding, rows) = self.judged_rows(coding, &wanted).await?;
        let known = self.store().known();
        let uncoded = rows.iter().filter(|row| row.code.is_null());
        let coded = |row: &Judged| {
            let code = coding.code_of(&known.row_key, row.values.as_deref()?);
            Some(row.key.iter().cloned().chain([code]).collect())
        };
        let written: Vec<Vec<SqlValue>> = uncoded.filter_map(coded).collect();
        let count = self.write_many(table, &keys(&coding), &[CODE], written).await?;
        Ok((count, rows.last().map(|row| row.position().to_vec())))
    }

    /// Rows that are all what the platform wrote; [`Error::Damaged`] otherwise.
    async fn sound_rows(
        &mut self,
        coding: &Arc<Coding>,
        wanted: &CodedRows<'_>,
    ) -> Result<(Arc<Coding>, Vec<Judged>)> {
        let (coding, rows) = self.judged_rows(coding, wanted).await?;
        match rows.iter().find(|row| !row.sound) {
            Some(row) => Err(self.damaged(wanted.table, row)),
            None => Ok((coding, rows)),
        }
    }

    async fn judged_rows(
        &mut self,
        coding: &Arc<Coding>,
        wanted: &CodedRows<'_>,
    ) -> Result<(Arc<Coding>, Vec<Judged>)> {
        let (coding, rows) = judged(self, coding, wanted).await?;
        self.store().know_coding(&coding);
        Ok((coding, rows))
    }

    fn damaged(&mut self, table: &str, row: &Judged) -> Error {
        self.fail(Error::Damaged { table: table.to_owned(), key: row.label() })
    }
}

impl Coding {
    /// The values of these columns out of a row's.
    fn values_at(&self, values: &[SqlValue], names: &[&str]) -> Vec<SqlValue> {
        let value = |name: &&str| {
            let at = self.columns.iter().position(|(column, _)| column == name);
            at.and_then(|at| values.get(at)).cloned().unwrap_or(SqlValue::Null)
        };
        names.iter().map(value).collect()
    }

    /// As [`Coding::values_at`]; a number that the database gave is known from the row's key.
    fn found_by(&self, row: &Judged, values: &[SqlValue], names: &[&str]) -> Vec<SqlValue> {
        let mut found = self.values_at(values, names);
        let serial = |name: &&str| self.serial.as_deref() == Some(*name);
        let given = self.key.iter().position(|name| serial(&name.as_str())).and_then(|at| row.key.get(at));
        if let (Some(at), Some(number)) = (names.iter().position(serial), given) {
            found[at] = number.clone();
        }
        found
    }
}

fn keys(coding: &Coding) -> Vec<&str> {
    coding.key.iter().map(String::as_str).collect()
}

fn this_row(table: &str, coding: &Coding, row: &Judged) -> Condition {
    let equal = |(name, value): (&String, &SqlValue)| Condition::Compare {
        column: ColumnRef::new(table, name.as_str()),
        op: Operator::Eq,
        value: value.clone(),
    };
    Condition::All(coding.key.iter().zip(&row.key).map(equal).collect())
}

fn scaled(value: i64, scale: Rescale) -> Option<i64> {
    match scale {
        Rescale::Multiply(by) => value.checked_mul(by),
        Rescale::Divide(by) => value.checked_div(by),
    }
}
