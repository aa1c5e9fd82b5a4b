use anju_records::{Actor, Object};
use anju_store::Tx;
use serde::Deserialize;
use serde_json::Value;

use crate::bpmn::{Element, Kind, Trigger};
use crate::machine;
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState};
use crate::run::{NO_TOKEN, Run, Wait, awaited_at, put_aside, put_aside_told};
use crate::timers::TIMER_JOB;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result};

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Awaited(Awaited),
    Answer { instance: String, answered: String, vars: Object },
    Starting(Starting),
    Reconsidered { reconsider: String },
}

#[derive(Deserialize)]
struct Starting {
    process: String,
    /// Id of the start event.
    start: String,
    entity: String,
    record: String,
    #[serde(default)]
    vars: Object,
}

/// An event that somebody waits for: the payload of its job.
#[derive(Deserialize)]
pub(crate) struct Awaited {
    pub instance: String,
    pub token: String,
    pub visit: i64,
    pub element: String,
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
            Payload::Awaited(awaited) => self.fire_awaited(tx, &system, awaited, payload, None).await,
            Payload::Answer { instance, answered, vars } => {
                match self.signal(tx, &instance, &answered, vars).await {
                    Ok(()) => Ok(true),
                    Err(Error::Conflict { code, .. }) if code == "not_waiting" || code == "not_running" => {
                        Ok(false)
                    }
                    Err(error) => Err(error),
                }
            }
            Payload::Starting(starting) => self.fire_start(tx, &system, starting).await,
            Payload::Reconsidered { reconsider } => self.reconsider(tx, &reconsider).await.map(|()| true),
        }
    }

    /// Starts a process by an event of its own: nothing happens when it runs already, the record is gone, a newer
    /// version has no such start, or its condition no longer holds.
    async fn fire_start(&self, tx: &mut Tx, actor: &Actor, starting: Starting) -> Result<bool> {
        let Starting { process, start, entity, record, vars } = starting;
        let plan = self.plans().current(&self.catalog(), &process)?;
        let Some(event) = plan.graph.element(&start) else { return Ok(false) };
        if let Some(Trigger::Condition(source)) = event.trigger()
            && !self.holds(tx, &entity, &record, source).await?
        {
            return Ok(false);
        }
        match self.start_at(tx, actor, &process, &start, (&entity, &record), vars).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound) => Ok(false),
            Err(Error::Conflict { code, .. }) if code == "process_running" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Lets an awaited event happen. `skipping`: an element that counts as done when it is come to.
    pub(crate) async fn fire_awaited(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        awaited: Awaited,
        payload: &Value,
        skipping: Option<&str>,
    ) -> Result<bool> {
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
        if found.suspended_at.is_some() {
            return self.fire_later(tx, actor, &awaited, event, payload).await;
        }
        let mut run = Run::open(self, tx, actor, &awaited.instance).await?;
        run.skipping = skipping.map(str::to_owned);
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
        if run.skipping.is_some() {
            return Err(crate::repair::not_passed());
        }
        run.finish().await?;
        Ok(true)
    }

    /// Puts what happens to a suspended instance aside until it goes on. A timer has then not fired, but what was told
    /// is taken in.
    async fn fire_later(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        awaited: &Awaited,
        event: &Element,
        payload: &Value,
    ) -> Result<bool> {
        let Awaited { instance, token, visit, element, fired, .. } = awaited;
        let Some(Trigger::Timer(_)) = event.trigger() else {
            put_aside_told(tx, instance, payload, self.now()).await?;
            return Ok(true);
        };
        let run = Run::open_suspended(self, tx, actor, instance).await?;
        let key = run.timer_key(token, *visit, element, *fired);
        put_aside(run.tx, instance, &key, (TIMER_JOB, payload), run.now).await?;
        Ok(false)
    }
}

fn is_awaited(plan: &Plan, at: &crate::machine::Token, awaited: &Awaited) -> bool {
    let element = plan.graph.element(&at.element);
    at.visit == awaited.visit
        && element
            .is_some_and(|at| awaited_at(&plan.graph, at).iter().any(|event| event.id == awaited.element))
}
