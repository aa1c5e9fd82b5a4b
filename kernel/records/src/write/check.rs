//! Station three: the whole change is judged. Only what passes becomes [`Checked`].

use anju_store::Tx;
use serde_json::Value;

use super::{
    draft::{Draft, DraftRow},
    periods::check_period,
    references::{KnownReferences, check_references},
    removal::Removal,
    rules::check_row,
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
        draft: Draft,
        known: &KnownReferences,
        mut faults: Vec<FieldError>,
    ) -> Result<Self> {
        if matches!(draft.change, Change::Created | Change::Updated) {
            let today = records.today();
            check_row(&draft.plan, &draft.row, &draft.child_scene(), actor, today, "", &mut faults);
            let no_children = Object::new();
            for table in draft.tables.iter().filter(|table| table.given) {
                for (index, row) in table.rows.iter().enumerate() {
                    let path = format!("{}[{index}].", draft.child(table).name);
                    check_row(&table.plan, row, &no_children, actor, today, &path, &mut faults);
                }
            }
            check_transition(&draft.plan, &draft.row, actor, &mut faults);
            check_references(records, tx, plans, actor, &draft, known, &mut faults).await?;
            check_removed_rows(records, tx, plans, actor, &draft).await?;
        }
        check_period(records, tx, &draft, &mut faults).await?;
        faults.extend(ask_hooks(records, tx, actor, &draft).await?);
        match faults.is_empty() {
            true => Ok(Self { draft, _only_here: () }),
            false => Err(Error::Invalid(faults)),
        }
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
