//! Periods of civil time: their labels, their days, and the same period earlier.

use jiff::{
    Span,
    civil::{Date, ISOWeekDate, Weekday, date},
};

use super::request::Grain;

/// First and last day.
pub(crate) type Days = (Date, Date);

/// The label of the period a day is in, as the store groups by it.
pub(crate) fn label(grain: Grain, day: Date) -> String {
    match grain {
        Grain::Day => day.to_string(),
        Grain::Week => {
            let week = day.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        Grain::Month => format!("{:04}-{:02}", day.year(), day.month()),
        Grain::Quarter => format!("{:04}-Q{}", day.year(), (day.month() + 2) / 3),
        Grain::Year => format!("{:04}", day.year()),
    }
}

/// The days of a labelled period.
pub(crate) fn days(grain: Grain, label: &str) -> Option<Days> {
    let first = first_day(grain, label)?;
    let length = match grain {
        Grain::Day => Span::new().days(1),
        Grain::Week => Span::new().weeks(1),
        Grain::Month => Span::new().months(1),
        Grain::Quarter => Span::new().months(3),
        Grain::Year => Span::new().years(1),
    };
    Some((first, first.checked_add(length).ok()?.yesterday().ok()?))
}

fn first_day(grain: Grain, label: &str) -> Option<Date> {
    let year: i16 = label.get(..4)?.parse().ok()?;
    match grain {
        Grain::Day => label.parse().ok(),
        Grain::Week => {
            let week: i8 = label.strip_prefix(&label[..4])?.strip_prefix("-W")?.parse().ok()?;
            Some(ISOWeekDate::new(year, week, Weekday::Monday).ok()?.date())
        }
        Grain::Month => Date::new(year, label.get(5..)?.parse().ok()?, 1).ok(),
        Grain::Quarter => {
            let quarter: i8 = label.strip_prefix(&label[..4])?.strip_prefix("-Q")?.parse().ok()?;
            Date::new(year, quarter.checked_sub(1)?.checked_mul(3)?.checked_add(1)?, 1).ok()
        }
        Grain::Year => Some(date(year, 1, 1)),
    }
}

/// Whether each period of the grain has one counterpart `period` earlier, if any.
pub(crate) fn can_compare(grain: Grain, period: Grain) -> bool {
    match grain {
        Grain::Day => true,
        Grain::Week => matches!(period, Grain::Week | Grain::Year),
        Grain::Month => matches!(period, Grain::Month | Grain::Quarter | Grain::Year),
        Grain::Quarter => matches!(period, Grain::Quarter | Grain::Year),
        Grain::Year => period == Grain::Year,
    }
}

/// The label of the same period `period` earlier; none if there is no such day or week.
pub(crate) fn earlier(grain: Grain, label: &str, period: Grain) -> Option<String> {
    let first = first_day(grain, label)?;
    if grain == Grain::Week && period == Grain::Year {
        let week = first.iso_week_date();
        let same = ISOWeekDate::new(week.year() - 1, week.week(), Weekday::Monday).ok()?;
        return Some(self::label(grain, same.date()));
    }
    let moved = first.checked_sub(span(period)).ok()?;
    // The last of a long month has no counterpart in a short one.
    let is_clamped =
        matches!(period, Grain::Month | Grain::Quarter | Grain::Year) && moved.day() != first.day();
    (!is_clamped).then(|| self::label(grain, moved))
}

/// The same days `period` earlier. Whole months stay whole months, whatever their lengths.
pub(crate) fn days_earlier((from, to): Days, period: Grain) -> Option<Days> {
    let moved = |day: Date| day.checked_sub(span(period)).ok();
    let whole_months = from.day() == 1 && to == to.last_of_month();
    let end = moved(to)?;
    let by_month = matches!(period, Grain::Month | Grain::Quarter | Grain::Year);
    Some((moved(from)?, if whole_months && by_month { end.last_of_month() } else { end }))
}

fn span(period: Grain) -> Span {
    match period {
        Grain::Day => Span::new().days(1),
        Grain::Week => Span::new().weeks(1),
        Grain::Month => Span::new().months(1),
        Grain::Quarter => Span::new().months(3),
        Grain::Year => Span::new().years(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GRAINS: [Grain; 5] = [Grain::Day, Grain::Week, Grain::Month, Grain::Quarter, Grain::Year];

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn labels_name_their_days() {
        for (grain, text, from, to) in [
            (Grain::Day, "2024-02-29", "2024-02-29", "2024-02-29"),
            (Grain::Week, "2020-W53", "2020-12-28", "2021-01-03"),
            (Grain::Month, "2024-02", "2024-02-01", "2024-02-29"),
            (Grain::Quarter, "2026-Q4", "2026-10-01", "2026-12-31"),
            (Grain::Year, "2026", "2026-01-01", "2026-12-31"),
        ] {
            assert_eq!(days(grain, text), Some((day(from), day(to))), "{text}");
        }
        for (grain, wrong) in
            [(Grain::Week, "2021-W53"), (Grain::Quarter, "2026-Q5"), (Grain::Month, "2026-13")]
        {
            assert_eq!(days(grain, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn periods_have_counterparts_one_period_earlier() {
        for (grain, text, period, expected) in [
            (Grain::Month, "2026-03", Grain::Year, Some("2025-03")),
            (Grain::Month, "2026-01", Grain::Month, Some("2025-12")),
            (Grain::Quarter, "2026-Q1", Grain::Quarter, Some("2025-Q4")),
            (Grain::Week, "2021-W01", Grain::Week, Some("2020-W53")),
            (Grain::Week, "2020-W53", Grain::Year, None),
            (Grain::Week, "2021-W10", Grain::Year, Some("2020-W10")),
            (Grain::Day, "2026-03-31", Grain::Month, None),
            (Grain::Day, "2024-02-29", Grain::Year, None),
            (Grain::Day, "2024-03-01", Grain::Day, Some("2024-02-29")),
            (Grain::Year, "2026", Grain::Year, Some("2025")),
        ] {
            assert_eq!(earlier(grain, text, period).as_deref(), expected, "{text} {period:?}");
        }
    }

    #[test]
    fn whole_months_stay_whole() {
        let earlier = |from: &str, to: &str, period| days_earlier((day(from), day(to)), period).unwrap();
        assert_eq!(earlier("2026-02-01", "2026-02-28", Grain::Month), (day("2026-01-01"), day("2026-01-31")));
        assert_eq!(earlier("2025-01-01", "2025-02-28", Grain::Year), (day("2024-01-01"), day("2024-02-29")));
        assert_eq!(earlier("2026-03-01", "2026-03-15", Grain::Month), (day("2026-02-01"), day("2026-02-15")));
        assert_eq!(earlier("2026-03-02", "2026-03-31", Grain::Month), (day("2026-02-02"), day("2026-02-28")));
        assert_eq!(
            earlier("2026-04-01", "2026-06-30", Grain::Quarter),
            (day("2026-01-01"), day("2026-03-31"))
        );
        assert_eq!(earlier("2026-11-23", "2026-11-29", Grain::Week), (day("2026-11-16"), day("2026-11-22")));
    }

    proptest! {
        #[test]
        fn every_day_is_within_the_days_of_its_label(offset in 0i32..60_000) {
            let day = date(1950, 1, 1).checked_add(Span::new().days(offset)).unwrap();
            for grain in GRAINS {
                let (from, to) = days(grain, &label(grain, day)).unwrap();
                prop_assert!(from <= day && day <= to, "{day} {grain:?}");
            }
        }

        /// No two periods share a counterpart.
        #[test]
        fn counterparts_are_one_to_one(offset in 0i32..20_000) {
            let first = date(2000, 1, 1).checked_add(Span::new().days(offset)).unwrap();
            let next = first.tomorrow().unwrap();
            for grain in GRAINS {
                for period in GRAINS.into_iter().filter(|period| can_compare(grain, *period)) {
                    let (a, b) = (label(grain, first), label(grain, next));
                    let (before_a, before_b) = (earlier(grain, &a, period), earlier(grain, &b, period));
                    prop_assert!(a == b || before_a.is_none() || before_a != before_b, "{a} {b} {period:?}");
                }
            }
        }
    }
}
