//! Days and instants of the ten years, as plain numbers.

use jiff::{Timestamp, ToSpan, civil};

/// The first year that has cases, and how many there are.
pub const FIRST_YEAR: i64 = 2016;
pub const YEARS: usize = 10;
const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// Shanghai is ahead of UTC by this.
const OFFSET_MS: i64 = 8 * 60 * MINUTE_MS;

/// A civil day, counted from 1 January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    pub fn of(year: i64, month: i8, day: i8) -> Self {
        let days = civil::date(1970, 1, 1).until(civil::date(year as i16, month, day));
        Self(days.map_or(0, |span| i64::from(span.get_days())))
    }

    /// The last day of the city's data.
    pub fn last() -> Self {
        Self::of(FIRST_YEAR + YEARS as i64 - 1, 12, 31)
    }

    pub fn plus(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    pub fn date(self) -> civil::Date {
        civil::date(1970, 1, 1).checked_add(self.0.days()).unwrap_or(civil::Date::MAX)
    }

    pub fn year(self) -> i64 {
        i64::from(self.date().year())
    }

    /// `2020-01-31`.
    pub fn text(self) -> String {
        self.date().to_string()
    }

    /// The same day some years on; the last of February where there is no such day.
    pub fn plus_years(self, years: i64) -> Self {
        let date = self.date();
        let year = date.year() + years as i16;
        let day = if date.month() == 2 { date.day().min(28) } else { date.day() };
        Self::of(i64::from(year), date.month(), day)
    }

    /// Minutes after midnight in Shanghai.
    pub fn at(self, minutes: i64) -> Timestamp {
        let ms = self.0 * DAY_MS + minutes * MINUTE_MS - OFFSET_MS;
        Timestamp::from_millisecond(ms).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(Day::of(2016, 3, 1).plus(-1).text(), "2016-02-29");
        assert_eq!(Day::of(2016, 2, 29).plus_years(3).text(), "2019-02-28");
        assert_eq!(Day::last().text(), "2025-12-31");
        assert_eq!(Day::of(2016, 1, 1).at(0).to_string(), "2015-12-31T16:00:00Z");
    }
}
