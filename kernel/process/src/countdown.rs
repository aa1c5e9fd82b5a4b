//! `$countdown` in queries of records: asked for, compared and ordered by as working days left, kept by the
//! process as a date in a field of the record (M048).

use anju_calendar::WorkingCalendar;
use anju_definitions::{COUNTDOWN, FieldTest, Filter, FilterOp};
use anju_records::{Actor, AggregateQuery, AggregateResult, Object, Page, Query};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::{Error, Processes, Result, run::Run};

/// Furthest a number of days may lie away in a query.
pub(crate) const DAYS_MAX: i64 = 1_000;

impl Processes {
    /// As [`anju_records::Records::query`], with `$countdown`: `{days_left, due_on, warn_days}`, absent where
    /// nothing is running.
    ///
    /// # Errors
    /// Those of the records; [`Error::Invalid`] for a comparison that working days do not know.
    pub async fn query_records(&self, actor: &Actor, entity: &str, mut query: Query) -> Result<Page> {
        let catalog = self.catalog();
        let Some((process, field)) = catalog.countdown_of(entity) else {
            return Ok(self.records().query(actor, entity, &query).await?);
        };
        self.resolve(field, query.filter.as_mut())?;
        for sort in query.sort.iter_mut().filter(|sort| sort.field == COUNTDOWN) {
            field.clone_into(&mut sort.field);
        }
        let shown = query.select.iter().any(|name| name == COUNTDOWN);
        if shown {
            query.select.retain(|name| name != COUNTDOWN && name != field);
            query.select.push(field.to_owned());
        }
        let mut page = self.records().query(actor, entity, &query).await?;
        if shown {
            let warn_days = process.due.as_ref().map(|due| due.warn_days);
            for record in &mut page.items {
                let due_on = record.text(field).map(str::to_owned);
                if let Some(days_left) = self.days_left(due_on.as_deref()) {
                    let countdown =
                        json!({ "days_left": days_left, "due_on": due_on, "warn_days": warn_days });
                    record.values.insert(COUNTDOWN.to_owned(), countdown);
                }
            }
        }
        Ok(page)
    }

    /// As [`anju_records::Records::aggregate`], with `$countdown` in the filter.
    ///
    /// # Errors
    /// As [`Processes::query_records`].
    pub async fn aggregate_records(
        &self,
        actor: &Actor,
        entity: &str,
        mut query: AggregateQuery,
    ) -> Result<AggregateResult> {
        if let Some((_, field)) = self.catalog().countdown_of(entity) {
            self.resolve(field, query.filter.as_mut())?;
        }
        Ok(self.records().aggregate(actor, entity, &query).await?)
    }

    fn resolve(&self, field: &str, filter: Option<&mut Filter>) -> Result<()> {
        let Some(filter) = filter else { return Ok(()) };
        resolve(filter, field, self.today(), &self.calendar())
    }
}

impl Run<'_> {
    /// Writes the last day of the running instance into the record's field for it; clears it at the end.
    pub(crate) async fn keep_last_day(&mut self, due_on: Option<&str>) -> Result<()> {
        let Some(field) = self.plan.definition.due_field.clone() else { return Ok(()) };
        let (entity, record_id) = (self.instance.entity.clone(), self.instance.record_id.clone());
        let changes = Object::from_iter([(field, json!(due_on))]);
        let system = self.actor.on_behalf();
        let records = self.processes.records();
        match records.patch(self.tx, &system, &entity, &record_id, None, changes, None).await {
            // A record that was deleted meanwhile counts no days.
            Ok(_) | Err(anju_records::Error::NotFound) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Replaces every test of the countdown by one of the date.
fn resolve(filter: &mut Filter, field: &str, today: Date, calendar: &WorkingCalendar) -> Result<()> {
    match filter {
        Filter::And { and: filters } | Filter::Or { or: filters } => {
            filters.iter_mut().try_for_each(|filter| resolve(filter, field, today, calendar))
        }
        Filter::Not { not } => resolve(not, field, today, calendar),
        // rows of child tables have no countdown of their own
        Filter::Has(_) => Ok(()),
        Filter::Test(test) if test.field == COUNTDOWN => {
            *filter = dated(test, field, today, calendar)?;
            Ok(())
        }
        Filter::Test(_) => Ok(()),
    }
}

fn dated(test: &FieldTest, field: &str, today: Date, calendar: &WorkingCalendar) -> Result<Filter> {
    let test_of = |op, value| Filter::Test(FieldTest { field: field.to_owned(), op, value });
    if matches!(test.op, FilterOp::IsNull | FilterOp::NotNull) {
        return Ok(test_of(test.op, Value::Null));
    }
    let (least, most) = days(test)?;
    let mut bounds = Vec::new();
    if let Some(most) = most {
        bounds.push(test_of(FilterOp::Le, json!(calendar.last_day_within(today, most).to_string())));
    }
    if let Some(least) = least {
        bounds.push(test_of(FilterOp::Gt, json!(calendar.last_day_within(today, least - 1).to_string())));
    }
    Ok(Filter::And { and: bounds })
}

/// The least and the most working days left that pass a test.
fn days(test: &FieldTest) -> Result<(Option<i64>, Option<i64>)> {
    let fault =
        |code: &str, message: String| Error::from(anju_records::Error::invalid(COUNTDOWN, code, message));
    let number = |value: &Value| {
        let number = value.as_i64().filter(|days| days.saturating_abs() <= DAYS_MAX);
        number.ok_or_else(|| fault("type", format!("剩余工作日应为 -{DAYS_MAX} 到 {DAYS_MAX} 的整数")))
    };
    Ok(match (test.op, &test.value) {
        (FilterOp::Eq, value) => (Some(number(value)?), Some(number(value)?)),
        (FilterOp::Lt, value) => (None, Some(number(value)? - 1)),
        (FilterOp::Le, value) => (None, Some(number(value)?)),
        (FilterOp::Gt, value) => (Some(number(value)? + 1), None),
        (FilterOp::Ge, value) => (Some(number(value)?), None),
        (FilterOp::Between, Value::Array(ends)) if ends.len() == 2 => {
            (Some(number(&ends[0])?), Some(number(&ends[1])?))
        }
        _ => return Err(fault("operator", "剩余工作日不能这样比较".to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// On a Thursday, with the Friday a holiday.
    fn resolved(test: Value) -> Result<Value> {
        let mut filter: Filter = serde_json::from_value(test).unwrap();
        let calendar = WorkingCalendar { holidays: [date(2026, 11, 27)].into(), ..Default::default() };
        resolve(&mut filter, "due_on", date(2026, 11, 26), &calendar)?;
        Ok(serde_json::to_value(filter).unwrap())
    }

    fn test(op: &str, value: Value) -> Value {
        json!({ "field": COUNTDOWN, "op": op, "value": value })
    }

    #[test]
    fn overdue_means_before_today() {
        let expected = json!({ "and": [{ "field": "due_on", "op": "le", "value": "2026-11-25" }] });
        assert_eq!(resolved(test("lt", json!(0))).unwrap(), expected);
    }

    #[test]
    fn days_off_belong_to_the_working_day_before_them() {
        let today = json!({ "and": [
            { "field": "due_on", "op": "le", "value": "2026-11-29" },
            { "field": "due_on", "op": "gt", "value": "2026-11-25" },
        ] });
        assert_eq!(resolved(test("eq", json!(0))).unwrap(), today);
        let soon = resolved(test("between", json!([1, 3]))).unwrap();
        assert_eq!(soon["and"][0]["value"], "2026-12-02");
        assert_eq!(soon["and"][1]["value"], "2026-11-29");
    }

    #[test]
    fn tests_inside_others_are_found_and_the_rest_is_left() {
        let other = json!({ "field": "status", "op": "eq", "value": "open" });
        let all = resolved(json!({ "or": [{ "not": test("not_null", Value::Null) }, other] })).unwrap();
        assert_eq!(all["or"][0], json!({ "not": { "field": "due_on", "op": "not_null" } }));
        assert_eq!(all["or"][1], other);
    }

    #[test]
    fn what_days_cannot_be_is_refused() {
        for odd in [test("contains", json!("1")), test("lt", json!("soon")), test("ge", json!(1_000_000))] {
            assert!(matches!(resolved(odd), Err(Error::Invalid(_))));
        }
    }
}
