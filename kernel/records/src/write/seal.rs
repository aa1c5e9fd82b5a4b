//! Station four: values become columns; sensitive ones leave here encrypted, with their blind index.

use anju_store::SqlValue;
use serde_json::Value;

use super::{check::Checked, draft::Draft};
use crate::{Records, Result, plan::EntityPlan, schema::TOKENS, search::tokens_of, value};

/// A change as columns. Only this can be written.
pub(crate) struct Sealed {
    pub draft: Draft,
    /// Columns of the record that change.
    pub columns: Vec<(String, SqlValue)>,
    /// By child table and row: the columns that change.
    pub tables: Vec<Vec<Vec<(String, SqlValue)>>>,
}

impl Sealed {
    pub(crate) fn from(records: &Records, checked: Checked) -> Result<Self> {
        let draft = checked.draft;
        let columns = changed_columns(records, &draft.plan, &draft.row)?;
        let tables = draft
            .tables
            .iter()
            .map(|table| table.rows.iter().map(|row| changed_columns(records, &table.plan, row)).collect());
        let tables = tables.collect::<Result<_>>()?;
        Ok(Self { draft, columns, tables })
    }
}

/// The columns of a row whose values are not what they were.
pub(crate) fn changed_columns(
    records: &Records,
    plan: &EntityPlan,
    row: &super::DraftRow,
) -> Result<Vec<(String, SqlValue)>> {
    let mut columns = Vec::with_capacity(plan.fields.len() + 4);
    for (position, field) in plan.fields.iter().enumerate() {
        if !field.is_stored() || !row.changed(position) {
            continue;
        }
        let value = &row.values[position];
        if !field.sensitive() {
            columns.push((field.name.clone(), value::to_column(field, value)));
            continue;
        }
        let (sealed, index) = match value {
            Value::Null => (SqlValue::Null, SqlValue::Null),
            value => {
                let sealed = records.seal(plan, field, &row.id, value)?;
                (SqlValue::Bytes(sealed), records.blind_index(field, value)?.into())
            }
        };
        columns.push((field.name.clone(), sealed));
        if let Some(index_column) = &field.index_column {
            columns.push((index_column.clone(), index));
        }
    }
    if plan.search.iter().any(|position| row.changed(*position)) {
        columns.push((TOKENS.to_owned(), search_tokens(plan, &row.values).into()));
    }
    Ok(columns)
}

/// What the record is found by.
pub(crate) fn search_tokens(plan: &EntityPlan, values: &[Value]) -> Option<String> {
    let texts =
        plan.search.iter().map(|position| value::to_text(&plan.fields[*position], &values[*position]));
    tokens_of(texts)
}
