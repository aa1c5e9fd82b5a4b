use anju_records::Actor;
use anju_store::{ColumnKind, Condition, Fetch, Select, Tx};
use serde::Deserialize;
use serde_json::Value;

use crate::bpmn::Kind;
use crate::machine::Event;
use crate::rows::{Instance, InstanceState, new_id};
use crate::run::Run;
use crate::tables::TRAIL;
use crate::timers::timer_key;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

#[derive(Deserialize)]
struct Payload {
    instance: String,
    token: String,
    visit: i64,
    element: String,
}

impl Processes {
    /// Fires a timer by the payload of its job. Gives whether it did anything: a timer whose token has moved
    /// on, or that has fired before, does nothing.
    ///
    /// # Errors
    /// What the elements that follow give; the job may be tried again.
    pub async fn fire_timer(&self, tx: &mut Tx, payload: &Value) -> Result<bool> {
        let Payload { instance, token, visit, element } = Payload::deserialize(payload)?;
        let system = Actor::system("系统");
        let found = Instance::lock(tx, &instance).await?.ok_or(Error::NotFound)?;
        if found.state != InstanceState::Running {
            return Ok(false);
        }
        let plan = self.plan_of(tx, &found).await?;
        let marking = found.marking(tx).await?;
        let Some(at) = marking.tokens.iter().find(|known| known.id == token && known.visit == visit) else {
            return Ok(false);
        };
        let Some(timer) = plan.graph.element(&element) else { return Ok(false) };
        let stands_there = match &timer.kind {
            Kind::TimerCatch { .. } => at.element == element,
            Kind::BoundaryTimer { attached_to, .. } => at.element == *attached_to,
            _ => false,
        };
        if !stands_there || has_fired(tx, &instance, &token, visit, &element).await? {
            return Ok(false);
        }
        let mut run = Run::open(self, tx, &system, &instance).await?;
        run.firing = Some(timer_key(&token, visit, &element));
        let title = plan.title(&element);
        run.note(Entry { token: Some((&token, visit)), ..Entry::new(TrailKind::Timer, &element, title) })
            .await?;
        let moving = match &timer.kind {
            Kind::BoundaryTimer { cancels, .. } => {
                if *cancels {
                    run.cancel_task(&token).await?;
                }
                let fresh = new_id();
                run.happen(&Event::Boundary { token: &token, event: &element, fresh: &fresh }).await?;
                if *cancels { token } else { fresh }
            }
            _ => {
                run.happen(&Event::Leave { token: &token }).await?;
                token
            }
        };
        run.settle(&moving).await?;
        run.finish().await?;
        Ok(true)
    }
}

/// A timer that leaves its token where it is can only be told by the trail.
async fn has_fired(tx: &mut Tx, instance: &str, token: &str, visit: i64, element: &str) -> Result<bool> {
    let select = Select::from(TRAIL)
        .column("seq", ColumnKind::Int)
        .filter(Condition::eq(TRAIL, "instance_id", instance))
        .filter(Condition::eq(TRAIL, "kind", TrailKind::Timer.as_str()))
        .filter(Condition::eq(TRAIL, "element", element))
        .filter(Condition::eq(TRAIL, "token_id", token))
        .filter(Condition::eq(TRAIL, "visit", visit))
        .limit(1);
    Ok(tx.fetch_optional(&select).await?.is_some())
}
