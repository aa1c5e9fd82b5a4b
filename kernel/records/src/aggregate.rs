//! Figures: counts, sums and averages by group, over the same rows a list would show.

use anju_definitions::{FieldType, Filter};
use anju_store::{AVERAGE_SCALE, Aggregate, ColumnKind, ColumnRef, Fetch, Group, Measure, SqlValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Actor, Error, Object, Records, Result,
    access::{Access, Operation, may_show},
    plan::{FieldPlan, Plans},
    search::{FilterCompiler, Joins, Place},
    value,
};

/// Figures by group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateQuery {
    #[serde(default, rename = "where")]
    pub filter: Option<Filter>,
    /// At most 4.
    #[serde(default)]
    pub group_by: Vec<Grouping>,
    /// At most 10; a count when empty.
    #[serde(default)]
    pub measures: Vec<MeasureRequest>,
}

/// A field (or path) to group by; `grain` for dates and instants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grouping {
    pub field: String,
    #[serde(default)]
    pub grain: Option<Grain>,
}

/// How coarse to group by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    Day,
    Month,
    Year,
}

/// One figure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasureRequest {
    pub op: MeasureOp,
    #[serde(default)]
    pub field: Option<String>,
    /// Name of the figure in the result.
    #[serde(rename = "as")]
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureOp {
    Count,
    CountDistinct,
    Sum,
    Min,
    Max,
    Avg,
}

/// One object per group: the group's values by field, the figures by name, `$refs` for references.
#[derive(Debug, Clone, Serialize)]
pub struct AggregateResult {
    pub rows: Vec<Object>,
    /// `true`: there are more groups than were returned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Most groups of one result.
const GROUPS_MAX: u64 = 1_000;
/// Most fields to group by.
const GROUPINGS_MAX: usize = 4;
/// Most figures.
const MEASURES_MAX: usize = 10;

impl Records {
    pub(crate) async fn aggregate_inner(
        &self,
        actor: &Actor,
        entity: &str,
        query: &AggregateQuery,
    ) -> Result<AggregateResult> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?;
        let access = Access::of(&plans, plan, actor, Operation::Read)?;
        if query.group_by.len() > GROUPINGS_MAX || query.measures.len() > MEASURES_MAX {
            let message = format!("最多按 {GROUPINGS_MAX} 个字段分组、{MEASURES_MAX} 个指标");
            return Err(Error::TooMuch { message });
        }
        let mut joins = Joins::new(&plans, plan);
        let filter = self.compile_filter(&mut joins, actor, &access, query.filter.as_ref())?;
        let mut groups = Vec::with_capacity(query.group_by.len());
        for grouping in &query.group_by {
            groups.push(group(self, &mut joins, actor, &access, grouping)?);
        }
        let count = [MeasureRequest { op: MeasureOp::Count, field: None, name: "count".to_owned() }];
        let requests = if query.measures.is_empty() { &count[..] } else { &query.measures };
        let mut figures = Vec::with_capacity(requests.len());
        for request in requests {
            figures.push(figure(self, &mut joins, actor, &access, request)?);
        }
        let aggregate = Aggregate {
            from: plan.table.clone(),
            filter,
            group: groups.iter().enumerate().map(|(at, group)| group.compiled(at)).collect(),
            measures: figures.iter().enumerate().map(|(at, figure)| figure.compiled(at)).collect(),
            joins: joins.into_joins(),
            limit: Some(GROUPS_MAX + 1),
        };
        let mut source = self.store().reader();
        let mut found = source.aggregate(&aggregate).await?;
        let truncated = found.len() as u64 > GROUPS_MAX;
        found.truncate(GROUPS_MAX as usize);
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let mut object = Object::with_capacity(groups.len() + figures.len() + 1);
            for (at, group) in groups.iter().enumerate() {
                object.insert(group.name.clone(), group.value(row.value(at).clone())?);
            }
            for (at, figure) in figures.iter().enumerate() {
                object.insert(figure.name.clone(), figure.value(row.value(groups.len() + at).clone())?);
            }
            rows.push(object);
        }
        self.name_groups(&plans, actor, &groups, &mut rows).await?;
        Ok(AggregateResult { rows, truncated })
    }

    /// `$refs` for groups that are references: one query per entity.
    async fn name_groups(
        &self,
        plans: &Plans,
        actor: &Actor,
        groups: &[CompiledGroup<'_>],
        rows: &mut [Object],
    ) -> Result<()> {
        for group in groups {
            let Some(field) = group.field.filter(|field| field.kind == FieldType::Ref) else { continue };
            let target = plans.target(field)?;
            if !may_show(plans, target, actor) {
                continue;
            }
            let ids =
                rows.iter().filter_map(|row| row.get(&group.name)?.as_str().map(str::to_owned)).collect();
            let names = self.display_texts(plans, target, actor, &ids).await?;
            for row in &mut *rows {
                let Some(name) = row.get(&group.name).and_then(Value::as_str).and_then(|id| names.get(id))
                else {
                    continue;
                };
                let name = Value::from(name.as_str());
                if let Value::Object(references) = row.entry("$refs").or_insert_with(|| Object::new().into())
                {
                    references.insert(group.name.clone(), name);
                }
            }
        }
        Ok(())
    }
}

struct CompiledGroup<'p> {
    name: String,
    column: ColumnRef,
    kind: ColumnKind,
    grain: Option<Grain>,
    field: Option<&'p FieldPlan>,
}

struct CompiledFigure<'p> {
    name: String,
    op: MeasureOp,
    column: Option<ColumnRef>,
    kind: ColumnKind,
    field: Option<&'p FieldPlan>,
}

fn group<'p>(
    records: &Records,
    joins: &mut Joins<'p>,
    actor: &Actor,
    access: &Access<'p>,
    grouping: &Grouping,
) -> Result<CompiledGroup<'p>> {
    let located = FilterCompiler::new(records, joins, actor, access).locate(&grouping.field, None)?;
    let refuse = |message: &str| Error::invalid(grouping.field.as_str(), "operator", message);
    let (name, kind, field) = match located.place {
        Place::Meta(meta) => (meta.name(), meta.kind(), None),
        Place::Field(position) => {
            let field = &located.plan.fields[position];
            if !field.is_groupable() {
                return Err(refuse("该字段不能用于分组"));
            }
            (field.name.as_str(), field.sql, Some(field))
        }
    };
    let is_time = match located.place {
        Place::Meta(meta) => meta.is_instant(),
        Place::Field(_) => field.is_some_and(|f| matches!(f.kind, FieldType::Date | FieldType::DateTime)),
    };
    if grouping.grain.is_some() && !is_time {
        return Err(refuse("只有日期可以按日、月、年分组"));
    }
    let column = ColumnRef::new(located.alias.as_str(), name);
    Ok(CompiledGroup { name: grouping.field.clone(), column, kind, grain: grouping.grain, field })
}

fn figure<'p>(
    records: &Records,
    joins: &mut Joins<'p>,
    actor: &Actor,
    access: &Access<'p>,
    request: &MeasureRequest,
) -> Result<CompiledFigure<'p>> {
    let Some(path) = &request.field else {
        return match request.op {
            MeasureOp::Count => Ok(CompiledFigure {
                name: request.name.clone(),
                op: request.op,
                column: None,
                kind: ColumnKind::Int,
                field: None,
            }),
            _ => Err(Error::invalid(request.name.as_str(), "required", "此指标需要指定字段")),
        };
    };
    let located = FilterCompiler::new(records, joins, actor, access).locate(path, None)?;
    let refuse = || Error::invalid(path.as_str(), "operator", "该字段不能用于此指标");
    let Place::Field(position) = located.place else { return Err(refuse()) };
    let field = &located.plan.fields[position];
    if !field.is_stored() {
        return Err(refuse());
    }
    let number = field.kind.is_number();
    let ordered = number || matches!(field.kind, FieldType::Date | FieldType::DateTime);
    let counted = matches!(request.op, MeasureOp::Count | MeasureOp::CountDistinct);
    let fits = match request.op {
        MeasureOp::Count | MeasureOp::CountDistinct => true,
        MeasureOp::Sum | MeasureOp::Avg => number && !field.sensitive(),
        MeasureOp::Min | MeasureOp::Max => ordered && !field.sensitive(),
    };
    if !fits {
        return Err(refuse());
    }
    let column = if counted { field.equality_column() } else { &field.name };
    Ok(CompiledFigure {
        name: request.name.clone(),
        op: request.op,
        column: Some(ColumnRef::new(located.alias.as_str(), column)),
        kind: field.sql,
        field: Some(field),
    })
}

impl CompiledGroup<'_> {
    fn compiled(&self, at: usize) -> Group {
        let grain = self.grain.map(|grain| match grain {
            Grain::Day => anju_store::Grain::Day,
            Grain::Month => anju_store::Grain::Month,
            Grain::Year => anju_store::Grain::Year,
        });
        Group { column: self.column.clone(), kind: self.kind, alias: format!("g{at}"), grain }
    }

    fn value(&self, value: SqlValue) -> Result<Value> {
        match (self.field, self.grain, value) {
            (_, Some(_), SqlValue::Text(text)) => Ok(Value::String(text)),
            (Some(field), None, value) => value::from_column(field.kind, field.scale, value),
            (None, _, SqlValue::Text(text)) => Ok(Value::String(text)),
            (None, _, SqlValue::Int(int)) => Ok(Value::from(int)),
            _ => Ok(Value::Null),
        }
    }
}

impl CompiledFigure<'_> {
    fn compiled(&self, at: usize) -> Measure {
        let op = match self.op {
            MeasureOp::Count => anju_store::MeasureOp::Count,
            MeasureOp::CountDistinct => anju_store::MeasureOp::CountDistinct,
            MeasureOp::Sum => anju_store::MeasureOp::Sum,
            MeasureOp::Min => anju_store::MeasureOp::Min,
            MeasureOp::Max => anju_store::MeasureOp::Max,
            MeasureOp::Avg => anju_store::MeasureOp::Avg,
        };
        Measure { op, column: self.column.clone(), kind: self.kind, alias: format!("m{at}") }
    }

    /// Averages are decimal texts with [`AVERAGE_SCALE`] more places than the field.
    fn value(&self, value: SqlValue) -> Result<Value> {
        match (self.op, self.field, value) {
            (_, _, SqlValue::Null) => Ok(Value::Null),
            (MeasureOp::Avg, Some(field), SqlValue::Int(scaled)) => {
                Ok(Value::String(value::format_decimal(scaled, field.scale + AVERAGE_SCALE)))
            }
            (MeasureOp::Sum | MeasureOp::Min | MeasureOp::Max, Some(field), value) => {
                value::from_column(field.kind, field.scale, value)
            }
            (_, _, SqlValue::Int(count)) => Ok(Value::from(count)),
            _ => Ok(Value::Null),
        }
    }
}
