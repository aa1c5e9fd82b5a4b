//! Codes that authenticate rows (A-41, docs/decisions/0013-row-authentication.md): a column of each authenticated table
//! holds a code of the row's other values, made with a key that the database does not have. Whatever this crate writes
//! brings its code along; what changes a row checks the code it had before, so that a change made past the platform is
//! never covered up.

mod change;
mod check;
mod register;

pub use check::{CheckedRow, CheckedRows, RowPosition};

pub(crate) use check::{Judged, damaged, judged};
pub(crate) use register::{adopt, register, table};

use std::collections::HashMap;
use std::sync::Arc;

use anju_crypto::RowKey;

use crate::schema::stem;
use crate::store::Known;
use crate::{ColumnKind, SqlValue, TableSpec};

/// The column of the code. Absent: the row was never coded, or the code was taken away.
pub(crate) const CODE: &str = "row_mac";
/// Changes when the same row gets another code.
const LABEL: &[u8] = b"anju/row/1\0";

/// What the codes of one table's rows are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coding {
    /// The table as it is called now.
    pub table: String,
    /// Its name without its generation: the codes outlive a change of name.
    pub stem: String,
    /// Columns of the primary key.
    pub key: Vec<String>,
    /// The column whose number the database gives; not known when the code is made, so not in it.
    pub serial: Option<String>,
    /// The columns in the code, by name.
    pub columns: Vec<(String, ColumnKind)>,
}

/// Codings by the stem of their table.
pub(crate) type Codings = HashMap<String, Arc<Coding>>;

impl Coding {
    fn of(spec: &TableSpec) -> Self {
        let serial = spec.columns.iter().find(|column| column.kind == ColumnKind::Serial);
        let coding = Self {
            table: spec.name.clone(),
            stem: stem(&spec.name).to_owned(),
            key: spec.primary_key.clone(),
            serial: serial.map(|column| column.name.clone()),
            columns: Vec::new(),
        };
        coding.with_columns(spec.columns.iter().map(|column| (column.name.clone(), column.kind)))
    }

    /// With these columns besides. Columns that a specification no longer has stay in the table, and in the codes.
    pub(crate) fn with_columns(&self, columns: impl IntoIterator<Item = (String, ColumnKind)>) -> Self {
        let mut coding = self.clone();
        for (name, kind) in columns {
            let known = coding.columns.iter().any(|(known, _)| *known == name);
            if !known && coding.is_coded(&name) {
                coding.columns.push((name, kind));
            }
        }
        coding.columns.sort_by(|(a, _), (b, _)| a.cmp(b));
        coding
    }

    fn is_coded(&self, column: &str) -> bool {
        column != CODE && self.serial.as_deref() != Some(column)
    }

    /// The code of a row, its columns in the order of their names. Absent values are left out, so that columns may be
    /// added; every name and value goes in with its length, so that two rows never read the same.
    fn code<'r>(&self, key: &RowKey, row: impl Iterator<Item = (&'r str, &'r SqlValue)>) -> SqlValue {
        let mut encoded = Vec::with_capacity(1_024);
        encoded.extend(LABEL);
        put(&mut encoded, self.stem.as_bytes());
        for (name, value) in row {
            let mut column = |kind: u8, bytes: &[u8]| {
                put(&mut encoded, name.as_bytes());
                encoded.push(kind);
                put(&mut encoded, bytes);
            };
            match value {
                SqlValue::Null => {}
                SqlValue::Text(text) => column(1, text.as_bytes()),
                SqlValue::Int(int) => column(2, &int.to_be_bytes()),
                SqlValue::Bool(bool) => column(3, &[u8::from(*bool)]),
                SqlValue::Bytes(bytes) => column(4, bytes),
            }
        }
        key.code(&encoded).into()
    }

    /// The code of a row of the table as it is.
    fn code_of(&self, key: &RowKey, values: &[SqlValue]) -> SqlValue {
        self.code(key, self.columns.iter().map(|(name, _)| name.as_str()).zip(values))
    }

    /// The code of a row after some of its columns are set.
    fn code_after(&self, key: &RowKey, values: &[SqlValue], sets: &[(&str, &SqlValue)]) -> SqlValue {
        let mut after: Vec<(&str, &SqlValue)> = self
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .zip(values)
            .filter(|(name, _)| sets.iter().all(|(set, _)| set != name))
            .collect();
        after.extend(sets.iter().filter(|(name, _)| self.is_coded(name)));
        after.sort_by_key(|(name, _)| *name);
        self.code(key, after.into_iter())
    }
}

fn put(encoded: &mut Vec<u8>, bytes: &[u8]) {
    encoded.extend((bytes.len() as u64).to_be_bytes());
    encoded.extend(bytes);
}

impl Known {
    /// How the rows of a table are coded, whatever its generation; `None` if they are not.
    pub(crate) fn coding(&self, table: &str) -> Option<&Arc<Coding>> {
        self.codings.get(stem(table))
    }

    /// Completes whole rows, as they are about to be inserted, with their codes: the column is named last and each row
    /// gets its value, if the table is authenticated.
    pub(crate) fn complete(&self, table: &str, columns: &mut Vec<&str>, rows: &mut [Vec<SqlValue>]) {
        let Some(coding) = self.coding(table) else { return };
        let mut order: Vec<usize> = (0..columns.len()).filter(|at| coding.is_coded(columns[*at])).collect();
        order.sort_by_key(|at| columns[*at]);
        for row in rows {
            let code = coding.code(&self.row_key, order.iter().map(|at| (columns[*at], &row[*at])));
            row.push(code);
        }
        columns.push(CODE);
    }
}

/// The codings of these tables, over those known.
pub(crate) fn with_tables(known: &Codings, tables: &[TableSpec]) -> Codings {
    let mut codings = known.clone();
    for spec in tables.iter().filter(|spec| spec.authenticated) {
        let coding = Coding::of(spec);
        let coding = match codings.get(&coding.stem) {
            Some(earlier) => coding.with_columns(earlier.columns.iter().cloned()),
            None => coding,
        };
        codings.insert(coding.stem.clone(), Arc::new(coding));
    }
    codings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coding() -> Coding {
        Coding::of(
            &TableSpec::new("unit__3")
                .column("id", ColumnKind::Text)
                .column("number", ColumnKind::Serial)
                .nullable("a", ColumnKind::Text)
                .nullable("ab", ColumnKind::Int)
                .primary_key(["id"])
                .authenticated(),
        )
    }

    fn code(row: &[(&str, SqlValue)]) -> SqlValue {
        let mut row: Vec<(&str, &SqlValue)> = row.iter().map(|(name, value)| (*name, value)).collect();
        row.sort_by_key(|(name, _)| *name);
        coding().code(&RowKey::for_tests(1), row.into_iter())
    }

    #[test]
    fn a41_a_code_is_of_values_names_and_the_table_without_its_generation() {
        assert_eq!(coding().stem, "unit");
        let columns: Vec<String> = coding().columns.into_iter().map(|(name, _)| name).collect();
        assert_eq!(columns, ["a", "ab", "id"], "neither the database's number nor the code itself");
        let row = code(&[("id", "1".into()), ("a", "x".into())]);
        assert_eq!(row, code(&[("a", "x".into()), ("ab", SqlValue::Null), ("id", "1".into())]));
        assert_ne!(row, code(&[("id", "1".into()), ("ab", "x".into())]));
        assert_ne!(row, code(&[("id", "1".into()), ("a", SqlValue::Bytes(b"x".to_vec()))]));
        assert_ne!(code(&[("ab", 1.into())]), code(&[("ab", true.into())]));
        assert_ne!(code(&[("a", "".into())]), code(&[]));
    }

    proptest! {
        #[test]
        fn a41_two_rows_never_read_the_same(
            one in prop::collection::btree_map("[ab]{1,3}", "[ab\0\u{1}]{0,4}", 0..4),
            other in prop::collection::btree_map("[ab]{1,3}", "[ab\0\u{1}]{0,4}", 0..4),
        ) {
            let code = |row: &std::collections::BTreeMap<String, String>| {
                let row: Vec<(&str, SqlValue)> =
                    row.iter().map(|(name, value)| (name.as_str(), value.into())).collect();
                code(&row)
            };
            prop_assert_eq!(one == other, code(&one) == code(&other));
        }

        #[test]
        fn a41_setting_columns_gives_the_code_of_the_row_as_it_then_is(
            values in prop::collection::vec(prop::option::of("[a-c]{0,3}"), 3),
            sets in prop::collection::btree_map(prop::sample::select(vec!["a", "ab", "id", "new"]), prop::option::of("[a-c]{0,3}"), 0..4),
        ) {
            let (coding, key) = (coding(), RowKey::for_tests(1));
            let values: Vec<SqlValue> = values.into_iter().map(SqlValue::from).collect();
            let sets: Vec<(&str, SqlValue)> = sets.into_iter().map(|(name, set)| (name, set.into())).collect();
            let set: Vec<(&str, &SqlValue)> = sets.iter().map(|(name, set)| (*name, set)).collect();
            let mut row: std::collections::BTreeMap<&str, &SqlValue> =
                ["a", "ab", "id"].into_iter().zip(&values).collect();
            row.extend(set.iter().copied());
            prop_assert_eq!(coding.code_after(&key, &values, &set), coding.code(&key, row.into_iter()));
        }
    }
}
