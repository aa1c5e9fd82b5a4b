//! What no two records may share: values, and times.

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Select, SqlValue};

use super::{
    EffectKind, Impact,
    probe::{self, Probe},
};
use crate::{
    Error, Records, Result,
    plan::{EntityPlan, PeriodPlan},
};

/// Most records whose periods are compared when an entity begins to have periods.
const PERIODS_MAX: u64 = 200_000;

pub(super) async fn compare(
    probe: &Probe<'_>,
    before: &EntityPlan,
    after: &EntityPlan,
    impact: &mut Impact,
) -> Result<()> {
    let (old, new) = (groups(before), groups(after));
    for (names, columns) in new.iter().filter(|(names, _)| old.iter().all(|(known, _)| known != names)) {
        let titles = titles(after, names);
        let exists = |column: &String| before.fields.iter().any(|field| field.equality_column() == column);
        let alike = match columns.iter().all(exists) {
            true => probe.alike(columns.clone()).await?,
            // A new field is the same everywhere: absent, which never collides, or its default, which does.
            false => u64::from(impact.fills.iter().any(|fill| {
                !fill.is_worked_out() && fill.entity == after.key() && names.contains(&fill.field)
            })),
        };
        if alike > 0 {
            impact.refuse(
                after.key(),
                names.last().map(String::as_str),
                "unique_broken",
                format!("“{titles}”不得重复，但已有 {}相同的记录", probe::groups(alike)),
                "先合并或更正这些记录，再发布唯一约束",
            );
        } else {
            let message = format!("“{titles}”不得重复");
            impact.effect(after.key(), None, EffectKind::KeyAdded, message);
        }
    }
    for (names, _) in old.iter().filter(|(names, _)| new.iter().all(|(known, _)| known != names)) {
        let message = format!("“{}”可以重复", titles(before, names));
        impact.effect(after.key(), None, EffectKind::KeyRemoved, message);
    }
    Ok(())
}

type Group = (Vec<String>, Vec<String>);

/// Names and columns of each group.
fn groups(plan: &EntityPlan) -> Vec<Group> {
    let group = |positions: &Vec<usize>| {
        let fields = || positions.iter().map(|at| &plan.fields[*at]);
        (
            fields().map(|f| f.name.clone()).collect(),
            fields().map(|f| f.equality_column().to_owned()).collect(),
        )
    };
    plan.uniques.iter().map(group).collect()
}

fn titles(plan: &EntityPlan, names: &[String]) -> String {
    let titles: Vec<&str> =
        names.iter().filter_map(|name| plan.field(name)).map(|field| field.title.as_str()).collect();
    titles.join("、")
}

/// An entity that begins to have periods, or other ones: existing records must not overlap.
pub(super) async fn compare_periods(
    records: &Records,
    before: &EntityPlan,
    after: &EntityPlan,
    impact: &mut Impact,
) -> Result<()> {
    let Some(period) = &after.period else { return Ok(()) };
    let named = |plan: &EntityPlan, period: &PeriodPlan| {
        let name = |at: &usize| plan.fields[*at].name.clone();
        (name(&period.from), name(&period.to), period.by.iter().map(name).collect::<Vec<_>>())
    };
    let wanted = named(after, period);
    if before.period.as_ref().is_some_and(|old| named(before, old) == wanted) {
        return Ok(());
    }
    let (from, to, by) = &wanted;
    let there = |name: &String| before.position(name).is_some();
    if ![from, to].into_iter().chain(by).all(there) {
        // Without values there is nothing that could overlap.
        return Ok(());
    }
    let refuse = |impact: &mut Impact, message: String, way: &'static str| {
        impact.refuse(after.key(), Some(from), "periods_overlap", message, way);
    };
    match overlaps(records, before, from, to, by).await? {
        None => refuse(
            impact,
            format!("记录超过 {PERIODS_MAX} 条，无法逐条核对生效期间"),
            "在记录较少时启用，或另建带生效期间的实体再导入",
        ),
        Some(0) => {
            let message = format!("“{}”同一事物的生效期间不得重叠", after.entity.title);
            impact.effect(after.key(), None, EffectKind::KeyAdded, message);
        }
        Some(count) => refuse(
            impact,
            format!("已有 {count} 条记录与同一事物的前一条期间重叠"),
            "先更正这些记录的起止日期，再启用生效期间",
        ),
    }
    Ok(())
}

/// How many records begin before the one before them, of the same thing, has ended; none if there are too many.
async fn overlaps(
    records: &Records,
    plan: &EntityPlan,
    from: &str,
    to: &str,
    by: &[String],
) -> Result<Option<u64>> {
    let table = plan.table.as_str();
    let of = |name: &String| plan.field(name).ok_or_else(|| Error::Internal(format!("no field {name}")));
    let mut select = Select::from(table).column(from, ColumnKind::Text).column(to, ColumnKind::Text);
    let live = Condition::IsNull(ColumnRef::new(table, "deleted_at"));
    select = select.filter(live).filter(Condition::NotNull(ColumnRef::new(table, from)));
    for name in by {
        let field = of(name)?;
        let kind = if field.sensitive() { ColumnKind::Bytes } else { field.sql };
        let column = field.equality_column();
        select = select
            .column(column, kind)
            .filter(Condition::NotNull(ColumnRef::new(table, column)))
            .order_by(column, Direction::Ascending);
    }
    let select = select.order_by(from, Direction::Ascending).limit(PERIODS_MAX + 1);
    let rows = records.store().reader().fetch_all(&select).await?;
    if rows.len() as u64 > PERIODS_MAX {
        return Ok(None);
    }
    let mut overlapping = 0;
    // The thing at hand and the last day that its records so far cover, `None` for no end.
    let mut last: Option<(Vec<SqlValue>, Option<String>)> = None;
    for row in &rows {
        let thing = row.values()[2..].to_vec();
        let (begins, ends) = (row.text(0)?, row.opt_text(1)?.map(str::to_owned));
        let covered = last.as_ref().filter(|(known, _)| *known == thing).map(|(_, until)| until.clone());
        if covered.as_ref().is_some_and(|until| until.as_deref().is_none_or(|until| begins <= until)) {
            overlapping += 1;
        }
        let until = match (covered, ends) {
            (Some(None), _) | (_, None) => None,
            (Some(Some(before)), Some(ends)) => Some(before.max(ends)),
            (None, Some(ends)) => Some(ends),
        };
        last = Some((thing, until));
    }
    Ok(Some(overlapping))
}
