//! One field before and after.

use anju_store::{Condition, Operator, Rescale};
use serde_json::Value;

use super::{
    EffectKind, Impact,
    conversion::{Conversion, conversion},
    fill::Fill,
    probe::{Probe, rows},
    rewrite, words,
};
use crate::{
    Result,
    plan::{EntityPlan, FieldPlan},
};

pub(super) async fn added(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    field: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    let message = format!("新增字段“{}”（{}）", field.title, words::type_title(&field.definition));
    impact.effect(plan.key(), Some(&field.name), EffectKind::FieldAdded, message);
    if field.is_demanded() {
        let existing = probe.count(probe.live()).await?;
        demand(plan, field, existing, true, impact);
    }
    Ok(())
}

pub(super) async fn removed(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    field: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    // What was computed can be computed again.
    if field.formula.is_some() {
        let message = format!("移除计算字段“{}”", field.title);
        impact.effect(plan.key(), Some(&field.name), EffectKind::FieldRemoved, message);
        return Ok(());
    }
    let filled = probe.count(probe.filled(&field.name)).await?;
    if filled == 0 {
        let message = format!("移除字段“{}”，没有记录填过它", field.title);
        impact.effect(plan.key(), Some(&field.name), EffectKind::FieldRemoved, message);
        return Ok(());
    }
    impact.refuse(
        plan.key(),
        Some(&field.name),
        "field_in_use",
        format!("字段“{}”在 {}记录中有值，移除后这些值无法查阅", field.title, rows(filled)),
        "保留字段，从页面上撤下或设 visible_when: \"false\" 隐藏；或先清空它的值",
    );
    Ok(())
}

pub(super) async fn compare(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    if before.formula.is_some() && after.formula.is_some() && (!before.is_stored() || before.sql == after.sql)
    {
        return Ok(());
    }
    if after.formula.is_some() && before.formula.is_none() {
        return computed_now(probe, plan, before, after, impact).await;
    }
    if !before.is_stored() {
        return added(probe, plan, after, impact).await;
    }
    // What was kept of a formula is worked out on reading from now on.
    if !after.is_stored() {
        return Ok(());
    }
    match conversion(before, after) {
        Conversion::None => {}
        Conversion::Widening => {
            let message = format!("字段“{}”由{}放宽为{}", after.title, title(before), title(after));
            impact.effect(plan.key(), Some(&after.name), EffectKind::Widened, message);
        }
        Conversion::Rescale(rescale) => self::rescale(probe, plan, before, after, rescale, impact).await?,
        Conversion::Impossible => {
            impossible(probe, plan, before, after, impact).await?;
            return Ok(());
        }
    }
    length(probe, plan, before, after, impact).await?;
    bounds(probe, plan, before, after, impact).await?;
    if after.is_demanded() && !before.is_demanded() {
        let column = probe.column(after.equality_column());
        let missing = probe.count(probe.live().and(Condition::IsNull(column))).await?;
        demand(plan, after, missing, false, impact);
    }
    if before.is_demanded() && !after.definition.required {
        let message = format!("字段“{}”由必填改为选填", after.title);
        impact.effect(plan.key(), Some(&after.name), EffectKind::Widened, message);
    }
    Ok(())
}

/// From values that people entered to values of a formula, which would take their place.
async fn computed_now(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    let filled = probe.count(probe.filled(&before.name)).await?;
    if filled == 0 {
        return match after.is_stored() {
            true => impossible(probe, plan, before, after, impact).await,
            false => Ok(()),
        };
    }
    impact.refuse(
        plan.key(),
        Some(&after.name),
        "type_changed",
        format!("字段“{}”改为计算字段，但 {}记录有填写的值，会被公式取代", after.title, rows(filled)),
        "另加一个新的计算字段，核对后隐藏旧字段",
    );
    Ok(())
}

fn title(field: &FieldPlan) -> String {
    words::type_title(&field.definition)
}

async fn impossible(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    let filled = probe.count(probe.filled(&before.name)).await?;
    if filled == 0 && before.sql == after.sql {
        let message = format!("字段“{}”由{}改为{}，没有记录填过它", after.title, title(before), title(after));
        impact.effect(plan.key(), Some(&after.name), EffectKind::Widened, message);
        return Ok(());
    }
    let message = match (filled, before.sensitive() != after.sensitive()) {
        (0, _) => format!("字段“{}”的名称已用于另一种存储形式", after.title),
        (count, true) => format!("字段“{}”已有 {}记录，不能改变是否加密", after.title, rows(count)),
        (count, false) => format!(
            "字段“{}”由{}改为{}，{}记录的值无法转换",
            after.title,
            title(before),
            title(after),
            rows(count)
        ),
    };
    impact.refuse(
        plan.key(),
        Some(&after.name),
        "type_changed",
        message,
        "另加一个新字段，用导入填写转换后的值，核对后隐藏旧字段",
    );
    Ok(())
}

async fn rescale(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    rescale: Rescale,
    impact: &mut Impact,
) -> Result<()> {
    let lost = probe.count(rewrite::misfit(&probe.column(&before.name), rescale)).await?;
    if lost > 0 {
        let what = match rescale {
            Rescale::Divide(_) => "小数位数更多",
            Rescale::Multiply(_) => "数值过大",
        };
        impact.refuse(
            plan.key(),
            Some(&after.name),
            "scale_changed",
            format!("字段“{}”改为{}，但 {}记录的{what}", after.title, title(after), rows(lost)),
            "先修改这些记录，或保留原来的小数位数",
        );
        return Ok(());
    }
    rewrite::add(plan, after, rescale, impact);
    let message = format!("字段“{}”由{}改为{}，已有的值一并换算", after.title, title(before), title(after));
    impact.effect(plan.key(), Some(&after.name), EffectKind::Rewritten, message);
    Ok(())
}

async fn length(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    use anju_definitions::FieldType::{LongText, Text};
    if !matches!(after.kind, Text | LongText) {
        return Ok(());
    }
    if after.length_max > before.length_max && matches!(before.kind, Text | LongText) {
        let message =
            format!("字段“{}”的长度由 {} 字放宽为 {} 字", after.title, before.length_max, after.length_max);
        impact.effect(plan.key(), Some(&after.name), EffectKind::Widened, message);
    }
    if after.length_max >= before.length_max && matches!(before.kind, Text | LongText) {
        return Ok(());
    }
    let longer = match before.sensitive() {
        // A sealed text cannot be measured without opening it.
        true => probe.filled(&before.name),
        false => Condition::LongerThan {
            column: probe.column(&before.name),
            characters: u32::try_from(after.length_max).unwrap_or(u32::MAX),
        },
    };
    let longer = probe.count(longer).await?;
    if longer > 0 {
        let what = if before.sensitive() { "已加密，无法核对长度" } else { "超过此长度" };
        impact.refuse(
            plan.key(),
            Some(&after.name),
            "length_shorter",
            format!("字段“{}”的长度减为 {} 字，但 {}记录{what}", after.title, after.length_max, rows(longer)),
            "先修改这些记录，或保留原来的长度",
        );
    }
    Ok(())
}

/// Limits of numbers: existing values stay, and are judged when they are next changed.
async fn bounds(
    probe: &Probe<'_>,
    plan: &EntityPlan,
    before: &FieldPlan,
    after: &FieldPlan,
    impact: &mut Impact,
) -> Result<()> {
    // Bounds are compared in the places that values have now.
    if before.scale != after.scale || before.sensitive() {
        return Ok(());
    }
    let column = || probe.column(&before.name);
    let mut outside = Vec::new();
    if let Some(min) = after.min.filter(|min| before.min.is_none_or(|old| *min > old)) {
        outside.push(Condition::compare(column(), Operator::Lt, min));
    }
    if let Some(max) = after.max.filter(|max| before.max.is_none_or(|old| *max < old)) {
        outside.push(Condition::compare(column(), Operator::Gt, max));
    }
    if outside.is_empty() {
        return Ok(());
    }
    let count = probe.count(probe.live().and(Condition::Any(outside))).await?;
    if count > 0 {
        let message =
            format!("字段“{}”收紧了范围，{}已有记录不符合，下次修改时须更正", after.title, rows(count));
        impact.effect(plan.key(), Some(&after.name), EffectKind::Tightened, message);
    }
    Ok(())
}

/// Records without a value that must have one: they get the default, or the publication is refused.
fn demand(plan: &EntityPlan, field: &FieldPlan, missing: u64, is_new: bool, impact: &mut Impact) {
    if missing == 0 {
        return;
    }
    match field.literal_default().filter(|_| !field.sensitive()) {
        Some(default) => {
            impact.fills.push(Fill::with_default(plan.key(), field, default, is_new));
            let message =
                format!("{}已有记录的“{}”填为默认值 {}", rows(missing), field.title, shown(default));
            impact.effect(plan.key(), Some(&field.name), EffectKind::Filled, message);
        }
        None => impact.refuse(
            plan.key(),
            Some(&field.name),
            "required_without_value",
            format!("字段“{}”为必填，但 {}已有记录没有填写", field.title, rows(missing)),
            "给出固定的 default（不加密的字段），或先补齐这些记录，或改用 required_when 只约束新的情形",
        ),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
