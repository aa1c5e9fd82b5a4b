//! Codes that go from a dictionary, or with it.

use anju_definitions::FieldType;
use anju_store::Condition;

use super::{
    Impact,
    conversion::{Conversion, conversion},
    probe::{Probe, rows},
};
use crate::{
    Result,
    plan::{EntityPlan, FieldPlan},
    search::has_item,
};

/// Codes named in one message.
const NAMED_MAX: usize = 5;

pub(super) async fn compare(
    probe: &Probe<'_>,
    before: &EntityPlan,
    after: &EntityPlan,
    impact: &mut Impact,
) -> Result<()> {
    for field in &after.fields {
        let Some(old) = before.field(&field.name) else { continue };
        if field.definition.dictionary.is_none() || conversion(old, field) == Conversion::Impossible {
            continue;
        }
        let gone = old.codes.iter().filter(|(code, _)| field.codes.get(code).is_none());
        let mut used = Vec::new();
        for (code, item) in gone {
            let count = probe.count(holding(probe, old, code)).await?;
            if count > 0 {
                used.push(format!("“{}”（{code}，{}）", item.title, rows(count)));
            }
        }
        if !used.is_empty() {
            let more = if used.len() > NAMED_MAX { "等" } else { "" };
            let names = used[..used.len().min(NAMED_MAX)].join("、");
            impact.refuse(
                after.key(),
                Some(&field.name),
                "code_in_use",
                format!("字段“{}”的选项{names}{more}仍在使用，不能删除", field.title),
                "把选项设为停用（retired: true）：新记录不能再选，已有记录照常显示",
            );
        }
    }
    Ok(())
}

/// Rows whose field holds the code.
fn holding(probe: &Probe<'_>, field: &FieldPlan, code: &str) -> Condition {
    match (field.sensitive(), field.kind) {
        // Which codes sealed values hold cannot be told: any may hold it.
        (true, _) => probe.filled(&field.name),
        // The code in a list of codes, or in the region of an address.
        (false, FieldType::MultiChoice | FieldType::Address) => has_item(&probe.column(&field.name), code),
        (false, _) => Condition::compare(probe.column(&field.name), anju_store::Operator::Eq, code),
    }
}
