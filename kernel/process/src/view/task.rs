use anju_records::{Actor, Record};
use serde_json::{Value, json};

use super::ways::helper_outcomes;
use super::{opt_time, time};
use crate::commands::{STARTER, target, why_not};
use crate::plan::Plan;
use crate::rows::{Instance, Task};
use crate::{Error, Processes, Result, access, form, task_rows};

impl Processes {
    /// One task; with what its form, outcomes and ways back are while it is open.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none or the actor may not see its record.
    pub async fn task(&self, actor: &Actor, id: &str) -> Result<Value> {
        let mut reader = self.reader();
        let task = Task::find(&mut reader, id).await?.ok_or(Error::NotFound)?;
        let candidates = task_rows::candidates(&mut reader, id).await?;
        let hands = self.hands(&mut reader, actor).await?;
        let record = match self.visible_record(actor, &task.entity, &task.record_id).await {
            Ok(record) => Some(record),
            // Whom a task is given to by name, or who stands in for another, need not see the record itself.
            Err(Error::NotFound) if access::may_take(&hands, &task, &candidates).is_ok() => None,
            Err(error) => return Err(error),
        };
        let plan = self.plans().of_version(&mut reader, &task.process, &task.definition_version).await?;
        let mut view = self.task_row(&task, &plan);
        if let Value::Object(view) = &mut view {
            view.extend(self.ways_of(&mut reader, actor, &task, &plan).await?);
        }
        if !task.state.is_open() {
            return Ok(view);
        }
        let instance = Instance::find(&mut reader, &task.instance_id).await?.ok_or(Error::NotFound)?;
        let may = match instance.suspended_at {
            None => access::may_finish(&hands, &task, &candidates).map(drop),
            Some(_) => Err(Error::conflict("suspended", "流程已挂起，恢复后才能办理")),
        };
        // Expressions see the record in clear, as they will when the task is completed.
        let system = Actor::system("流程");
        let clear = self.records().read(&system, &task.entity, &task.record_id).await?;
        let scene = self.scene_with(&instance, Some(&clear.values))?;
        let step = plan.step(&task.step)?;
        let failed = |cause: anju_decisions::Error| Error::expression(&task.step, cause);
        let mut outcomes = Vec::with_capacity(step.outcomes.len());
        for (key, outcome) in &step.outcomes {
            let why_not = why_not(outcome, &scene).map_err(failed)?;
            outcomes.push(json!({
                "key": key, "title": outcome.title, "negative": outcome.negative,
                "opinion_required": outcome.opinion_required, "allowed": why_not.is_none(), "why_not": why_not,
            }));
        }
        let mut return_to = Vec::new();
        for key in step.return_to.iter().filter(|_| task.help.is_none()) {
            let target = target(&plan, key);
            if key == STARTER || task_rows::was_open(&mut reader, &task.instance_id, target).await? {
                return_to.push(json!({"step": key, "title": plan.title(target)}));
            }
        }
        let outcomes = helper_outcomes(&task, &plan)?.unwrap_or(Value::Array(outcomes));
        let form = match task.help {
            None => self.form_view(&task, &plan, &scene, record.as_ref())?,
            Some(_) => json!([]),
        };
        let Value::Object(object) = &mut view else { return Ok(view) };
        object.insert("outcomes".to_owned(), outcomes);
        object.insert("form".to_owned(), form);
        object.insert("return_to".to_owned(), Value::Array(return_to));
        object.insert("may_claim".to_owned(), json!(access::may_take(&hands, &task, &candidates).is_ok()));
        object.insert("suspended".to_owned(), json!(instance.suspended_at.is_some()));
        object.insert("may_complete".to_owned(), json!(may.is_ok()));
        object.insert("why_not".to_owned(), json!(may.err().map(|error| error.to_string())));
        Ok(view)
    }

    fn form_view(&self, task: &Task, plan: &Plan, scene: &Value, record: Option<&Record>) -> Result<Value> {
        let catalog = self.catalog();
        let mut fields = Vec::new();
        for (name, field) in &plan.step(&task.step)?.form {
            let definition = form::definition(&catalog, &task.entity, name, field);
            let default = match &field.default {
                Some(Value::String(text)) if text.starts_with('=') => {
                    let value = anju_decisions::evaluate(&text[1..], scene);
                    value.map_err(|cause| Error::expression(&task.step, cause))?
                }
                Some(value) => value.clone(),
                // What the record has already is where the caseworker starts from.
                None if field.variable.is_none() => {
                    record.map_or(Value::Null, |record| record.get(name).clone())
                }
                None => {
                    field.variable.as_ref().and_then(|field| field.default.clone()).unwrap_or(Value::Null)
                }
            };
            fields.push(json!({
                "name": name, "required": field.required, "outcomes": field.outcomes,
                "length_min": field.length_min, "default": default, "variable": field.variable.is_some(),
                "field": definition,
            }));
        }
        Ok(Value::Array(fields))
    }

    /// The record, when the actor may see it.
    pub(crate) async fn visible_record(
        &self,
        actor: &Actor,
        entity: &str,
        record_id: &str,
    ) -> Result<Record> {
        match self.records().read(actor, entity, record_id).await {
            Ok(record) => Ok(record),
            Err(anju_records::Error::Forbidden { .. } | anju_records::Error::NotFound) => {
                Err(Error::NotFound)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A task as work lists show it.
    pub(crate) fn task_row(&self, task: &Task, plan: &Plan) -> Value {
        let step = plan.definition.steps.get(&task.step);
        let days_left = task.state.is_live().then(|| self.days_left(task.due_on.as_deref())).flatten();
        json!({
            "id": task.id,
            "instance_id": task.instance_id,
            "process": task.process,
            "process_title": plan.definition.title,
            "step": task.step,
            "title": task.title,
            "state": task.state.as_str(),
            "entity": task.entity,
            "record_id": task.record_id,
            "record_display": task.record_display,
            "assignee": task.assignee,
            "assignee_name": task.assignee_name,
            "claim": task.claim,
            "created_at": time(task.created_at),
            "due_on": task.due_on,
            "days_left": days_left,
            "warn_days": step.and_then(|step| step.due.as_ref()).map(|due| due.warn_days),
            "completed_at": opt_time(task.completed_at),
            "outcome": task.outcome,
            "outcome_title": task.outcome_title,
            "opinion": task.opinion,
            "acted_for_name": task.acted_for.as_ref().map(|(_, name)| name),
            "helps": task.help.as_ref().map(|help| help.of.as_str()),
            "help_kind": task.help.as_ref().map(|help| help.kind.as_str()),
            "asked_by_name": task.help.as_ref().map(|help| help.asked_by_name.as_str()),
            "asked_why": task.help.as_ref().and_then(|help| help.why.as_deref()),
            "urged_on": task.urged.as_ref().map(|(day, _)| day),
            "urges": task.urged.as_ref().map_or(0, |(_, times)| *times),
            "help": step.and_then(|step| step.help.as_deref()),
            "page": step.and_then(|step| step.page.as_deref()),
        })
    }
}
