//! What a task's view tells of those who help it, and of what may be done with it besides completing.

use anju_records::Actor;
use anju_store::Fetch;
use serde_json::{Map, Value, json};

use super::opt_time;
use crate::commands::{AGREE, DISAGREE};
use crate::help::{HelpKind, helpers_of};
use crate::plan::Plan;
use crate::rows::{Task, TaskState};
use crate::{Processes, Result};

impl Processes {
    /// For the view of a task: who was asked and what they said, standard opinions.
    pub(super) async fn ways_of(
        &self,
        from: &mut impl Fetch,
        actor: &Actor,
        task: &Task,
        plan: &Plan,
    ) -> Result<Map<String, Value>> {
        let helpers = helpers_of(from, task).await?;
        let (copies, helpers): (Vec<&Task>, Vec<&Task>) =
            helpers.iter().partition(|helper| kind(helper) == Some(HelpKind::Copy));
        let copies = copies.into_iter().map(|copy| {
            let read_at = opt_time(copy.completed_at.filter(|_| copy.state == TaskState::Read));
            json!({ "to_name": copy.assignee_name, "read_at": read_at })
        });
        let step = plan.definition.steps.get(&task.step);
        let view = json!({
            "helpers": helpers.into_iter().map(helper_view).collect::<Vec<_>>(),
            "copies": copies.collect::<Vec<_>>(),
            "opinions": {
                "step": step.map(|step| step.opinions.as_slice()).unwrap_or_default(),
                "own": self.opinions(actor).await?,
            },
        });
        Ok(match view {
            Value::Object(view) => view,
            _ => Map::new(),
        })
    }
}

/// The outcomes of a task that helps another; `None` for a step's own task.
pub(super) fn helper_outcomes(task: &Task, plan: &Plan) -> Result<Option<Value>> {
    let Some(kind) = kind(task) else { return Ok(None) };
    let outcome = |key: &str, title: &str| {
        json!({
            "key": key, "title": title, "negative": key == DISAGREE.0, "opinion_required": true, "allowed": true,
            "why_not": null,
        })
    };
    Ok(Some(match kind {
        HelpKind::Delegate => {
            plan.step(&task.step)?.outcomes.iter().map(|(key, it)| outcome(key, &it.title)).collect()
        }
        _ => [AGREE, DISAGREE].into_iter().map(|(key, title)| outcome(key, title)).collect(),
    }))
}

fn kind(task: &Task) -> Option<HelpKind> {
    task.help.as_ref().map(|help| help.kind)
}

fn helper_view(helper: &Task) -> Value {
    json!({
        "kind": kind(helper).map(HelpKind::as_str),
        "name": helper.assignee_name,
        "state": helper.state.as_str(),
        "outcome": helper.outcome,
        "outcome_title": helper.outcome_title,
        "opinion": helper.opinion,
        "asked_by_name": helper.help.as_ref().map(|help| help.asked_by_name.as_str()),
        "asked_why": helper.help.as_ref().and_then(|help| help.why.as_deref()),
        "completed_at": opt_time(helper.completed_at),
    })
}
