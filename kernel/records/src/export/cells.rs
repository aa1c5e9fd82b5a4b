//! From a record as a viewer sees it to the cells of a row.

use std::collections::{BTreeSet, HashMap};

use anju_definitions::FieldType;
use jiff::civil::DateTime;
use serde_json::Value;

use super::{ExportCell, Planned};
use crate::{
    Record, Records, Result,
    history::ids_in,
    plan::FieldPlan,
    search::{Meta, Place},
    value,
};

/// Names of files by id.
pub(super) type FileNames = HashMap<String, String>;

impl Records {
    /// The names of the files that the columns show, looked up together.
    pub(super) async fn file_names(&self, columns: &[Planned], records: &[Record]) -> Result<FileNames> {
        let shown = |planned: &&Planned| matches!(planned.place, Place::Field(at) if planned.owner.fields[at].kind.is_file());
        let mut ids = BTreeSet::new();
        for planned in columns.iter().filter(shown) {
            ids.extend(records.iter().flat_map(|record| ids_in(record.get(&planned.column.name))));
        }
        let ids: Vec<&str> = ids.into_iter().collect();
        Ok(self.store().file_names(&ids).await?)
    }
}

pub(super) fn row(columns: &[Planned], record: &Record, files: &FileNames) -> Vec<ExportCell> {
    columns.iter().map(|planned| cell(planned, record, files)).collect()
}

fn cell(planned: &Planned, record: &Record, files: &FileNames) -> ExportCell {
    let name = &planned.column.name;
    let shown = match planned.place {
        // The record's own come under their names, those of a reference's target under the path.
        Place::Meta(Meta::Id) if name == Meta::Id.name() => text(record.id.clone()),
        Place::Meta(meta) => meta_cell(meta, record.get(name)),
        Place::Field(at) => field_cell(&planned.owner.fields[at], name, record, files),
    };
    match (planned.masked, shown) {
        (true, ExportCell::Empty) => ExportCell::Empty,
        (true, shown) => text(masked(planned, record.get(name), &shown)),
        (false, shown) => shown,
    }
}

fn meta_cell(meta: Meta, value: &Value) -> ExportCell {
    match value {
        Value::String(text) if meta.is_instant() => instant(text),
        Value::String(text) => self::text(text.clone()),
        Value::Number(number) => ExportCell::Number(number.to_string()),
        _ => ExportCell::Empty,
    }
}

fn field_cell(field: &FieldPlan, name: &str, record: &Record, files: &FileNames) -> ExportCell {
    let value = record.get(name);
    match (field.kind, value) {
        (_, Value::Null) => ExportCell::Empty,
        (_, Value::String(shown)) if field.sensitive() => text(shown.clone()),
        (kind, _) if kind.is_reference() => text(joined(ids_in(&record.get("$refs")[name]))),
        (kind, value) if kind.is_file() => {
            text(joined(ids_in(value).map(|id| files.get(id).map_or("文件", String::as_str))))
        }
        (FieldType::Money, Value::Number(fen)) => {
            ExportCell::Number(value::format_decimal(fen.as_i64().unwrap_or_default(), 2))
        }
        (FieldType::Decimal, Value::String(number)) => ExportCell::Number(number.clone()),
        (_, Value::Number(number)) => ExportCell::Number(number.to_string()),
        (FieldType::Date, Value::String(day)) => {
            day.parse().map_or_else(|_| text(day.clone()), ExportCell::Date)
        }
        (FieldType::DateTime, Value::String(at)) => instant(at),
        (_, value) => text(value::to_text(field, value)),
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    texts.collect::<Vec<_>>().join("、")
}

/// RFC 3339 with Shanghai's offset, as records have it.
fn instant(at: &str) -> ExportCell {
    let local = at.get(..19).and_then(|civil| civil.parse::<DateTime>().ok());
    local.map_or_else(|| text(at.to_owned()), ExportCell::Instant)
}

fn text(text: String) -> ExportCell {
    if text.is_empty() { ExportCell::Empty } else { ExportCell::Text(text) }
}

fn masked(planned: &Planned, value: &Value, shown: &ExportCell) -> String {
    match planned.place {
        Place::Field(at) => {
            let field = &planned.owner.fields[at];
            match field.kind {
                _ if field.sensitive() => plain_text(shown),
                FieldType::Text => value::masked_name(&plain_text(shown)),
                _ => value::mask(field, value),
            }
        }
        Place::Meta(_) => "****".to_owned(),
    }
}

/// As a person would type it.
fn plain_text(cell: &ExportCell) -> String {
    match cell {
        ExportCell::Empty => String::new(),
        ExportCell::Text(text) | ExportCell::Number(text) => text.clone(),
        ExportCell::Date(date) => date.to_string(),
        ExportCell::Instant(at) => at.to_string(),
    }
}
