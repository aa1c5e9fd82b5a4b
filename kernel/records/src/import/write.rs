use anju_definitions::Filter;
use anju_store::Tx;

use super::{AfterEach, ImportError, ImportSetup, Judged};
use crate::{
    Change, Error, FieldError, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, Judgement, Plans},
    write::{Draft, Known},
};

/// Why history says a record was changed.
const WHY: &str = "导入";

/// Why a batch was not written. The transaction has to be rolled back either way.
#[derive(Debug, thiserror::Error)]
pub enum ImportFailure {
    /// One row was refused while writing: changed in the meantime, or by an application's own check.
    #[error("{}", .0.message)]
    Row(Box<ImportError>),
    /// One of the rows was refused, and only writing them one by one tells which.
    #[error("{0}")]
    SomeRow(String),
    #[error(transparent)]
    Other(#[from] Error),
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportCounts {
    pub created: usize,
    pub updated: usize,
}

impl Records {
    /// Whether nothing but the rows themselves decides about them: no code of an application looks at each, and none
    /// is judged by what others of them are there, among which those written before it count.
    pub fn judges_alone(&self, entity: &str) -> Result<bool> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        Ok(self.hooks().of(entity).is_empty() && !looks_at_others(&plans, plan)?)
    }

    pub(crate) async fn write_import_inner(
        &self,
        tx: &mut Tx,
        setup: &ImportSetup,
        judged: Judged,
        after_each: Option<&mut dyn AfterEach>,
    ) -> Result<ImportCounts, ImportFailure> {
        let created = judged.ready.iter().filter(|(_, draft)| draft.change == Change::Created).count();
        let counts = ImportCounts { created, updated: judged.ready.len() - created };
        match after_each {
            None if self.judges_alone(setup.plan.key())? => self.write_together(tx, setup, judged).await?,
            after_each => self.write_one_by_one(tx, setup, judged, after_each).await?,
        }
        Ok(counts)
    }

    /// Many rows a statement: where nobody looks at a single one.
    async fn write_together(
        &self,
        tx: &mut Tx,
        setup: &ImportSetup,
        judged: Judged,
    ) -> Result<(), ImportFailure> {
        let (numbers, drafts): (Vec<u32>, Vec<Draft>) = judged.ready.into_iter().unzip();
        let (plans, actor) = (&setup.plans, &setup.actor);
        let checked = self.check_many(tx, plans, actor, drafts, judged.known).await;
        let checked = checked.map_err(|(at, error)| refused(setup, numbers[at], error))?;
        let stored = self.store_many(tx, actor, checked, Some(WHY)).await;
        let stored = stored.map_err(|error| match error {
            Error::Invalid(faults) => ImportFailure::SomeRow(messages(faults)),
            Error::Stale { .. } => ImportFailure::SomeRow(CHANGED.to_owned()),
            other => ImportFailure::Other(other),
        })?;
        let (insert, update) = setup.accesses()?;
        for (number, stored) in numbers.iter().zip(&stored) {
            let changed = stored.draft.change != Change::Created;
            let access = update.as_ref().filter(|_| changed).unwrap_or(&insert);
            let own = self.require_own_rows(tx, plans, actor, access, stored).await;
            own.map_err(|error| refused(setup, *number, error))?;
        }
        Ok(())
    }

    async fn write_one_by_one(
        &self,
        tx: &mut Tx,
        setup: &ImportSetup,
        mut judged: Judged,
        mut after_each: Option<&mut dyn AfterEach>,
    ) -> Result<(), ImportFailure> {
        for (number, draft) in judged.ready {
            let written = self.write_one(tx, setup, draft, &mut judged.known, &mut after_each).await;
            written.map_err(|error| refused(setup, number, error))?;
        }
        Ok(())
    }

    async fn write_one(
        &self,
        tx: &mut Tx,
        setup: &ImportSetup,
        draft: Draft,
        known: &mut Known,
        after_each: &mut Option<&mut dyn AfterEach>,
    ) -> Result<()> {
        let (plans, actor) = (&setup.plans, &setup.actor);
        let access = Access::of(plans, &setup.plan, actor, operation_of(&draft))?;
        let created = draft.change == Change::Created;
        let record = self.finish(tx, plans, actor, &access, draft, known, Vec::new(), Some(WHY)).await?;
        match after_each {
            Some(after_each) if created => after_each.created(tx, &record).await,
            _ => Ok(()),
        }
    }
}

/// Whether a rule of the entity or of its child tables looks at other records of them, or its periods must not overlap.
fn looks_at_others(plans: &Plans, plan: &EntityPlan) -> Result<bool> {
    let written =
        |entity: &str| plan.key() == entity || plan.children.iter().any(|child| child.entity == entity);
    let asks = |plan: &EntityPlan| {
        plan.rules.iter().any(|rule| match &rule.judgement {
            // A path may lead from other entities to what is written.
            Judgement::Others(others) => {
                !rule.soft && (written(&others.entity) || !is_of_one_entity(&others.filter))
            }
            Judgement::Check(_) => false,
        })
    };
    for child in &plan.children {
        if asks(plans.child(child)?) {
            return Ok(true);
        }
    }
    Ok(asks(plan) || plan.period.is_some())
}

fn is_of_one_entity(filter: &Filter) -> bool {
    match filter {
        Filter::And { and: all } | Filter::Or { or: all } => all.iter().all(is_of_one_entity),
        Filter::Not { not } => is_of_one_entity(not),
        Filter::Test(test) => !test.field.contains('.'),
        Filter::Has(_) => false,
    }
}

const CHANGED: &str = "记录刚被他人修改，请重新导入";

fn operation_of(draft: &Draft) -> Operation<'static> {
    match draft.change {
        Change::Created => Operation::Import,
        _ => Operation::Update,
    }
}

fn refused(setup: &ImportSetup, row: u32, error: Error) -> ImportFailure {
    let at = |field: String, message: String| {
        let whole = setup.row_error(setup.main_sheet(), row, row, &message);
        ImportFailure::Row(Box::new(ImportError { field, ..whole }))
    };
    match error {
        // Nobody is there to confirm a row: it is entered by hand.
        Error::Invalid(faults) | Error::Unconfirmed(faults) => {
            at(faults.first().map(|fault| fault.field.clone()).unwrap_or_default(), messages(faults))
        }
        Error::Conflict { message, .. } | Error::Forbidden { message } => at(String::new(), message),
        Error::Stale { .. } => at(String::new(), CHANGED.to_owned()),
        other => ImportFailure::Other(other),
    }
}

fn messages(faults: Vec<FieldError>) -> String {
    faults.into_iter().map(|FieldError { message, .. }| message).collect::<Vec<_>>().join("；")
}
