//! Create and patch: the walk through the stations.

use anju_definitions::{FieldType, ScopePaths};
use anju_store::{Lock, Tx};
use serde_json::Value;

use super::{
    check::Checked,
    confirm,
    draft::{Draft, DraftRow},
    known::Known,
    outcome,
    parse::{Writer, parse_into},
    references::visible_ids,
    save::Stored,
    seal::Sealed,
    tables::{load_tables, parse_tables},
    trail::leave_trail,
};
use crate::{
    Actor, Change, Error, FieldError, HookContext, Object, Record, Records, Result,
    access::{Access, Operation},
    expression::Scene,
    plan::{EntityPlan, Plans},
    read::load_one,
    search::Joins,
    value,
};

impl Records {
    pub(crate) async fn create_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        input: Object,
        why: Option<&str>,
    ) -> Result<Record> {
        self.create_as(tx, actor, entity, &input, why, &mut Known::default(), Operation::Create).await
    }

    /// Creates under the right to create or to import.
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn create_as(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        input: &Object,
        why: Option<&str>,
        known: &mut Known,
        operation: Operation<'_>,
    ) -> Result<Record> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, operation)?;
        let mut draft = Draft::new(plan.clone(), Change::Created, DraftRow::new(self.new_id(), plan));
        let mut faults = Vec::new();
        draft.confirm = confirm::asked(input, actor, &mut faults);
        let writer =
            Writer { actor, access: &access, operation, today: self.today(), system: actor.is_system() };
        parse_into(&mut draft.row, plan, input, &writer, "", None, &mut faults);
        take_place(plan, &mut draft.row, actor);
        parse_tables(self, tx, &plans, &mut draft, input, &writer, &mut faults).await?;
        self.set_defaults(&mut draft, actor);
        self.finish(tx, &plans, actor, &access, draft, known, faults, why).await
    }

    /// Carries a parsed change through the stations to its end.
    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn finish(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        access: &Access<'_>,
        draft: Draft,
        known: &mut Known,
        faults: Vec<FieldError>,
        why: Option<&str>,
    ) -> Result<Record> {
        let change = draft.change;
        let stored = self.through_stations(tx, plans, actor, draft, known, faults, why).await?;
        self.require_own_rows(tx, plans, actor, access, &stored).await?;
        self.after_save(tx, actor, &stored).await?;
        match change {
            Change::Created => outcome::created(self, tx, plans, actor, &stored).await,
            _ => outcome::reread(self, tx, actor, &stored).await,
        }
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) async fn patch_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        version: Option<i64>,
        changes: Object,
        why: Option<&str>,
    ) -> Result<Record> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Update)?;
        let mut draft =
            self.load_draft(tx, &plans, plan, actor, &access, id, version, Change::Updated).await?;
        let mut faults = Vec::new();
        draft.confirm = confirm::asked(&changes, actor, &mut faults);
        let writer = Writer {
            actor,
            access: &access,
            operation: Operation::Update,
            today: self.today(),
            system: actor.is_system(),
        };
        parse_into(&mut draft.row, plan, &changes, &writer, "", None, &mut faults);
        parse_tables(self, tx, &plans, &mut draft, &changes, &writer, &mut faults).await?;
        if faults.is_empty() && !draft.is_changed() {
            return outcome::unchanged(self, tx, actor, &draft).await;
        }
        draft.row.take_late_defaults(plan, writer.today);
        self.set_defaults_of_rows(&mut draft, actor);
        self.finish(tx, &plans, actor, &access, draft, &mut Known::default(), faults, why).await
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) async fn load_draft(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &std::sync::Arc<EntityPlan>,
        actor: &Actor,
        access: &Access<'_>,
        id: &str,
        version: Option<i64>,
        change: Change,
    ) -> Result<Draft> {
        let mut joins = Joins::new(plans, plan);
        let condition = access.condition_for_one(&mut joins)?;
        let lock = if change == Change::Deleted { Lock::Removal } else { Lock::Change };
        let Some(loaded) = load_one(self, tx, plan, id, condition, joins, Some(lock)).await? else {
            // A record that may be read but not changed is refused; any other does not exist for the actor.
            self.read_in(tx, actor, plan.key(), id).await?;
            return Err(Error::forbidden(format!("您现在不能修改此{}", plan.entity.title)));
        };
        if version.is_some_and(|version| version != loaded.version) {
            return Err(Error::Stale { current: loaded.version });
        }
        Ok(Draft::new(plan.clone(), change, DraftRow::of(loaded)))
    }

    #[allow(clippy::too_many_arguments)]
    async fn through_stations(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        mut draft: Draft,
        known: &mut Known,
        mut faults: Vec<FieldError>,
        why: Option<&str>,
    ) -> Result<Stored> {
        draft.compute(self.today());
        self.before_save(tx, plans, actor, &mut draft, &mut faults).await?;
        let mut checked = Checked::from(self, tx, plans, actor, draft, known, faults).await?;
        checked.draw_numbers(tx, self.today()).await?;
        let stored = Stored::from(self, tx, actor, Sealed::from(self, checked)?, None).await?;
        leave_trail(self, tx, actor, &stored, why).await?;
        Ok(stored)
    }

    async fn before_save(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        draft: &mut Draft,
        faults: &mut Vec<FieldError>,
    ) -> Result<()> {
        let hooks = self.hooks().of(draft.plan.key());
        if hooks.is_empty() {
            return Ok(());
        }
        let all: Vec<usize> = (0..draft.plan.children.len()).collect();
        load_tables(self, tx, plans, draft, &all).await?;
        let plan = draft.plan.clone();
        let system = Actor::system("");
        let access = Access::of(plans, &plan, &system, Operation::Update)?;
        let operation = Operation::Update;
        let writer = Writer { actor, access: &access, operation, today: self.today(), system: true };
        for hook in hooks {
            let (before, record) = (draft.object_before(), draft.object());
            let context = HookContext {
                records: self,
                actor,
                entity: plan.key(),
                id: &draft.row.id,
                change: draft.change,
                before: before.as_ref(),
                record: &record,
            };
            let computed = hook.before_save(tx, &context).await?;
            parse_into(&mut draft.row, &plan, &computed, &writer, "", None, faults);
            parse_tables(self, tx, plans, draft, &computed, &writer, faults).await?;
            draft.compute(self.today());
        }
        Ok(())
    }

    pub(super) async fn after_save(&self, tx: &mut Tx, actor: &Actor, stored: &Stored) -> Result<()> {
        let draft = &stored.draft;
        let hooks = self.hooks().of(draft.plan.key());
        if hooks.is_empty() {
            return Ok(());
        }
        let (before, mut record) = (draft.object_before(), draft.object());
        record.insert("version".to_owned(), stored.version.into());
        let context = HookContext {
            records: self,
            actor,
            entity: draft.plan.key(),
            id: &draft.row.id,
            change: draft.change,
            before: before.as_ref(),
            record: &record,
        };
        for hook in hooks {
            hook.after_save(tx, &context).await?;
        }
        Ok(())
    }

    /// Nobody creates or moves a record to where they may not reach.
    pub(crate) async fn require_own_rows(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        actor: &Actor,
        access: &Access<'_>,
        stored: &Stored,
    ) -> Result<()> {
        let draft = &stored.draft;
        let created = draft.change == Change::Created;
        let moved = access.place_field().is_some_and(|position| draft.row.changed(position));
        if !created && !moved {
            return Ok(());
        }
        let admitted = match access.admits(&draft.row.values) {
            Some(admitted) => admitted,
            None if created => self.is_within(tx, plans, &draft.plan, access, &draft.row.id).await?,
            None => {
                let ids = [draft.row.id.as_str()].into();
                !visible_ids(self, tx, plans, &draft.plan, actor, &ids, None).await?.is_empty()
            }
        };
        match admitted {
            true => Ok(()),
            false => Err(Error::forbidden(format!("不能把{}放到您的管理范围之外", draft.plan.entity.title))),
        }
    }

    async fn is_within(
        &self,
        tx: &mut Tx,
        plans: &Plans,
        plan: &EntityPlan,
        access: &Access<'_>,
        id: &str,
    ) -> Result<bool> {
        let mut joins = Joins::new(plans, plan);
        let condition = access.condition_for_one(&mut joins)?;
        Ok(load_one(self, tx, plan, id, condition, joins, None).await?.is_some())
    }

    fn set_defaults(&self, draft: &mut Draft, actor: &Actor) {
        let children = draft.child_scene();
        let today = self.today();
        set_row_defaults(&draft.plan, &mut draft.row, &children, actor, today);
        self.set_defaults_of_rows(draft, actor);
    }

    /// New rows of child tables take their defaults, in a new record and in one that is changed.
    fn set_defaults_of_rows(&self, draft: &mut Draft, actor: &Actor) {
        let today = self.today();
        for table in &mut draft.tables {
            for row in &mut table.rows {
                set_row_defaults(&table.plan, row, &Object::new(), actor, today);
            }
        }
    }
}

impl Checked {
    /// Numbers are drawn last, so that a faulty change uses none up.
    async fn draw_numbers(&mut self, tx: &mut Tx, today: jiff::civil::Date) -> Result<()> {
        let draft = &mut self.draft;
        if draft.change != Change::Created {
            return Ok(());
        }
        for (position, field) in draft.plan.fields.iter().enumerate() {
            if let Some(sequence) = &field.sequence
                && draft.row.values[position].is_null()
            {
                let number = sequence.draw(tx, &draft.plan, &draft.row.values, today).await?;
                draft.row.values[position] = Value::String(number);
            }
        }
        Ok(())
    }
}

pub(crate) fn set_row_defaults(
    plan: &EntityPlan,
    row: &mut DraftRow,
    children: &Object,
    actor: &Actor,
    today: jiff::civil::Date,
) {
    if row.before.is_some() {
        return;
    }
    let today_text = today.to_string();
    for (position, field) in plan.fields.iter().enumerate() {
        let Some(default) = &field.definition.default else { continue };
        if !row.values[position].is_null() {
            continue;
        }
        let computed = field.default_formula.as_ref().map(|formula| {
            Scene { plan, values: &row.values, children, actor, today: &today_text }.evaluate(formula)
        });
        let given = computed.unwrap_or_else(|| Some(default.clone()));
        // A default that does not fit its own field is left out; a required field then says so.
        if let Some(parsed) = given.and_then(|given| value::parse(field, &given, today).ok()) {
            row.values[position] = parsed;
        }
    }
}

/// Own fields that say whose the record is, where left empty, say it is the actor's.
pub(crate) fn take_place(plan: &EntityPlan, row: &mut DraftRow, actor: &Actor) {
    let ScopePaths { district, subdistrict, operator, owner, .. } = &plan.entity.scope;
    if actor.is_system() {
        return;
    }
    let post = actor.post.as_ref();
    let places = [
        (district, post.and_then(|post| post.district.as_deref())),
        (subdistrict, post.and_then(|post| post.subdistrict.as_deref())),
        (operator, post.filter(|p| p.level == anju_definitions::Level::Operator).map(|post| post.operator())),
        (owner, (actor.kind == crate::ActorKind::Person).then_some(actor.account_id.as_str())),
    ];
    for (path, value) in places {
        let position = path.as_ref().and_then(|path| plan.position(path));
        if let (Some(position), Some(value)) = (position, value)
            && row.values[position].is_null()
            && plan.fields[position].kind != FieldType::Sequence
        {
            row.values[position] = Value::from(value);
        }
    }
}
