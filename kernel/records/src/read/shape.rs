//! Which columns a read fetches and what becomes of each.

use std::sync::Arc;

use anju_definitions::FieldType;
use anju_store::{ColumnKind, ColumnRef, Columns, Join};

use crate::{
    Result,
    plan::{EntityPlan, Plans, Segment},
    search::{Joins, Located, Meta, Place},
};

/// The columns and joins of a read. Columns 0 to 5 are [`Meta::ALL`].
#[derive(Clone)]
pub(crate) struct Shape {
    pub columns: Columns,
    pub joins: Vec<Join>,
    pub values: Vec<ShownValue>,
    pub references: Vec<ShownReference>,
    pub display: Vec<DisplayPart>,
}

/// A value of the output.
#[derive(Clone)]
pub(crate) struct ShownValue {
    /// Name of the field, or the path that was asked for.
    pub name: String,
    pub column: usize,
    pub source: Source,
    /// Whether it is a field of the entity itself, so that the actor's field list applies.
    pub own: bool,
}

/// The display text of a reference's target.
#[derive(Clone)]
pub(crate) struct ShownReference {
    pub name: String,
    /// Position of the own field; `None` for a path.
    pub own: Option<usize>,
    pub column: usize,
    pub target: Arc<EntityPlan>,
    pub display: Vec<DisplayPart>,
}

#[derive(Clone)]
pub(crate) enum DisplayPart {
    Literal(String),
    /// `own`: a field of the record itself, so that the actor's field list applies.
    Value {
        column: usize,
        source: Source,
        own: bool,
    },
}

/// What a column holds, and where it was sealed.
#[derive(Clone)]
pub(crate) enum Source {
    Meta(Meta),
    Field {
        plan: Arc<EntityPlan>,
        position: usize,
        id_column: usize,
    },
    /// Nothing: the field is worked out from others, given by position and column.
    Computed {
        plan: Arc<EntityPlan>,
        position: usize,
        inputs: Vec<(usize, usize)>,
    },
}

/// What is asked for.
pub(crate) enum ShapeRequest<'a> {
    /// All fields of the entity.
    All,
    /// All fields of a child row; where it hangs needs no name.
    Row { link: usize },
    /// These fields and paths; rights were checked.
    Paths(&'a [Located<'a>], &'a [String]),
}

/// How deep a display text follows the display texts of references.
const DISPLAY_DEPTH_MAX: usize = 3;

struct Builder<'j, 'p> {
    plans: &'p Plans,
    joins: &'j mut Joins<'p>,
    columns: Vec<(ColumnRef, ColumnKind)>,
}

impl Shape {
    /// The shape for reading whole records or rows, joins included.
    pub(crate) fn complete(
        plans: &Plans,
        plan: &Arc<EntityPlan>,
        request: &ShapeRequest<'_>,
    ) -> Result<Self> {
        let mut joins = Joins::new(plans, plan);
        let mut shape = Self::build(plans, plan, &mut joins, request)?;
        shape.joins = joins.into_joins();
        Ok(shape)
    }

    /// The shape of a request; its joins stay in `joins`.
    pub(crate) fn build<'p>(
        plans: &'p Plans,
        plan: &'p Arc<EntityPlan>,
        joins: &mut Joins<'p>,
        request: &ShapeRequest<'_>,
    ) -> Result<Self> {
        let mut builder = Builder { plans, joins, columns: Vec::with_capacity(plan.fields.len() + 8) };
        for meta in Meta::ALL {
            builder.columns.push((ColumnRef::new(plan.table.as_str(), meta.name()), meta.kind()));
        }
        let (mut values, mut references) = (Vec::new(), Vec::new());
        let unnamed = match request {
            ShapeRequest::Row { link } => Some(*link),
            _ => None,
        };
        let mut show = |builder: &mut Builder<'_, 'p>,
                        name: &str,
                        alias: &str,
                        owner: &Arc<EntityPlan>,
                        place: Place,
                        own: bool|
         -> Result<()> {
            let (column, source) = builder.value(alias, owner, place);
            if let Place::Field(position) = place
                && owner.fields[position].kind == FieldType::Ref
                && unnamed != Some(position)
            {
                let target = plans.target(&owner.fields[position])?.clone();
                let display = builder.reference_display(alias, owner, position, 0)?;
                let own = own.then_some(position);
                references.push(ShownReference { name: name.to_owned(), own, column, target, display });
            }
            values.push(ShownValue { name: name.to_owned(), column, source, own });
            Ok(())
        };
        match request {
            ShapeRequest::All | ShapeRequest::Row { .. } => {
                for (position, field) in plan.fields.iter().enumerate() {
                    show(&mut builder, &field.name, &plan.table, plan, Place::Field(position), true)?;
                }
            }
            ShapeRequest::Paths(located, names) => {
                for (located, name) in located.iter().zip(names.iter()) {
                    let owner = plans.entity(located.plan.key())?;
                    let own = located.alias == plan.table;
                    let is_meta = own && matches!(located.place, Place::Meta(_));
                    if !is_meta {
                        show(&mut builder, name, &located.alias, owner, located.place, own)?;
                    }
                }
            }
        }
        let display = builder.display(&plan.table, plan, 0)?;
        Ok(Self { columns: Arc::new(builder.columns), joins: Vec::new(), values, references, display })
    }
}

impl<'p> Builder<'_, 'p> {
    fn column(&mut self, column: ColumnRef, kind: ColumnKind) -> usize {
        if let Some(known) = self.columns.iter().position(|(c, _)| *c == column) {
            return known;
        }
        self.columns.push((column, kind));
        self.columns.len() - 1
    }

    fn value(&mut self, alias: &str, owner: &Arc<EntityPlan>, place: Place) -> (usize, Source) {
        match place {
            Place::Meta(meta) => {
                (self.column(ColumnRef::new(alias, meta.name()), meta.kind()), Source::Meta(meta))
            }
            Place::Field(position) => {
                let field = &owner.fields[position];
                if !field.is_stored() {
                    let column = |at: usize| {
                        let input = &owner.fields[at];
                        (at, self.column(ColumnRef::new(alias, input.name.as_str()), input.sql))
                    };
                    let inputs = owner.inputs_of(position).into_iter().map(column).collect();
                    return (0, Source::Computed { plan: owner.clone(), position, inputs });
                }
                let id_column = match field.sensitive() {
                    true => self.column(ColumnRef::new(alias, "id"), ColumnKind::Text),
                    false => 0,
                };
                let column = self.column(ColumnRef::new(alias, field.name.as_str()), field.sql);
                (column, Source::Field { plan: owner.clone(), position, id_column })
            }
        }
    }

    fn reference_display(
        &mut self,
        alias: &str,
        owner: &Arc<EntityPlan>,
        position: usize,
        depth: usize,
    ) -> Result<Vec<DisplayPart>> {
        if depth > DISPLAY_DEPTH_MAX {
            return Ok(Vec::new());
        }
        let owner: &'p Arc<EntityPlan> = self.plans.entity(owner.key())?;
        let (joined, target) = self.joins.follow(alias, owner, position)?;
        let target = self.plans.entity(target.key())?;
        self.display(&joined, target, depth + 1)
    }

    fn display(&mut self, alias: &str, plan: &'p Arc<EntityPlan>, depth: usize) -> Result<Vec<DisplayPart>> {
        let mut parts = Vec::with_capacity(plan.display.len());
        for segment in &plan.display {
            match segment {
                Segment::Literal(text) => parts.push(DisplayPart::Literal(text.clone())),
                Segment::Path(path) => self.display_path(alias, plan, path, depth, &mut parts)?,
            }
        }
        Ok(parts)
    }

    /// A path inside a display text; one that ends at a reference shows the target's own text.
    fn display_path(
        &mut self,
        alias: &str,
        plan: &'p Arc<EntityPlan>,
        path: &[String],
        depth: usize,
        parts: &mut Vec<DisplayPart>,
    ) -> Result<()> {
        let (mut alias, mut owner) = (alias.to_owned(), plan);
        let Some((last, hops)) = path.split_last() else { return Ok(()) };
        for hop in hops {
            let Some(position) = owner.position(hop) else { return Ok(()) };
            let (joined, target) = self.joins.follow(&alias, owner, position)?;
            alias = joined;
            owner = self.plans.entity(target.key())?;
        }
        match (owner.position(last), Meta::named(last)) {
            (Some(position), _) if owner.fields[position].kind == FieldType::Ref => {
                parts.extend(self.reference_display(&alias, owner, position, depth)?);
            }
            (Some(position), _) => {
                let (column, source) = self.value(&alias, owner, Place::Field(position));
                let own = depth == 0 && hops.is_empty();
                parts.push(DisplayPart::Value { column, source, own });
            }
            (None, Some(meta)) => {
                let (column, source) = self.value(&alias, owner, Place::Meta(meta));
                parts.push(DisplayPart::Value { column, source, own: false });
            }
            (None, None) => {}
        }
        Ok(())
    }
}
