//! Looking people up by numbers that could be tried one after the other: each look-up by the whole of a sealed value is
//! in the audit log, and nobody makes many of them in an hour (B-10).

use anju_definitions::{FieldTest, Filter, FilterOp};
use anju_store::{ColumnRef, Condition, Fetch, Operator, Select};
use jiff::SignedDuration;

use super::joins::names;
use crate::{
    Actor, Error, Records, Result,
    access::{Access, Operation},
    audit::AuditEntry,
    plan::{EntityPlan, FieldPlan, Plans},
    schema::AUDIT,
};

/// The event in the audit log: an entry for each value.
const LOOKED_UP: &str = "record.looked_up";
const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// A sealed field, and how many of its values are asked for.
struct Lookup<'p> {
    field: &'p FieldPlan,
    values: usize,
}

impl Records {
    /// Lets a query with these filters pass, and writes down the sealed values it asks for. Not within a transaction:
    /// what was looked up stays written, whatever becomes of the query.
    ///
    /// # Errors
    /// [`Error::TooMuch`] when the actor has looked up too many within the hour.
    pub async fn admit_lookups(
        &self,
        actor: &Actor,
        entity: &str,
        filters: impl IntoIterator<Item = &Filter>,
    ) -> Result<()> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let mut lookups = Vec::new();
        for filter in filters {
            collect(&plans, plan, filter, &mut lookups);
        }
        // Whoever may not read the entity at all is told so by the query itself.
        let is_free = actor.is_system() || Access::of(&plans, plan, actor, Operation::Read).is_err();
        if lookups.is_empty() || is_free {
            return Ok(());
        }
        let wanted = lookups.iter().map(|lookup| lookup.values).sum::<usize>() as u64;
        let limit = self.limits().lookups_per_hour;
        let since = self.now().saturating_sub(WITHIN).unwrap_or(self.now());
        let column = |name: &str| ColumnRef::new(AUDIT, name);
        let made = Select::from(AUDIT)
            .filter(Condition::eq(AUDIT, "account_id", actor.account_id.as_str()))
            .filter(Condition::compare(column("at"), Operator::Gt, since))
            .filter(Condition::eq(AUDIT, "event", LOOKED_UP))
            .filter(Condition::eq(AUDIT, "result", "done"));
        let made = self.store().reader().count(&made, Some(limit + 1)).await?;
        let admitted = made + wanted <= limit;
        let whys: Vec<String> = lookups
            .iter()
            .flat_map(|lookup| (0..lookup.values).map(|_| format!("按完整的{}查询", lookup.field.title)))
            .collect();
        let mut tx = self.store().begin().await?;
        match admitted {
            true => {
                let entries: Vec<AuditEntry<'_>> = whys.iter().map(|why| entry(entity, why)).collect();
                self.audit_all(&mut tx, actor, &entries).await?;
            }
            false => {
                let why = format!("一小时内已查 {made} 个值，再查 {wanted} 个");
                self.audit(&mut tx, actor, &entry(entity, &why).refused()).await?;
            }
        }
        tx.commit().await?;
        match admitted {
            true => Ok(()),
            false => Err(Error::TooMuch {
                message: format!("按证件号码等加密内容查询，每小时最多 {limit} 个值，请稍后再查"),
            }),
        }
    }
}

fn entry<'a>(entity: &'a str, why: &'a str) -> AuditEntry<'a> {
    AuditEntry { entity: Some(entity), ..AuditEntry::named(LOOKED_UP) }.because(Some(why))
}

fn collect<'p>(plans: &'p Plans, plan: &'p EntityPlan, filter: &Filter, lookups: &mut Vec<Lookup<'p>>) {
    match filter {
        Filter::And { and: all } | Filter::Or { or: all } => {
            all.iter().for_each(|one| collect(plans, plan, one, lookups));
        }
        Filter::Not { not } => collect(plans, plan, not, lookups),
        Filter::Has(rows) => {
            let child = owner(plans, plan, &names(&rows.has));
            if let (Some(child), Some(filter)) = (child, &rows.filter) {
                collect(plans, child, filter, lookups);
            }
        }
        Filter::Test(test) => lookups.extend(lookup(plans, plan, test)),
    }
}

fn lookup<'p>(plans: &'p Plans, plan: &'p EntityPlan, test: &FieldTest) -> Option<Lookup<'p>> {
    let values = match test.op {
        FilterOp::Eq | FilterOp::Ne => 1,
        FilterOp::In | FilterOp::NotIn => test.value.as_array().map_or(1, Vec::len),
        _ => return None,
    };
    let path = names(&test.field);
    let (last, way) = path.split_last()?;
    let field = owner(plans, plan, way)?.field(last)?;
    field.sensitive().then_some(Lookup { field, values })
}

/// Where a path leads: over references and into child tables.
fn owner<'p>(plans: &'p Plans, plan: &'p EntityPlan, way: &[String]) -> Option<&'p EntityPlan> {
    way.iter().try_fold(plan, |plan, name| match (plan.child(name), plan.field(name)) {
        (Some(child), _) => plans.child(child).ok().map(|child| &**child),
        (None, Some(field)) => plans.target(field).ok().map(|target| &**target),
        (None, None) => None,
    })
}
