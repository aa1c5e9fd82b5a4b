use anju_records::{Actor, Object};
use anju_store::Tx;
use serde::Deserialize;
use serde_json::Value;

use crate::bpmn::{Kind, Trigger};
use crate::machine;
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState};
use crate::run::{NO_TOKEN, Run, Wait, awaited_at};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Awaited(Awaited),
    Starting { process: String, start: String, entity: String, record: String, vars: Object },
}

#[derive(Deserialize)]
struct Awaited {
    instance: String,
    token: String,
    visit: i64,
    element: String,
    /// Of a timer: how often it had fired when it was set.
    #[serde(default)]
    fired: u32,
    /// What a message or signal brings.
    #[serde(default)]
    vars: Object,
}

impl Processes {
    /// Lets an event happen by the payload of its job. Gives whether it did anything: a timer whose token has moved
    /// on, or that has fired before, does nothing, nor does a message to one who no longer waits.
    ///
    /// # Errors
    /// What the elements that follow give; the job may be tried again.
    pub async fn fire(&self, tx: &mut Tx, payload: &Value) -> Result<bool> {
        let system = Actor::system("系统");
        match Payload::deserialize(payload)? {
            Payload::Awaited(awaited) => self.fire_awaited(tx, &system, awaited).await,
            Payload::Starting { process, start, entity, record, vars } => {
                let started = self.start_at(tx, &system, &process, &start, (&entity, &record), vars).await;
                match started {
                    Ok(_) => Ok(true),
                    Err(Error::Conflict { code, .. }) if code == "process_running" => Ok(false),
                    Err(error) => Err(error),
                }
            }
        }
    }

    async fn fire_awaited(&self, tx: &mut Tx, actor: &Actor, awaited: Awaited) -> Result<bool> {
        let found = Instance::lock(tx, &awaited.instance).await?.ok_or(Error::NotFound)?;
        if found.state != InstanceState::Running {
            return Ok(false);
        }
        let plan = self.plan_of(tx, &found).await?;
        let marking = found.marking(tx).await?;
        let Some(event) = plan.graph.element(&awaited.element) else { return Ok(false) };
        let waits = match awaited.token.as_str() {
            NO_TOKEN => plan.graph.event_subs(None).any(|(_, start)| start.id == event.id),
            token => marking.tokens.iter().any(|at| at.id == token && is_awaited(&plan, at, &awaited)),
        };
        // A worker may hold the timer of an event sub-process whose scope another has taken over meanwhile.
        let scope = (awaited.token != NO_TOKEN).then_some(awaited.token.as_str());
        if !waits || event.is_start() && machine::is_interrupted(&plan.graph, &marking, scope) {
            return Ok(false);
        }
        let mut run = Run::open(self, tx, actor, &awaited.instance).await?;
        let Awaited { token, visit, element, fired, vars, .. } = awaited;
        match event.trigger() {
            Some(Trigger::Timer(timer)) => {
                if run.times_fired(&token, visit, &element).await? != fired {
                    return Ok(false);
                }
                run.firing = Some(run.timer_key(&token, visit, &element, fired));
                let title = plan.title(&element);
                let entry = Entry::new(TrailKind::Timer, &element, title);
                run.note(Entry { token: Some((&token, visit)), ..entry }).await?;
                let interrupts = matches!(event.kind, Kind::Start { interrupts: true, .. });
                let again = timer.fires_again(fired + 1) && !interrupts;
                run.take_in(&token, visit, &element).await?;
                let stays = token == NO_TOKEN || run.still_there(&token, visit);
                if again && stays {
                    run.schedule(&token, visit, &element, timer, fired + 1).await?;
                }
            }
            _ => {
                run.merge(vars)?;
                let wait = Wait { instance: run.instance.id.clone(), token, visit, element };
                if !run.is_waiting(&wait).await? {
                    return Ok(false);
                }
                run.note_told(&wait).await?;
                run.take_in(&wait.token, visit, &wait.element).await?;
            }
        }
        run.settle().await?;
        run.finish().await?;
        Ok(true)
    }
}

fn is_awaited(plan: &Plan, at: &crate::machine::Token, awaited: &Awaited) -> bool {
    let element = plan.graph.element(&at.element);
    at.visit == awaited.visit
        && element
            .is_some_and(|at| awaited_at(&plan.graph, at).iter().any(|event| event.id == awaited.element))
}
