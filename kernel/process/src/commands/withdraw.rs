use anju_records::{Actor, Object};
use anju_store::Tx;

use super::reason;
use crate::machine::Event;
use crate::rows::{Instance, InstanceState};
use crate::run::Run;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

impl Processes {
    /// Withdraws a running instance: its tasks and timers are called off, then the definition's effects run.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without one of the roles of the definition, [`Error::NotFound`] when the actor may
    /// not see the record, [`Error::Conflict`] `not_running`, [`Error::Invalid`] without a reason.
    pub async fn withdraw(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let instance = Instance::find(tx, instance_id).await?.ok_or(Error::NotFound)?;
        self.records().read_in(tx, actor, &instance.entity, &instance.record_id).await?;
        let run = Run::open(self, tx, actor, instance_id).await?;
        let plan = run.plan.clone();
        let refused = || Error::forbidden(format!("您没有撤回“{}”的权限", plan.definition.title));
        let withdraw = plan.definition.withdraw.as_ref().ok_or_else(refused)?;
        if !actor.is_system() && !actor.roles.iter().any(|role| withdraw.roles.contains(role)) {
            return Err(refused());
        }
        let start = plan.start().to_owned();
        let mut run = run;
        run.note(Entry { opinion: Some(reason), ..Entry::new(TrailKind::Withdrawn, &start, "撤回") }).await?;
        run.effects("", &start, &Object::new(), &withdraw.effects).await?;
        if run.instance.state == InstanceState::Running {
            run.happen(&Event::Withdraw).await?;
        }
        run.finish().await.map(drop)
    }

    /// Ends a running instance, suspended or not, on behalf of the platform, without effects: when its record goes another way.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`] `not_running`.
    pub async fn terminate(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        let mut run = Run::open_suspended(self, tx, actor, instance_id).await?;
        let start = run.plan.start().to_owned();
        run.note(Entry { opinion: Some(reason), ..Entry::new(TrailKind::Terminated, &start, "终止") })
            .await?;
        run.happen(&Event::Terminate).await?;
        run.finish().await.map(drop)
    }
}
