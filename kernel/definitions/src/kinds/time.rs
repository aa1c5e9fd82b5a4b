//! What entities say about time: periods in which a record is in force, and how long it may be kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Filter;

/// Several records describe one thing at different times; their periods do not overlap.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effective {
    /// Date field: the first day.
    pub from: String,
    /// Date field: the last day, itself included; absent while there is no end.
    pub to: String,
    /// Fields that say which thing it is.
    pub by: Vec<String>,
}

/// How long records are kept, and what becomes of them then.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Stable name of the term among those of the entity.
    pub term: String,
    /// Legal ground, as reports show it.
    #[serde(default)]
    pub basis: Option<String>,
    /// Years, months or days: `5y`, `18m`, `90d`.
    pub keep: String,
    /// When the term begins: a date or instant of the record, or `created_at`, `updated_at`, `deleted_at`.
    pub after: String,
    /// Only records that pass this filter.
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    pub then: Disposal,
    /// For `anonymise`: fields that lose their values, `members.name` for those of a child table.
    #[serde(default)]
    pub fields: Vec<String>,
    /// For `remove`: fields with codes, or yes and no, by whose values the removed records stay counted.
    #[serde(default)]
    pub count_by: Vec<String>,
}

/// What becomes of a record at the end of its term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposal {
    /// The record goes, with its child rows and history.
    Remove,
    /// The record stays for statistics, without the values of the fields.
    Anonymise,
}

/// A length of time as civil life counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    Years(i32),
    Months(i32),
    Days(i32),
}

impl Retention {
    /// The term; none when `keep` is not of the form `5y`, `18m`, `90d`.
    pub fn length(&self) -> Option<Term> {
        let number =
            |unit: char| self.keep.strip_suffix(unit)?.parse().ok().filter(|n| (1..=36_500).contains(n));
        number('y').map(Term::Years).or(number('m').map(Term::Months)).or(number('d').map(Term::Days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_whole_years_months_or_days() {
        let length = |keep: &str| {
            Retention {
                term: "t".into(),
                basis: None,
                keep: keep.into(),
                after: "created_at".into(),
                filter: None,
                then: Disposal::Remove,
                fields: Vec::new(),
                count_by: Vec::new(),
            }
            .length()
        };
        assert_eq!(length("5y"), Some(Term::Years(5)));
        assert_eq!(length("18m"), Some(Term::Months(18)));
        assert_eq!(length("90d"), Some(Term::Days(90)));
        for wrong in ["", "y", "0y", "-1d", "5", "5w", "1.5y", "五年", "99999999999d"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
    }
}
