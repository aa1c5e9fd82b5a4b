//! What an administrator of processes may do to an instance, with a reason.

use anju_records::{Actor, FieldError};
use anju_store::Tx;
use serde_json::json;

use super::reason;
use crate::machine::Token;
use crate::rows::Instance;
use crate::run::Run;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

/// The right to suspend, resume, end and redirect running instances whose records one may see.
pub const ADMINISTER: &str = "platform.administer_processes";

impl Processes {
    /// Ends an instance (终止), suspended or not, without effects.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right, [`Error::NotFound`] when the actor may not see the record,
    /// [`Error::Conflict`] `not_running`, [`Error::Invalid`] without a reason.
    pub async fn terminate_by_hand(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        reason_text: &str,
    ) -> Result<()> {
        administers(self, tx, actor, instance_id).await?;
        self.terminate(tx, actor, instance_id, reason_text).await
    }

    /// Sends an instance to any of its activities (跳转). `from` is where it stands, when it stands at several places.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `element`, `from`; [`Error::Conflict`] `cannot_send`, `suspended`; as
    /// [`Processes::terminate_by_hand`].
    pub async fn jump(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        instance_id: &str,
        from: Option<&str>,
        element: &str,
        reason_text: &str,
    ) -> Result<()> {
        let reason = reason(reason_text)?;
        administers(self, tx, actor, instance_id).await?;
        let mut run = Run::open(self, tx, actor, instance_id).await?;
        let plan = run.plan.clone();
        if !plan.graph.element(element).is_some_and(crate::bpmn::Element::is_activity) {
            return Err(Error::Invalid(vec![FieldError::new("element", "choice", "流程图中没有这个环节")]));
        }
        let token = standing(&run, from)?;
        let title = format!("跳转至{}", plan.title(element));
        let entry = Entry {
            token: Some((&token.id, token.visit)),
            outcome: Some((element, &title)),
            opinion: Some(reason),
            detail: json!({ "from": token.element, "to": element }),
            ..Entry::new(TrailKind::Jumped, &token.element, plan.title(&token.element))
        };
        run.note(entry).await?;
        run.send(&token.id, element, false).await?;
        run.settle().await?;
        run.finish().await.map(drop)
    }
}

/// The innermost token that is meant.
fn standing(run: &Run<'_>, from: Option<&str>) -> Result<Token> {
    let tokens = &run.marking.tokens;
    let innermost = |token: &&Token| !tokens.iter().any(|other| other.parent.as_ref() == Some(&token.id));
    let mut found = tokens.iter().filter(|token| from.is_none_or(|from| token.element == from));
    let mut found = match from {
        // A sub-process may be meant as a whole.
        Some(_) => found.by_ref().collect::<Vec<_>>(),
        None => found.by_ref().filter(innermost).collect(),
    };
    if from.is_some() {
        // The items of a repeated activity stand where it stands itself: it goes as a whole.
        found.retain(|token| token.item.is_none());
    }
    match found.as_slice() {
        [token] => Ok((*token).clone()),
        [] => Err(Error::Invalid(vec![FieldError::new("from", "choice", "流程没有停在该环节")])),
        _ => Err(Error::Invalid(vec![FieldError::new(
            "from",
            "required",
            "流程停在多个环节，请指明从哪个环节跳转",
        )])),
    }
}

/// Checks that the actor administers processes and may see the record of this one.
pub(super) async fn administers(
    processes: &Processes,
    tx: &mut Tx,
    actor: &Actor,
    instance_id: &str,
) -> Result<()> {
    if !actor.holds_right(&processes.catalog(), ADMINISTER) {
        return Err(Error::forbidden("您没有管理流程的权限"));
    }
    let instance = Instance::find(tx, instance_id).await?.ok_or(Error::NotFound)?;
    processes.records().read_in(tx, actor, &instance.entity, &instance.record_id).await?;
    Ok(())
}
