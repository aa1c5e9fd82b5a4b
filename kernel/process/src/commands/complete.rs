use anju_decisions::Expression;
use anju_definitions::{Outcome, Step};
use anju_records::{Actor, CONFIRM_KEY, Confirm, FieldError, Object};
use anju_store::{Condition, Fetch, Tx};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Held, advise, hold, too_long};
use crate::form::{self, Answers};
use crate::rows::{Task, TaskState};
use crate::run::Run;
use crate::tables::{self, TASK, TASK_COLUMNS};
use crate::trail::{Entry, TrailKind};
use crate::{Error, Processes, Result, task_rows};

/// What a caseworker hands in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// Key of the outcome.
    pub outcome: String,
    #[serde(default)]
    pub opinion: Option<String>,
    /// What was filled in, by name.
    #[serde(default)]
    pub data: Object,
    /// Version of the record the decision was made on; a newer one refuses the completion.
    #[serde(default)]
    pub record_version: Option<i64>,
    /// Rules of the record that the caseworker confirms.
    #[serde(default)]
    pub confirm: Vec<Confirm>,
}

impl Processes {
    /// Completes a task and carries the process on.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault of the form, the opinion and the outcome; [`Error::Conflict`]
    /// `task_not_open`, `not_claimed`, `task_claimed`, `changed`; [`Error::Stale`]; [`Error::Forbidden`].
    pub async fn complete(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        task_id: &str,
        completion: Completion,
    ) -> Result<()> {
        let mut held = hold(self, tx, actor, task_id).await?;
        held.may_finish()?;
        let Held { run, task, .. } = held;
        match &task.help {
            Some(help) => advise::advise(run, &task, help, completion).await,
            None => finish(run, task, completion).await,
        }
    }

    /// Completes the open task of a step of the record's running process, as the platform.
    ///
    /// # Errors
    /// [`Error::Conflict`] `task_not_open` when there is none; those of [`Processes::complete`].
    pub async fn complete_step(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        record_id: &str,
        step: &str,
        outcome: &str,
    ) -> Result<()> {
        let select = tables::select(TASK, TASK_COLUMNS)
            .filter(Condition::eq(TASK, "record_id", record_id))
            .filter(Condition::eq(TASK, "entity", entity))
            .filter(Condition::eq(TASK, "step", step))
            .filter(Condition::IsNull(anju_store::ColumnRef::new(TASK, "helps")))
            .filter(Condition::NotNull(anju_store::ColumnRef::new(TASK, "open_token")));
        let task = tx.fetch_optional(&select).await?.as_ref().map(Task::read).transpose()?;
        let task = task.ok_or_else(task_rows::not_open)?;
        let system = actor.on_behalf();
        let completion = Completion { outcome: outcome.to_owned(), ..Completion::default() };
        self.complete(tx, &system, &task.id, completion).await
    }
}

async fn finish(mut run: Run<'_>, task: Task, completion: Completion) -> Result<()> {
    let plan = run.plan.clone();
    let step = plan.step(&task.step)?;
    let opinion = completion.opinion.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let scene = run.scene(Some(&task.token_id)).await?;

    let mut errors = Vec::new();
    let outcome = check_outcome(step, &completion.outcome, &scene, &mut errors)?;
    if outcome.is_some_and(|outcome| outcome.opinion_required) && opinion.is_none() {
        errors.push(FieldError::new("opinion", "required", "请填写意见"));
    }
    errors.extend(opinion.and_then(|text| too_long("opinion", text)));
    let catalog = run.processes.catalog();
    let answers =
        form::check(&catalog, &task.entity, step, &completion.outcome, &completion.data, &mut errors);
    write_record(&mut run, &task, &answers, &completion, &mut errors).await?;
    let (Some(outcome), true) = (outcome, errors.is_empty()) else { return Err(Error::Invalid(errors)) };

    let mut more = run.worker();
    more.extend([
        ("outcome", completion.outcome.as_str().into()),
        ("outcome_title", outcome.title.as_str().into()),
        ("opinion", opinion.into()),
    ]);
    task_rows::close(run.tx, &task.id, TaskState::Done, run.now, more).await?;
    let visit = run.marking.token(&task.token_id).map_or(0, |token| token.visit);
    let entry = Entry {
        token: Some((&task.token_id, visit)),
        outcome: Some((&completion.outcome, &outcome.title)),
        opinion,
        ..Entry::new(TrailKind::Completed, &task.step, step.title.clone())
    };
    run.note(entry).await?;

    let mut vars = answers.variables.clone();
    vars.insert("outcome".to_owned(), Value::from(completion.outcome.as_str()));
    run.merge(vars)?;
    let mut input = answers.variables;
    input.extend(answers.record);
    let alive = run.effects(&task.token_id, &task.step, &input, &outcome.effects).await?.is_some();
    if alive && run.still_there(&task.token_id, visit) && !advise::signers_follow(&mut run, &task).await? {
        run.done(&task.token_id).await?;
    }
    run.settle().await?;
    run.finish().await.map(drop)
}

/// The outcome, when there is one of this key; whether it is allowed now goes to the errors.
fn check_outcome<'a>(
    step: &'a Step,
    key: &str,
    scene: &Value,
    errors: &mut Vec<FieldError>,
) -> Result<Option<&'a Outcome>> {
    let Some(outcome) = step.outcomes.get(key) else {
        errors.push(FieldError::new("outcome", "choice", "请选择办理结果"));
        return Ok(None);
    };
    if let Some(why_not) = why_not(outcome, scene).map_err(|cause| Error::expression(&step.title, cause))? {
        errors.push(FieldError::new("outcome", "not_allowed", why_not));
    }
    Ok(Some(outcome))
}

/// Why an outcome is not offered now; `None` when it is.
pub(crate) fn why_not(outcome: &Outcome, scene: &Value) -> Result<Option<String>, anju_decisions::Error> {
    let Some(when) = &outcome.when else { return Ok(None) };
    if Expression::compile(when)?.is_true(scene)? {
        return Ok(None);
    }
    let otherwise = outcome.otherwise.clone();
    Ok(Some(otherwise.unwrap_or_else(|| format!("当前不能选择“{}”", outcome.title))))
}

/// Writes the answers that are the record's own fields, as the platform in the caseworker's name: steps may
/// ask for fields that only processes set. The record's own faults join the others.
async fn write_record(
    run: &mut Run<'_>,
    task: &Task,
    answers: &Answers,
    completion: &Completion,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let version = completion.record_version;
    let (records, system) = (run.processes.records(), run.actor.on_behalf());
    if answers.record.is_empty() {
        let Some(version) = version else { return Ok(()) };
        let current = records.read_in(run.tx, &system, &task.entity, &task.record_id).await?.version;
        return if current == version { Ok(()) } else { Err(Error::Stale { current }) };
    }
    let why = format!("办理“{}”", task.title);
    let mut changes = answers.record.clone();
    if !run.actor.is_system() {
        // It is the caseworker who decides, though the platform writes.
        changes.insert(CONFIRM_KEY.to_owned(), json!(completion.confirm));
    }
    match records.patch(run.tx, &system, &task.entity, &task.record_id, version, changes, Some(&why)).await {
        Ok(_) => Ok(()),
        Err(anju_records::Error::Invalid(faults)) => {
            let new: Vec<FieldError> = faults
                .into_iter()
                .filter(|fault| !errors.iter().any(|known| known.field == fault.field))
                .collect();
            errors.extend(new);
            Ok(())
        }
        Err(anju_records::Error::Unconfirmed(_)) if !errors.is_empty() => Ok(()),
        Err(error) => Err(error.into()),
    }
}
