//! Station three: the whole change is judged. Only what passes becomes [`Checked`].

use anju_store::Tx;
use jiff::civil::Date;
use serde_json::Value;

use super::{
    broken::{Broken, soft_checks},
    confirm::{self, Confirmed},
    draft::{Draft, DraftRow},
    known::Known,
    others::judge_by_others,
    periods::check_period,
    references::check_references,
    removal::Removal,
    rules::check_row,
    uniques::duplicates,
};
use crate::{
    Actor, Change, Error, FieldError, HookContext, Object, Records, Result,
    plan::{EntityPlan, Plans},
};

/// A change that is in order.
pub(crate) struct Checked {
    pub draft: Draft,
    _only_here: (),
}

impl Checked {
    /// Judges a draft; `faults` are those found while parsing it.
    pub(crate) async fn from(
        records: &Records,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        mut draft: Draft,
        known: &mut Known,
        mut faults: Vec<FieldError>,
    ) -> Result<Self> {
        match draft.change {
            Change::Created | Change::Updated => {
                draft.confirmed = judge(records, tx, plans, actor, &draft, known, &mut faults).await?;
            }
            Change::Restored => {
                // The record itself is as it was; what it comes back to may not be.
                let children = draft.child_scene();
                let broken =
                    judge_by_others(records, tx, plans, actor, &draft, &children, false, known, &faults)
                        .await?;
                faults.extend(broken.iter().map(Broken::fault));
                check_period(records, tx, &draft, &mut faults).await?;
                faults.extend(ask_hooks(records, tx, actor, &draft).await?);
            }
            Change::Deleted => faults.extend(ask_hooks(records, tx, actor, &draft).await?),
        }
        match faults.is_empty() {
            true => Ok(Self { draft, _only_here: () }),
            false => Err(Error::Invalid(faults)),
        }
    }
}

/// Every station of judgement in turn; each adds to the faults. The confirmations that the change needed.
async fn judge(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    draft: &Draft,
    known: &mut Known,
    faults: &mut Vec<FieldError>,
) -> Result<Vec<Confirmed>> {
    let (today, children) = (records.today(), draft.child_scene());
    check_rows(draft, &children, actor, today, faults);
    check_transition(&draft.plan, &draft.row, actor, faults);
    check_references(records, tx, plans, actor, draft, known, faults).await?;
    check_period(records, tx, draft, faults).await?;
    let asked = draft.confirm.is_some();
    let mut soft = if asked { soft_checks(draft, &children, actor, today) } else { Vec::new() };
    for broken in judge_by_others(records, tx, plans, actor, draft, &children, asked, known, faults).await? {
        if broken.rule.soft {
            soft.push(broken);
        } else {
            faults.push(broken.fault());
        }
    }
    faults.extend(ask_hooks(records, tx, actor, draft).await?);
    if faults.is_empty() {
        check_removed_rows(records, tx, plans, actor, draft).await?;
        return confirm::require(records, tx, draft, &soft).await;
    }
    // The change fails anyway: what the database would say next time is told now.
    let repeated = duplicates(records, tx, draft, faults).await?;
    faults.extend(repeated);
    Ok(Vec::new())
}

/// Each row by itself: the record, and the rows of child tables it gives.
pub(super) fn check_rows(
    draft: &Draft,
    children: &Object,
    actor: &Actor,
    today: Date,
    faults: &mut Vec<FieldError>,
) {
    let nothing = Object::new();
    for row in draft.judged_rows() {
        let children = if row.is_child() { &nothing } else { children };
        check_row(row.plan, row.row, children, actor, today, &row.path, faults);
    }
}

/// Rows that a change leaves out may be referred to as whole records are.
async fn check_removed_rows(
    records: &Records,
    tx: &mut Tx,
    plans: &Plans,
    actor: &Actor,
    draft: &Draft,
) -> Result<()> {
    for table in draft.tables.iter().filter(|table| table.given && !table.removed.is_empty()) {
        let removal = Removal::of_rows(&table.plan, table.removed.iter().map(|row| row.id.as_str()));
        removal.check(records, tx, plans, actor, &table.plan).await?;
    }
    Ok(())
}

async fn ask_hooks(records: &Records, tx: &mut Tx, actor: &Actor, draft: &Draft) -> Result<Vec<FieldError>> {
    let hooks = records.hooks().of(draft.plan.key());
    if hooks.is_empty() {
        return Ok(Vec::new());
    }
    let (before, record) = (draft.object_before(), draft.object());
    let context = HookContext {
        records,
        actor,
        entity: draft.plan.key(),
        id: &draft.row.id,
        change: draft.change,
        before: before.as_ref(),
        record: &record,
    };
    let mut faults = Vec::new();
    for hook in hooks {
        faults.extend(hook.validate(tx, &context).await?);
    }
    Ok(faults)
}

/// A state changes only as declared; a person's new record begins in the default state.
pub(crate) fn check_transition(
    plan: &EntityPlan,
    row: &DraftRow,
    actor: &Actor,
    faults: &mut Vec<FieldError>,
) {
    let (Some(position), Some(transitions)) = (plan.state_field, &plan.entity.transitions) else {
        return;
    };
    if !row.changed(position) {
        return;
    }
    let field = &plan.fields[position];
    let title = |code: &str| field.codes.get(code).map_or_else(|| code.to_owned(), |item| item.title.clone());
    let to = row.values[position].as_str().unwrap_or_default();
    let before = row.before.as_ref().and_then(|before| before.values[position].as_str());
    let refused = match (before, &field.definition.default) {
        (Some(from), _) => {
            let legal =
                transitions.from.get(from).is_some_and(|targets| targets.iter().any(|target| target == to));
            (!legal).then(|| format!("不能从“{}”变为“{}”", title(from), title(to)))
        }
        (None, Some(Value::String(start))) if !actor.is_system() && row.before.is_none() => {
            (start != to).then(|| format!("新建时只能为“{}”", title(start)))
        }
        _ => None,
    };
    if let Some(message) = refused {
        faults.push(FieldError::new(field.name.as_str(), "transition", message));
    }
}
