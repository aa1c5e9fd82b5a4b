//! Commands on the model's world: create, patch, delete, restore.

use anju_definitions::{FieldType, OnDelete};
use serde_json::{Value, json};

use crate::{
    change::{Attempt, Draft, DraftRow},
    judge::{Passed, ids},
    outcome::Outcome,
    rights::{Operation, Person},
    world::{Changed, Entry, Gone, Past, Record, Row, Stamp, World},
};

/// A change that may be made.
pub struct Pending {
    pub draft: Draft,
    passed: Vec<Passed>,
}

impl World {
    pub fn create(&self, who: &Person, entity: usize, attempt: &Attempt) -> Result<Pending, Outcome> {
        let rights = self.rights(who, entity, Operation::Create).ok_or(Outcome::Forbidden)?;
        let mut draft = self.draft(who, &rights, entity, None, attempt)?;
        let passed = self.judge(who, &mut draft, attempt)?;
        match self.keeps_to_own_rows(who, &rights, &draft) {
            true => Ok(Pending { draft, passed }),
            false => Err(Outcome::Forbidden),
        }
    }

    /// None for a change that changes nothing.
    pub fn patch(
        &self,
        who: &Person,
        (entity, id): (usize, &str),
        version: Option<i64>,
        attempt: &Attempt,
    ) -> Result<Option<Pending>, Outcome> {
        let record = self.reach(who, entity, id, version, Operation::Update)?;
        let rights = self.rights(who, entity, Operation::Update).ok_or(Outcome::Forbidden)?;
        let mut draft = self.draft(who, &rights, entity, Some(record), attempt)?;
        if draft.faults.is_empty() && !draft.is_changed() {
            return Ok(None);
        }
        let passed = self.judge(who, &mut draft, attempt)?;
        match self.keeps_to_own_rows(who, &rights, &draft) {
            true => Ok(Some(Pending { draft, passed })),
            false => Err(Outcome::Forbidden),
        }
    }

    /// The live record that somebody is about to change.
    fn reach(
        &self,
        who: &Person,
        entity: usize,
        id: &str,
        version: Option<i64>,
        operation: Operation,
    ) -> Result<&Record, Outcome> {
        let rights = self.rights(who, entity, operation).ok_or(Outcome::Forbidden)?;
        let record = self.find_live(entity, id);
        let Some(record) = record.filter(|record| self.admits(who, entity, &rights, &record.values)) else {
            self.visible(who, entity, id)?;
            return Err(Outcome::Forbidden);
        };
        match version {
            Some(version) if version != record.version => Err(Outcome::Stale(record.version)),
            _ => Ok(record),
        }
    }

    /// The live record that somebody may read.
    pub fn visible(&self, who: &Person, entity: usize, id: &str) -> Result<&Record, Outcome> {
        let rights = self.rights(who, entity, Operation::Read).ok_or(Outcome::Forbidden)?;
        let record = self.find_live(entity, id).ok_or(Outcome::NotFound)?;
        if self.admits(who, entity, &rights, &record.values) { Ok(record) } else { Err(Outcome::NotFound) }
    }

    /// Keeps the change under the ids that the service gave: of the record, and of the rows of its tables.
    pub fn store(
        &mut self,
        pending: Pending,
        who: &Person,
        why: Option<&str>,
        id: &str,
        row_ids: &[Vec<String>],
    ) {
        let Pending { mut draft, passed } = pending;
        let stamp = Stamp { at_ms: self.now_ms, by: who.actor.account_id.clone() };
        self.draw_number(&mut draft);
        let changes = self.changes(&draft);
        let is_new = draft.before.is_none();
        let tables = self.design.children(draft.entity).len();
        let mut record = draft.before.take().unwrap_or_else(|| Record {
            id: id.to_owned(),
            version: 0,
            values: Vec::new(),
            tables: vec![Vec::new(); tables],
            created: stamp.clone(),
            updated: stamp.clone(),
            gone: None,
            past: Vec::new(),
            history: Vec::new(),
            confirmed: Vec::new(),
        });
        record.version += 1;
        record.updated = stamp.clone();
        record.values = draft.row.values;
        for (table, of) in draft.tables {
            let row = |(row, id): (DraftRow, &String)| Row { id: id.clone(), values: row.values };
            record.tables[table] = of.rows.into_iter().zip(&row_ids[table]).map(row).collect();
        }
        let entry = Entry {
            version: record.version,
            at_ms: stamp.at_ms,
            actor: who.actor.name.clone(),
            action: if is_new { "created" } else { "updated" },
            why: why.map(str::to_owned),
            changes,
            confirmations: passed
                .iter()
                .map(|one| (one.field.clone(), one.code.clone(), one.reason.clone()))
                .collect(),
        };
        record.history.push(entry);
        let names: Vec<&str> = self
            .design
            .children(draft.entity)
            .into_iter()
            .map(|child| self.design.table_name(child))
            .collect();
        record.confirmed.extend(passed.into_iter().map(|one| {
            let row = one.row_in(&names).map(|(table, row)| row_ids[table][row].clone());
            (row, one.code, one.seen)
        }));
        let state = Some((record.values.clone(), record.tables.clone()));
        record.past.push(Past { version: record.version, stamp, state });
        match is_new {
            true => self.records[draft.entity].push(record),
            false => *self.find_mut(draft.entity, id) = record,
        }
    }

    fn draw_number(&mut self, draft: &mut Draft) {
        let fields = &self.design.entities[draft.entity].fields;
        for (at, field) in fields.iter().enumerate() {
            if field.kind == FieldType::Sequence
                && draft.row.before.is_none()
                && draft.row.values[at].is_null()
            {
                self.number += 1;
                draft.row.values[at] = json!(format!("N{:04}", self.number));
            }
        }
    }

    /// What history tells of the change.
    fn changes(&self, draft: &Draft) -> Vec<Changed> {
        let mut changes = Vec::new();
        self.changes_of_row(draft.entity, &draft.row, None, &mut changes);
        let children = self.design.children(draft.entity);
        for (table, of) in &draft.tables {
            for (place, row) in of.rows.iter().enumerate() {
                self.changes_of_row(children[*table], row, Some((*table, place)), &mut changes);
            }
            for row in &of.removed {
                changes.push(self.removed(*table, children[*table], row));
            }
        }
        changes
    }

    fn changes_of_row(
        &self,
        entity: usize,
        row: &DraftRow,
        place: Option<(usize, usize)>,
        changes: &mut Vec<Changed>,
    ) {
        for (at, field) in self.entity(entity).fields.iter().enumerate() {
            let is_link = place.is_some() && at == crate::design::LINK;
            if field.lies() && !is_link && row.changed(at) {
                let before = row.before.as_ref().map_or(Value::Null, |before| before[at].clone());
                changes.push(Changed { row: place, field: Some(at), before, after: row.values[at].clone() });
            }
        }
    }

    fn removed(&self, table: usize, child: usize, row: &Row) -> Changed {
        let display = self.display(child, &self.whole(child, &row.values), &Default::default());
        Changed { row: Some((table, 0)), field: None, before: json!(display), after: Value::Null }
    }

    pub fn delete(
        &mut self,
        who: &Person,
        entity: usize,
        id: &str,
        version: Option<i64>,
        why: Option<&str>,
    ) -> Result<(), Outcome> {
        let root = self.reach(who, entity, id, version, Operation::Delete)?.clone();
        let going = self.going(entity, id);
        if self.is_referred_to(&going) {
            return Err(Outcome::Conflict("referenced".to_owned()));
        }
        let display = self.display(entity, &self.whole(entity, &root.values), &Default::default());
        let along = format!("随{}“{display}”删除", self.entity(entity).title);
        for (one, its_id) in &going {
            match its_id == id {
                true => self.remove(who, *one, its_id, None, why),
                false => self.remove(who, *one, its_id, Some(id), Some(along.trim())),
            }
        }
        Ok(())
    }

    /// The record and those that refer to it by `cascade`, and so on.
    fn going(&self, entity: usize, id: &str) -> Vec<(usize, String)> {
        let mut going = vec![(entity, id.to_owned())];
        let mut next = 0;
        while next < going.len() {
            let (target, id) = going[next].clone();
            next += 1;
            for from in self.design.tops() {
                let fields = self.entity(from).fields.iter().enumerate();
                let cascading = fields.filter(|(_, field)| {
                    field.to == Some(target) && field.on_delete == Some(OnDelete::Cascade)
                });
                let positions: Vec<usize> = cascading.map(|(at, _)| at).collect();
                for record in self.live(from) {
                    let refers = positions.iter().any(|at| record.values[*at] == id.as_str());
                    if refers && !going.contains(&(from, record.id.clone())) {
                        going.push((from, record.id.clone()));
                    }
                }
            }
        }
        going
    }

    /// Whether a record that stays refers to one that goes and stands in its way.
    fn is_referred_to(&self, going: &[(usize, String)]) -> bool {
        (0..self.design.entities.len()).any(|from| {
            let one = self.entity(from);
            let owner_of = one.parent.as_ref().map_or(from, |parent| parent.entity);
            let restricting = one.fields.iter().enumerate().filter(|(at, field)| {
                let is_link = one.parent.is_some() && *at == crate::design::LINK;
                !is_link && field.to.is_some() && field.rule_of_deletion() == OnDelete::Restrict
            });
            let restricting: Vec<(usize, usize)> =
                restricting.filter_map(|(at, field)| Some((at, field.to?))).collect();
            self.rows(from).iter().any(|(owner, _, values)| {
                let stays = !going.contains(&(owner_of, (*owner).to_owned()));
                let refers = |at: usize, to: usize| {
                    ids(&values[at]).iter().any(|id| going.contains(&(to, (*id).to_owned())))
                };
                stays && restricting.iter().any(|(at, to)| refers(*at, *to))
            })
        })
    }

    fn remove(&mut self, who: &Person, entity: usize, id: &str, with: Option<&str>, why: Option<&str>) {
        let stamp = Stamp { at_ms: self.now_ms, by: who.actor.account_id.clone() };
        let record = self.find(entity, id).expect("a record").clone();
        let children = self.design.children(entity);
        let mut changes = Vec::new();
        for (table, rows) in record.tables.iter().enumerate() {
            changes.extend(rows.iter().map(|row| self.removed(table, children[table], row)));
        }
        let record = self.find_mut(entity, id);
        record.gone = Some(Gone { at_ms: stamp.at_ms, with: with.map(str::to_owned) });
        record.turn("deleted", stamp, &who.actor.name, why, changes, None);
    }

    pub fn restore(
        &mut self,
        who: &Person,
        entity: usize,
        id: &str,
        why: Option<&str>,
    ) -> Result<(), Outcome> {
        let rights = self.rights(who, entity, Operation::Delete).ok_or(Outcome::Forbidden)?;
        let root = self.find(entity, id).filter(|one| one.gone.is_some()).ok_or(Outcome::NotFound)?;
        if !self.admits(who, entity, &rights, &root.values) {
            return Err(Outcome::NotFound);
        }
        if root.gone.as_ref().is_some_and(|gone| gone.with.is_some()) {
            return Err(Outcome::Conflict("deleted_with_another".to_owned()));
        }
        let coming = self.coming(entity, id);
        self.targets_are_there(&coming)?;
        let before = self.records.clone();
        for (one, its_id) in &coming {
            if let Err(outcome) = self.bring_back(who, *one, its_id, why) {
                self.records = before;
                return Err(outcome);
            }
        }
        Ok(())
    }

    /// The record, then those its deletion took along, by entity and id.
    fn coming(&self, entity: usize, id: &str) -> Vec<(usize, String)> {
        let mut coming = vec![(entity, id.to_owned())];
        for one in self.design.tops() {
            let with =
                |record: &&Record| record.gone.as_ref().is_some_and(|gone| gone.with.as_deref() == Some(id));
            let mut ids: Vec<String> =
                self.records[one].iter().filter(with).map(|one| one.id.clone()).collect();
            ids.sort();
            coming.extend(ids.into_iter().map(|id| (one, id)));
        }
        coming
    }

    fn targets_are_there(&self, coming: &[(usize, String)]) -> Result<(), Outcome> {
        let mut faults = Vec::new();
        let mut look = |entity: usize, values: &[Value]| {
            let is_child = self.entity(entity).parent.is_some();
            for (at, field) in self.entity(entity).fields.iter().enumerate() {
                let Some(to) = field.to.filter(|_| !(is_child && at == crate::design::LINK)) else {
                    continue;
                };
                if field.rule_of_deletion() == OnDelete::Keep {
                    continue;
                }
                for id in ids(&values[at]) {
                    if !coming.contains(&(to, id.to_owned())) && self.find_live(to, id).is_none() {
                        faults.push(crate::change::Fault::new(field.name.as_str(), "reference"));
                    }
                }
            }
        };
        for (entity, id) in coming {
            let record = self.find(*entity, id).expect("a record");
            look(*entity, &record.values);
            for (child, rows) in self.design.children(*entity).into_iter().zip(&record.tables) {
                rows.iter().for_each(|row| look(child, &row.values));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Outcome::invalid(faults)) }
    }

    fn bring_back(
        &mut self,
        who: &Person,
        entity: usize,
        id: &str,
        why: Option<&str>,
    ) -> Result<(), Outcome> {
        let draft = self.returning(entity, self.find(entity, id).expect("a record"));
        self.judge_return(&draft)?;
        let repeated = self.repeated(&draft, &[]);
        if !repeated.is_empty() {
            return Err(Outcome::invalid(repeated));
        }
        let stamp = Stamp { at_ms: self.now_ms, by: who.actor.account_id.clone() };
        let record = self.find_mut(entity, id);
        record.gone = None;
        let state = Some((record.values.clone(), record.tables.clone()));
        record.turn("restored", stamp, &who.actor.name, why, Vec::new(), state);
        Ok(())
    }
}

impl Record {
    fn turn(
        &mut self,
        action: &'static str,
        stamp: Stamp,
        actor: &str,
        why: Option<&str>,
        changes: Vec<Changed>,
        state: Option<(Vec<Value>, Vec<Vec<Row>>)>,
    ) {
        self.version += 1;
        self.updated = stamp.clone();
        let (version, why) = (self.version, why.map(str::to_owned));
        let actor = actor.to_owned();
        self.history.push(Entry {
            version,
            at_ms: stamp.at_ms,
            actor,
            action,
            why,
            changes,
            confirmations: Vec::new(),
        });
        self.past.push(Past { version, stamp, state });
    }
}
