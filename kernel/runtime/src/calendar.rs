//! The working-day calendar, kept as records of `platform.calendar_day`.

use std::sync::Arc;

use anju_calendar::WorkingCalendar;
use anju_definitions::Sort;
use anju_records::{Actor, PageRequest, Query};
use jiff::civil::Date;

use crate::{Result, Runtime};

pub(crate) const CALENDAR_DAY: &str = "platform.calendar_day";

impl Runtime {
    /// Reads the calendar anew; called at the start and after its records changed.
    pub async fn reload_calendar(&self) -> Result<()> {
        let actor = Actor::system("calendar");
        let mut calendar = WorkingCalendar::default();
        let mut after = None;
        loop {
            let query = Query {
                select: vec!["day".to_owned(), "kind".to_owned()],
                sort: vec![Sort { field: "day".to_owned(), dir: Default::default() }],
                page: PageRequest { size: 500, after, number: None },
                ..Query::default()
            };
            let page = self.records.query(&actor, CALENDAR_DAY, &query).await?;
            for record in &page.items {
                let Some(day) = record.text("day").and_then(|day| day.parse::<Date>().ok()) else { continue };
                match record.text("kind") {
                    Some("holiday") => calendar.holidays.insert(day),
                    _ => calendar.make_up.insert(day),
                };
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.calendar.store(Arc::new(calendar));
        Ok(())
    }
}
