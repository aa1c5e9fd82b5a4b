//! Who may do a task when it opens.

use anju_decisions::Expression;
use anju_definitions::{Candidates, Relation, Step};
use serde_json::Value;

use super::Run;
use crate::access::{account_key, not_key, role_at};
use crate::help::{HelpKind, helpers_of};
use crate::rows::{Task, TaskState};
use crate::task_rows::{self, Worker};
use crate::{Error, Result};

impl Run<'_> {
    /// Keys of those who may do a task, see [`crate::access`]. Each time of a countersigned step has its own.
    ///
    /// # Errors
    /// [`Error::Conflict`] `nobody_may` when they are to be found and there is nobody.
    pub(super) async fn candidates(
        &mut self,
        token: &str,
        element: &str,
        step: &Step,
    ) -> Result<Vec<String>> {
        let signer = match &step.countersign {
            Some(_) => self.item_of(token).await?,
            None => None,
        };
        let mut candidates = match signer {
            Some(signer) => keys(&signer),
            None => step.roles.clone(),
        };
        if candidates.is_empty() {
            candidates.clone_from(&step.roles);
        }
        for people in &step.candidates {
            candidates.extend(self.found(token, element, people).await?);
        }
        if self.plan.definition.correction.as_deref() == Some(element) {
            candidates.push(account_key(&self.instance.started_by));
        }
        candidates.sort();
        candidates.dedup();
        match candidates.is_empty() {
            true => Err(Error::conflict("nobody_may", format!("环节“{}”没有可以办理的人", step.title))),
            false => Ok(candidates),
        }
    }

    async fn found(&mut self, token: &str, element: &str, people: &Candidates) -> Result<Vec<String>> {
        if let Some(list) = &people.list {
            return Ok(keys(&self.value_at(token, element, list).await?));
        }
        let place = match (&people.district, people.at) {
            (Some(district), _) => match self.value_at(token, element, district).await? {
                Value::String(code) => Some(code),
                _ => None,
            },
            (None, Some(relation)) => self.organisation(people.of.as_deref(), relation).await?,
            (None, None) => None,
        };
        let Some(place) = place else { return Ok(Vec::new()) };
        Ok(people.roles.iter().map(|role| role_at(role, &place)).collect())
    }

    async fn organisation(&mut self, of: Option<&str>, relation: Relation) -> Result<Option<String>> {
        let handlers = match of {
            Some(step) => {
                task_rows::latest_worker(self.tx, &self.instance.id, step).await?.and_then(|one| one.org)
            }
            None => self.instance.started_org.clone(),
        };
        match (handlers, relation) {
            (Some(org), Relation::Superior) => self.processes.above(self.tx, &org).await,
            (org, _) => Ok(org),
        }
    }

    async fn value_at(&mut self, token: &str, element: &str, source: &str) -> Result<Value> {
        let scene = self.scene(Some(token)).await?;
        let source = source.strip_prefix('=').unwrap_or(source);
        let value = Expression::compile(source).and_then(|expression| expression.evaluate(&scene));
        value.map_err(|cause| Error::expression(element, cause))
    }

    /// Accounts that may not do a step since they had part in the one it checks: whoever completed it, the absent one
    /// for whom, and whoever did it as a delegate.
    pub(super) async fn makers(&mut self, step: &Step) -> Result<Vec<String>> {
        let Some(checked) = &step.not_by else { return Ok(Vec::new()) };
        let Some(worker) = task_rows::latest_worker(self.tx, &self.instance.id, checked).await? else {
            return Ok(Vec::new());
        };
        let Worker { task_id, account, acted_for, .. } = worker;
        let mut makers = vec![account];
        makers.extend(acted_for);
        let made = Task::find(self.tx, &task_id).await?;
        for helper in helpers_of(self.tx, &made.ok_or(Error::NotFound)?).await? {
            let delegate = helper.help.is_some_and(|help| help.kind == HelpKind::Delegate);
            let did_it = delegate && helper.state == TaskState::Done;
            makers.extend(
                helper.assignee.into_iter().chain(helper.acted_for.map(|(id, _)| id)).filter(|_| did_it),
            );
        }
        Ok(makers)
    }
}

/// Candidates as an expression gives them.
fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::String(key) => vec![key.clone()],
        Value::Array(keys) => keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// What keeps them away from a task that has them as first of the excluded: see [`crate::access`].
pub(super) fn kept_away(makers: &[String]) -> impl Iterator<Item = String> {
    makers.iter().skip(1).map(|account| not_key(account))
}
