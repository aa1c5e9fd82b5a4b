use std::sync::Arc;

use anju_decisions::Expression;
use anju_definitions::{Catalog, Entity, Field, FieldType, Storage};
use anju_store::ColumnKind;
use regex::Regex;
use serde_json::Value;

use super::codes::{CodeList, CodeLists, code_list};
use crate::{Error, Result, sequence::SequencePlan, value::SCALE_MAX};

/// A field, compiled: everything that can be known before a value is seen.
pub(crate) struct FieldPlan {
    pub name: String,
    pub title: String,
    /// The type of its values: that of the result where it is computed.
    pub kind: FieldType,
    pub storage: Storage,
    pub sql: ColumnKind,
    pub definition: Field,
    /// Column of the blind index, for sensitive fields whose values cannot be guessed.
    pub index_column: Option<String>,
    /// `entity.field`: the key of the blind index.
    pub index_key: String,
    pub pattern: Option<Regex>,
    /// Bounds of numbers, scaled as the value is.
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub length_max: usize,
    pub scale: u32,
    pub required_when: Option<Formula>,
    pub visible_when: Option<Formula>,
    pub read_only_when: Option<Formula>,
    /// A default that is computed (`=today`).
    pub default_formula: Option<Formula>,
    /// What a computed field is worked out with.
    pub formula: Option<Formula>,
    /// Codes of the dictionary.
    pub codes: Arc<CodeList>,
    pub sequence: Option<SequencePlan>,
    /// Position of the choice field that says which kind of certificate a number is of.
    pub certificate_by: Option<usize>,
}

/// An expression and the names at its top level.
pub(crate) struct Formula {
    pub expression: Expression,
    /// First segments of the paths it reads (the second after `record.`).
    pub names: Vec<String>,
}

impl Formula {
    pub(crate) fn compile(source: &str) -> Result<Self> {
        let expression = Expression::compile(source).map_err(|cause| Error::Internal(cause.to_string()))?;
        let mut names: Vec<String> = Vec::new();
        for path in expression.variables() {
            let path = path.strip_prefix("record.").unwrap_or(&path);
            let name = path.split('.').next().unwrap_or_default().to_owned();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Self { expression, names })
    }

    pub(crate) fn optional(source: Option<&str>) -> Result<Option<Self>> {
        source.map(Self::compile).transpose()
    }

    pub(crate) fn reads(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

impl FieldPlan {
    pub(crate) fn compile(
        catalog: &Catalog,
        lists: &CodeLists,
        entity: &Entity,
        name: &str,
        field: &Field,
    ) -> Result<Self> {
        let kind = field.value_type();
        let storage = field.traits().storage;
        let scale = match kind {
            FieldType::Decimal => field.scale.unwrap_or(2).min(SCALE_MAX),
            _ => 0,
        };
        let bound = |value: &Option<Value>| match kind.is_number() {
            true => value.as_ref().and_then(|value| crate::value::scaled_number(value, scale).ok()),
            false => None,
        };
        let pattern = field
            .pattern
            .as_ref()
            .map(|text| Regex::new(&format!("^(?:{text})$")))
            .transpose()
            .map_err(|cause| Error::Internal(format!("{}.{name}: {cause}", entity.entity)))?;
        let default_formula = match &field.default {
            Some(Value::String(text)) => text.strip_prefix('=').map(Formula::compile).transpose()?,
            _ => None,
        };
        Ok(Self {
            name: name.to_owned(),
            title: field.title.clone(),
            kind,
            storage,
            sql: if field.sensitive { ColumnKind::Bytes } else { column_kind(storage) },
            index_column: (field.sensitive && !kind.is_guessable()).then(|| format!("{name}_bix")),
            index_key: format!("{}.{name}", entity.entity),
            pattern,
            min: bound(&field.min),
            max: bound(&field.max),
            length_max: field.length_max.unwrap_or(length_max(kind)),
            scale,
            required_when: Formula::optional(field.required_when.as_deref())?,
            visible_when: Formula::optional(field.visible_when.as_deref())?,
            read_only_when: Formula::optional(field.read_only_when.as_deref())?,
            default_formula,
            formula: Formula::optional(field.expression.as_deref())?,
            codes: code_list(lists, field.dictionary.as_deref()),
            sequence: sequence(catalog, field)?,
            certificate_by: field.id_type_field.as_ref().and_then(|by| entity.fields.get_index_of(by)),
            definition: field.clone(),
        })
    }

    pub(crate) fn sensitive(&self) -> bool {
        self.definition.sensitive
    }

    /// Whether a record must have a value, whatever its other fields say.
    pub(crate) fn is_demanded(&self) -> bool {
        let definition = &self.definition;
        definition.required
            && definition.visible_when.is_none()
            && !definition.system
            && !self.is_given_by_platform()
    }

    /// A default that is the same for every record.
    pub(crate) fn literal_default(&self) -> Option<&Value> {
        let default = self.definition.default.as_ref().filter(|_| self.default_formula.is_none());
        default.filter(|value| !value.is_null())
    }

    /// Whether it has a column; otherwise it is worked out whenever it is read.
    pub(crate) fn is_stored(&self) -> bool {
        self.storage != Storage::None
    }

    /// Whether the platform alone fills it in.
    pub(crate) fn is_given_by_platform(&self) -> bool {
        self.definition.field_type.is_given_by_platform()
    }

    /// Whether values are numbers that lists and figures can work with.
    pub(crate) fn is_number(&self) -> bool {
        self.is_stored() && self.kind.is_number()
    }

    /// Whether values are days or instants that lists and figures can work with.
    pub(crate) fn is_time(&self) -> bool {
        self.is_stored() && matches!(self.kind, FieldType::Date | FieldType::DateTime)
    }

    /// Whether lists may be ordered by it.
    pub(crate) fn is_sortable(&self) -> bool {
        self.definition.traits().sortable && !self.sensitive()
    }

    /// Whether figures may be grouped by it.
    pub(crate) fn is_groupable(&self) -> bool {
        self.definition.traits().groupable && !self.sensitive()
    }

    /// Most items of a list of its values.
    pub(crate) fn count_max(&self) -> usize {
        self.definition.count_max.unwrap_or(match self.kind {
            FieldType::MultiChoice => 200,
            FieldType::RefList => 100,
            _ => 20,
        })
    }

    /// The column that equality is tested on.
    pub(crate) fn equality_column(&self) -> &str {
        self.index_column.as_deref().unwrap_or(&self.name)
    }
}

fn column_kind(storage: Storage) -> ColumnKind {
    match storage {
        Storage::Integer => ColumnKind::Int,
        Storage::Boolean => ColumnKind::Bool,
        Storage::Text | Storage::Json | Storage::None => ColumnKind::Text,
    }
}

/// Most characters where the definition says nothing.
fn length_max(kind: FieldType) -> usize {
    match kind {
        FieldType::LongText => 4_000,
        FieldType::RichText => 20_000,
        FieldType::PersonName => 50,
        _ => 200,
    }
}

fn sequence(catalog: &Catalog, field: &Field) -> Result<Option<SequencePlan>> {
    let Some(key) = &field.sequence else { return Ok(None) };
    let definition =
        catalog.sequences.get(key).ok_or_else(|| Error::Internal(format!("no sequence {key}")))?;
    SequencePlan::compile(definition).map(Some)
}
