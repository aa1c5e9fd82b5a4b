//! Entities compiled once per catalog: what every request would otherwise work out again.

mod codes;
mod display;
mod field;
mod referrers;
mod rule;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, OnceLock},
};

use anju_definitions::{Catalog, Entity, FieldType, Parent};

#[cfg(test)]
pub(crate) use codes::tests::regions;
pub(crate) use codes::{CodeLists, Unnamed, code_lists};
pub(crate) use display::Segment;
pub(crate) use field::{FieldPlan, Formula};
pub(crate) use referrers::Referrer;
pub(crate) use rule::{Judgement, Others, RulePlan, with_operands};

use crate::{
    Error, Result,
    read::{Shape, ShapeRequest},
    schema::indexes,
};

/// The plans of all entities of one catalog.
pub(crate) struct Plans {
    pub catalog: Arc<Catalog>,
    pub lists: CodeLists,
    entities: HashMap<String, Arc<EntityPlan>>,
    /// How whole records are read, by entity; made when first needed.
    shapes: HashMap<String, OnceLock<Arc<Shape>>>,
    /// How child rows are read with their parent.
    row_shapes: HashMap<String, OnceLock<Arc<Shape>>>,
    /// By entity: what refers to its records.
    referrers: HashMap<String, Vec<Referrer>>,
}

/// One entity, compiled.
pub(crate) struct EntityPlan {
    pub entity: Arc<Entity>,
    /// Name of the table in its present generation.
    pub table: String,
    /// Name of the table through all its generations: what its values are sealed under.
    pub stem: String,
    pub fields: Vec<FieldPlan>,
    by_name: HashMap<String, usize>,
    pub children: Vec<ChildPlan>,
    pub display: Vec<Segment>,
    pub rules: Vec<RulePlan>,
    pub actions: Vec<ActionPlan>,
    /// Groups of fields (by position) that no two live records share.
    pub uniques: Vec<Vec<usize>>,
    /// Positions of the computed fields, each after those it reads.
    pub computed: Vec<usize>,
    /// Position of the state field with declared transitions.
    pub state_field: Option<usize>,
    /// Periods in which a record is in force.
    pub period: Option<PeriodPlan>,
    /// Positions of the fields that records are searched by.
    pub search: Vec<usize>,
    leading: OnceLock<HashSet<String>>,
}

/// Positions of the fields that say when a record is in force, and of what.
pub(crate) struct PeriodPlan {
    pub from: usize,
    pub to: usize,
    pub by: Vec<usize>,
}

/// A child table of an entity.
pub(crate) struct ChildPlan {
    pub entity: String,
    pub name: String,
    pub title: String,
    /// Position, in the child, of the reference to the parent.
    pub parent_field: usize,
    pub rows_max: usize,
}

pub(crate) struct ActionPlan {
    pub key: String,
    pub when: Option<Formula>,
}

impl Plans {
    pub(crate) fn compile(catalog: Arc<Catalog>) -> Result<Self> {
        let lists = code_lists(&catalog);
        let mut entities = HashMap::with_capacity(catalog.entities.len());
        for (key, entity) in &catalog.entities {
            entities.insert(key.clone(), Arc::new(EntityPlan::compile(&catalog, &lists, entity)?));
        }
        let cells = || entities.keys().map(|key: &String| (key.clone(), OnceLock::new())).collect();
        let referrers = referrers::collect(&entities);
        Ok(Self { shapes: cells(), row_shapes: cells(), catalog, lists, entities, referrers })
    }

    /// An entity the definitions name; an unknown one looks like a record that does not exist.
    pub(crate) fn entity(&self, key: &str) -> Result<&Arc<EntityPlan>> {
        self.entities.get(key).ok_or(Error::NotFound)
    }

    /// The entity a reference field points to.
    pub(crate) fn target(&self, field: &FieldPlan) -> Result<&Arc<EntityPlan>> {
        let to = field.definition.to.as_deref().unwrap_or_default();
        self.entities.get(to).ok_or_else(|| Error::Internal(format!("{} points to nothing", field.index_key)))
    }

    /// What refers to records of the entity, links of child rows to their parents aside.
    pub(crate) fn referrers(&self, entity: &str) -> &[Referrer] {
        self.referrers.get(entity).map_or(&[], Vec::as_slice)
    }

    /// All entities, in no order.
    pub(crate) fn entities(&self) -> impl Iterator<Item = &Arc<EntityPlan>> {
        self.entities.values()
    }

    /// How whole records of the entity are read.
    pub(crate) fn whole_shape(&self, plan: &Arc<EntityPlan>) -> Result<Arc<Shape>> {
        self.made(&self.shapes, plan, &ShapeRequest::All)
    }

    /// How rows of a child table are read with their parent.
    pub(crate) fn row_shape(&self, plan: &Arc<EntityPlan>, link: usize) -> Result<Arc<Shape>> {
        self.made(&self.row_shapes, plan, &ShapeRequest::Row { link })
    }

    fn made(
        &self,
        cells: &HashMap<String, OnceLock<Arc<Shape>>>,
        plan: &Arc<EntityPlan>,
        request: &ShapeRequest<'_>,
    ) -> Result<Arc<Shape>> {
        let cell = cells.get(plan.key()).ok_or(Error::NotFound)?;
        if let Some(shape) = cell.get() {
            return Ok(shape.clone());
        }
        let shape = Arc::new(Shape::complete(self, plan, request)?);
        Ok(cell.get_or_init(|| shape).clone())
    }

    pub(crate) fn child(&self, child: &ChildPlan) -> Result<&Arc<EntityPlan>> {
        self.entities.get(&child.entity).ok_or_else(|| Error::Internal(format!("no entity {}", child.entity)))
    }
}

impl EntityPlan {
    pub(crate) fn compile(catalog: &Catalog, lists: &CodeLists, entity: &Arc<Entity>) -> Result<Self> {
        let mut fields = Vec::with_capacity(entity.fields.len());
        for (name, field) in &entity.fields {
            fields.push(FieldPlan::compile(catalog, lists, entity, name, field)?);
        }
        let by_name: HashMap<String, usize> = entity.fields.keys().cloned().zip(0..).collect();
        let rules = entity.rules.iter().map(RulePlan::compile);
        let actions = entity.actions.iter().map(|(key, action)| {
            let when = action.when.as_deref().map(Formula::compile).transpose()?;
            Ok(ActionPlan { key: key.clone(), when })
        });
        let stem = table_name(&entity.entity);
        let generation = catalog.generations.get(&entity.entity).copied().unwrap_or(1);
        Ok(Self {
            table: anju_store::generation_name(&stem, generation),
            stem,
            period: period(entity),
            children: children(catalog, entity)?,
            display: display::parse(&entity.display)?,
            rules: rules.collect::<Result<_>>()?,
            actions: actions.collect::<Result<_>>()?,
            uniques: uniques(entity),
            computed: computed_order(&fields, &by_name),
            search: entity.search.iter().filter_map(|name| by_name.get(name).copied()).collect(),
            state_field: entity.transitions.as_ref().and_then(|t| by_name.get(&t.field).copied()),
            fields,
            by_name,
            entity: entity.clone(),
            leading: OnceLock::new(),
        })
    }

    pub(crate) fn key(&self) -> &str {
        &self.entity.entity
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn field(&self, name: &str) -> Option<&FieldPlan> {
        self.position(name).map(|position| &self.fields[position])
    }

    pub(crate) fn child(&self, name: &str) -> Option<&ChildPlan> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Whether a rule, condition or computed field of this entity reads the child table.
    pub(crate) fn child_is_read_by_rules(&self, name: &str) -> bool {
        let of_fields = self.fields.iter().flat_map(|field| {
            [&field.required_when, &field.visible_when, &field.read_only_when, &field.formula]
        });
        let mut formulas = of_fields.flatten().chain(self.rules.iter().flat_map(RulePlan::formulas));
        formulas.any(|formula| formula.reads(name))
    }

    /// The stored fields that a field worked out on reading goes back to. Sealed ones have no part in it.
    pub(crate) fn inputs_of(&self, position: usize) -> BTreeSet<usize> {
        let mut inputs = BTreeSet::new();
        let mut open = vec![position];
        // Each computed field is passed once; circles were left out of `computed`.
        let mut passed = BTreeSet::new();
        while let Some(at) = open.pop() {
            let Some(formula) = self.fields[at].formula.as_ref().filter(|_| passed.insert(at)) else {
                continue;
            };
            for read in formula.names.iter().filter_map(|name| self.position(name)) {
                match self.fields[read].is_stored() {
                    true if self.fields[read].sensitive() => {}
                    true => drop(inputs.insert(read)),
                    false => open.push(read),
                }
            }
        }
        inputs
    }

    /// First columns of the indexes of live records.
    pub(crate) fn leading_columns(&self) -> &HashSet<String> {
        let first = |index: anju_store::IndexSpec| index.columns.into_iter().next();
        self.leading
            .get_or_init(|| indexes(self).into_iter().filter_map(first).chain(["id".to_owned()]).collect())
    }

    pub(crate) fn parent(&self) -> Option<&Parent> {
        self.entity.parent.as_ref()
    }
}

/// Physical name of an entity's table in its first generation.
pub(crate) fn table_name(entity: &str) -> String {
    entity.replace('.', "_")
}

fn period(entity: &Entity) -> Option<PeriodPlan> {
    let effective = entity.effective.as_ref()?;
    let position = |name: &String| entity.fields.get_index_of(name);
    let by = effective.by.iter().filter_map(position).collect();
    Some(PeriodPlan { from: position(&effective.from)?, to: position(&effective.to)?, by })
}

fn children(catalog: &Catalog, entity: &Entity) -> Result<Vec<ChildPlan>> {
    let link = |child: &Entity, parent: &Parent| {
        let parent_field = child.fields.get_index_of(&parent.field);
        let parent_field = parent_field
            .ok_or_else(|| Error::Internal(format!("{} lacks {}", child.entity, parent.field)))?;
        Ok(ChildPlan {
            entity: child.entity.clone(),
            name: parent.as_name.clone(),
            title: child.title.clone(),
            parent_field,
            rows_max: parent.rows_max,
        })
    };
    let points_here = |child: &Entity, parent: &Parent| {
        let field = child.fields.get(&parent.field);
        field.is_some_and(|f| f.field_type == FieldType::Ref && f.to.as_deref() == Some(&entity.entity))
    };
    let linked = catalog.entities.values().filter_map(|child| Some((child, child.parent.as_ref()?)));
    linked
        .filter(|(child, parent)| points_here(child, parent))
        .map(|(child, parent)| link(child, parent))
        .collect()
}

fn uniques(entity: &Entity) -> Vec<Vec<usize>> {
    let position = |name: &String| entity.fields.get_index_of(name);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let key = entity.key.iter().filter_map(position).map(|at| vec![at]);
    let single = entity.fields.values().enumerate().filter(|(_, field)| field.unique).map(|(at, _)| vec![at]);
    let declared = entity.unique.iter().map(|group| group.iter().filter_map(position).collect::<Vec<_>>());
    for group in key.chain(single).chain(declared) {
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// Computed fields in an order in which each comes after those it reads. Those that read each other in a circle,
/// which the check of definitions refuses, are left out.
fn computed_order(fields: &[FieldPlan], by_name: &HashMap<String, usize>) -> Vec<usize> {
    let mut waiting: Vec<usize> = (0..fields.len()).filter(|at| fields[*at].formula.is_some()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    loop {
        let ready = |at: &usize| {
            let formula = fields[*at].formula.as_ref();
            let names = formula.map_or(&[][..], |formula| &formula.names);
            names.iter().filter_map(|name| by_name.get(name)).all(|read| !waiting.contains(read))
        };
        let (now, later): (Vec<usize>, Vec<usize>) = waiting.iter().copied().partition(ready);
        if now.is_empty() {
            return order;
        }
        order.extend(now);
        waiting = later;
    }
}
