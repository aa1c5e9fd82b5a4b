use anju_store::Tx;

use crate::{
    Actor, Error, Records, Result,
    access::{Access, Operation},
    audit::AuditEntry,
    read::load_one,
    search::Joins,
    value,
};

/// Longest reason in characters.
const REASON_MAX: usize = 200;

impl Records {
    pub(crate) async fn reveal_inner(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        entity: &str,
        id: &str,
        field: &str,
        reason: &str,
    ) -> Result<String> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        let position = plan.position(field).filter(|at| access.sees(*at) && plan.fields[*at].sensitive());
        let Some(position) = position else {
            return Err(Error::invalid("field", "unknown", "没有这个敏感字段，或无权查看"));
        };
        if !access.unmasks(field) {
            return Err(Error::forbidden(format!("您没有查看完整{}的权限", plan.fields[position].title)));
        }
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            return Err(Error::invalid(
                "reason",
                "required",
                format!("请填写查看原因，不超过 {REASON_MAX} 字"),
            ));
        }
        let mut joins = Joins::new(&plans, plan);
        let condition = access.condition_for_one(&mut joins)?;
        let loaded = load_one(self, tx, plan, id, condition, joins, None).await?.ok_or(Error::NotFound)?;
        let why = format!("{}：{reason}", plan.fields[position].title);
        self.audit(tx, actor, &AuditEntry::of("record.revealed", entity, id).because(Some(&why))).await?;
        let value = &loaded.values[position];
        Ok(if value.is_null() { String::new() } else { value::clear_text(value) })
    }
}
