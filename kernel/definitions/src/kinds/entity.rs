//! Entities: the data model of business records.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Effect, Effective, FieldType, Retention, Rule, Search, Storage, Traits};

/// A kind of business record. `app.name` in lower snake case, e.g. `eligibility.case`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Key of the entity: `app.name`.
    pub entity: String,
    /// What users call it, in Chinese.
    pub title: String,
    /// One sentence: what it is for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// The field that people use as its number (unique). Optional.
    #[serde(default)]
    pub key: Option<String>,
    /// How one record is named on screens: text with `{field}` placeholders.
    pub display: String,
    /// The entity this one is a child table of, and the reference field that points to it.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Which field says to whom a record belongs, by dimension.
    #[serde(default)]
    pub scope: ScopePaths,
    pub fields: IndexMap<String, Field>,
    /// Groups of fields that no two live records may share.
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
    /// Extra indexes for queries.
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
    /// Fields with names, addresses and other texts that records are found by; never sensitive ones.
    #[serde(default)]
    pub search: Vec<String>,
    /// Cross-field conditions that must hold on every save.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Which changes of state are legal. Absent: any.
    #[serde(default)]
    pub transitions: Option<Transitions>,
    #[serde(default)]
    pub actions: IndexMap<String, Action>,
    /// Whether reads of this entity are written to the audit log too.
    #[serde(default)]
    pub audit_reads: bool,
    /// Periods in which a record is in force.
    #[serde(default)]
    pub effective: Option<Effective>,
    /// How long records are kept.
    #[serde(default)]
    pub retention: Vec<Retention>,
}

/// The parent of a child table.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The `ref` field of this entity that names the parent record.
    pub field: String,
    /// The name under which the rows appear in the parent's JSON, e.g. `members`.
    #[serde(rename = "as")]
    pub as_name: String,
    /// The most rows a parent may have.
    #[serde(default = "default_rows_max")]
    pub rows_max: usize,
}

fn default_rows_max() -> usize {
    50
}

/// Field paths by scope dimension. A child table inherits its parent's scope.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopePaths {
    /// `true`: reference data that every signed-in actor with the right may see, whatever their place.
    #[serde(default)]
    pub shared: bool,
    /// Field with the GB/T 2260 district code (6 digits).
    #[serde(default)]
    pub district: Option<String>,
    /// Field with the sub-district code (9 digits).
    #[serde(default)]
    pub subdistrict: Option<String>,
    /// Field with the id of the operator's organisation.
    #[serde(default)]
    pub operator: Option<String>,
    /// Field with the id of the account that owns the record.
    #[serde(default)]
    pub owner: Option<String>,
}

/// One field of an entity.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub title: String,
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Help text under the input.
    #[serde(default)]
    pub help: Option<String>,
    #[serde(default)]
    pub required: bool,
    /// ZEN expression over the record: required when it is true.
    #[serde(default)]
    pub required_when: Option<String>,
    /// ZEN expression over the record: shown when it is true.
    #[serde(default)]
    pub visible_when: Option<String>,
    /// ZEN expression over the record: a person may not change the field while it is true, before the change
    /// as well as after it.
    #[serde(default)]
    pub read_only_when: Option<String>,
    /// Set by the platform only (processes, commands), never by a person.
    #[serde(default)]
    pub system: bool,
    /// May be set on creation only.
    #[serde(default)]
    pub immutable: bool,
    /// Encrypted at rest, masked on reading, found by blind index.
    #[serde(default)]
    pub sensitive: bool,
    /// May not repeat among live records.
    #[serde(default)]
    pub unique: bool,
    /// Dictionary of `choice`, `multi_choice` and `address`.
    #[serde(default)]
    pub dictionary: Option<String>,
    /// Whether only codes with none below them may be chosen.
    #[serde(default)]
    pub leaf_only: bool,
    /// Target entity of `ref` and `ref_list`.
    #[serde(default)]
    pub to: Option<String>,
    /// For `ref` and `ref_list`: what becomes of this record when the one it names is to be deleted. `restrict` when
    /// absent. A list cannot `cascade`.
    #[serde(default)]
    pub on_delete: Option<OnDelete>,
    /// Sequence of `sequence`.
    #[serde(default)]
    pub sequence: Option<String>,
    /// For `id_number`: the choice field with the kind of certificate.
    #[serde(default)]
    pub id_type_field: Option<String>,
    /// Places of `decimal`.
    #[serde(default)]
    pub scale: Option<u32>,
    #[serde(default)]
    pub unit: Option<String>,
    /// Least value (numbers, as text to stay exact) or first date.
    #[serde(default)]
    pub min: Option<Value>,
    #[serde(default)]
    pub max: Option<Value>,
    #[serde(default)]
    pub length_min: Option<usize>,
    /// Longest text in characters. Default 200 for text, 4,000 for long text.
    #[serde(default)]
    pub length_max: Option<usize>,
    /// Regular expression the whole text must match.
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default)]
    pub default: Option<Value>,
    /// For files: accepted media types, e.g. `application/pdf`, `image/*`.
    #[serde(default)]
    pub accept: Vec<String>,
    /// Number of the attribute in the data standard, unique within the entity (M193, M204).
    #[serde(default)]
    pub number: Option<String>,
    /// Group of attributes it belongs to: the basic ones, or those of one variety (M193, M204).
    #[serde(default)]
    pub group: Option<String>,
    /// For files: a list of them instead of one.
    #[serde(default)]
    pub many: bool,
    /// For files: the largest one, in MB.
    #[serde(default)]
    pub size_mb_max: Option<u32>,
    /// Most items of a list. Default 200 codes, 100 references, 20 files.
    #[serde(default)]
    pub count_max: Option<usize>,
    /// For `geo_point`: what the degrees are measured in. Default WGS-84.
    #[serde(default)]
    pub datum: Option<Datum>,
    /// For `computed`: ZEN expression over the record.
    #[serde(default)]
    pub expression: Option<String>,
    /// For `computed`: type of the value, with that type's own attributes beside it.
    #[serde(default)]
    pub result: Option<FieldType>,
    /// For `computed`: worked out on every save and kept, so that lists can be filtered and ordered by it.
    /// Otherwise worked out whenever the record is read.
    #[serde(default)]
    pub stored: bool,
}

/// What longitudes and latitudes are measured in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Datum {
    /// Satellite receivers; CGCS2000 differs by centimetres.
    #[default]
    Wgs84,
    /// Chinese web maps.
    Gcj02,
}

/// What a reference means for the deletion of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The target cannot be deleted while this record is there.
    Restrict,
    /// This record is deleted, and restored, with the target.
    Cascade,
    /// This record keeps naming the target.
    Keep,
}

impl Field {
    /// What the reference means for the deletion of its target.
    pub fn on_delete(&self) -> OnDelete {
        self.on_delete.unwrap_or(OnDelete::Restrict)
    }

    /// Whether records can be found by words of its values.
    pub fn is_searchable(&self) -> bool {
        self.value_type().is_searchable() && self.is_stored()
    }

    /// The type of its values: that of the result where it is computed.
    pub fn value_type(&self) -> FieldType {
        match (self.field_type, self.result) {
            (FieldType::Computed, Some(result)) => result,
            (own, _) => own,
        }
    }

    /// What is fixed for its values.
    pub fn traits(&self) -> Traits {
        let of_values = self.value_type().traits();
        if self.many {
            return Traits {
                storage: Storage::Json,
                search: Search::Members,
                groupable: false,
                uniquable: false,
                ..of_values
            };
        }
        if self.field_type != FieldType::Computed {
            return of_values;
        }
        let own = self.field_type.traits();
        let computed = Traits { defaults: false, needs: own.needs, takes: own.takes, ..of_values };
        if self.stored {
            return computed;
        }
        let (sortable, groupable, sealable, uniquable) = (false, false, false, false);
        Traits {
            storage: Storage::None,
            search: Search::Presence,
            sortable,
            groupable,
            sealable,
            uniquable,
            ..computed
        }
    }

    /// Whether no record can be found by its values: they are sealed, and few enough to be guessed from an index.
    pub fn is_unfindable(&self) -> bool {
        self.sensitive && self.traits().sealable && self.value_type().is_guessable()
    }

    /// Whether it has a column.
    pub fn is_stored(&self) -> bool {
        self.traits().storage != Storage::None
    }
}

/// Legal changes of a state field.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transitions {
    pub field: String,
    pub from: IndexMap<String, Vec<String>>,
}

/// Something a person may do to records of an entity, offered as a button.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub title: String,
    /// ZEN expression over the record: offered and allowed when true.
    #[serde(default)]
    pub when: Option<String>,
    /// Why it is refused when `when` is false.
    #[serde(default)]
    pub otherwise: Option<String>,
    /// Question asked before it is done.
    #[serde(default)]
    pub confirm: Option<String>,
    /// Inputs the user gives, checked like fields.
    #[serde(default)]
    pub input: IndexMap<String, Field>,
    /// Done to many records at once, it is done to all of them or to none; otherwise to each by itself.
    #[serde(default)]
    pub atomic: bool,
    pub effects: Vec<Effect>,
}

impl Entity {
    /// The application part of the key.
    pub fn app(&self) -> &str {
        self.entity.split('.').next().unwrap_or_default()
    }
}
