//! From names to columns: groups and measures against the definitions and the actor's rights.

use anju_definitions::FieldType;
use anju_store::{ColumnKind, ColumnRef, Condition, Group, Measure, Rank, SqlValue};
use serde_json::Value;

use super::request::{AggregateQuery, Grain, Grouping, MeasureOp, MeasureRequest};
use crate::{
    Actor, Error, Records, Result,
    access::Access,
    plan::FieldPlan,
    search::{FilterCompiler, Joins, Located, Place},
    value,
};

/// Most fields to group by.
const GROUPINGS_MAX: usize = 4;
/// Most figures.
const MEASURES_MAX: usize = 20;
/// `at` of a percentile in parts of this.
const PARTS: u32 = 10_000;

/// A group of the query.
pub(super) struct Grouped<'p> {
    pub name: String,
    pub path: String,
    pub column: ColumnRef,
    pub kind: ColumnKind,
    pub grain: Option<Grain>,
    pub field: Option<&'p FieldPlan>,
    /// An instant that every record has.
    pub is_meta_instant: bool,
}

/// A measure of the query.
pub(super) struct Measured<'p> {
    pub name: String,
    pub op: MeasureOp,
    pub field: Option<&'p FieldPlan>,
    pub how: How,
}

/// Where a figure comes from.
pub(super) enum How {
    /// Computed with all others in one query.
    Plain { op: MeasureOp, column: Option<ColumnRef>, kind: ColumnKind, filter: Condition },
    /// Computed in a query of its own.
    Quantile { column: ColumnRef, kind: ColumnKind, rank: Rank, filter: Condition },
    /// Two measures, by position.
    Ratio { of: usize, to: usize },
    /// A measure, by position.
    Share { of: usize },
}

/// What names are checked against.
pub(super) struct Compiler<'c, 'j, 'p> {
    pub records: &'c Records,
    pub actor: &'c Actor,
    pub access: &'c Access<'p>,
    pub joins: &'j mut Joins<'p>,
}

/// The measures of a request, a count when it names none; refused when names do not do.
pub(super) fn requested(query: &AggregateQuery) -> Result<Vec<MeasureRequest>> {
    if query.group_by.len() > GROUPINGS_MAX || query.measures.len() > MEASURES_MAX {
        let message = format!("最多按 {GROUPINGS_MAX} 个字段分组、{MEASURES_MAX} 个指标");
        return Err(Error::TooMuch { message });
    }
    let count = MeasureRequest {
        op: MeasureOp::Count,
        field: None,
        name: "count".to_owned(),
        filter: None,
        at: None,
        of: None,
        to: None,
    };
    let measures = if query.measures.is_empty() { vec![count] } else { query.measures.clone() };
    let mut names: Vec<&str> = Vec::new();
    let given = query.group_by.iter().map(Grouping::name).chain(measures.iter().map(|m| m.name.as_str()));
    for name in given {
        if name.is_empty() || name.starts_with('$') {
            return Err(Error::invalid(name, "format", "名称不能为空，也不能以 $ 开头"));
        }
        if names.contains(&name) {
            return Err(Error::invalid(name, "duplicate", format!("名称“{name}”重复")));
        }
        names.push(name);
    }
    Ok(measures)
}

impl<'p> Compiler<'_, '_, 'p> {
    fn locate(&mut self, path: &str) -> Result<Located<'p>> {
        FilterCompiler::new(self.records, self.joins, self.actor, self.access).locate(path, None)
    }

    pub(super) fn group(&mut self, grouping: &Grouping) -> Result<Grouped<'p>> {
        let located = self.locate(&grouping.field)?;
        let refuse = |message: &str| Error::invalid(grouping.field.as_str(), "operator", message);
        let (name, kind, field, is_time) = match located.place {
            Place::Meta(meta) => (meta.name(), meta.kind(), None, meta.is_instant()),
            Place::Field(position) => {
                let field = &located.plan.fields[position];
                if !field.is_groupable() {
                    return Err(refuse("该字段不能用于分组"));
                }
                (field.name.as_str(), field.sql, Some(field), field.is_time())
            }
        };
        if grouping.grain.is_some() && !is_time {
            return Err(refuse("只有日期可以按日、周、月、季、年分组"));
        }
        Ok(Grouped {
            name: grouping.name().to_owned(),
            path: grouping.field.clone(),
            column: ColumnRef::new(located.alias.as_str(), name),
            kind,
            grain: grouping.grain,
            field,
            is_meta_instant: field.is_none() && is_time,
        })
    }

    /// Refuses a period of anything but days or instants.
    pub(super) fn period(&mut self, path: &str) -> Result<()> {
        let located = self.locate(path)?;
        let is_time = match located.place {
            Place::Meta(meta) => meta.is_instant(),
            Place::Field(position) => located.plan.fields[position].is_time(),
        };
        match is_time {
            true => Ok(()),
            false => Err(Error::invalid(path, "operator", "统计期间须按日期字段")),
        }
    }

    /// `all` are the measures of the request, this one among them.
    pub(super) fn measure(
        &mut self,
        request: &MeasureRequest,
        all: &[MeasureRequest],
    ) -> Result<Measured<'p>> {
        let refuse = |code: &str, message: &str| Error::invalid(request.name.as_str(), code, message);
        let named = |name: &Option<String>, ops: &dyn Fn(MeasureOp) -> bool| {
            let name = name.as_deref().ok_or_else(|| refuse("required", "此指标需要指定所依据的指标"))?;
            all.iter()
                .position(|other| other.name == name && ops(other.op))
                .ok_or_else(|| refuse("unknown", "所依据的指标不存在，或不能这样计算"))
        };
        let divided = matches!(request.op, MeasureOp::Ratio | MeasureOp::Share);
        if divided && (request.field.is_some() || request.filter.is_some()) {
            return Err(refuse("operator", "此指标由其他指标算出，不能指定字段或条件"));
        }
        let how = match request.op {
            MeasureOp::Ratio => {
                let computed = |op| !matches!(op, MeasureOp::Ratio | MeasureOp::Share);
                How::Ratio { of: named(&request.of, &computed)?, to: named(&request.to, &computed)? }
            }
            MeasureOp::Share => {
                let adds_up = |op| matches!(op, MeasureOp::Count | MeasureOp::Sum);
                How::Share { of: named(&request.of, &adds_up)? }
            }
            _ => return self.computed(request),
        };
        Ok(Measured { name: request.name.clone(), op: request.op, field: None, how })
    }

    /// A measure that comes from the records themselves.
    fn computed(&mut self, request: &MeasureRequest) -> Result<Measured<'p>> {
        let filter = match &request.filter {
            None => Condition::True,
            Some(filter) => FilterCompiler::new(self.records, self.joins, self.actor, self.access)
                .compile(filter, None, false, 0)?,
        };
        let op = request.op;
        let Some(path) = &request.field else {
            if op != MeasureOp::Count {
                return Err(Error::invalid(request.name.as_str(), "required", "此指标需要指定字段"));
            }
            let how = How::Plain { op, column: None, kind: ColumnKind::Int, filter };
            return Ok(Measured { name: request.name.clone(), op, field: None, how });
        };
        let located = self.locate(path)?;
        let refuse = || Error::invalid(path.as_str(), "operator", "该字段不能用于此指标");
        let Place::Field(position) = located.place else { return Err(refuse()) };
        let field = &located.plan.fields[position];
        let (number, ordered) = (field.is_number(), field.is_number() || field.is_time());
        let clear = !field.sensitive();
        let fits = match op {
            MeasureOp::Count => true,
            MeasureOp::CountDistinct => clear || field.index_column.is_some(),
            MeasureOp::Sum | MeasureOp::Avg | MeasureOp::Median => number && clear,
            MeasureOp::Min | MeasureOp::Max | MeasureOp::Percentile => ordered && clear,
            MeasureOp::Ratio | MeasureOp::Share => false,
        };
        if !fits {
            return Err(refuse());
        }
        let counted = matches!(op, MeasureOp::Count | MeasureOp::CountDistinct);
        let column = if counted { field.equality_column() } else { &field.name };
        let column = ColumnRef::new(located.alias.as_str(), column);
        let kind = field.sql;
        let how = match op {
            MeasureOp::Median => How::Quantile { column, kind, rank: Rank::Median, filter },
            MeasureOp::Percentile => How::Quantile { column, kind, rank: rank(request)?, filter },
            _ => How::Plain { op, column: Some(column), kind, filter },
        };
        Ok(Measured { name: request.name.clone(), op, field: Some(field), how })
    }
}

fn rank(request: &MeasureRequest) -> Result<Rank> {
    let refuse = || {
        Error::invalid(
            request.name.as_str(),
            "range",
            "百分位 at 应大于 0、不超过 1，最多四位小数，如 \"0.9\"",
        )
    };
    let text = request.at.as_deref().ok_or_else(refuse)?;
    let parts = value::scaled_number(&Value::from(text), 4).map_err(|_| refuse())?;
    let numerator =
        u32::try_from(parts).ok().filter(|parts| (1..=PARTS).contains(parts)).ok_or_else(refuse)?;
    Ok(Rank::Nearest { numerator, denominator: PARTS })
}

impl Grouped<'_> {
    pub(super) fn compiled(&self, at: usize) -> Group {
        let grain = self.grain.map(|grain| match grain {
            Grain::Day => anju_store::Grain::Day,
            Grain::Week => anju_store::Grain::Week,
            Grain::Month => anju_store::Grain::Month,
            Grain::Quarter => anju_store::Grain::Quarter,
            Grain::Year => anju_store::Grain::Year,
        });
        Group { column: self.column.clone(), kind: self.kind, alias: format!("g{at}"), grain }
    }

    /// A group's value as JSON shows it.
    pub(super) fn value(&self, stored: &SqlValue) -> Result<Value> {
        match (self.field, self.grain, stored) {
            (_, Some(_), SqlValue::Text(label)) => Ok(Value::from(label.as_str())),
            (Some(field), None, stored) => value::from_column(field.kind, field.scale, stored.clone()),
            (None, _, SqlValue::Text(text)) => Ok(Value::from(text.as_str())),
            (None, _, SqlValue::Int(ms)) if self.is_meta_instant => Ok(Value::from(value::instant_text(*ms))),
            (None, _, SqlValue::Int(int)) => Ok(Value::from(*int)),
            _ => Ok(Value::Null),
        }
    }

    pub(super) fn is_reference(&self) -> bool {
        self.field.is_some_and(|field| field.kind == FieldType::Ref)
    }
}

impl How {
    /// The measure for the store, if it is computed with the others.
    pub(super) fn plain(&self, at: usize) -> Option<Measure> {
        let Self::Plain { op, column, kind, filter } = self else { return None };
        let op = match op {
            MeasureOp::CountDistinct => anju_store::MeasureOp::CountDistinct,
            MeasureOp::Sum => anju_store::MeasureOp::Sum,
            MeasureOp::Min => anju_store::MeasureOp::Min,
            MeasureOp::Max => anju_store::MeasureOp::Max,
            MeasureOp::Avg => anju_store::MeasureOp::Avg,
            _ => anju_store::MeasureOp::Count,
        };
        Some(Measure {
            op,
            column: column.clone(),
            kind: *kind,
            alias: format!("m{at}"),
            filter: filter.clone(),
        })
    }
}
