//! Exports: what a list shows, all of it, page by page. Rights, row scope, field lists and masks are those of the
//! viewer's rights to export; nothing more leaves than the list would show.

mod cells;
mod describe;

use std::sync::Arc;

use anju_definitions::{FieldType, Filter, Sort};
use anju_store::{ColumnRef, Condition, Fetch, Select};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, PageRequest, Query, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, Plans},
    search::{Joins, Meta, Paging, Place, Shelf, Wanted, found_by, names, readable},
};

/// Records read at a time. Large, because a list that no index orders is ordered anew for every page.
const PAGE_SIZE: u32 = 2_000;

/// What to export.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportRequest {
    #[serde(rename = "where")]
    pub filter: Option<Filter>,
    /// As in a [`Query`].
    pub search: Option<String>,
    /// Fields and paths through references; empty: all fields the actor may see.
    pub select: Vec<String>,
    pub sort: Vec<Sort>,
    /// Those of the fields whose values are to be masked although the actor may see them.
    pub mask: Vec<String>,
}

/// One column of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportColumn {
    /// Field or path.
    pub name: String,
    /// As an import would call it; titles of references before it for a path.
    pub title: String,
    pub kind: ExportKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    Text,
    Integer,
    Decimal { scale: u32 },
    Date,
    Instant,
}

/// A cell, as people read it: titles of codes, yuan, names of references, masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportCell {
    Empty,
    Text(String),
    /// Exact decimal text.
    Number(String),
    Date(Date),
    /// Shanghai.
    Instant(DateTime),
}

/// An export on its way. It belongs to the catalog it was begun with.
pub struct Export {
    entity: String,
    plans: Arc<Plans>,
    columns: Vec<Planned>,
    query: Query,
    done: bool,
}

/// A column and how its cells are made.
struct Planned {
    column: ExportColumn,
    owner: Arc<EntityPlan>,
    place: Place,
    masked: bool,
}

impl Export {
    pub fn columns(&self) -> impl Iterator<Item = &ExportColumn> {
        self.columns.iter().map(|planned| &planned.column)
    }
}

impl Records {
    /// Refuses an actor without the right to export the entity.
    pub fn may_export(&self, actor: &Actor, entity: &str) -> Result<()> {
        let plans = self.plans()?;
        Access::of(&plans, plans.entity(entity)?, actor, Operation::Export).map(|_| ())
    }

    /// Checks what is to be exported: rights, fields, filter, order.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right to export, [`Error::Invalid`] naming fields that do not exist or may not
    /// be exported, [`Error::TooMuch`] beyond the limits of one query.
    pub fn begin_export(&self, actor: &Actor, entity: &str, request: &ExportRequest) -> Result<Export> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Export)?;
        let select = match request.select.is_empty() {
            true => every_field(plan, &access),
            false => request.select.iter().filter(|name| !name.starts_with('$')).cloned().collect(),
        };
        let mut columns = Vec::with_capacity(select.len());
        let mut faults = Vec::new();
        for name in &select {
            match planned(&plans, plan, actor, &access, name, &request.mask) {
                Ok(column) => columns.push(column),
                Err(Error::Invalid(found)) => faults.extend(found),
                Err(other) => return Err(other),
            }
        }
        if columns.is_empty() && faults.is_empty() {
            return Err(Error::invalid("select", "required", "请至少选择一列"));
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        // Compiled once here, so that a faulty filter is told at once and not by a job.
        let wanted = Wanted { filter: request.filter.as_ref(), ..Wanted::default() };
        self.compile_filter(&mut Joins::new(&plans, plan), actor, &access, &wanted)?;
        let query = Query {
            filter: request.filter.clone(),
            search: request.search.clone(),
            // All fields together are read without naming each.
            select: if request.select.is_empty() { Vec::new() } else { select },
            sort: request.sort.clone(),
            page: PageRequest { size: PAGE_SIZE, ..PageRequest::default() },
            ..Query::default()
        };
        Ok(Export { entity: entity.to_owned(), columns, query, done: false, plans: plans.clone() })
    }

    /// How many records an export has, counted up to one more than `at_most`.
    pub async fn count_export(&self, actor: &Actor, export: &Export, at_most: u64) -> Result<u64> {
        let plans = &export.plans;
        let plan = plans.entity(&export.entity)?;
        let access = Access::of(plans, plan, actor, Operation::Export)?;
        let mut reader = self.store().reader();
        let found = found_by(&mut reader, plan, &access, export.query.search.as_deref(), Shelf::Live).await?;
        let wanted =
            Wanted { filter: export.query.filter.as_ref(), found: found.as_ref(), ..Wanted::default() };
        let mut joins = Joins::new(plans, plan);
        let filter = self.compile_filter(&mut joins, actor, &access, &wanted)?;
        let select = Select { joins: joins.into_joins(), filter, ..Select::from(plan.table.as_str()) };
        Ok(reader.count(&select, Some(at_most.saturating_add(1))).await?)
    }

    pub(crate) async fn export_page_inner(
        &self,
        actor: &Actor,
        export: &mut Export,
    ) -> Result<Vec<Vec<ExportCell>>> {
        if export.done {
            return Ok(Vec::new());
        }
        let mut reader = self.store().reader();
        let size = export.query.page.size;
        let paging = Paging::export(size);
        let page = self.page(&mut reader, actor, &export.entity, &export.query, paging).await?;
        export.done = page.next.is_none();
        export.query.page.after = page.next;
        let files = self.file_names(&export.columns, &page.items).await?;
        Ok(page.items.iter().map(|record| cells::row(&export.columns, record, &files)).collect())
    }
}

/// The fields the actor may export, in the order of the entity.
fn every_field(plan: &EntityPlan, access: &Access<'_>) -> Vec<String> {
    let seen = plan.fields.iter().enumerate().filter(|(position, _)| access.sees(*position));
    seen.map(|(_, field)| field.name.clone()).collect()
}

fn planned(
    plans: &Arc<Plans>,
    plan: &Arc<EntityPlan>,
    actor: &Actor,
    access: &Access<'_>,
    name: &str,
    mask: &[String],
) -> Result<Planned> {
    if plan.child(name).is_some() {
        return Err(Error::invalid(name, "operator", "子表不能作为导出列"));
    }
    let path = names(name);
    let mut joins = Joins::new(plans, plan);
    let mut titles = Vec::with_capacity(path.len());
    let located = joins.locate_checked(&path, |at, place| {
        titles.push(title_of(at, place));
        readable(plans, plan, at, place, actor, access)
    })?;
    let owner = plans.entity(located.plan.key())?.clone();
    let kind = kind_of(&owner, located.place);
    let column = ExportColumn { name: name.to_owned(), title: titles.join("·"), kind };
    let masked = mask.iter().any(|masked| masked == name);
    // A masked value is no number or date any more.
    let column = if masked { ExportColumn { kind: ExportKind::Text, ..column } } else { column };
    Ok(Planned { column, owner, place: located.place, masked })
}

/// What a column or condition is called.
fn title_of(plan: &EntityPlan, place: Place) -> String {
    match place {
        Place::Field(position) => crate::import::header_title(&plan.fields[position]),
        Place::Meta(Meta::Id) => "记录标识".to_owned(),
        Place::Meta(Meta::Version) => "版本".to_owned(),
        Place::Meta(Meta::CreatedAt) => "创建时间".to_owned(),
        Place::Meta(Meta::CreatedBy) => "创建账户".to_owned(),
        Place::Meta(Meta::UpdatedAt) => "更新时间".to_owned(),
        Place::Meta(Meta::UpdatedBy) => "更新账户".to_owned(),
    }
}

fn kind_of(plan: &EntityPlan, place: Place) -> ExportKind {
    match place {
        Place::Meta(meta) if meta.is_instant() => ExportKind::Instant,
        Place::Meta(Meta::Version) => ExportKind::Integer,
        Place::Meta(_) => ExportKind::Text,
        Place::Field(position) => {
            let field = &plan.fields[position];
            match field.kind {
                _ if field.sensitive() => ExportKind::Text,
                FieldType::Integer => ExportKind::Integer,
                FieldType::Decimal => ExportKind::Decimal { scale: field.scale },
                FieldType::Money => ExportKind::Decimal { scale: 2 },
                FieldType::Date => ExportKind::Date,
                FieldType::DateTime => ExportKind::Instant,
                _ => ExportKind::Text,
            }
        }
    }
}

/// Conditions of one record by its id, for displays of references.
fn is_record(plan: &EntityPlan, id: &str) -> Condition {
    Condition::eq(plan.table.as_str(), "id", id)
        .and(Condition::IsNull(ColumnRef::new(plan.table.as_str(), "deleted_at")))
}
