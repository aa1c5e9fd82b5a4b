//! One entity before and after.

use anju_definitions::ScopePaths;

use super::{EffectKind, Impact, dictionaries, fields, keys, probe::Probe, probe::rows, recompute};
use crate::{Records, Result, plan::EntityPlan};

pub(super) async fn compare(
    records: &Records,
    before: &EntityPlan,
    after: &EntityPlan,
    impact: &mut Impact,
) -> Result<()> {
    if std::sync::Arc::ptr_eq(&before.entity, &after.entity) {
        return Ok(());
    }
    let key = after.key();
    if link(before) != link(after) {
        impact.refuse(
            key,
            None,
            "parent_changed",
            format!("“{}”与上级的关系变了：已有的记录没有上级，或没有行次", after.entity.title),
            "另建一个新的实体作为子表（或独立实体），再把数据导入过去",
        );
        return Ok(());
    }
    let probe = Probe::new(records, before);
    for field in &after.fields {
        match before.field(&field.name) {
            Some(old) => fields::compare(&probe, after, old, field, impact).await?,
            None => fields::added(&probe, after, field, impact).await?,
        }
    }
    for field in before.fields.iter().filter(|field| after.position(&field.name).is_none()) {
        fields::removed(&probe, before, field, impact).await?;
    }
    recompute::compare(&probe, before, after, impact).await?;
    dictionaries::compare(&probe, before, after, impact).await?;
    keys::compare(&probe, before, after, impact).await?;
    keys::compare_periods(records, before, after, impact).await?;
    scope(&before.entity.scope, &after.entity.scope, after, impact);
    search(before, after, impact);
    super::rewrite::bound(&probe, after, impact).await
}

/// An entity that the next catalog no longer has.
pub(super) async fn removed(records: &Records, plan: &EntityPlan, impact: &mut Impact) -> Result<()> {
    let probe = Probe::new(records, plan);
    let count = probe.count(anju_store::Condition::True).await?;
    let title = &plan.entity.title;
    match count {
        0 => {
            let message = format!("移除实体“{title}”，没有记录");
            impact.effect(plan.key(), None, EffectKind::EntityRemoved, message);
        }
        count => impact.refuse(
            plan.key(),
            None,
            "entity_in_use",
            format!("实体“{title}”还有 {}记录（含已删除的），移除会使其无法查阅", rows(count)),
            "保留实体，只移除它的菜单、页面和权限；或先按保存期限清理全部记录",
        ),
    }
    Ok(())
}

fn link(plan: &EntityPlan) -> Option<(&str, Option<&str>)> {
    let parent = plan.parent()?;
    let to = plan.field(&parent.field).and_then(|field| field.definition.to.as_deref());
    Some((parent.field.as_str(), to))
}

fn search(before: &EntityPlan, after: &EntityPlan, impact: &mut Impact) {
    if before.entity.search != after.entity.search && !after.search.is_empty() {
        let titles: Vec<&str> = after.search.iter().map(|at| after.fields[*at].title.as_str()).collect();
        let message =
            format!("“{}”按{}搜索，已有的记录随后陆续可以搜到", after.entity.title, titles.join("、"));
        impact.effect(after.key(), None, EffectKind::SearchChanged, message);
    }
}

fn scope(before: &ScopePaths, after: &ScopePaths, plan: &EntityPlan, impact: &mut Impact) {
    let paths = |scope: &ScopePaths| {
        let ScopePaths { shared, district, subdistrict, operator, owner } = scope;
        (*shared, [district, subdistrict, operator, owner].map(Clone::clone))
    };
    if paths(before) != paths(after) {
        let message = format!("“{}”的数据范围变了：各岗位能看到的记录会不同", plan.entity.title);
        impact.effect(plan.key(), None, EffectKind::ScopeChanged, message);
    }
}
