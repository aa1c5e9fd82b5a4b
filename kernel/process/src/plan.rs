//! A process as it is carried out: the diagram and its bindings, at one version.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use anju_definitions::{Catalog, Process, Service, Step};
use anju_store::{ColumnKind, Condition, Fetch, Tx};
use jiff::Timestamp;
use sm3::{Digest, Sm3};

use crate::bpmn::{self, Graph, Kind, Trigger};
use crate::tables::{self, DEFINITION, DEFINITION_COLUMNS};
use crate::{Error, Result};

/// Versions kept compiled; when there are more, all are dropped and compiled anew on use.
const COMPILED_MAX: usize = 500;

#[derive(Debug)]
pub(crate) struct Plan {
    /// SM3 of diagram and bindings, hexadecimal.
    pub version: String,
    pub definition: Process,
    pub graph: Graph,
    /// Whether something waits for messages, signals or conditions.
    pub has_waits: bool,
    pub has_conditions: bool,
}

impl Plan {
    fn compile(definition: &Process) -> Result<Self> {
        let broken = |cause: String| Error::Definition { process: definition.title.clone(), cause };
        let graph = bpmn::parse(&definition.xml).map_err(|errors| {
            broken(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("；"))
        })?;
        let version = version_of(definition)?;
        let waits = |test: fn(&Trigger) -> bool| {
            graph.elements.values().any(|element| element.trigger().is_some_and(test))
        };
        let has_conditions = waits(|trigger| matches!(trigger, Trigger::Condition(_)));
        let receives = graph.elements.values().any(|element| matches!(element.kind, Kind::Receive(_)));
        let told = waits(|trigger| matches!(trigger, Trigger::Message(_) | Trigger::Signal(_)));
        let has_waits = has_conditions || receives || told;
        Ok(Self { version, definition: definition.clone(), graph, has_waits, has_conditions })
    }

    /// The start event for people; empty when only events start the process.
    pub(crate) fn start(&self) -> &str {
        self.graph.start.as_deref().unwrap_or_default()
    }

    pub(crate) fn step(&self, element: &str) -> Result<&Step> {
        self.definition.steps.get(element).ok_or_else(|| self.unbound(element))
    }

    pub(crate) fn service(&self, element: &str) -> Result<&Service> {
        self.definition.services.get(element).ok_or_else(|| self.unbound(element))
    }

    fn unbound(&self, element: &str) -> Error {
        let cause = format!("没有说明“{element}”做什么");
        Error::Definition { process: self.definition.title.clone(), cause }
    }

    /// What an element is called: by its step, its service, the diagram.
    pub(crate) fn title(&self, element: &str) -> String {
        if let Some(step) = self.definition.steps.get(element) {
            return step.title.clone();
        }
        let service = self.definition.services.get(element).and_then(|service| service.title.clone());
        service
            .or_else(|| self.graph.element(element).map(|element| element.title().to_owned()))
            .unwrap_or_else(|| element.to_owned())
    }
}

/// Compiled plans, by process and version.
#[derive(Debug, Default)]
pub(crate) struct Plans(RwLock<HashMap<(String, String), Arc<Plan>>>);

impl Plans {
    /// The plan that new instances get.
    pub(crate) fn current(&self, catalog: &Catalog, key: &str) -> Result<Arc<Plan>> {
        let unknown =
            || Error::Definition { process: key.to_owned(), cause: "没有这个流程".to_owned() };
        let definition = catalog.process(key).ok_or_else(unknown)?;
        let version = version_of(definition)?;
        match self.known(key, &version) {
            Some(plan) => Ok(plan),
            None => self.keep(Plan::compile(definition)?),
        }
    }

    /// The plan that an instance was started on.
    pub(crate) async fn of_version(
        &self,
        from: &mut impl Fetch,
        key: &str,
        version: &str,
    ) -> Result<Arc<Plan>> {
        if let Some(plan) = self.known(key, version) {
            return Ok(plan);
        }
        let select = tables::select(DEFINITION, DEFINITION_COLUMNS)
            .filter(Condition::eq(DEFINITION, "process", key))
            .filter(Condition::eq(DEFINITION, "version", version));
        let row = from.fetch_optional(&select).await?;
        let row = row.ok_or_else(|| Error::Internal(format!("version {version} of {key} is gone")))?;
        let mut definition: Process = serde_json::from_str(row.text(3)?)?;
        row.text(2)?.clone_into(&mut definition.xml);
        self.keep(Plan::compile(&definition)?)
    }

    /// Makes sure that the plan outlives the catalog it came from.
    pub(crate) async fn store(&self, tx: &mut Tx, plan: &Plan, now: Timestamp) -> Result<()> {
        let key = plan.definition.process.as_str();
        let select = anju_store::Select::from(DEFINITION)
            .column("version", ColumnKind::Text)
            .filter(Condition::eq(DEFINITION, "process", key))
            .filter(Condition::eq(DEFINITION, "version", plan.version.as_str()));
        if tx.fetch_optional(&select).await?.is_some() {
            return Ok(());
        }
        let values = vec![
            ("process", key.into()),
            ("version", plan.version.as_str().into()),
            ("xml", plan.definition.xml.as_str().into()),
            ("bindings", bindings(&plan.definition)?.into()),
            ("created_at", now.into()),
        ];
        match tx.insert(DEFINITION, values).await {
            // Another server stored it at this moment; the transaction is lost, the next try finds it.
            Err(anju_store::Error::Unique { .. }) => {
                Err(anju_store::Error::Retry("the definition was stored by another server".into()).into())
            }
            other => Ok(other?),
        }
    }

    fn known(&self, key: &str, version: &str) -> Option<Arc<Plan>> {
        let plans = self.0.read().unwrap_or_else(PoisonError::into_inner);
        plans.get(&(key.to_owned(), version.to_owned())).cloned()
    }

    fn keep(&self, plan: Plan) -> Result<Arc<Plan>> {
        let plan = Arc::new(plan);
        let mut plans = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= COMPILED_MAX {
            plans.clear();
        }
        plans.insert((plan.definition.process.clone(), plan.version.clone()), plan.clone());
        Ok(plan)
    }
}

/// The bindings as JSON; the diagram, kept beside them, is left out.
fn bindings(definition: &Process) -> Result<String> {
    let mut value = serde_json::to_value(definition)?;
    if let Some(object) = value.as_object_mut() {
        object.shift_remove("xml");
    }
    Ok(value.to_string())
}

fn version_of(definition: &Process) -> Result<String> {
    let mut digest = Sm3::new();
    digest.update(bindings(definition)?.as_bytes());
    digest.update([0]);
    digest.update(definition.xml.as_bytes());
    Ok(hex::encode(digest.finalize()))
}
