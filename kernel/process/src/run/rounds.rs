//! Activities that are done several times: once for each item of a list, or for each who signs (会签).

use anju_decisions::Expression;
use anju_definitions::{Countersign, CountersignRule};
use anju_store::{ColumnKind, Fetch, Select, SqlValue};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Run, write::this};
use crate::bpmn::Repeat;
use crate::machine::{Event, Round, Token};
use crate::tables::TOKEN;
use crate::{Error, Result};

/// How often an activity is done at most.
const TIMES_MAX: usize = 500;

/// What each time of a repeated activity is about, and what came of those that are done.
#[derive(Debug, Default)]
struct Tally {
    items: Vec<Value>,
    outcomes: IndexMap<String, i64>,
}

impl Run<'_> {
    /// A token has come to a repeated activity.
    pub(super) async fn repeat(
        &mut self,
        token: &str,
        visit: i64,
        element: &str,
        repeat: &Repeat,
    ) -> Result<()> {
        let plan = self.plan.clone();
        let signers = plan.definition.steps.get(element).and_then(|step| step.countersign.as_ref());
        let scene = self.scene(Some(token)).await?;
        let items = items(repeat, signers.and_then(|rule| rule.each.as_ref()), &scene)
            .map_err(|cause| Error::expression(element, cause))?;
        if items.is_empty() {
            let flows = self.flows(&self.token(token)?).await?;
            return self.happen(&Event::Leave { token, flows: &flows }).await;
        }
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let sets: Vec<(&str, SqlValue)> = vec![("items", Value::Array(items).to_string().into())];
        self.tx.update(TOKEN, sets, this(token)).await?;
        self.await_boundary(token, visit, element).await?;
        self.happen(&Event::Repeat { token, total }).await
    }

    /// One time is done. What it came to is counted; it may be that the others are not needed.
    pub(super) async fn item_done(&mut self, token: &Token) -> Result<()> {
        let body = self.body_of(token)?;
        let mut tally = self.tally(&body.id).await?;
        let outcome = self.instance.vars.get("outcome").and_then(Value::as_str).map(str::to_owned);
        let plan = self.plan.clone();
        let signs = plan.definition.steps.get(&token.element).and_then(|step| step.countersign.as_ref());
        if let (Some(outcome), true) = (outcome, plan.definition.steps.contains_key(&token.element)) {
            *tally.outcomes.entry(outcome).or_default() += 1;
            let sets: Vec<(&str, SqlValue)> = vec![("outcomes", json!(tally.outcomes).to_string().into())];
            self.tx.update(TOKEN, sets, this(&body.id)).await?;
        }
        let round = body.round.unwrap_or_default();
        let done = Round { done: round.done + 1, ..round };
        let decided = signs.and_then(|rule| decided(rule, done, &tally.outcomes));
        if let (Some(passed), Some(rule)) = (decided, signs) {
            let outcome = if passed { &rule.pass } else { &rule.fail };
            let told = json!({ "outcome": outcome, "outcomes": tally.outcomes });
            self.merge(told.as_object().cloned().unwrap_or_default())?;
        }
        let complete = decided.is_some() || self.is_enough(token, done, &tally).await?;
        self.happen(&Event::ItemDone { token: &token.id, complete }).await
    }

    /// Whether the activity's own condition says that it is done with.
    async fn is_enough(&mut self, token: &Token, round: Round, tally: &Tally) -> Result<bool> {
        let plan = self.plan.clone();
        let repeat = plan.graph.element(&token.element).and_then(|element| element.repeat.as_ref());
        let Some(source) = repeat.and_then(|repeat| repeat.until.as_ref()) else { return Ok(false) };
        let mut scene = self.scene(None).await?;
        tell_of_round(&mut scene, token.item.unwrap_or_default(), round, tally);
        let failed = |cause: anju_decisions::Error| Error::expression(&token.element, cause);
        Expression::compile(source).map_err(failed)?.is_true(&scene).map_err(failed)
    }

    /// What expressions see where a token stands: as [`crate::Processes::scene`], and within a repeated activity
    /// `item`, `loopCounter`, `nrOfInstances`, `nrOfCompletedInstances`, `nrOfActiveInstances`, `outcomes`.
    pub(crate) async fn scene(&mut self, token: Option<&str>) -> Result<Value> {
        let mut scene = self.processes.scene(self.tx, &self.instance).await?;
        if let Some((item, round, tally)) = self.round_of(token).await? {
            tell_of_round(&mut scene, item, round, &tally);
        }
        Ok(scene)
    }

    /// What the time of a repeated activity that a token is part of is about.
    pub(crate) async fn item_of(&mut self, token: &str) -> Result<Option<Value>> {
        let round = self.round_of(Some(token)).await?;
        Ok(round.map(|(item, _, tally)| tally.item(item)))
    }

    async fn round_of(&mut self, token: Option<&str>) -> Result<Option<(i64, Round, Tally)>> {
        let mut at = token.map(|token| self.token(token)).transpose()?;
        while let Some(token) = at {
            if let Some(item) = token.item {
                let body = self.body_of(&token)?;
                let tally = self.tally(&body.id).await?;
                return Ok(Some((item, body.round.unwrap_or_default(), tally)));
            }
            at = token.parent.as_deref().map(|parent| self.token(parent)).transpose()?;
        }
        Ok(None)
    }

    fn body_of(&self, token: &Token) -> Result<Token> {
        let parent = token.parent.as_deref();
        self.token(parent.ok_or_else(|| Error::Internal(format!("{} is no part of a round", token.id)))?)
    }

    pub(crate) fn token(&self, id: &str) -> Result<Token> {
        self.marking.token(id).cloned().map_err(|illegal| Error::Internal(illegal.0))
    }

    async fn tally(&mut self, body: &str) -> Result<Tally> {
        let select = Select::from(TOKEN)
            .column("items", ColumnKind::Text)
            .column("outcomes", ColumnKind::Text)
            .filter(this(body));
        let Some(row) = self.tx.fetch_optional(&select).await? else { return Ok(Tally::default()) };
        Ok(Tally {
            items: row.opt_text(0)?.map(serde_json::from_str).transpose()?.unwrap_or_default(),
            outcomes: row.opt_text(1)?.map(serde_json::from_str).transpose()?.unwrap_or_default(),
        })
    }
}

impl Tally {
    fn item(&self, number: i64) -> Value {
        usize::try_from(number).ok().and_then(|at| self.items.get(at)).cloned().unwrap_or(Value::Null)
    }
}

fn tell_of_round(scene: &mut Value, item: i64, round: Round, tally: &Tally) {
    let told = json!({
        "item": tally.item(item),
        "loopCounter": item,
        "nrOfInstances": round.total,
        "nrOfCompletedInstances": round.done,
        "nrOfActiveInstances": round.begun - round.done,
        "outcomes": tally.outcomes,
    });
    if let (Some(scene), Value::Object(told)) = (scene.as_object_mut(), told) {
        scene.extend(told);
    }
}

/// What an activity is done for, once each.
fn items(repeat: &Repeat, signers: Option<&Value>, scene: &Value) -> Result<Vec<Value>, String> {
    let evaluate = |source: &str| {
        let expression = Expression::compile(source).map_err(|cause| cause.to_string())?;
        expression.evaluate(scene).map_err(|cause| cause.to_string())
    };
    let list = match (signers, &repeat.each, &repeat.times) {
        (Some(Value::String(text)), ..) => evaluate(text.strip_prefix('=').unwrap_or(text))?,
        (Some(list), ..) => list.clone(),
        (None, Some(each), _) => evaluate(each)?,
        (None, None, Some(times)) => {
            let times = evaluate(times)?;
            let count = times
                .as_u64()
                .or_else(|| times.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64));
            let count = count.ok_or_else(|| format!("次数应为整数，不是 {times}"))?;
            Value::Array((0..count.min(TIMES_MAX as u64 + 1)).map(Value::from).collect())
        }
        (None, None, None) => return Err("没有写明次数或集合".into()),
    };
    match list {
        Value::Array(items) if items.len() <= TIMES_MAX => Ok(items),
        Value::Array(items) => Err(format!("共 {} 项，超过 {TIMES_MAX} 项", items.len())),
        Value::Null => Ok(Vec::new()),
        other => Err(format!("应为列表，不是 {other}")),
    }
}

/// What the signers have come to; `None` while it is open.
fn decided(rule: &Countersign, round: Round, outcomes: &IndexMap<String, i64>) -> Option<bool> {
    let agreed = outcomes.get(&rule.pass).copied().unwrap_or_default();
    let open = round.total - round.done;
    if rule.all_opinions && open > 0 {
        return None;
    }
    let needed = match rule.rule {
        CountersignRule::All => round.total,
        CountersignRule::Any => 1,
        CountersignRule::Vote => round.total / 2 + 1,
        // A share of 0.1 of 30 is 3, though 0.1 is a little more than a tenth.
        CountersignRule::Share => {
            let needed = rule.share.unwrap_or(1.0) * round.total as f64;
            ((needed - 1e-9).ceil() as i64).clamp(1, round.total)
        }
    };
    if agreed >= needed {
        return Some(true);
    }
    (agreed + open < needed).then_some(false)
}
