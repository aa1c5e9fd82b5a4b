use anju_runtime::{
    Command, CommandContext, CommandOutcome,
    connectors::Reply,
    process::{Error, Result},
    records::{Object, Record},
};
use async_trait::async_trait;
use serde_json::{Value, json};

use crate::{
    case::{
        CASE, Person, VERIFICATION, all, change, conflict, create, equals, find, household, integer,
        required, scope_of,
    },
    commands::conclude::{ConcludeVerification, Findings},
};

/// The service task that waits for the answers.
const ELEMENT: &str = "verification";

/// Asks every outside system about every person of the household and lets the process wait (M026–M031).
pub struct StartVerification;

#[async_trait]
impl Command for StartVerification {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        let instance = instance_of(context)?;
        let round = latest_round(context, &case).await? + 1;
        for person in household(&case.values) {
            for source in sources_for(&case, &person) {
                let row = open_row(context, &case, &person, source, round).await?;
                ask(context, &row, &instance).await?;
            }
        }
        CommandOutcome::pending()
    }
}

/// Writes an answer, or the final failure, and wakes the process when it was the last one.
pub struct TakeAnswer;

#[async_trait]
impl Command for TakeAnswer {
    async fn run(&self, context: &mut CommandContext<'_>, values: Object) -> Result<CommandOutcome> {
        let id = required(&values, "verification")?.to_owned();
        let instance = required(&values, "instance")?.to_owned();
        let Some(row) = find(context, VERIFICATION, equals("id", id.clone())).await?.into_iter().next()
        else {
            return CommandOutcome::done();
        };
        let case_id = row.text("case").unwrap_or_default().to_owned();
        // Two last answers at the same moment must not each believe the other is missing.
        context.runtime.records.lock(context.tx, CASE, &case_id).await?;
        let now = json!(context.runtime.clock.now().to_string());
        match values.get("failure").and_then(Value::as_str) {
            Some(failure) => {
                let error: String = failure.chars().take(300).collect();
                change(context, VERIFICATION, &id, [("state", json!("failed")), ("error", json!(error))])
                    .await?;
            }
            None => {
                let answer = values.get("answer").cloned().unwrap_or(Value::Null);
                let findings = Findings::read(row.text("source").unwrap_or_default(), &answer);
                let changes = [
                    ("state", json!("answered")),
                    ("answered_at", now),
                    ("summary", json!(findings.summary)),
                    ("floor_area", findings.area.to_value()),
                    ("answer", findings.facts),
                    ("error", Value::Null),
                ];
                change(context, VERIFICATION, &id, changes).await?;
            }
        }
        if outstanding(context, &case_id, integer(&row, "round")).await? == 0 {
            all_answered(context, &case_id, &instance).await?;
        }
        CommandOutcome::done()
    }
}

/// Lets the waiting process go on; after a repeated check the conclusion is drawn anew for the caseworker who
/// is looking at it.
async fn all_answered(context: &mut CommandContext<'_>, case_id: &str, instance: &str) -> Result<()> {
    let mut on_case = CommandContext {
        runtime: context.runtime,
        tx: &mut *context.tx,
        actor: context.actor,
        entity: CASE,
        record_id: case_id,
        instance_id: Some(instance),
        element: Some(ELEMENT),
    };
    if on_case.record().await?.text("status") == Some("verification") {
        return context.runtime.processes.signal(context.tx, instance, ELEMENT, Object::new()).await;
    }
    ConcludeVerification.run(&mut on_case, Object::new()).await.map(|_| ())
}

/// Asks again where no answer was had.
pub struct RetryVerification;

#[async_trait]
impl Command for RetryVerification {
    async fn run(&self, context: &mut CommandContext<'_>, _values: Object) -> Result<CommandOutcome> {
        let case = context.record().await?;
        let round = latest_round(context, &case).await?;
        let failed =
            all([equals("case", case.id.clone()), equals("round", round), equals("state", "failed")]);
        let rows = find(context, VERIFICATION, failed).await?;
        if rows.is_empty() {
            return Err(conflict("nothing_to_retry", "没有需要重新核查的项"));
        }
        let running = context.runtime.processes.running_of(context.tx, CASE, &case.id).await?;
        let instance =
            running.into_iter().next().ok_or_else(|| conflict("no_process", "案件没有在办流程"))?;
        for row in rows {
            ask(context, &row, &instance).await?;
        }
        CommandOutcome::done()
    }
}

fn instance_of(context: &CommandContext<'_>) -> Result<String> {
    context
        .instance_id
        .map(str::to_owned)
        .ok_or_else(|| Error::Internal("verification runs inside a process".to_owned()))
}

/// Counter cases ask registry and public housing for the next day, online cases at once (M031). Marriage
/// and social insurance concern residents' ID numbers; insurance only the applicant.
fn sources_for(case: &Record, person: &Person) -> Vec<&'static str> {
    let online = matches!(case.text("channel"), Some("one_stop" | "mobile"));
    let mut sources = vec![if online { "registry_realtime" } else { "registry_batch" }, "public_housing"];
    if person.applicant {
        sources.extend(["marriage", "social_insurance"]);
    }
    sources
}

async fn latest_round(context: &mut CommandContext<'_>, case: &Record) -> Result<i64> {
    let rows = find(context, VERIFICATION, equals("case", case.id.clone())).await?;
    Ok(rows.iter().map(|row| integer(row, "round")).max().unwrap_or_default())
}

async fn open_row(
    context: &mut CommandContext<'_>,
    case: &Record,
    person: &Person,
    source: &str,
    round: i64,
) -> Result<Record> {
    let values = [
        ("case", json!(case.id)),
        ("person_name", json!(person.name)),
        ("id_no", json!(person.id_no)),
        ("source", json!(source)),
        ("round", json!(round)),
    ];
    create(context, VERIFICATION, values.into_iter().chain(scope_of(case))).await
}

/// Sends the question through the outbox; the answer comes back to [`TakeAnswer`].
async fn ask(context: &mut CommandContext<'_>, row: &Record, instance: &str) -> Result<()> {
    let operation = match row.text("source") {
        Some("registry_realtime") => "eligibility.registry.check_now",
        Some("registry_batch") => "eligibility.registry.submit_batch",
        Some("public_housing") => "eligibility.public_housing.check",
        Some("marriage") => "eligibility.marriage.query",
        _ => "eligibility.social_insurance.query",
    };
    let values = Object::from_iter([
        ("id_no".to_owned(), row.get("id_no").clone()),
        ("name".to_owned(), row.get("person_name").clone()),
    ]);
    let payload = json!({ "verification": row.id, "instance": instance });
    let reply = Reply { command: "eligibility.take_answer".to_owned(), payload };
    context.runtime.call(context.tx, operation, values, Some(reply)).await?;
    let now = json!(context.runtime.clock.now().to_string());
    let changes = [("state", json!("requested")), ("requested_at", now), ("error", Value::Null)];
    change(context, VERIFICATION, &row.id, changes).await
}

/// Questions of the round that have neither an answer nor a final failure.
async fn outstanding(context: &mut CommandContext<'_>, case: &str, round: i64) -> Result<usize> {
    let rows = find(context, VERIFICATION, all([equals("case", case), equals("round", round)])).await?;
    Ok(rows.iter().filter(|row| matches!(row.text("state"), Some("waiting" | "requested"))).count())
}
