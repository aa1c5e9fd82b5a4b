use std::sync::Arc;

use anju_records::{Actor, Object};
use anju_store::{Condition, Fetch, Tx};

use crate::machine::{Event, Marking};
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState, new_id};
use crate::run::{Boxed, NO_TOKEN, Run};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

/// What is started, and where.
struct Starting<'s> {
    plan: Arc<Plan>,
    /// Id of the start event.
    start: String,
    entity: &'s str,
    record_id: &'s str,
    vars: Object,
    /// The instance that calls it, and its token.
    parent: Option<(String, String)>,
}

/// An instance that was started and has come to where it waits, or to its end.
pub(crate) struct Begun {
    pub instance: Instance,
    /// The code of an error that nobody in it caught.
    pub failed_with: Option<String>,
}

impl Processes {
    /// Starts a process on a record and carries it on to where it waits. Gives the id of the instance.
    ///
    /// Whether the actor may start it is the caller's to know (an action's rights, an application's code); see
    /// [`Processes::start_by_hand`].
    ///
    /// # Errors
    /// [`Error::Conflict`] `process_running` when the record has a running instance of this process.
    pub async fn start(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        process: &str,
        entity: &str,
        record_id: &str,
        vars: Object,
    ) -> Result<String> {
        let plan = self.plans().current(&self.catalog(), process)?;
        let start = plan.graph.start.clone().ok_or_else(|| Error::Definition {
            process: plan.definition.title.clone(),
            cause: "它只能由事件开始".to_owned(),
        })?;
        let starting = Starting { plan, start, entity, record_id, vars, parent: None };
        Ok(self.begin(tx, actor, starting).await?.instance.id)
    }

    /// As [`Processes::start`], at a start event of its own.
    pub(crate) async fn start_at(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        process: &str,
        start: &str,
        (entity, record_id): (&str, &str),
        vars: Object,
    ) -> Result<String> {
        let plan = self.plans().current(&self.catalog(), process)?;
        let starting = Starting { plan, start: start.to_owned(), entity, record_id, vars, parent: None };
        Ok(self.begin(tx, actor, starting).await?.instance.id)
    }

    /// As [`Processes::start`], for a call activity of another instance, whose token waits for it.
    pub(crate) fn start_called<'r>(
        &'r self,
        tx: &'r mut Tx,
        actor: &'r Actor,
        process: &'r str,
        record_id: &'r str,
        vars: Object,
        parent: (String, String),
    ) -> Boxed<'r, Begun> {
        Box::pin(async move {
            let plan = self.plans().current(&self.catalog(), process)?;
            let (entity, start) = (plan.definition.entity.clone(), plan.start().to_owned());
            let starting = Starting { plan, start, entity: &entity, record_id, vars, parent: Some(parent) };
            self.begin(tx, actor, starting).await
        })
    }

    async fn begin(&self, tx: &mut Tx, actor: &Actor, starting: Starting<'_>) -> Result<Begun> {
        let Starting { plan, start, entity, record_id, vars, parent } = starting;
        let (process, title) = (plan.definition.process.clone(), plan.definition.title.clone());
        if plan.definition.entity != entity {
            let cause = format!("它办理的是“{}”，不是“{entity}”", plan.definition.entity);
            return Err(Error::Definition { process: title, cause });
        }
        let is_running = || Error::conflict("process_running", format!("“{title}”已在办理中"));
        if self.running(tx, entity, record_id).await?.iter().any(|instance| instance.process == process) {
            return Err(is_running());
        }
        let now = self.now();
        self.plans().store(tx, &plan, now).await?;
        let (record_display, scope) = self.whereabouts(tx, entity, record_id).await?;
        let instance = Instance {
            id: new_id(),
            process,
            definition_version: plan.version.clone(),
            revision: 1,
            entity: entity.to_owned(),
            record_id: record_id.to_owned(),
            record_display,
            state: InstanceState::Running,
            outcome: None,
            vars: Object::new(),
            visits: 0,
            trail_seq: 0,
            started_at: now,
            started_by: actor.account_id.clone(),
            started_by_name: actor.name.clone(),
            ended_at: None,
            due_on: self.due_on(plan.definition.due.as_ref()),
            parent,
            suspended_at: None,
            started_org: actor.post.as_ref().map(|post| post.org_id.clone()),
        };
        match instance.insert(tx, &scope).await {
            Err(Error::Store(anju_store::Error::Unique { .. })) => return Err(is_running()),
            other => other?,
        }
        let due_on = instance.due_on.clone();
        let mut run = Run::new(self, tx, actor, plan, instance, Marking::default());
        run.keep_last_day(due_on.as_deref()).await?;
        run.merge(vars)?;
        run.note(Entry::new(TrailKind::Started, &start, title)).await?;
        run.await_subs(NO_TOKEN, 0, None).await?;
        run.happen(&Event::Start { element: &start }).await?;
        run.settle().await?;
        let failed_with = run.failed_with.clone();
        Ok(Begun { instance: run.finish().await?, failed_with })
    }

    /// As [`Processes::start`], for a person who asks for it: needs one of the roles that may start it and the
    /// right to see the record.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`], and those of [`Processes::start`].
    pub async fn start_by_hand(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        process: &str,
        entity: &str,
        record_id: &str,
        vars: Object,
    ) -> Result<String> {
        let catalog = self.catalog();
        let definition = catalog.process(process).ok_or(Error::NotFound)?;
        if !actor.is_system() && !actor.roles.iter().any(|role| definition.starters.contains(role)) {
            return Err(Error::forbidden(format!("您没有发起“{}”的权限", definition.title)));
        }
        self.records().read_in(tx, actor, entity, record_id).await?;
        self.start(tx, actor, process, entity, record_id, vars).await
    }

    /// Ids of the instances that run on a record, oldest first.
    pub async fn running_of(&self, tx: &mut Tx, entity: &str, record_id: &str) -> Result<Vec<String>> {
        Ok(self.running(tx, entity, record_id).await?.into_iter().map(|instance| instance.id).collect())
    }

    pub(crate) async fn running(&self, tx: &mut Tx, entity: &str, record_id: &str) -> Result<Vec<Instance>> {
        let select = tables::select(INSTANCE, INSTANCE_COLUMNS)
            .filter(Condition::eq(INSTANCE, "record_id", record_id))
            .filter(Condition::eq(INSTANCE, "entity", entity))
            .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()))
            .order_by("started_at", anju_store::Direction::Ascending)
            .order_by("id", anju_store::Direction::Ascending);
        tx.fetch_all(&select).await?.iter().map(Instance::read).collect()
    }
}
