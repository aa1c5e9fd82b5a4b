//! Floor areas in hundredths of a square metre: exact, no floats (M032).

use serde_json::Value;

/// An area in 1/100 m².
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Area(pub i64);

impl Area {
    /// From a decimal text such as `56.3` or a JSON number; `None` when it is no area with two places.
    pub fn parse(value: &Value) -> Option<Self> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        if whole.is_empty()
            || fraction.len() > 2
            || !(whole.to_owned() + fraction).bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: i64 = format!("{fraction:0<2}").parse().ok()?;
        whole.checked_mul(100)?.checked_add(fraction).map(Self)
    }

    /// Shared among `persons`, rounded half up to two places.
    pub fn per_person(self, persons: i64) -> Self {
        let persons = persons.max(1);
        Self((2 * self.0 + persons) / (2 * persons))
    }

    /// Decimal text with two places.
    pub fn to_value(self) -> Value {
        Value::String(format!("{}.{:02}", self.0 / 100, self.0 % 100))
    }
}

impl std::iter::Sum for Area {
    fn sum<I: Iterator<Item = Self>>(areas: I) -> Self {
        Self(areas.map(|area| area.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_agencies_write() {
        assert_eq!(Area::parse(&json!("56.3")), Some(Area(5630)));
        assert_eq!(Area::parse(&json!(56)), Some(Area(5600)));
        assert_eq!(Area::parse(&json!("56.305")), None);
        assert_eq!(Area::parse(&json!("-1")), None);
        assert_eq!(Area::parse(&json!("")), None);
    }

    #[test]
    fn fifteen_square_metres_are_not_reached_by_rounding_down() {
        // 44.98 m² for three is 14.993…, shown as 14.99.
        assert_eq!(Area(4498).per_person(3).to_value(), json!("14.99"));
        assert_eq!(Area(4499).per_person(3).to_value(), json!("15.00"));
        assert_eq!(Area(4500).per_person(3).to_value(), json!("15.00"));
    }
}
