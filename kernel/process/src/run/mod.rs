//! Carrying an instance on, in the caller's transaction: the pure core says what changes, this writes it.

mod calls;
mod candidates;
mod events;
mod flows;
mod pause;
mod rounds;
mod send;
mod settle;
mod work;
mod write;

pub(crate) use events::{NO_TOKEN, Wait, awaited_at, waits};
pub(crate) use pause::{put_aside, put_aside_told};

use std::{collections::VecDeque, future::Future, pin::Pin, sync::Arc};

use anju_records::{Actor, Object};
use anju_store::Tx;
use jiff::Timestamp;

use crate::machine::{self, Change, Event, Marking};
use crate::people::Person;
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState, new_id};
use crate::trail::{self, Entry};
use crate::{Error, Processes, Result};

/// Size of the variables of an instance as JSON, at most.
const VARS_BYTES_MAX: usize = 64 * 1024;

/// The engine's deep futures are boxed, so that no caller has to prove anew that they may cross threads (see
/// `anju_records::Boxed`).
pub(crate) type Boxed<'r, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'r>>;

/// One command's work on one instance.
pub(crate) struct Run<'a> {
    pub processes: &'a Processes,
    pub tx: &'a mut Tx,
    pub actor: &'a Actor,
    pub plan: Arc<Plan>,
    pub instance: Instance,
    pub marking: Marking,
    pub now: Timestamp,
    /// Key of the job that is firing: it is finished by its worker, not called off.
    pub firing: Option<String>,
    /// An element that counts as done when it is come to, by an administrator's word.
    pub skipping: Option<String>,
    /// The absent one for whom the actor acts.
    pub acting_for: Option<Person>,
    /// Tokens that have moved and were not yet seen to.
    agenda: VecDeque<Work>,
    steps: u32,
    /// The instance is being started by a call activity, which sees itself whether it came to its end at once.
    called: bool,
    /// The code of an error that nobody in the instance caught.
    pub failed_with: Option<String>,
}

/// A token that is to be seen to, if it is still where it was.
struct Work {
    token: String,
    visit: i64,
    /// It has not arrived but is done.
    done: bool,
}

impl<'a> Run<'a> {
    /// Takes hold of a running instance.
    ///
    /// # Errors
    /// [`Error::Conflict`] `not_running`, `suspended`.
    pub(crate) async fn open(
        processes: &'a Processes,
        tx: &'a mut Tx,
        actor: &'a Actor,
        instance_id: &str,
    ) -> Result<Self> {
        let run = Self::open_suspended(processes, tx, actor, instance_id).await?;
        match run.instance.suspended_at {
            None => Ok(run),
            Some(_) => Err(Error::conflict("suspended", "流程已挂起，恢复后才能办理")),
        }
    }

    /// As [`Run::open`], suspended or not.
    pub(crate) async fn open_suspended(
        processes: &'a Processes,
        tx: &'a mut Tx,
        actor: &'a Actor,
        instance_id: &str,
    ) -> Result<Self> {
        let mut instance = Instance::lock(tx, instance_id).await?.ok_or(Error::NotFound)?;
        if instance.state != InstanceState::Running {
            return Err(Error::conflict("not_running", "流程已经办结，不能再处理"));
        }
        let expected = instance.revision;
        instance.revision += 1;
        instance.save(tx, expected).await?;
        let plan = processes.plan_of(tx, &instance).await?;
        let marking = instance.marking(tx).await?;
        Ok(Self::new(processes, tx, actor, plan, instance, marking))
    }

    pub(crate) fn new(
        processes: &'a Processes,
        tx: &'a mut Tx,
        actor: &'a Actor,
        plan: Arc<Plan>,
        instance: Instance,
        marking: Marking,
    ) -> Self {
        let now = processes.now();
        let (agenda, called) = (VecDeque::new(), instance.parent.is_some() && marking.visits == 0);
        Self {
            processes,
            tx,
            actor,
            plan,
            instance,
            marking,
            now,
            firing: None,
            skipping: None,
            acting_for: None,
            agenda,
            steps: 0,
            called,
            failed_with: None,
        }
    }

    /// Writes the instance; the last thing a command does. A call activity that waited for it goes on.
    pub(crate) async fn finish(mut self) -> Result<Instance> {
        self.flush().await?;
        if self.instance.state != InstanceState::Running && !self.called {
            self.give_back().await?;
        }
        Ok(self.instance)
    }

    async fn flush(&mut self) -> Result<()> {
        self.instance.visits = self.marking.visits;
        self.instance.save(self.tx, self.instance.revision).await
    }

    pub(crate) async fn note(&mut self, entry: Entry<'_>) -> Result<()> {
        self.instance.trail_seq += 1;
        let who = (self.actor, self.acting_for.as_ref());
        trail::add(self.tx, &self.instance.id, self.instance.trail_seq, who, self.now, entry).await
    }

    /// Lets an event happen: the core says what changes, every change is written, and what has moved is put down to
    /// be seen to by [`Run::settle`].
    pub(crate) fn happen<'r>(&'r mut self, event: &'r Event<'_>) -> Boxed<'r, ()> {
        Box::pin(self.happen_inner(event))
    }

    async fn happen_inner(&mut self, event: &Event<'_>) -> Result<()> {
        let changes = machine::step(&self.plan.graph, &self.marking, event, &mut new_id)
            .map_err(|illegal| Error::Internal(format!("{}: {illegal}", self.instance.id)))?;
        for change in &changes {
            self.write(change).await?;
            self.marking.apply(change);
            self.put_down(change);
        }
        Ok(())
    }

    fn put_down(&mut self, change: &Change) {
        let (token, done) = match change {
            Change::Placed(token) | Change::Moved { token, .. } => (&token.id, false),
            Change::Joined { token } => (token, false),
            Change::Done { token } => (token, true),
            Change::Removed { .. } | Change::Round { .. } | Change::Ended(_) => return,
        };
        if let Ok(token) = self.marking.token(token) {
            self.agenda.push_back(Work { token: token.id.clone(), visit: token.visit, done });
        }
    }

    pub(crate) fn still_there(&self, token: &str, visit: i64) -> bool {
        self.marking.token(token).is_ok_and(|token| token.visit == visit)
    }

    /// Merges variables; `null` removes one.
    pub(crate) fn merge(&mut self, vars: Object) -> Result<()> {
        for (name, value) in vars {
            if value.is_null() {
                self.instance.vars.shift_remove(&name);
            } else {
                self.instance.vars.insert(name, value);
            }
        }
        let bytes = serde_json::to_string(&self.instance.vars)?.len();
        if bytes > VARS_BYTES_MAX {
            return Err(Error::TooMuch { message: format!("流程变量超过 {VARS_BYTES_MAX} 字节") });
        }
        Ok(())
    }
}
