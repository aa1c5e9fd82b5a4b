use anju_definitions::{Expected, FieldTest, Filter, RowTest, Rule, RuleLevel};
use serde_json::Value;

use super::Formula;
use crate::Result;

/// A rule, compiled.
pub(crate) struct RulePlan {
    pub code: String,
    pub field: String,
    pub message: String,
    pub soft: bool,
    pub when: Option<Formula>,
    pub judgement: Judgement,
}

/// What a rule asks.
pub(crate) enum Judgement {
    /// Of the record alone.
    Check(Formula),
    /// Of other records.
    Others(Others),
}

/// Other records, and how many there may be.
pub(crate) struct Others {
    pub entity: String,
    pub filter: Filter,
    pub expected: Expected,
    /// The values of the filter that are expressions, in its order.
    pub operands: Vec<Formula>,
}

impl RulePlan {
    pub(crate) fn compile(rule: &Rule) -> Result<Self> {
        let judgement = match rule.others() {
            None => Judgement::Check(Formula::compile(rule.check.as_deref().unwrap_or("true"))?),
            Some((entity, filter, expected)) => {
                let mut operands = Vec::new();
                collect(filter, &mut operands)?;
                let (entity, filter) = (entity.to_owned(), filter.clone());
                Judgement::Others(Others { entity, filter, expected, operands })
            }
        };
        Ok(Self {
            code: rule.code.clone(),
            field: rule.field.clone(),
            message: rule.message.clone(),
            soft: rule.level == RuleLevel::Soft,
            when: Formula::optional(rule.when.as_deref())?,
            judgement,
        })
    }

    /// Every expression it evaluates.
    pub(crate) fn formulas(&self) -> impl Iterator<Item = &Formula> {
        let (check, operands) = match &self.judgement {
            Judgement::Check(check) => (Some(check), &[][..]),
            Judgement::Others(others) => (None, others.operands.as_slice()),
        };
        self.when.iter().chain(check).chain(operands)
    }
}

fn collect(filter: &Filter, operands: &mut Vec<Formula>) -> Result<()> {
    match filter {
        Filter::And { and: all } | Filter::Or { or: all } => {
            all.iter().try_for_each(|filter| collect(filter, operands))
        }
        Filter::Not { not } => collect(not, operands),
        Filter::Test(FieldTest { value: Value::Array(values), .. }) => {
            values.iter().try_for_each(|value| operand(value, operands))
        }
        Filter::Test(test) => operand(&test.value, operands),
        Filter::Has(rows) => rows.filter.iter().try_for_each(|filter| collect(filter, operands)),
    }
}

fn operand(value: &Value, operands: &mut Vec<Formula>) -> Result<()> {
    if let Some(source) = value.as_str().and_then(|text| text.strip_prefix('=')) {
        operands.push(Formula::compile(source.trim())?);
    }
    Ok(())
}

/// The filter with the values of its expressions, given in its order.
pub(crate) fn with_operands(filter: &Filter, values: &mut impl Iterator<Item = Value>) -> Filter {
    let mut all = |filters: &[Filter]| filters.iter().map(|filter| with_operands(filter, values)).collect();
    match filter {
        Filter::And { and } => Filter::And { and: all(and) },
        Filter::Or { or } => Filter::Or { or: all(or) },
        Filter::Not { not } => Filter::Not { not: Box::new(with_operands(not, values)) },
        Filter::Has(rows) => {
            let filter = rows.filter.as_ref().map(|filter| Box::new(with_operands(filter, values)));
            Filter::Has(RowTest { has: rows.has.clone(), filter })
        }
        Filter::Test(test) => {
            let mut put = |value: &Value| match value.as_str() {
                Some(text) if text.starts_with('=') => values.next().unwrap_or_default(),
                _ => value.clone(),
            };
            let value = match &test.value {
                Value::Array(items) => Value::Array(items.iter().map(put).collect()),
                one => put(one),
            };
            Filter::Test(FieldTest { value, ..test.clone() })
        }
    }
}
