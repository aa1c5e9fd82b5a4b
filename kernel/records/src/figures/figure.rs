//! Figures as exact numbers, and arithmetic on them.

use std::cmp::Ordering;

use anju_store::{AVERAGE_SCALE, SqlValue};
use serde_json::Value;

use super::compile::{How, Measured};
use crate::{Error, Result, value};

/// Places of ratios, shares and rates of change.
pub(super) const RATIO_SCALE: u32 = 4;

/// One figure of one group.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Figure {
    Absent,
    /// `scaled / 10^scale`.
    Number {
        scaled: i128,
        scale: u32,
        /// Whether JSON shows a number; a text with the places otherwise.
        whole: bool,
    },
    /// A date or an instant, in its JSON form.
    Other(Value),
}

impl Figure {
    /// What no record at all gives.
    pub(super) fn of_nothing(how: &How) -> Self {
        match how {
            How::Plain { op: super::MeasureOp::Count | super::MeasureOp::CountDistinct, .. } => {
                Self::count(0)
            }
            _ => Self::Absent,
        }
    }

    fn count(count: i64) -> Self {
        Self::Number { scaled: count.into(), scale: 0, whole: true }
    }

    /// A figure as the store computed it.
    pub(super) fn read(of: &Measured<'_>, stored: SqlValue) -> Result<Self> {
        use super::MeasureOp as Op;
        let SqlValue::Int(int) = stored else {
            return match (stored, of.field) {
                (SqlValue::Null, _) => Ok(Self::Absent),
                (other, Some(field)) => Ok(Self::Other(value::from_column(field.kind, field.scale, other)?)),
                (other, None) => Err(Error::Internal(format!("a figure without a field: {other:?}"))),
            };
        };
        let number = |scale, whole| Self::Number { scaled: int.into(), scale, whole };
        Ok(match (of.op, of.field) {
            (Op::Count | Op::CountDistinct, _) | (_, None) => Self::count(int),
            (Op::Avg | Op::Median, Some(field)) => number(field.scale + AVERAGE_SCALE, false),
            (_, Some(field)) => match value::from_column(field.kind, field.scale, SqlValue::Int(int))? {
                Value::Number(_) => number(0, true),
                _ if field.is_number() => number(field.scale, false),
                told => Self::Other(told),
            },
        })
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Number { scaled, whole: true, .. } => {
                i64::try_from(scaled).map_or_else(|_| Value::String(scaled.to_string()), Value::from)
            }
            Self::Number { scaled, scale, whole: false } => Value::String(text(scaled, scale)),
            Self::Other(value) => value,
        }
    }

    /// Divided by another, to [`RATIO_SCALE`] places; absent where there is no quotient.
    pub(super) fn ratio(&self, to: &Self) -> Self {
        let (
            Self::Number { scaled: of, scale: of_scale, .. },
            Self::Number { scaled: to, scale: to_scale, .. },
        ) = (self, to)
        else {
            return Self::Absent;
        };
        quotient(*of, *of_scale, *to, *to_scale)
    }

    /// How much more it is than an earlier one.
    pub(super) fn change_since(&self, earlier: &Self) -> Self {
        let (
            Self::Number { scaled: now, scale: now_scale, whole },
            Self::Number { scaled: then, scale: then_scale, .. },
        ) = (self, earlier)
        else {
            return Self::Absent;
        };
        let scale = (*now_scale).max(*then_scale);
        let aligned = |scaled: i128, own: u32| scaled.checked_mul(10_i128.pow(scale - own));
        match aligned(*now, *now_scale).zip(aligned(*then, *then_scale)) {
            Some((now, then)) => Self::Number { scaled: now - then, scale, whole: *whole },
            None => Self::Absent,
        }
    }

    /// Numbers by value, other figures by their text; none between the two.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number { scaled: a, scale: sa, .. }, Self::Number { scaled: b, scale: sb, .. }) => {
                let scale = (*sa).max(*sb);
                let aligned = |scaled: i128, own: u32| scaled.saturating_mul(10_i128.pow(scale - own));
                Some(aligned(*a, *sa).cmp(&aligned(*b, *sb)))
            }
            (Self::Other(Value::String(a)), Self::Other(Value::String(b))) => Some(a.cmp(b)),
            _ => None,
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Rounded half away from zero.
fn quotient(of: i128, of_scale: u32, to: i128, to_scale: u32) -> Figure {
    let power = |places: u32| 10_u128.checked_pow(places);
    let rounded = || {
        let dividend = of.unsigned_abs().checked_mul(power(RATIO_SCALE + to_scale)?)?;
        let divisor = to.unsigned_abs().checked_mul(power(of_scale)?)?;
        let doubled = dividend.checked_mul(2)?.checked_add(divisor)?;
        i128::try_from(doubled.checked_div(divisor.checked_mul(2)?)?).ok()
    };
    match rounded() {
        Some(magnitude) => {
            let scaled = magnitude * of.signum() * to.signum();
            Figure::Number { scaled, scale: RATIO_SCALE, whole: false }
        }
        None => Figure::Absent,
    }
}

/// With exactly `scale` places.
fn text(scaled: i128, scale: u32) -> String {
    if scale == 0 {
        return scaled.to_string();
    }
    let divisor = 10_u128.pow(scale);
    let magnitude = scaled.unsigned_abs();
    let sign = if scaled < 0 { "-" } else { "" };
    format!("{sign}{}.{:0places$}", magnitude / divisor, magnitude % divisor, places = scale as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(scaled: i128, scale: u32) -> Figure {
        Figure::Number { scaled, scale, whole: scale == 0 }
    }

    #[test]
    fn ratios_are_rounded_half_away_from_zero() {
        for (of, to, expected) in [
            ((1, 0), (3, 0), "0.3333"),
            ((2, 0), (3, 0), "0.6667"),
            ((-2, 0), (3, 0), "-0.6667"),
            ((2, 0), (-3, 0), "-0.6667"),
            ((1, 0), (20_000, 0), "0.0001"),
            ((-1, 0), (20_000, 0), "-0.0001"),
            ((5630, 2), (2, 0), "28.1500"),
            ((7, 0), (350, 2), "2.0000"),
        ] {
            let ratio = number(of.0, of.1).ratio(&number(to.0, to.1));
            assert_eq!(ratio.into_value(), expected, "{of:?} / {to:?}");
        }
        assert!(number(1, 0).ratio(&number(0, 0)).is_absent());
        assert!(number(1, 0).ratio(&Figure::Absent).is_absent());
        assert!(number(i128::MAX, 0).ratio(&number(1, 0)).is_absent());
    }

    #[test]
    fn changes_keep_all_places() {
        assert_eq!(number(5, 0).change_since(&number(7, 0)).into_value(), -2);
        assert_eq!(number(150, 2).change_since(&number(1, 1)).into_value(), "1.40");
        assert!(number(1, 0).change_since(&Figure::Absent).is_absent());
        assert_eq!(number(150, 2).compare(&number(15, 1)), Some(Ordering::Equal));
        assert_eq!(number(-1, 0).compare(&number(1, 4)), Some(Ordering::Less));
    }
}
