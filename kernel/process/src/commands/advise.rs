//! What those say who were asked to help with a task, and what follows.

use anju_definitions::Step;
use anju_records::FieldError;
use serde_json::Value;

use super::{Completion, too_long};
use crate::help::{self, Help, HelpKind, live_helpers_of};
use crate::rows::{Task, TaskState};
use crate::run::Run;
use crate::trail::{Entry, TrailKind};
use crate::{Error, Result, task_rows};

/// What a signer may come to, by key and title. It binds nobody: it is an opinion.
pub(crate) const AGREE: (&str, &str) = ("agree", "同意");
pub(crate) const DISAGREE: (&str, &str) = ("disagree", "不同意");

/// Takes down an opinion. The task it is for goes on when it was the last one it waits for.
pub(super) async fn advise(mut run: Run<'_>, task: &Task, help: &Help, completion: Completion) -> Result<()> {
    let plan = run.plan.clone();
    let (outcome, opinion) = checked(plan.step(&task.step)?, help.kind, &completion)?;
    let mut more = run.worker();
    more.extend([
        ("outcome", completion.outcome.as_str().into()),
        ("outcome_title", outcome.as_str().into()),
        ("opinion", opinion.into()),
    ]);
    task_rows::close(run.tx, &task.id, TaskState::Done, run.now, more).await?;
    let visit = run.token(&task.token_id)?.visit;
    let entry = Entry {
        token: Some((&task.token_id, visit)),
        outcome: Some((&completion.outcome, &outcome)),
        opinion: Some(opinion),
        ..Entry::new(TrailKind::Advised, &task.step, task.title.clone())
    };
    run.note(entry).await?;
    let helped = Task::find(run.tx, &help.of).await?.ok_or(Error::NotFound)?;
    go_on(&mut run, &helped).await?;
    run.settle().await?;
    run.finish().await.map(drop)
}

/// The title of the outcome, and the opinion.
fn checked<'c>(step: &Step, kind: HelpKind, completion: &'c Completion) -> Result<(String, &'c str)> {
    let key = completion.outcome.as_str();
    let outcome = match kind {
        HelpKind::Delegate => step.outcomes.get(key).map(|outcome| outcome.title.clone()),
        _ => {
            [AGREE, DISAGREE].into_iter().find(|(known, _)| *known == key).map(|(_, title)| title.to_owned())
        }
    };
    let opinion = completion.opinion.as_deref().unwrap_or_default().trim();
    let mut errors = Vec::new();
    if outcome.is_none() {
        errors.push(FieldError::new("outcome", "choice", "请选择办理结果"));
    }
    if opinion.is_empty() {
        errors.push(FieldError::new("opinion", "required", "请填写意见"));
    }
    errors.extend(too_long("opinion", opinion));
    for name in completion.data.keys() {
        errors.push(FieldError::new(name, "unknown", "委派和加签只填写结果和意见，填写项由原办理人填写"));
    }
    match (outcome, errors.is_empty()) {
        (Some(outcome), true) => Ok((outcome, opinion)),
        _ => Err(Error::Invalid(errors)),
    }
}

/// The task goes on, or the case does, when nobody is waited for any more.
async fn go_on(run: &mut Run<'_>, helped: &Task) -> Result<()> {
    let waited_for = |kind: HelpKind| match helped.state {
        TaskState::Waiting => matches!(kind, HelpKind::Delegate | HelpKind::Before),
        _ => kind == HelpKind::After,
    };
    let live = live_helpers_of(run.tx, helped).await?;
    if live.iter().filter_map(|helper| helper.help.as_ref()).any(|help| waited_for(help.kind)) {
        return Ok(());
    }
    match helped.state {
        TaskState::Waiting => help::set_state(run.tx, &helped.id, TaskState::Claimed, None).await,
        TaskState::Done => {
            // Other branches may have come to something else meanwhile.
            let outcome = helped.outcome.as_deref().map_or(Value::Null, Value::from);
            run.merge([("outcome".to_owned(), outcome)].into_iter().collect())?;
            run.done(&helped.token_id).await
        }
        _ => Ok(()),
    }
}

/// A task was completed: opens those that are signed after it. Whether there are any. The platform waits for nobody.
pub(super) async fn signers_follow(run: &mut Run<'_>, task: &Task) -> Result<bool> {
    let mut follow = false;
    for helper in live_helpers_of(run.tx, task).await? {
        if run.actor.is_system() {
            task_rows::close(run.tx, &helper.id, TaskState::Cancelled, run.now, Vec::new()).await?;
            run.note(Entry::new(TrailKind::Cancelled, &helper.step, helper.title)).await?;
        } else {
            help::set_state(run.tx, &helper.id, TaskState::Claimed, None).await?;
            follow = true;
        }
    }
    Ok(follow)
}
