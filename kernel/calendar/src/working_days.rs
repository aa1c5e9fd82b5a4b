use std::collections::BTreeSet;

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};

/// Which days are worked: Monday to Friday, less public holidays, plus the weekend days that make up for
/// them (调休).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkingCalendar {
    pub holidays: BTreeSet<Date>,
    pub make_up: BTreeSet<Date>,
}

impl WorkingCalendar {
    pub fn is_working(&self, day: Date) -> bool {
        if self.make_up.contains(&day) {
            return true;
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        !weekend && !self.holidays.contains(&day)
    }

    /// The `days`-th working day after `from`; `from` itself is not counted. Zero gives `from`.
    pub fn add_working_days(&self, from: Date, days: u32) -> Date {
        let mut day = from;
        let mut left = days;
        while left > 0 {
            let Some(next) = next_day(day) else { return day };
            day = next;
            if self.is_working(day) {
                left -= 1;
            }
        }
        day
    }

    /// Working days after `from` up to and including `to`; negative when `to` lies before `from`.
    pub fn working_days_between(&self, from: Date, to: Date) -> i64 {
        if to < from {
            return -self.working_days_between(to, from);
        }
        let mut count = 0;
        let mut day = from;
        while day < to {
            let Some(next) = next_day(day) else { break };
            day = next;
            count += i64::from(self.is_working(day));
        }
        count
    }

    /// The last day that is at most `days` working days away from `from`, as [`Self::working_days_between`]
    /// counts; negative `days` lie before `from`.
    pub fn last_day_within(&self, from: Date, days: i64) -> Date {
        // The working day that would be one too many; everything before it is within.
        let (first, step, count) = match days {
            0.. => (next_day(from).unwrap_or(from), 1, days),
            _ => (from, -1, -days - 1),
        };
        let mut working = first.series(step.days()).filter(|day| self.is_working(*day));
        let bound = working.nth(usize::try_from(count).unwrap_or(usize::MAX));
        bound.and_then(|day| day.checked_sub(1.day()).ok()).unwrap_or(from)
    }
}

/// `None` only at the end of the representable calendar.
fn next_day(day: Date) -> Option<Date> {
    day.checked_add(1.day()).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn national_day_2026() -> WorkingCalendar {
        WorkingCalendar {
            holidays: (1..=7).map(|d| date(2026, 10, d)).collect(),
            make_up: [date(2026, 9, 27), date(2026, 10, 10)].into(),
        }
    }

    #[test]
    fn a_holiday_does_not_count() {
        let calendar = national_day_2026();
        assert_eq!(calendar.add_working_days(date(2026, 9, 30), 1), date(2026, 10, 8));
    }

    #[test]
    fn a_make_up_saturday_counts() {
        let calendar = national_day_2026();
        assert_eq!(calendar.add_working_days(date(2026, 10, 9), 1), date(2026, 10, 10));
    }

    #[test]
    fn past_days_are_negative() {
        let calendar = WorkingCalendar::default();
        assert_eq!(calendar.working_days_between(date(2026, 11, 24), date(2026, 11, 20)), -2);
    }

    proptest! {
        #[test]
        fn adding_and_counting_agree(offset in 0i64..3000, days in 0u32..200) {
            let calendar = national_day_2026();
            let from = date(2024, 1, 1).checked_add(offset.days()).unwrap();
            let to = calendar.add_working_days(from, days);
            prop_assert_eq!(calendar.working_days_between(from, to), i64::from(days));
        }

        #[test]
        fn the_last_day_within_is_the_last_that_counts_so_few(offset in 0i64..1500, days in -60i64..60) {
            let calendar = national_day_2026();
            let from = date(2024, 1, 1).checked_add(offset.days()).unwrap();
            let last = calendar.last_day_within(from, days);
            prop_assert!(calendar.working_days_between(from, last) <= days);
            prop_assert!(calendar.working_days_between(from, next_day(last).unwrap()) > days);
        }
    }
}
