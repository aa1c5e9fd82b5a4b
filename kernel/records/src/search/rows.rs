//! Tests of the rows of child tables: a record passes when one of its rows does.

use anju_definitions::{FieldTest, FieldType, Filter, RowTest};
use anju_store::{ColumnRef, Condition, Select};

use super::{
    filter::{FilterCompiler, prefixed},
    joins::{Joins, Place, unknown_field},
};
use crate::{
    Actor, Error, FieldError, Result,
    access::{Access, Operation},
    plan::{ChildPlan, EntityPlan, Plans},
};

impl<'p> FilterCompiler<'_, '_, 'p> {
    /// Where in the path the first child table stands, if one does before its end.
    pub(super) fn first_rows(&self, path: &[String]) -> Option<usize> {
        let plans = self.joins.plans();
        let mut plan = self.joins.base();
        let (_, ways) = path.split_last()?;
        for (at, name) in ways.iter().enumerate() {
            match plan.field(name) {
                Some(field) if field.kind == FieldType::Ref => plan = plans.target(field).ok()?,
                Some(_) => return None,
                None => return plan.child(name).map(|_| at),
            }
        }
        None
    }

    /// `members.name eq …`: a row passes. Negated: none does.
    pub(super) fn test_of_rows(
        &mut self,
        test: &FieldTest,
        path: &[String],
        table: usize,
        negated: bool,
        depth: usize,
    ) -> Result<Condition> {
        let rest = path[table + 1..].join(".");
        let inner = Filter::Test(FieldTest { field: rest, op: test.op, value: test.value.clone() });
        let found = self.rows_that_pass(&path[..=table], Some(&inner), depth);
        negate(found.map_err(|error| told_at(error, &path[..=table], path))?, negated)
    }

    /// `{has: members, where: …}`.
    pub(super) fn has(
        &mut self,
        rows: &RowTest,
        prefix: Option<&str>,
        negated: bool,
        depth: usize,
    ) -> Result<Condition> {
        let path = prefixed(&rows.has, prefix);
        let found = self.rows_that_pass(&path, rows.filter.as_deref(), depth);
        negate(found.map_err(|error| told_at(error, &path, &path))?, negated)
    }

    /// `path` ends in the child table.
    fn rows_that_pass(
        &mut self,
        path: &[String],
        filter: Option<&Filter>,
        depth: usize,
    ) -> Result<Condition> {
        self.admit()?;
        let unknown = || unknown_field("");
        if let Some(table) = self.first_rows(path) {
            // rows of rows
            let inner = Filter::Has(RowTest {
                has: path[table + 1..].join("."),
                filter: filter.map(|filter| Box::new(filter.clone())),
            });
            return self.rows_that_pass(&path[..=table], Some(&inner), depth + 1);
        }
        let (name, ways) = path.split_last().ok_or_else(unknown)?;
        let (owner_alias, owner) = self.owner(ways)?;
        let child = owner.child(name).ok_or_else(unknown)?;
        let plans = self.joins.plans();
        let plan: &'p EntityPlan = plans.child(child)?;
        let access = match self.reader {
            Some((actor, access)) => {
                let base = std::ptr::eq(owner, self.joins.base()).then_some(access);
                Some(access_to_rows(plans, owner, child, plan, actor, base)?.ok_or_else(unknown)?)
            }
            None => None,
        };
        let mut joins: Joins<'p> = self.joins.inside(plan);
        let condition = match filter {
            None => Condition::True,
            Some(filter) => {
                let mut inner = FilterCompiler {
                    records: self.records,
                    joins: &mut joins,
                    reader: self.reader.map(|(actor, _)| actor).zip(access.as_ref()),
                    tests: self.tests,
                };
                let condition = inner.compile(filter, None, false, depth + 1)?;
                self.tests = inner.tests;
                condition
            }
        };
        let table = plan.table.as_str();
        let link = ColumnRef::new(table, plan.fields[child.parent_field].name.as_str());
        let rows = Select {
            joins: joins.into_joins(),
            filter: Condition::ColumnsEqual(link, ColumnRef::new(owner_alias, "id"))
                .and(Condition::IsNull(ColumnRef::new(table, "deleted_at")))
                .and(condition),
            ..Select::from(table)
        };
        Ok(Condition::Exists(Box::new(rows)))
    }

    /// The record whose rows are meant: at the end of references, or the record itself.
    fn owner(&mut self, ways: &[String]) -> Result<(String, &'p EntityPlan)> {
        if ways.is_empty() {
            let base = self.joins.base();
            return Ok((base.table.clone(), base));
        }
        let located = self.locate_names(ways)?;
        match located.place {
            Place::Field(position) if located.plan.fields[position].kind == FieldType::Ref => {
                self.joins.follow(&located.alias, located.plan, position)
            }
            _ => Err(unknown_field("")),
        }
    }
}

/// The actor's rights on the rows, if they may name the table at all. Which rows they see follows the parent.
fn access_to_rows<'p>(
    plans: &'p Plans,
    owner: &'p EntityPlan,
    child: &ChildPlan,
    plan: &'p EntityPlan,
    actor: &Actor,
    base: Option<&Access<'p>>,
) -> Result<Option<Access<'p>>> {
    let sees = match base {
        Some(access) => access.sees_child(&child.name),
        None => Access::of(plans, owner, actor, Operation::Read)
            .is_ok_and(|access| access.sees_child(&child.name)),
    };
    Ok(Access::of(plans, plan, actor, Operation::Read).ok().filter(|_| sees))
}

fn negate(condition: Condition, negated: bool) -> Result<Condition> {
    Ok(if negated { Condition::Not(Box::new(condition)) } else { condition })
}

/// Faults of the inner test, named from the record on; `whole` when the table itself may not be named.
fn told_at(error: Error, table: &[String], whole: &[String]) -> Error {
    let Error::Invalid(faults) = error else { return error };
    let told = faults.into_iter().flat_map(|fault| {
        let field = match fault.field.as_str() {
            "" => whole.join("."),
            field => format!("{}.{field}", table.join(".")),
        };
        match (fault.code.as_str(), unknown_field(&field)) {
            ("unknown", Error::Invalid(unknown)) => unknown,
            _ => vec![FieldError { field, ..fault }],
        }
    });
    Error::Invalid(told.collect())
}
