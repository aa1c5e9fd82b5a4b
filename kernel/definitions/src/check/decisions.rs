use crate::{Decision, Kind};

use super::Check;

pub(super) fn check(at: &mut Check<'_>, decision: &Decision) {
    if let Some(entity) = &decision.entity {
        at.refers("entity", Kind::Entity, entity);
    }
    for (index, case) in decision.cases.iter().enumerate() {
        if !case.expect.is_object() {
            at.error(&format!("cases/{index}/expect"), "decision_case", "expect 应为键值形式");
        }
    }
}
