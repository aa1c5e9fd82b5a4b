//! Which groups are shown, in which order.

use std::cmp::Ordering;

use anju_definitions::{FieldTest, Filter, FilterOp, Sort, SortDirection};
use serde_json::Value;

use super::{
    compile::{Grouped, Measured},
    figure::Figure,
    table::Key,
};
use crate::{Error, Result, value};

/// Deepest nesting of `having`.
const DEPTH_MAX: usize = 8;
/// Places a number of `having` may have.
const HAVING_SCALE: u32 = 9;

pub(super) type Row = (Key, Vec<Figure>);

/// A name of the result.
pub(super) enum Named {
    Group(usize),
    Measure(usize),
}

/// What a name of the result stands for.
pub(super) fn named(groups: &[Grouped<'_>], measures: &[Measured<'_>], name: &str) -> Result<Named> {
    let group = groups.iter().position(|group| group.name == name).map(Named::Group);
    let measure = || measures.iter().position(|measure| measure.name == name).map(Named::Measure);
    group.or_else(measure).ok_or_else(|| Error::invalid(name, "unknown", format!("结果中没有“{name}”")))
}

/// Orders rows by the keys; rows equal in all of them stay as they are. Absent values come last ascending and first
/// descending.
pub(super) fn sort(rows: &mut [Row], keys: &[(Named, SortDirection)]) {
    let compare = |a: &Row, b: &Row, key: &Named| match key {
        Named::Group(at) => {
            absent_last(a.0[*at].is_null(), b.0[*at].is_null()).unwrap_or_else(|| a.0[*at].cmp(&b.0[*at]))
        }
        Named::Measure(at) => absent_last(a.1[*at].is_absent(), b.1[*at].is_absent())
            .unwrap_or_else(|| a.1[*at].compare(&b.1[*at]).unwrap_or(Ordering::Equal)),
    };
    rows.sort_by(|a, b| {
        let mut orders = keys.iter().map(|(key, direction)| match direction {
            SortDirection::Asc => compare(a, b, key),
            SortDirection::Desc => compare(a, b, key).reverse(),
        });
        orders.find(|order| *order != Ordering::Equal).unwrap_or(Ordering::Equal)
    });
}

fn absent_last(a: bool, b: bool) -> Option<Ordering> {
    (a || b).then(|| a.cmp(&b))
}

/// The keys of an order by names.
pub(super) fn sort_keys(
    groups: &[Grouped<'_>],
    measures: &[Measured<'_>],
    sort: &[Sort],
) -> Result<Vec<(Named, SortDirection)>> {
    sort.iter().map(|key| Ok((named(groups, measures, &key.field)?, key.dir))).collect()
}

/// A filter over figures, checked.
pub(super) enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    Test { measure: usize, op: FilterOp, values: Vec<Figure> },
}

impl Having {
    pub(super) fn compile(measures: &[Measured<'_>], filter: &Filter, depth: usize) -> Result<Self> {
        if depth > DEPTH_MAX {
            return Err(Error::TooMuch { message: "筛选条件嵌套过深".to_owned() });
        }
        let list = |filters: &[Filter]| -> Result<Vec<Self>> {
            filters.iter().map(|filter| Self::compile(measures, filter, depth + 1)).collect()
        };
        match filter {
            Filter::And { and } => list(and).map(Self::All),
            Filter::Or { or } => list(or).map(Self::Any),
            Filter::Not { not } => Ok(Self::Not(Box::new(Self::compile(measures, not, depth + 1)?))),
            Filter::Test(test) => Self::test(measures, test),
            Filter::Has(rows) => Err(Error::invalid(rows.has.as_str(), "operator", "此处只能比较指标")),
        }
    }

    fn test(measures: &[Measured<'_>], test: &FieldTest) -> Result<Self> {
        let fault = |code: &str, message: &str| Error::invalid(test.field.as_str(), code, message);
        let measure = measures.iter().position(|measure| measure.name == test.field);
        let measure = measure.ok_or_else(|| fault("unknown", "没有这个指标"))?;
        let operand = |input: &Value| -> Result<Figure> {
            if let Ok(scaled) = value::scaled_number(input, HAVING_SCALE) {
                return Ok(Figure::Number { scaled: scaled.into(), scale: HAVING_SCALE, whole: false });
            }
            match input {
                Value::String(_) => Ok(Figure::Other(input.clone())),
                _ => Err(fault("type", "应为数字")),
            }
        };
        let many = |input: &Value| -> Result<Vec<Figure>> {
            let items = input.as_array().ok_or_else(|| fault("type", "此条件需要多个值"))?;
            items.iter().map(operand).collect()
        };
        use FilterOp as Op;
        let values = match test.op {
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => vec![operand(&test.value)?],
            Op::In | Op::NotIn => many(&test.value)?,
            Op::Between => {
                let ends = many(&test.value)?;
                if ends.len() != 2 {
                    return Err(fault("type", "应给出起止两个值"));
                }
                ends
            }
            Op::IsNull | Op::NotNull => Vec::new(),
            Op::Contains | Op::StartsWith | Op::Under => return Err(fault("operator", "指标不能这样比较")),
        };
        Ok(Self::Test { measure, op: test.op, values })
    }

    /// Whether the figures pass; one that is absent passes `is_null`, `ne` and `not_in` only.
    pub(super) fn passes(&self, figures: &[Figure]) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.passes(figures)),
            Self::Any(any) => any.iter().any(|one| one.passes(figures)),
            Self::Not(inner) => !inner.passes(figures),
            Self::Test { measure, op, values } => {
                let figure = &figures[*measure];
                let order = |at: usize| values.get(at).and_then(|value| figure.compare(value));
                let is = |wanted: &[Ordering]| order(0).is_some_and(|order| wanted.contains(&order));
                let among = || values.iter().any(|value| figure.compare(value) == Some(Ordering::Equal));
                use Ordering::{Equal, Greater, Less};
                match op {
                    FilterOp::IsNull => figure.is_absent(),
                    FilterOp::NotNull => !figure.is_absent(),
                    FilterOp::Eq | FilterOp::In => among(),
                    FilterOp::Ne | FilterOp::NotIn => !among(),
                    FilterOp::Lt => is(&[Less]),
                    FilterOp::Le => is(&[Less, Equal]),
                    FilterOp::Gt => is(&[Greater]),
                    FilterOp::Ge => is(&[Greater, Equal]),
                    FilterOp::Between => {
                        is(&[Greater, Equal]) && order(1).is_some_and(|order| order != Greater)
                    }
                    FilterOp::Contains | FilterOp::StartsWith | FilterOp::Under => false,
                }
            }
        }
    }
}
