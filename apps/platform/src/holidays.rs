//! Public holidays and make-up days, shipped as data and kept as records that the bureau may change.

use anju_runtime::{
    Runtime,
    records::{Actor, Error, Object, PageRequest, Query},
    store::Tx,
};
use serde_json::json;

const CALENDAR_DAY: &str = "platform.calendar_day";
const SHIPPED: &str = include_str!("holidays.csv");

/// One day of the file: date, kind (`holiday`, `make_up`), title.
struct Day<'a> {
    day: &'a str,
    kind: &'a str,
    title: &'a str,
}

/// Adds the shipped days that the calendar does not have; days that are there stay as the bureau has them.
/// Returns how many were added. The runtime's calendar is to be reloaded after the commit.
///
/// # Errors
/// [`Error::Forbidden`] for an actor who may not create calendar days.
pub async fn create_holidays(runtime: &Runtime, tx: &mut Tx, actor: &Actor) -> Result<usize, Error> {
    let known = known_days(runtime, tx).await?;
    let mut created = 0;
    for day in shipped().filter(|shipped| known.iter().all(|known| known != shipped.day)) {
        let values = Object::from_iter([
            ("day".to_owned(), json!(day.day)),
            ("kind".to_owned(), json!(day.kind)),
            ("title".to_owned(), json!(day.title)),
        ]);
        runtime.records.create(tx, actor, CALENDAR_DAY, values, None).await?;
        created += 1;
    }
    Ok(created)
}

async fn known_days(runtime: &Runtime, tx: &mut Tx) -> Result<Vec<String>, Error> {
    let mut days = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { size: 500, after, number: None };
        let query = Query { select: vec!["day".to_owned()], page, ..Query::default() };
        let page = runtime.records.query_in(tx, &Actor::system("calendar"), CALENDAR_DAY, &query).await?;
        days.extend(page.items.iter().filter_map(|record| record.text("day").map(str::to_owned)));
        after = page.next;
        if after.is_none() {
            return Ok(days);
        }
    }
}

/// Lines that are neither comments nor the heading.
fn shipped() -> impl Iterator<Item = Day<'static>> {
    SHIPPED.lines().filter(|line| !line.starts_with('#')).skip(1).filter_map(|line| {
        let mut parts = line.splitn(3, ',');
        Some(Day { day: parts.next()?, kind: parts.next()?, title: parts.next()? })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use anju_runtime::calendar_kit::WorkingCalendar;
    use jiff::civil::{Date, date};

    use super::*;

    fn calendar() -> WorkingCalendar {
        let of = |kind: &str| {
            shipped().filter(|day| day.kind == kind).map(|day| day.day.parse().unwrap()).collect()
        };
        WorkingCalendar { holidays: of("holiday"), make_up: of("make_up") }
    }

    #[test]
    fn m048_every_shipped_day_is_a_day_and_stands_once() {
        let days: Vec<Date> = shipped().map(|day| day.day.parse().unwrap()).collect();
        assert_eq!(days.iter().collect::<BTreeSet<_>>().len(), days.len());
        assert!(shipped().all(|day| ["holiday", "make_up"].contains(&day.kind) && !day.title.is_empty()));
    }

    /// Notice of the State Council's General Office, 4 November 2025.
    #[test]
    fn m048_2026_has_thirty_three_days_off_and_six_days_made_up() {
        let calendar = calendar();
        let in_2026 = |days: &BTreeSet<Date>| days.iter().filter(|day| day.year() == 2026).count();
        assert_eq!(in_2026(&calendar.holidays), 33);
        assert_eq!(in_2026(&calendar.make_up), 6);
        assert!(calendar.is_working(date(2026, 2, 28)), "a Saturday made up");
        assert!(!calendar.is_working(date(2026, 2, 23)), "the last day of Spring Festival");
        assert_eq!(calendar.add_working_days(date(2026, 9, 30), 1), date(2026, 10, 8));
    }

    #[test]
    fn m048_days_made_up_are_weekend_days() {
        let calendar = calendar();
        assert!(calendar.make_up.iter().all(|day| day.weekday().to_monday_zero_offset() >= 5));
        assert!(calendar.make_up.is_disjoint(&calendar.holidays));
    }
}
