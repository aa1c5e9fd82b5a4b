//! Seeing to the tokens that have moved, until all wait or are gone.

use super::{Boxed, Run, Work};
use crate::bpmn::{Kind, Throw, Trigger};
use crate::machine::{self, Demand, Event};
use crate::{Error, Result};

/// Elements passed in one transaction, at most.
const STEPS_MAX: u32 = 1_000;

impl Run<'_> {
    /// Carries on what has moved until everything waits or is gone.
    pub(crate) fn settle(&mut self) -> Boxed<'_, ()> {
        Box::pin(self.settle_inner())
    }

    async fn settle_inner(&mut self) -> Result<()> {
        loop {
            while let Some(work) = self.agenda.pop_front() {
                if self.still_there(&work.token, work.visit) {
                    self.see_to(&work).await?;
                }
            }
            if self.marking.ended.is_some() {
                return Ok(());
            }
            if let Some(tokens) = machine::ready(&self.plan.graph, &self.marking) {
                self.happen(&Event::Join { tokens: &tokens }).await?;
            } else if !self.conditions().await? {
                return Ok(());
            }
        }
    }

    async fn see_to(&mut self, work: &Work) -> Result<()> {
        self.steps += 1;
        let plan = self.plan.clone();
        let token = self.marking.token(&work.token).cloned().map_err(|illegal| Error::Internal(illegal.0))?;
        if self.steps > STEPS_MAX {
            return Err(Error::Endless {
                process: plan.definition.title.clone(),
                element: plan.title(&token.element),
                steps: STEPS_MAX,
            });
        }
        if work.done {
            return self.done(&token.id).await;
        }
        let element = plan.graph.element(&token.element);
        let element = element.ok_or_else(|| Error::Internal(format!("no element {}", token.element)))?;
        let (id, visit, at) = (token.id.as_str(), token.visit, token.element.as_str());
        if crate::repair::may_skip(element) && self.skips(at).await? {
            return self.done(id).await;
        }
        match machine::demand(element, &token) {
            Demand::Rest if element.kind == (Kind::SubProcess { by_event: true }) => {
                self.await_subs(id, visit, Some(at)).await
            }
            Demand::Rest | Demand::Join => Ok(()),
            Demand::Pass | Demand::Choose => self.done(id).await,
            Demand::OpenTask => self.open_task(id, at, visit).await,
            Demand::RunService => match self.run_service(id, at, visit).await? {
                true => self.done(id).await,
                false => Ok(()),
            },
            Demand::Enter => {
                self.await_around(id, visit, at).await?;
                self.happen(&Event::Enter { token: id }).await
            }
            Demand::Call(process) => self.call(id, visit, at, process).await,
            Demand::Repeat(repeat) => self.repeat(id, visit, at, repeat).await,
            Demand::Await(Trigger::None) => self.done(id).await,
            Demand::Await(trigger) => self.wait_for(id, visit, at, trigger).await,
            Demand::AwaitMessage(message) => {
                self.wait_for(id, visit, at, &Trigger::Message(message.to_owned())).await?;
                self.await_around(id, visit, at).await
            }
            Demand::AwaitFirst => self.wait_for_first(id, visit, element).await,
            Demand::Tell(throw) => {
                if self.run_bound(id, visit, at).await? {
                    self.tell(id, throw).await?;
                    if self.still_there(id, visit) {
                        self.done(id).await?;
                    }
                }
                Ok(())
            }
            Demand::Finish(throw) => self.end(id, visit, at, throw).await,
        }
    }

    /// An element is done: its token goes on, or the next time of a repeated one is due.
    pub(crate) async fn done(&mut self, token: &str) -> Result<()> {
        let at = self.marking.token(token).cloned().map_err(|illegal| Error::Internal(illegal.0))?;
        if at.item.is_some() {
            return self.item_done(&at).await;
        }
        let flows = match at.back_to {
            Some(_) => Vec::new(),
            None => self.flows(&at).await?,
        };
        self.happen(&Event::Leave { token, flows: &flows }).await
    }

    /// A token has come to an end event.
    async fn end(&mut self, token: &str, visit: i64, element: &str, throw: &Throw) -> Result<()> {
        let plan = self.plan.clone();
        let effects = plan.definition.ends.get(element).map_or(&[][..], Vec::as_slice);
        if plan.graph.element(element).is_some_and(|end| end.scope.is_none()) {
            self.instance.outcome = Some(element.to_owned());
        }
        if self.effects(token, element, &Default::default(), effects).await?.is_none()
            || !self.still_there(token, visit)
        {
            return Ok(());
        }
        self.tell(token, throw).await?;
        match throw {
            Throw::Error(_) if self.still_there(token, visit) => self.fail(token, throw).await,
            _ if self.still_there(token, visit) => self.happen(&Event::Finish { token }).await,
            _ => Ok(()),
        }
    }
}
