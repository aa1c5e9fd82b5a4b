//! Rules over other records: what the change would stand beside.

use std::collections::{BTreeSet, HashMap};

use anju_definitions::{Expected, FieldTest, Filter, FilterOp};
use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Select, Tx};
use jiff::civil::Date;
use serde_json::Value;

use super::{
    broken::{Broken, seen},
    draft::{Draft, JudgedRow},
    known::Known,
    references::visible_ids,
};
use crate::{
    Actor, Change, Error, FieldError, Object, Records, Result,
    access::may_show,
    expression::Scene,
    plan::{EntityPlan, Judgement, Others, Plans, RulePlan, with_operands},
    search::{Joins, own_filter},
};

/// Most records that a message may choose one from to name.
const NAMED_MAX: usize = 20;

/// A rule that has to be asked of the database.
struct Question<'d> {
    row: JudgedRow<'d>,
    rule: &'d RulePlan,
    others: &'d Others,
    filter: Filter,
    /// What the row gives the rule to look at.
    seen: Vec<Value>,
}

/// Asks all rules over other records that the change gives reason to ask, those that people may confirm only
/// if `soft`. Changes that the same rule judges by the same values come one after the other.
#[allow(clippy::too_many_arguments)]
pub(crate) async fn judge_by_others<'d>(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    draft: &'d Draft,
    children: &Object,
    soft: bool,
    known: &mut Known,
    faults: &[FieldError],
) -> Result<Vec<Broken<'d>>> {
    let questions = questions(draft, children, actor, records.today(), soft, faults);
    // What must be there, no other save takes away.
    let limited = questions.iter().filter(|question| question.others.expected != Expected::Some);
    let names: BTreeSet<String> = limited.map(Question::name).collect();
    for name in names {
        tx.take_turn(&name).await?;
    }
    let mut broken = Vec::new();
    for question in questions {
        let found = find_once(records, tx, plans, draft, &question, known).await?;
        let stands = match question.others.expected {
            Expected::Some => !found.is_empty(),
            Expected::AtMost(most) => found.len() <= most as usize,
        };
        if stands {
            continue;
        }
        let named = name_one(records, tx, plans, actor, &question.others.entity, &found).await?;
        let named = named.map(|name| format!("（{name}）")).unwrap_or_default();
        let mut seen = question.seen;
        seen.extend(found.into_iter().map(Value::String));
        let message = format!("{}{named}", question.rule.message);
        broken.push(Broken { rule: question.rule, row: question.row, message, seen });
    }
    Ok(broken)
}

fn questions<'d>(
    draft: &'d Draft,
    children: &Object,
    actor: &Actor,
    today: Date,
    soft: bool,
    faults: &[FieldError],
) -> Vec<Question<'d>> {
    let (nothing, today) = (Object::new(), today.to_string());
    let mut questions = Vec::new();
    for row in draft.judged_rows() {
        let children = if row.is_child() { &nothing } else { children };
        let scene = Scene { plan: row.plan, values: &row.row.values, children, actor, today: &today };
        for rule in row.plan.rules.iter().filter(|rule| soft || !rule.soft) {
            let Judgement::Others(others) = &rule.judgement else { continue };
            if !gives_reason(draft, &row, rule) || is_faulty(&row, rule, faults) {
                continue;
            }
            if rule.when.as_ref().is_some_and(|when| !scene.holds(when)) {
                continue;
            }
            let values: Vec<Value> =
                others.operands.iter().map(|operand| scene.evaluate(operand).unwrap_or_default()).collect();
            if values.iter().any(Value::is_null) {
                continue;
            }
            let filter = with_operands(&others.filter, &mut values.into_iter());
            let seen = seen(&row, rule, children);
            questions.push(Question { row: row.clone(), rule, others, filter, seen });
        }
    }
    questions
}

/// Whether the change touches anything that the rule looks at, or sets a record beside others again.
fn gives_reason(draft: &Draft, row: &JudgedRow<'_>, rule: &RulePlan) -> bool {
    let touched = |name: &String| match row.plan.position(name) {
        Some(position) => row.row.changed(position),
        None => draft.tables.iter().any(|table| table.given && draft.child(table).name == *name),
    };
    row.row.before.is_none()
        || draft.change == Change::Restored
        || rule.formulas().flat_map(|formula| &formula.names).any(touched)
}

/// Whether something that the rule looks at is faulty already.
fn is_faulty(row: &JudgedRow<'_>, rule: &RulePlan, faults: &[FieldError]) -> bool {
    let mut names = rule.formulas().flat_map(|formula| &formula.names);
    names.any(|name| faults.iter().any(|fault| fault.field == format!("{}{name}", row.path)))
}

impl Question<'_> {
    /// What changes hold that must not be judged at the same time: the rule, and the values it tests for equality.
    fn name(&self) -> String {
        let values = Value::Array(equal_values(&self.filter));
        let digest = anju_crypto::sm3_hex(values.to_string().as_bytes());
        format!("rule:{}.{}:{digest}", self.row.plan.key(), self.rule.code)
    }
}

fn equal_values(filter: &Filter) -> Vec<Value> {
    match filter {
        Filter::And { and } => and.iter().flat_map(equal_values).collect(),
        Filter::Test(FieldTest { field, op: FilterOp::Eq, value }) => {
            vec![Value::from(field.as_str()), value.clone()]
        }
        _ => Vec::new(),
    }
}

/// As [`find`]; what earlier changes have asked word for word, and does not depend on the change, is not asked again.
async fn find_once(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    draft: &Draft,
    question: &Question<'_>,
    known: &mut Known,
) -> Result<Vec<String>> {
    let is_the_same = not_of(draft, plans.entity(&question.others.entity)?) == Condition::True;
    let Some(known) = known.found.as_mut().filter(|_| is_the_same) else {
        return find(records, tx, plans, draft, question).await;
    };
    let asked = format!("{}.{} {:?}", question.row.plan.key(), question.rule.code, question.filter);
    if let Some(found) = known.get(&asked) {
        return Ok(found.clone());
    }
    let found = find(records, tx, plans, draft, question).await?;
    known.insert(asked, found.clone());
    Ok(found)
}

/// Ids of the records that match, one more than may be there at most, the newest first.
async fn find(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    draft: &Draft,
    question: &Question<'_>,
) -> Result<Vec<String>> {
    let target = plans.entity(&question.others.entity)?;
    let mut joins = Joins::new(plans, target);
    let matching = own_filter(records, &mut joins, &question.filter).map_err(|error| match error {
        Error::Invalid(faults) => Error::Internal(format!("rule {}: {faults:?}", question.rule.code)),
        other => other,
    })?;
    let table = target.table.as_str();
    let limit = match question.others.expected {
        Expected::Some => 1,
        Expected::AtMost(most) => (most as usize + NAMED_MAX) as u64,
    };
    let select = Select {
        joins: joins.into_joins(),
        filter: Condition::IsNull(ColumnRef::new(table, "deleted_at"))
            .and(not_of(draft, target))
            .and(matching),
        ..Select::from(table)
    };
    let select = select.column("id", ColumnKind::Text).order_by("id", Direction::Descending).limit(limit);
    tx.fetch_all(&select).await?.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// The record being saved and its child rows do not count.
fn not_of(draft: &Draft, target: &EntityPlan) -> Condition {
    let other = |column: &str| {
        let column = ColumnRef::new(target.table.as_str(), column);
        let is_other = Condition::compare(column.clone(), Operator::Ne, draft.row.id.as_str());
        Condition::Any(vec![Condition::IsNull(column), is_other])
    };
    if target.key() == draft.plan.key() {
        return other("id");
    }
    let child = draft.plan.children.iter().find(|child| child.entity == target.key());
    child.map_or(Condition::True, |child| other(&target.fields[child.parent_field].name))
}

/// How one of the records is called that the actor may see.
async fn name_one(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    entity: &str,
    ids: &[String],
) -> Result<Option<String>> {
    let target = plans.entity(entity)?;
    if ids.is_empty() || !may_show(plans, target, actor) {
        return Ok(None);
    }
    let all: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let visible = visible_ids(records, tx, plans, target, actor, &all, None).await?;
    let Some(one) = ids.iter().find(|id| visible.contains(*id)) else { return Ok(None) };
    let mut names: HashMap<String, String> =
        records.display_texts_from(tx, plans, target, actor, &BTreeSet::from([one.clone()])).await?;
    Ok(names.remove(one).filter(|name| !name.trim().is_empty()))
}
