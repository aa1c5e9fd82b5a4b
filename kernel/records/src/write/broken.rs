//! Rules that a change breaks, and what they looked at.

use jiff::civil::Date;
use serde_json::Value;

use super::draft::{Draft, JudgedRow};
use crate::{
    Actor, FieldError, Object,
    expression::Scene,
    plan::{Judgement, RulePlan},
};

/// A rule that a row does not keep.
pub(crate) struct Broken<'d> {
    pub rule: &'d RulePlan,
    pub row: JudgedRow<'d>,
    /// What the user reads.
    pub message: String,
    /// The values it looked at. While they stay as they are, a confirmation holds.
    pub seen: Vec<Value>,
}

impl Broken<'_> {
    /// The path of the field it is shown at.
    pub(crate) fn field(&self) -> String {
        format!("{}{}", self.row.path, self.rule.field)
    }

    pub(crate) fn fault(&self) -> FieldError {
        FieldError::new(self.field(), self.rule.code.as_str(), self.message.as_str())
    }
}

/// The rules over the record alone that a person may confirm, and that do not hold.
pub(crate) fn soft_checks<'d>(
    draft: &'d Draft,
    children: &Object,
    actor: &Actor,
    today: Date,
) -> Vec<Broken<'d>> {
    let (nothing, today) = (Object::new(), today.to_string());
    let mut broken = Vec::new();
    for row in draft.judged_rows() {
        let children = if row.is_child() { &nothing } else { children };
        let scene = Scene { plan: row.plan, values: &row.row.values, children, actor, today: &today };
        for rule in row.plan.rules.iter().filter(|rule| rule.soft && !holds(rule, &scene)) {
            let seen = seen(&row, rule, children);
            broken.push(Broken { rule, row: row.clone(), message: rule.message.clone(), seen });
        }
    }
    broken
}

/// Whether a rule over the record alone holds or has nothing to judge yet; rules over other records are not asked.
pub(crate) fn holds(rule: &RulePlan, scene: &Scene<'_>) -> bool {
    let Judgement::Check(check) = &rule.judgement else { return true };
    let asked = rule.when.as_ref().is_none_or(|when| scene.holds(when));
    !asked || !scene.is_complete(check) || scene.holds(check)
}

/// The values the rule reads. The day is left out: it passes without anybody's doing.
pub(crate) fn seen(row: &JudgedRow<'_>, rule: &RulePlan, children: &Object) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for name in rule.formulas().flat_map(|formula| &formula.names) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |name: &str| match row.plan.position(name) {
        Some(position) => row.row.values[position].clone(),
        None => children.get(name).cloned().unwrap_or_default(),
    };
    names.into_iter().map(value).collect()
}
