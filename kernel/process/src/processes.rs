use std::sync::Arc;

use anju_calendar::{Clock, WorkingCalendar};
use anju_definitions::{Catalog, SharedCatalog};
use anju_records::{Actor, Object, Records};
use anju_store::{Fetch, Reader, Store, Tx};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

use crate::plan::{Plan, Plans};
use crate::rows::{Instance, Scope};
use crate::{EffectRunner, Error, People, Result};

/// How many working days ahead expressions may ask for, as `working_days_ahead[n]`.
const WORKING_DAYS_AHEAD: u32 = 60;

/// Gives the working calendar in force.
pub type CalendarSource = Arc<dyn Fn() -> Arc<WorkingCalendar> + Send + Sync>;

/// The process engine. Cheap to clone.
///
/// Every writing method works in the caller's transaction. When one gives an error, the caller drops the
/// transaction; on [`anju_store::Error::Retry`] it may run the whole command again.
#[derive(Clone)]
pub struct Processes {
    shared: Arc<Shared>,
    pub(crate) people: Option<Arc<dyn People>>,
}

struct Shared {
    records: Records,
    store: Store,
    catalog: SharedCatalog,
    calendar: CalendarSource,
    clock: Arc<dyn Clock>,
    effects: Arc<dyn EffectRunner>,
    plans: Plans,
}

impl Processes {
    pub fn new(
        records: Records,
        store: Store,
        catalog: SharedCatalog,
        calendar: CalendarSource,
        clock: Arc<dyn Clock>,
        effects: Arc<dyn EffectRunner>,
    ) -> Self {
        let plans = Plans::default();
        let shared = Shared { records, store, catalog, calendar, clock, effects, plans };
        Self { shared: Arc::new(shared), people: None }
    }

    pub(crate) fn records(&self) -> &Records {
        &self.shared.records
    }

    pub(crate) fn effects(&self) -> &dyn EffectRunner {
        &*self.shared.effects
    }

    pub(crate) fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn reader(&self) -> Reader {
        self.shared.store.reader()
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    pub(crate) fn calendar(&self) -> Arc<WorkingCalendar> {
        (self.shared.calendar)()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(crate) fn today(&self) -> Date {
        anju_calendar::today(&*self.shared.clock)
    }

    pub(crate) fn plans(&self) -> &Plans {
        &self.shared.plans
    }

    pub(crate) async fn plan_of(&self, from: &mut impl Fetch, instance: &Instance) -> Result<Arc<Plan>> {
        self.plans().of_version(from, &instance.process, &instance.definition_version).await
    }

    /// The last day of a time that begins today.
    pub(crate) fn due_on(&self, due: Option<&anju_definitions::Due>) -> Option<String> {
        due.map(|due| self.calendar().add_working_days(self.today(), due.working_days).to_string())
    }

    /// Working days left until a day; negative when it is past.
    pub fn days_left(&self, due_on: Option<&str>) -> Option<i64> {
        let due: Date = due_on?.parse().ok()?;
        Some(self.calendar().working_days_between(self.today(), due))
    }

    /// What expressions see: `record`, `vars`, `outcome`, `today`, `working_days_ahead`. The record is null when
    /// it has been deleted.
    pub(crate) async fn scene(&self, tx: &mut Tx, instance: &Instance) -> Result<Value> {
        let system = Actor::system("流程");
        let record = match self.records().read_in(tx, &system, &instance.entity, &instance.record_id).await {
            Ok(record) => Some(record.values),
            Err(anju_records::Error::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        self.scene_with(instance, record.as_ref())
    }

    pub(crate) fn scene_with(&self, instance: &Instance, record: Option<&Object>) -> Result<Value> {
        let record = match record {
            Some(record) => Value::Object(self.records().expression_context(&instance.entity, record)?),
            None => Value::Null,
        };
        let today = self.today();
        let calendar = self.calendar();
        let ahead: Vec<String> =
            (0..=WORKING_DAYS_AHEAD).map(|days| calendar.add_working_days(today, days).to_string()).collect();
        Ok(json!({
            "record": record,
            "vars": instance.vars,
            "outcome": instance.vars.get("outcome").unwrap_or(&Value::Null),
            "today": today.to_string(),
            "working_days_ahead": ahead,
        }))
    }

    /// How the record is called, and to whom it belongs.
    pub(crate) async fn whereabouts(
        &self,
        tx: &mut Tx,
        entity: &str,
        record_id: &str,
    ) -> Result<(String, Scope)> {
        let system = Actor::system("流程");
        let record = self.records().read_in(tx, &system, entity, record_id).await?;
        let catalog = self.catalog();
        let definition = catalog.entity(entity).ok_or(Error::NotFound)?;
        let paths = &definition.scope;
        let scope = Scope {
            shared: paths.shared,
            district: self.follow(tx, &catalog, entity, &record.values, paths.district.as_deref()).await?,
            subdistrict: self
                .follow(tx, &catalog, entity, &record.values, paths.subdistrict.as_deref())
                .await?,
            operator: self.follow(tx, &catalog, entity, &record.values, paths.operator.as_deref()).await?,
        };
        Ok((record.display().to_owned(), scope))
    }

    /// The text at the end of a path through references.
    async fn follow(
        &self,
        tx: &mut Tx,
        catalog: &Catalog,
        entity: &str,
        record: &Object,
        path: Option<&str>,
    ) -> Result<Option<String>> {
        let Some(path) = path else { return Ok(None) };
        let system = Actor::system("流程");
        let (mut entity, mut record) = (entity.to_owned(), record.clone());
        let mut parts = path.split('.').peekable();
        while let Some(name) = parts.next() {
            let Some(value) = record.get(name).and_then(Value::as_str).map(str::to_owned) else {
                return Ok(None);
            };
            if parts.peek().is_none() {
                return Ok(Some(value));
            }
            let field = catalog.entity(&entity).and_then(|entity| entity.fields.get(name));
            let Some(target) = field.and_then(|field| field.to.clone()) else { return Ok(None) };
            record = self.records().read_in(tx, &system, &target, &value).await?.values;
            entity = target;
        }
        Ok(None)
    }
}
