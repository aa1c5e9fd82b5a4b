//! Timers: jobs of the store that are set when a token arrives and called off when it leaves.

use anju_decisions::Expression;
use anju_store::NewJob;
use serde_json::{Value, json};

use crate::bpmn::{Kind, Timer};
use crate::machine::{self, Demand};
use crate::run::Run;
use crate::{Error, Result};

/// Kind of the jobs that fire timers; their payload is given to [`crate::Processes::fire_timer`].
pub const TIMER_JOB: &str = "process.timer";

/// How often a timer is tried before it is given up and shown to operators.
const TIMER_ATTEMPTS_MAX: u32 = 20;

impl Run<'_> {
    /// Sets the timers that stand on an element.
    pub(crate) async fn schedule_boundary(&mut self, token: &str, visit: i64, element: &str) -> Result<()> {
        let plan = self.plan.clone();
        let Some(host) = plan.graph.element(element) else { return Ok(()) };
        for event in &host.boundary {
            if let Some(Kind::BoundaryTimer { timer, .. }) = plan.graph.element(event).map(|e| &e.kind) {
                self.schedule(token, visit, event, timer).await?;
            }
        }
        Ok(())
    }

    /// Sets one timer.
    pub(crate) async fn schedule(
        &mut self,
        token: &str,
        visit: i64,
        element: &str,
        timer: &Timer,
    ) -> Result<()> {
        let evaluated = match timer.expression() {
            Some(source) => {
                let scene = self.processes.scene(self.tx, &self.instance).await?;
                let value = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
                value.map_err(|cause| Error::expression(element, cause))?
            }
            None => Value::Null,
        };
        let run_at = timer
            .due(self.now, &self.processes.calendar(), &evaluated)
            .map_err(|cause| Error::expression(element, cause))?;
        let job = NewJob {
            kind: TIMER_JOB.to_owned(),
            key: Some(timer_key(token, visit, element)),
            payload: json!({"instance": self.instance.id, "token": token, "visit": visit, "element": element}),
            run_at,
            attempts_max: TIMER_ATTEMPTS_MAX,
            created_by: self.actor.account_id.clone(),
            at: self.now,
        };
        self.tx.enqueue(&job).await?;
        Ok(())
    }

    /// Calls off the timers of the element that a token leaves.
    pub(crate) async fn call_off_timers(&mut self, token: &str, element: &str) -> Result<()> {
        let plan = self.plan.clone();
        let Some(host) = plan.graph.element(element) else { return Ok(()) };
        let visit = self.marking.token(token).map_or(0, |token| token.visit);
        let own = matches!(machine::demand(host), Demand::AwaitTimer(_)).then_some(&host.id);
        for timer in host.boundary.iter().chain(own) {
            let key = timer_key(token, visit, timer);
            if self.firing.as_ref() != Some(&key) {
                self.tx.cancel_jobs(TIMER_JOB, &key, self.now).await?;
            }
        }
        Ok(())
    }
}

pub(crate) fn timer_key(token: &str, visit: i64, element: &str) -> String {
    format!("{token}/{visit}/{element}")
}
