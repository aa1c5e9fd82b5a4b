//! Writing what the core has said.

use anju_store::{Condition, SqlValue};

use super::Run;
use crate::bpmn::Kind;
use crate::machine::{Change, Ending, Token};
use crate::rows::{InstanceState, TaskState};
use crate::tables::{TOKEN, WAIT};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Result};

impl Run<'_> {
    pub(super) async fn write(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Placed(token) => {
                let mut values = self.place(token);
                values.extend([
                    ("id", token.id.as_str().into()),
                    ("instance_id", self.instance.id.as_str().into()),
                    ("parent", token.parent.as_deref().into()),
                    ("item", token.item.into()),
                ]);
                self.tx.insert(TOKEN, values).await?;
                self.note_arrival(token).await
            }
            Change::Moved { token, from } => {
                self.leave_behind(&token.id, from).await?;
                let mut sets = self.place(token);
                sets.extend(
                    ["total", "begun", "done", "items", "outcomes"].map(|name| (name, SqlValue::Null)),
                );
                let moved = self.tx.update(TOKEN, sets, this(&token.id)).await?;
                self.expect_one(moved)?;
                self.note_arrival(token).await
            }
            Change::Removed { token, element } => {
                self.leave_behind(token, element).await?;
                let removed = self.tx.delete(TOKEN, this(token)).await?;
                self.expect_one(removed)?;
                self.cancel_task(token).await
            }
            Change::Joined { token } => {
                let joined = self.tx.update(TOKEN, vec![("via", SqlValue::Null)], this(token)).await?;
                self.expect_one(joined)
            }
            Change::Round { token, round } => {
                let sets: Vec<(&str, SqlValue)> = vec![
                    ("total", round.total.into()),
                    ("begun", round.begun.into()),
                    ("done", round.done.into()),
                ];
                let counted = self.tx.update(TOKEN, sets, this(token)).await?;
                self.expect_one(counted)
            }
            Change::Done { .. } => Ok(()),
            Change::Ended(ending) => self.write_end(*ending).await,
        }
    }

    /// Where a token stands.
    fn place(&self, token: &Token) -> Vec<(&'static str, SqlValue)> {
        vec![
            ("element", token.element.as_str().into()),
            ("visit", token.visit.into()),
            ("waiting", false.into()),
            ("entered_at", self.now.into()),
            ("via", token.via.as_deref().into()),
            ("back_to", token.back_to.as_deref().into()),
        ]
    }

    /// What was set up where a token stood: timers, waits, a called process.
    async fn leave_behind(&mut self, token: &str, element: &str) -> Result<()> {
        self.call_off_timers(token, element).await?;
        if self.plan.has_waits {
            let own = Condition::eq(WAIT, "instance_id", self.instance.id.as_str())
                .and(Condition::eq(WAIT, "token_id", token));
            self.tx.delete(WAIT, own).await?;
        }
        let calls = self.plan.graph.element(element).is_some_and(|at| matches!(at.kind, Kind::Call(_)));
        if calls { self.end_called(token).await } else { Ok(()) }
    }

    async fn write_end(&mut self, ending: Ending) -> Result<()> {
        self.instance.state = match ending {
            Ending::Completed => InstanceState::Completed,
            Ending::Terminated => InstanceState::Terminated,
            Ending::Withdrawn => InstanceState::Withdrawn,
        };
        self.instance.ended_at = Some(self.now);
        self.agenda.clear();
        self.call_off_root_events().await?;
        if self.instance.suspended_at.is_some() {
            self.forget_held().await?;
        }
        self.keep_last_day(None).await?;
        let outcome = self.instance.outcome.clone().unwrap_or_default();
        let title = self.plan.title(&outcome);
        self.note(Entry::new(TrailKind::Ended, &outcome, title)).await
    }

    async fn note_arrival(&mut self, token: &Token) -> Result<()> {
        let plan = self.plan.clone();
        if let Some(flow) = token.via.as_deref().and_then(|flow| plan.graph.flows.get(flow)) {
            let entry = Entry::new(TrailKind::Flow, &flow.id, flow.name.clone());
            self.note(Entry { token: Some((&token.id, token.visit)), ..entry }).await?;
        }
        let entry = Entry::new(TrailKind::Entered, &token.element, plan.title(&token.element));
        self.note(Entry { token: Some((&token.id, token.visit)), ..entry }).await
    }

    fn expect_one(&self, rows: u64) -> Result<()> {
        if rows == 1 {
            return Ok(());
        }
        Err(Error::Internal(format!("{rows} tokens of {} instead of one", self.instance.id)))
    }

    /// Calls off the open task of a token, if there is one, with those that help it.
    pub(crate) async fn cancel_task(&mut self, token: &str) -> Result<()> {
        for task in crate::task_rows::live_of_token(self.tx, &self.instance.id, token).await? {
            crate::task_rows::close(self.tx, &task.id, TaskState::Cancelled, self.now, Vec::new()).await?;
            self.note(Entry::new(TrailKind::Cancelled, &task.step, task.title)).await?;
        }
        Ok(())
    }
}

pub(super) fn this(token: &str) -> Condition {
    Condition::eq(TOKEN, "id", token)
}
