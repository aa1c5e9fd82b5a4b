use anju_decisions::Expression;
use anju_definitions::{Catalog, Entity, Field, FieldType};
use anju_store::ColumnKind;
use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value;

use crate::{
    Error, Result,
    sequence::SequencePlan,
    value::{Certificate, SCALE_MAX},
};

/// A field, compiled: everything that can be known before a value is seen.
pub(crate) struct FieldPlan {
    pub name: String,
    pub title: String,
    pub kind: FieldType,
    pub sql: ColumnKind,
    pub definition: Field,
    /// Column of the blind index, for sensitive fields.
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
    /// A default that is computed (`=today`).
    pub default_formula: Option<Formula>,
    /// Codes of the dictionary.
    pub codes: IndexMap<String, Code>,
    pub sequence: Option<SequencePlan>,
    /// Position of the choice field that says which kind of certificate a number is of.
    pub certificate_by: Option<usize>,
}

pub(crate) struct Code {
    pub title: String,
    pub retired: bool,
    pub certificate: Certificate,
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

    fn optional(source: Option<&str>) -> Result<Option<Self>> {
        source.map(Self::compile).transpose()
    }
}

impl FieldPlan {
    pub(crate) fn compile(catalog: &Catalog, entity: &Entity, name: &str, field: &Field) -> Result<Self> {
        let scale = match field.field_type {
            FieldType::Decimal => field.scale.unwrap_or(2).min(SCALE_MAX),
            _ => 0,
        };
        let bound = |value: &Option<Value>| match field.field_type {
            FieldType::Integer | FieldType::Money | FieldType::Decimal => {
                value.as_ref().and_then(|value| crate::value::scaled_number(value, scale).ok())
            }
            _ => None,
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
            kind: field.field_type,
            sql: if field.sensitive { ColumnKind::Bytes } else { column_kind(field.field_type) },
            index_column: field.sensitive.then(|| format!("{name}_bix")),
            index_key: format!("{}.{name}", entity.entity),
            pattern,
            min: bound(&field.min),
            max: bound(&field.max),
            length_max: field.length_max.unwrap_or(match field.field_type {
                FieldType::LongText => 4_000,
                _ => 200,
            }),
            scale,
            required_when: Formula::optional(field.required_when.as_deref())?,
            visible_when: Formula::optional(field.visible_when.as_deref())?,
            default_formula,
            codes: codes(catalog, field),
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
            && self.sequence.is_none()
    }

    /// A default that is the same for every record.
    pub(crate) fn literal_default(&self) -> Option<&Value> {
        let default = self.definition.default.as_ref().filter(|_| self.default_formula.is_none());
        default.filter(|value| !value.is_null())
    }

    /// Whether values are numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, FieldType::Integer | FieldType::Decimal | FieldType::Money)
    }

    /// Whether values are days or instants.
    pub(crate) fn is_time(&self) -> bool {
        matches!(self.kind, FieldType::Date | FieldType::DateTime)
    }

    /// Whether records can be grouped by the field.
    pub(crate) fn is_groupable(&self) -> bool {
        let manifold = matches!(self.kind, FieldType::Json | FieldType::MultiChoice | FieldType::LongText);
        !manifold && !self.sensitive()
    }

    /// The column that equality is tested on.
    pub(crate) fn equality_column(&self) -> &str {
        self.index_column.as_deref().unwrap_or(&self.name)
    }
}

fn column_kind(kind: FieldType) -> ColumnKind {
    match kind {
        FieldType::Integer | FieldType::Decimal | FieldType::Money | FieldType::DateTime => ColumnKind::Int,
        FieldType::Boolean => ColumnKind::Bool,
        _ => ColumnKind::Text,
    }
}

fn codes(catalog: &Catalog, field: &Field) -> IndexMap<String, Code> {
    let Some(dictionary) = field.dictionary.as_ref().and_then(|key| catalog.dictionaries.get(key)) else {
        return IndexMap::new();
    };
    let code = |item: &anju_definitions::DictionaryItem| Code {
        title: item.title.clone(),
        retired: item.retired,
        certificate: Certificate::from_title(&item.title),
    };
    dictionary.items.iter().map(|item| (item.code.clone(), code(item))).collect()
}

fn sequence(catalog: &Catalog, field: &Field) -> Result<Option<SequencePlan>> {
    let Some(key) = &field.sequence else { return Ok(None) };
    let definition =
        catalog.sequences.get(key).ok_or_else(|| Error::Internal(format!("no sequence {key}")))?;
    SequencePlan::compile(definition).map(Some)
}
