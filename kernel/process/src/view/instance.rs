use anju_records::Actor;
use anju_store::{Condition, Direction, Fetch};
use serde_json::{Map, Value, json};

use super::{opt_time, time};
use crate::commands::ADMINISTER;
use crate::plan::Plan;
use crate::rows::{Instance, InstanceState};
use crate::tables::{self, INSTANCE, INSTANCE_COLUMNS};
use crate::trail::{self, TrailKind, Written};
use crate::{Error, Processes, Result};

impl Processes {
    /// An instance with its history, the way it took, and what comes next.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none or the actor may not see its record.
    pub async fn instance(&self, actor: &Actor, id: &str) -> Result<Value> {
        let mut reader = self.reader();
        let instance = Instance::find(&mut reader, id).await?.ok_or(Error::NotFound)?;
        self.visible_record(actor, &instance.entity, &instance.record_id).await?;
        let plan = self.plan_of(&mut reader, &instance).await?;
        let marking = instance.marking(&mut reader).await?;
        let written = trail::of_instance(&mut reader, id).await?;
        let active: Vec<&str> = marking.tokens.iter().map(|token| token.element.as_str()).collect();
        let elements_of = |kind: TrailKind| {
            let mut found: Vec<&str> = Vec::new();
            for entry in written.iter().filter(|entry| entry.kind == kind) {
                if !found.contains(&entry.element.as_str()) {
                    found.push(&entry.element);
                }
            }
            found
        };
        let mut view = self.summary(&instance, &plan);
        let running = instance.state == InstanceState::Running;
        let (taken, visited) = (elements_of(TrailKind::Flow), elements_of(TrailKind::Entered));
        view.insert("active".to_owned(), json!(active));
        view.insert("taken".to_owned(), json!(taken));
        view.insert("visited".to_owned(), json!(visited));
        view.insert(
            "trail".to_owned(),
            written.iter().filter(|e| e.kind != TrailKind::Flow).map(entry).collect(),
        );
        view.insert("next".to_owned(), self.next(&plan, &active));
        view.insert("may_withdraw".to_owned(), json!(may_withdraw(actor, &instance, &plan)));
        let may_administer = running && actor.holds_right(&self.catalog(), ADMINISTER);
        view.insert("may_administer".to_owned(), json!(may_administer));
        view.insert("bpmn".to_owned(), json!(plan.definition.xml));
        Ok(Value::Object(view))
    }

    /// The instances of a record, latest first, without their history.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the actor may not see the record.
    pub async fn instances_of(&self, actor: &Actor, entity: &str, record_id: &str) -> Result<Vec<Value>> {
        self.visible_record(actor, entity, record_id).await?;
        let mut reader = self.reader();
        let select = tables::select(INSTANCE, INSTANCE_COLUMNS)
            .filter(Condition::eq(INSTANCE, "record_id", record_id))
            .filter(Condition::eq(INSTANCE, "entity", entity))
            .order_by("started_at", Direction::Descending)
            .order_by("id", Direction::Descending);
        let mut views = Vec::new();
        for row in &reader.fetch_all(&select).await? {
            let instance = Instance::read(row)?;
            let plan = self.plan_of(&mut reader, &instance).await?;
            let marking = instance.marking(&mut reader).await?;
            let mut view = self.summary(&instance, &plan);
            let active: Vec<&str> = marking.tokens.iter().map(|token| token.element.as_str()).collect();
            view.insert("active".to_owned(), json!(active));
            view.insert("may_withdraw".to_owned(), json!(may_withdraw(actor, &instance, &plan)));
            views.push(Value::Object(view));
        }
        Ok(views)
    }

    fn summary(&self, instance: &Instance, plan: &Plan) -> Map<String, Value> {
        let running = instance.state == InstanceState::Running;
        let summary = json!({
            "id": instance.id,
            "process": instance.process,
            "title": plan.definition.title,
            "entity": instance.entity,
            "record_id": instance.record_id,
            "record_display": instance.record_display,
            "state": instance.state.as_str(),
            "outcome": instance.outcome,
            "outcome_title": instance.outcome.as_deref().map(|end| plan.title(end)),
            "suspended": instance.suspended_at.is_some(),
            "started_at": time(instance.started_at),
            "started_by_name": instance.started_by_name,
            "ended_at": opt_time(instance.ended_at),
            "due_on": instance.due_on,
            "days_left": running.then(|| self.days_left(instance.due_on.as_deref())).flatten(),
            "warn_days": plan.definition.due.as_ref().map(|due| due.warn_days),
        });
        match summary {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The steps that may come after the active ones, with who does them.
    fn next(&self, plan: &Plan, active: &[&str]) -> Value {
        let catalog = self.catalog();
        let mut found: Vec<&str> = Vec::new();
        for element in active.iter().flat_map(|element| plan.graph.next_user_tasks(element)) {
            if !found.contains(&element.id.as_str()) {
                found.push(&element.id);
            }
        }
        let next = found.into_iter().filter_map(|id| {
            let step = plan.definition.steps.get(id)?;
            let title =
                |role: &String| catalog.role(role).map_or_else(|| role.clone(), |role| role.title.clone());
            let roles: Vec<String> = step.roles.iter().map(title).collect();
            Some(json!({"step": id, "title": step.title, "roles": roles}))
        });
        next.collect()
    }
}

fn may_withdraw(actor: &Actor, instance: &Instance, plan: &Plan) -> bool {
    let withdraw = plan.definition.withdraw.as_ref();
    instance.state == InstanceState::Running
        && instance.suspended_at.is_none()
        && withdraw.is_some_and(|withdraw| actor.roles.iter().any(|role| withdraw.roles.contains(role)))
}

fn entry(entry: &Written) -> Value {
    json!({
        "seq": entry.seq,
        "element": entry.element,
        "title": entry.title,
        "kind": entry.kind.as_str(),
        "at": time(entry.at),
        "actor_name": entry.actor_name,
        "outcome": entry.outcome,
        "outcome_title": entry.outcome_title,
        "opinion": entry.opinion,
        "detail": entry.detail,
    })
}
