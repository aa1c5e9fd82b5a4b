use anju_records::{Actor, Object};
use anju_store::{Condition, Fetch, Tx};

use crate::machine::{Event, Marking};
use crate::rows::{Instance, InstanceState, new_id};
use crate::run::Run;
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

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
        let catalog = self.catalog();
        let plan = self.plans().current(&catalog, process)?;
        if plan.definition.entity != entity {
            let cause = format!("它办理的是“{}”，不是“{entity}”", plan.definition.entity);
            return Err(Error::Definition { process: plan.definition.title.clone(), cause });
        }
        if self.running(tx, entity, record_id).await?.iter().any(|instance| instance.process == process) {
            return Err(Error::conflict("process_running", format!("“{}”已在办理中", plan.definition.title)));
        }
        let now = self.now();
        self.plans().store(tx, &plan, now).await?;
        let (record_display, _) = self.whereabouts(tx, entity, record_id).await?;
        let instance = Instance {
            id: new_id(),
            process: process.to_owned(),
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
        };
        match instance.insert(tx).await {
            Err(Error::Store(anju_store::Error::Unique { .. })) => {
                return Err(Error::conflict(
                    "process_running",
                    format!("“{}”已在办理中", plan.definition.title),
                ));
            }
            other => other?,
        }
        let title = plan.definition.title.clone();
        let (start, due_on) = (plan.graph.start.clone(), instance.due_on.clone());
        let mut run = Run::new(self, tx, actor, plan, instance, Marking::default());
        run.keep_last_day(due_on.as_deref()).await?;
        run.merge(vars)?;
        run.note(Entry::new(TrailKind::Started, &start, title)).await?;
        let token = new_id();
        run.happen(&Event::Start { token: &token }).await?;
        run.settle(&token).await?;
        Ok(run.finish().await?.id)
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
