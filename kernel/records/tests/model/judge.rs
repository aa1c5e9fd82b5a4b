//! Whether a change may be made: everything that is wrong with it, or what has to be confirmed.

use anju_definitions::FieldType;
use serde_json::Value;

use crate::{
    change::{Attempt, Draft, Fault, Judged, is_kept},
    design::*,
    outcome::Outcome,
    rights::{Operation, Person, Rights},
    world::World,
};

/// A soft rule that somebody let pass: its code, what it looked at, where it is shown, why.
pub struct Passed {
    pub code: String,
    pub seen: Vec<Value>,
    pub field: String,
    pub reason: String,
}

impl Passed {
    /// The child table and the place of the row in it, if it is about a row.
    pub fn row_in(&self, tables: &[&str]) -> Option<(usize, usize)> {
        let (name, rest) = self.field.split_once('[')?;
        let row = rest.split(']').next()?.parse().ok()?;
        Some((tables.iter().position(|table| *table == name)?, row))
    }
}

/// A rule that a row does not keep.
struct Broken {
    soft: bool,
    row: Option<String>,
    code: String,
    field: String,
    seen: Vec<Value>,
}

impl World {
    /// Judges a draft; what was let pass when it is in order.
    pub fn judge(&self, who: &Person, draft: &mut Draft, attempt: &Attempt) -> Result<Vec<Passed>, Outcome> {
        let mut faults = std::mem::take(&mut draft.faults);
        for judged in draft.judged(self) {
            self.judge_row(&judged, &mut faults);
        }
        self.judge_transition(who, draft, &mut faults);
        for judged in draft.judged(self) {
            self.judge_pointers(who, &judged, &mut faults);
        }
        let asked = !who.is_system() || !attempt.confirm.is_empty();
        let mut broken = if asked { self.soft_checks(draft) } else { Vec::new() };
        broken.extend(self.broken_by_others(draft, asked, &faults));
        faults.extend(
            broken.iter().filter(|one| !one.soft).map(|one| Fault::new(one.field.as_str(), &one.code)),
        );
        if !faults.is_empty() {
            let repeated = self.repeated(draft, &faults);
            faults.extend(repeated);
            return Err(Outcome::invalid(faults));
        }
        let passed = self.passed(draft, attempt, broken)?;
        let repeated = self.repeated(draft, &[]);
        if repeated.is_empty() { Ok(passed) } else { Err(Outcome::invalid(repeated)) }
    }

    fn judge_transition(&self, who: &Person, draft: &Draft, faults: &mut Vec<Fault>) {
        let one = self.entity(draft.entity);
        let Some(Transitions { field: at, legal }) = &one.transitions else { return };
        if !draft.row.changed(*at) {
            return;
        }
        let to = draft.row.values[*at].as_str().unwrap_or_default();
        let from = draft.row.before.as_ref().map(|before| before[*at].as_str());
        let refused = match from {
            Some(Some(from)) => !legal.contains(&(from, to)),
            Some(None) => false,
            None => !who.is_system() && one.fields[*at].default.as_ref().is_some_and(|start| *start != to),
        };
        if refused {
            faults.push(Fault::new(one.fields[*at].name.as_str(), "transition"));
        }
    }

    /// What a row points to is there, and is seen by whoever points; files are of the right kind.
    fn judge_pointers(&self, who: &Person, (entity, row, path): &Judged<'_>, faults: &mut Vec<Fault>) {
        let [pdf, picture, film] = &self.files;
        for (at, field) in self.entity(*entity).fields.iter().enumerate() {
            let is_link = at == LINK && self.entity(*entity).parent.is_some();
            if is_link || !row.changed(at) {
                continue;
            }
            let before = row.before.as_ref().map(|before| ids(&before[at])).unwrap_or_default();
            for (index, id) in ids(&row.values[at]).into_iter().enumerate() {
                let name = match row.values[at].is_array() {
                    true => format!("{path}{}[{index}]", field.name),
                    false => format!("{path}{}", field.name),
                };
                if before.contains(&id) {
                    continue;
                }
                if let Some(to) = field.to {
                    if !self.may_point_to(who, to, id) {
                        faults.push(Fault::new(name, "reference"));
                    }
                    continue;
                }
                let fits = match field.kind {
                    FieldType::File => true,
                    FieldType::Image => id == picture,
                    FieldType::Video => id == film,
                    _ => continue,
                };
                if ![pdf, picture, film].iter().any(|file| *file == id) {
                    faults.push(Fault::new(name, "reference"));
                } else if !fits {
                    faults.push(Fault::new(name, "format"));
                }
            }
        }
    }

    fn soft_checks(&self, draft: &Draft) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (entity, row, path) in draft.judged(self) {
            let one = self.entity(entity);
            for rule in one.rules.iter().filter(|rule| rule.soft) {
                let Asks::Check(check) = &rule.asks else { continue };
                if !is_kept(rule, check, &row.values) {
                    let seen = seen(rule, &row.values);
                    broken.push(self.broken(rule, &(entity, row, path.clone()), seen));
                }
            }
        }
        broken
    }

    fn broken(&self, rule: &Rule, (entity, row, path): &Judged<'_>, seen: Vec<Value>) -> Broken {
        let field = format!("{path}{}", self.entity(*entity).fields[rule.field].name);
        let row = row.id.clone().filter(|_| !path.is_empty());
        Broken { soft: rule.soft, row, code: rule.code.clone(), field, seen }
    }

    /// Rules over other records that do not hold.
    fn broken_by_others(&self, draft: &Draft, soft: bool, faults: &[Fault]) -> Vec<Broken> {
        let mut broken = Vec::new();
        for judged in draft.judged(self) {
            let (entity, row, path) = &judged;
            let one = self.entity(*entity);
            for rule in one.rules.iter().filter(|rule| soft || !rule.soft) {
                let Asks::Others { entity: target, theirs, own, expected } = &rule.asks else { continue };
                let reads = rule.reads();
                let touched =
                    draft.returns || row.before.is_none() || reads.iter().any(|at| row.changed(*at));
                let name = |at: &usize| format!("{path}{}", one.fields[*at].name);
                let is_faulty = reads.iter().any(|at| faults.iter().any(|fault| fault.field == name(at)));
                let asked = rule.when.as_ref().is_none_or(|when| when.holds(&row.values));
                let value = &row.values[*own];
                if !touched || is_faulty || !asked || value.is_null() {
                    continue;
                }
                let found = self.others(draft, *target, *theirs, value);
                let stands = match expected {
                    Expected::Some => !found.is_empty(),
                    Expected::AtMost(most) => found.len() <= *most,
                };
                if !stands {
                    let mut seen = seen(rule, &row.values);
                    seen.extend(found.into_iter().map(Value::from));
                    broken.push(self.broken(rule, &judged, seen));
                }
            }
        }
        broken
    }

    /// Ids of other live records with the value; the record itself and its rows do not count.
    fn others(&self, draft: &Draft, target: usize, at: usize, value: &Value) -> Vec<String> {
        let own = draft.before.as_ref().map(|record| record.id.as_str());
        let is_own = |owner: &str| {
            let concerned = target == draft.entity
                || self.entity(target).parent.as_ref().is_some_and(|parent| parent.entity == draft.entity);
            concerned && own == Some(owner)
        };
        let rows = self.rows(target);
        let found = rows.iter().filter(|(owner, _, values)| values[at] == *value && !is_own(owner));
        let mut ids: Vec<String> = found.map(|(_, id, _)| (*id).to_owned()).collect();
        ids.sort();
        ids
    }

    /// Soft rules that somebody lets pass now; those that nobody lets pass are told.
    fn passed(&self, draft: &Draft, attempt: &Attempt, broken: Vec<Broken>) -> Result<Vec<Passed>, Outcome> {
        let known = draft.before.as_ref().map(|record| &record.confirmed[..]).unwrap_or_default();
        let (mut passed, mut open) = (Vec::new(), Vec::new());
        for Broken { row, code, field, seen, .. } in broken {
            // a new row was never let pass
            let is_new = row.is_none() && field.contains('[');
            if !is_new && known.iter().any(|one| (&one.0, &one.1, &one.2) == (&row, &code, &seen)) {
                continue;
            }
            match attempt.confirm.iter().find(|confirm| confirm.0 == code) {
                Some((_, reason)) => passed.push(Passed { code, seen, field, reason: reason.clone() }),
                None => open.push(Fault::new(field, &code)),
            }
        }
        if open.is_empty() { Ok(passed) } else { Err(Outcome::unconfirmed(open)) }
    }

    /// Groups of values that another live record, or an earlier row, has too.
    pub fn repeated(&self, draft: &Draft, faults: &[Fault]) -> Vec<Fault> {
        let own = draft.before.as_ref().map(|record| record.id.as_str());
        let judged = draft.judged(self);
        let mut found = Vec::new();
        for (place, (entity, row, path)) in judged.iter().enumerate() {
            let one = self.entity(*entity);
            let is_child = one.parent.is_some();
            for group in &one.uniques {
                let plain: Vec<usize> =
                    group.iter().copied().filter(|at| !(is_child && *at == LINK)).collect();
                let is_faulty = |path: &str| {
                    let at_field = |at: &usize| format!("{path}{}", one.fields[*at].name);
                    plain.iter().any(|at| faults.iter().any(|fault| fault.field == at_field(at)))
                };
                if is_faulty(path) || plain.iter().any(|at| row.values[*at].is_null()) {
                    continue;
                }
                let equal = |values: &[Value]| plain.iter().all(|at| values[*at] == row.values[*at]);
                let before =
                    judged[..place].iter().filter(|other| other.0 == *entity && !is_faulty(&other.2));
                let in_rows = before.into_iter().any(|other| equal(&other.1.values));
                let changed = draft.returns || plain.iter().any(|at| row.changed(*at));
                let of_others = plain.len() == group.len() && changed && {
                    self.rows(*entity).iter().any(|(owner, _, values)| Some(*owner) != own && equal(values))
                };
                if in_rows || of_others {
                    let last = &one.fields[*plain.last().expect("a field")].name;
                    found.push(Fault::new(format!("{path}{last}"), "duplicate"));
                }
            }
        }
        found
    }

    /// What stands against bringing a record back: hard rules over others, then values that repeat.
    pub fn judge_return(&self, draft: &Draft) -> Result<(), Outcome> {
        let broken = self.broken_by_others(draft, false, &[]);
        let faults: Vec<Fault> = broken.iter().map(|one| Fault::new(one.field.as_str(), &one.code)).collect();
        if faults.is_empty() { Ok(()) } else { Err(Outcome::invalid(faults)) }
    }

    /// Nobody puts a record where they may not reach.
    pub fn keeps_to_own_rows(&self, who: &Person, rights: &Rights<'_>, draft: &Draft) -> bool {
        let (entity, values) = (draft.entity, &draft.row.values);
        if draft.before.is_none() {
            return self.admits(who, entity, rights, values);
        }
        let moved = self.place_field(who, entity).is_some_and(|at| draft.row.changed(at));
        if !moved {
            return true;
        }
        if !rights.has_filter() && !self.is_placed_by_others(who, entity) {
            return self.is_at_place(who, entity, values);
        }
        match self.rights(who, entity, Operation::Read) {
            Some(read) => self.admits(who, entity, &read, values),
            None => self.may_show(who, entity),
        }
    }
}

/// The ids in a value.
pub fn ids(value: &Value) -> Vec<&str> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str).collect()
}

fn seen(rule: &Rule, values: &[Value]) -> Vec<Value> {
    rule.reads().iter().map(|at| values[*at].clone()).collect()
}
