use anju_records::Actor;
use anju_store::{Condition, Fetch, Tx};

use super::administer::administers;
use super::reason;
use crate::rows::{Instance, InstanceState};
use crate::run::{Boxed, Run};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

impl Processes {
    /// Suspends an instance and those it calls (挂起): nothing can be done in it, and its clocks stand still.
    ///
    /// # Errors
    /// [`Error::Conflict`] `suspended` when it is; as [`Processes::terminate_by_hand`].
    pub async fn suspend(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        administers(self, tx, actor, instance_id).await?;
        self.pause_with_called(tx, actor, instance_id, reason).await
    }

    fn pause_with_called<'r>(
        &'r self,
        tx: &'r mut Tx,
        actor: &'r Actor,
        instance_id: &'r str,
        reason: &'r str,
    ) -> Boxed<'r, ()> {
        Box::pin(async move {
            let mut run = Run::open(self, tx, actor, instance_id).await?;
            let start = run.plan.start().to_owned();
            let entry = Entry { opinion: Some(reason), ..Entry::new(TrailKind::Suspended, &start, "挂起") };
            run.note(entry).await?;
            run.pause().await?;
            run.finish().await?;
            for called in called_by(tx, instance_id).await? {
                if called.suspended_at.is_none() {
                    self.pause_with_called(tx, actor, &called.id, reason).await?;
                }
            }
            Ok(())
        })
    }

    /// Lets a suspended instance go on, and those it calls (恢复). Days allowed move by the working days it was
    /// suspended; timers that fell due, and what was told meanwhile, happen now.
    ///
    /// # Errors
    /// [`Error::Conflict`] `not_suspended`, or `suspended` when the instance that calls it is; as
    /// [`Processes::terminate_by_hand`].
    pub async fn resume(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        administers(self, tx, actor, instance_id).await?;
        let instance = Instance::find(tx, instance_id).await?.ok_or(Error::NotFound)?;
        if let Some((parent, _)) = &instance.parent
            && Instance::find(tx, parent).await?.is_some_and(|parent| parent.suspended_at.is_some())
        {
            return Err(Error::conflict("suspended", "上级流程已挂起，请先恢复上级流程"));
        }
        self.go_on_with_called(tx, actor, instance_id, reason).await
    }

    fn go_on_with_called<'r>(
        &'r self,
        tx: &'r mut Tx,
        actor: &'r Actor,
        instance_id: &'r str,
        reason: &'r str,
    ) -> Boxed<'r, ()> {
        Box::pin(async move {
            let mut run = Run::open_suspended(self, tx, actor, instance_id).await?;
            let Some(since) = run.instance.suspended_at else {
                return Err(Error::conflict("not_suspended", "流程没有挂起"));
            };
            let start = run.plan.start().to_owned();
            let entry = Entry { opinion: Some(reason), ..Entry::new(TrailKind::Resumed, &start, "恢复") };
            run.note(entry).await?;
            run.go_on(since).await?;
            run.settle().await?;
            run.finish().await?;
            for called in called_by(tx, instance_id).await? {
                if called.suspended_at.is_some() {
                    self.go_on_with_called(tx, actor, &called.id, reason).await?;
                }
            }
            Ok(())
        })
    }
}

/// The instances at work that an instance has called.
async fn called_by(tx: &mut Tx, instance_id: &str) -> Result<Vec<Instance>> {
    let instance = Instance::find(tx, instance_id).await?.ok_or(Error::NotFound)?;
    let tokens = instance.marking(tx).await?.tokens.into_iter().map(|token| token.id);
    let select = tables::select(INSTANCE, INSTANCE_COLUMNS)
        .filter(Condition::is_in(INSTANCE, "parent_token", tokens))
        .filter(Condition::eq(INSTANCE, "state", InstanceState::Running.as_str()));
    tx.fetch_all(&select).await?.iter().map(Instance::read).collect()
}
