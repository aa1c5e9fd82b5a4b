//! Filters compiled to conditions. A user's filter names only what they may read; a role's is trusted.

use anju_definitions::{FieldTest, FieldType, Filter, FilterOp, Search};
use anju_store::{ColumnRef, Condition, Operator, SqlValue};
use serde_json::Value;

use super::in_force::{expanded, is_in_force};
use super::joins::{Joins, Located, Meta, Place, names};
use crate::{
    Actor, Error, FieldError, Records, Result,
    access::{Access, Operation, may_show},
    plan::{EntityPlan, FieldPlan},
    value::{self, Fault},
};

/// Deepest nesting of `and`, `or`, `not`, `has`.
const DEPTH_MAX: usize = 12;
/// Most tests in one filter; those that lead from the rest of a figure to its records name every group shown.
const TESTS_MAX: usize = 400;
/// Most values of one `in`.
const VALUES_MAX: usize = 1000;

/// Compiles the filters of one query.
pub(crate) struct FilterCompiler<'q, 'j, 'p> {
    pub records: Option<&'q Records>,
    pub joins: &'j mut Joins<'p>,
    /// Whose rights the paths are checked against; `None` for filters of the definitions.
    pub reader: Option<(&'q Actor, &'q Access<'p>)>,
    pub(super) tests: usize,
}

/// The names of a path, from the parent when the right comes from there.
pub(super) fn prefixed(path: &str, prefix: Option<&str>) -> Vec<String> {
    prefix.map(str::to_owned).into_iter().chain(names(path)).collect()
}

/// A filter of the definitions, with paths from the parent when the right comes from there.
pub(crate) fn trusted_filter(
    joins: &mut Joins<'_>,
    filter: &Filter,
    prefix: Option<&str>,
) -> Result<Condition> {
    let mut compiler = FilterCompiler { records: None, joins, reader: None, tests: 0 };
    compiler.compile(filter, prefix, false, 0)
}

/// A filter of the definitions that may ask for sensitive values by the whole of them.
pub(crate) fn own_filter(records: &Records, joins: &mut Joins<'_>, filter: &Filter) -> Result<Condition> {
    let mut compiler = FilterCompiler { records: Some(records), joins, reader: None, tests: 0 };
    compiler.compile(filter, None, false, 0)
}

impl<'q, 'j, 'p> FilterCompiler<'q, 'j, 'p> {
    pub(crate) fn new(
        records: &'q Records,
        joins: &'j mut Joins<'p>,
        actor: &'q Actor,
        access: &'q Access<'p>,
    ) -> Self {
        Self { records: Some(records), joins, reader: Some((actor, access)), tests: 0 }
    }

    /// `negated` carries a `not` down to the tests, so that absent values are on the side people expect.
    pub(crate) fn compile(
        &mut self,
        filter: &Filter,
        prefix: Option<&str>,
        negated: bool,
        depth: usize,
    ) -> Result<Condition> {
        if depth > DEPTH_MAX {
            return Err(Error::TooMuch { message: "筛选条件嵌套过深".to_owned() });
        }
        let list = |this: &mut Self, filters: &[Filter]| -> Result<Vec<Condition>> {
            filters.iter().map(|filter| this.compile(filter, prefix, negated, depth + 1)).collect()
        };
        match filter {
            Filter::And { and } if !negated => list(self, and).map(Condition::All),
            Filter::And { and } => list(self, and).map(Condition::Any),
            Filter::Or { or } if !negated => list(self, or).map(Condition::Any),
            Filter::Or { or } => list(self, or).map(Condition::All),
            Filter::Not { not } => self.compile(not, prefix, !negated, depth + 1),
            Filter::Test(test) if is_in_force(test) => {
                let today = self.records.map(Records::today);
                let expanded = expanded(self.joins, test, prefix, today)?;
                self.compile(&expanded, prefix, negated, depth)
            }
            Filter::Test(test) => self.test(test, prefix, negated, depth),
            Filter::Has(rows) => self.has(rows, prefix, negated, depth),
        }
    }

    pub(crate) fn locate(&mut self, path: &str, prefix: Option<&str>) -> Result<Located<'p>> {
        self.locate_names(&prefixed(path, prefix))
    }

    pub(super) fn locate_names(&mut self, path: &[String]) -> Result<Located<'p>> {
        let Some((actor, access)) = self.reader else { return self.joins.locate(path) };
        let (plans, base) = (self.joins.plans(), self.joins.base());
        self.joins.locate_checked(path, |plan, place| readable(plans, base, plan, place, actor, access))
    }

    /// Counts one more test.
    pub(super) fn admit(&mut self) -> Result<()> {
        self.tests += 1;
        match self.tests <= TESTS_MAX {
            true => Ok(()),
            false => Err(Error::TooMuch { message: format!("筛选条件不能超过 {TESTS_MAX} 个") }),
        }
    }

    fn test(
        &mut self,
        test: &FieldTest,
        prefix: Option<&str>,
        negated: bool,
        depth: usize,
    ) -> Result<Condition> {
        let path = prefixed(&test.field, prefix);
        if let Some(table) = self.first_rows(&path) {
            return self.test_of_rows(test, &path, table, negated, depth);
        }
        self.admit()?;
        let located = self.locate_names(&path)?;
        let positive = match located.place {
            Place::Meta(meta) => meta_test(meta, &located.alias, test),
            Place::Field(position) => {
                let field = &located.plan.fields[position];
                match field.sensitive() {
                    true => self.sensitive_test(field, &located.alias, test),
                    false => self.clear_test(field, &located.alias, test),
                }
            }
        };
        let (condition, column) = positive.map_err(|fault| match fault {
            TestFault::Value(fault) => {
                Error::Invalid(vec![FieldError::new(test.field.as_str(), fault.code, fault.message)])
            }
            TestFault::Error(error) => error,
        })?;
        // `is_null` and `not_null` are never unknown; everything else is for absent values.
        let negative_op = matches!(test.op, FilterOp::Ne | FilterOp::NotIn);
        Ok(match (test.op, negated) {
            (FilterOp::IsNull | FilterOp::NotNull, false) => condition,
            (FilterOp::IsNull | FilterOp::NotNull, true) => Condition::Not(Box::new(condition)),
            (_, false) if negative_op => Condition::Any(vec![Condition::IsNull(column), condition]),
            (_, false) => condition,
            (_, true) if negative_op => {
                Condition::All(vec![Condition::NotNull(column), Condition::Not(Box::new(condition))])
            }
            (_, true) => Condition::Any(vec![Condition::IsNull(column), Condition::Not(Box::new(condition))]),
        })
    }

    /// Equality by blind index; order and parts of a sealed value cannot be asked for.
    fn sensitive_test(&self, field: &FieldPlan, alias: &str, test: &FieldTest) -> Tested {
        let column = ColumnRef::new(alias, field.equality_column());
        let Some(records) = self.records else {
            return Err(
                Error::Internal(format!("{} is sensitive and cannot limit a role", field.index_key)).into()
            );
        };
        let index = |input: &Value| -> Result<SqlValue, TestFault> {
            let value = value::parse(field, input, records.today())?;
            Ok(records.blind_index(field, &value)?.into())
        };
        let by_presence = matches!(test.op, FilterOp::IsNull | FilterOp::NotNull);
        if field.index_column.is_none() && !by_presence {
            let message = format!("{}加密保存且取值容易猜出，只能按有无查询", field.title);
            return Err(fault("operator", message).into());
        }
        let condition = match test.op {
            FilterOp::Eq => {
                Condition::Compare { column: column.clone(), op: Operator::Eq, value: index(&test.value)? }
            }
            FilterOp::Ne => {
                Condition::Compare { column: column.clone(), op: Operator::Ne, value: index(&test.value)? }
            }
            FilterOp::In => {
                let values = items(&test.value)?.iter().map(index).collect::<Result<_, _>>()?;
                Condition::In { column: column.clone(), values }
            }
            FilterOp::NotIn => {
                let values = items(&test.value)?.iter().map(index).collect::<Result<_, _>>()?;
                Condition::NotIn { column: column.clone(), values }
            }
            FilterOp::IsNull => Condition::IsNull(column.clone()),
            FilterOp::NotNull => Condition::NotNull(column.clone()),
            _ => return Err(fault("operator", "敏感字段只能按完整的值查询").into()),
        };
        Ok((condition, column))
    }

    fn clear_test(&self, field: &FieldPlan, alias: &str, test: &FieldTest) -> Tested {
        let column = ColumnRef::new(alias, field.name.as_str());
        let search = field.definition.traits().search;
        let presence = matches!(test.op, FilterOp::IsNull | FilterOp::NotNull);
        if !field.is_stored() || (search == Search::Presence && !presence) {
            return Err(fault("operator", "该字段不支持筛选").into());
        }
        if matches!(search, Search::Members | Search::Region) {
            return Ok((list_test(self.joins, field, &column, test)?, column));
        }
        if test.op == FilterOp::Under {
            let values = under(self.joins, field, &test.value)?;
            return Ok((Condition::In { column: column.clone(), values }, column));
        }
        let is_text = matches!(search, Search::Parts | Search::Contains);
        let by_part = matches!(test.op, FilterOp::Contains | FilterOp::StartsWith);
        if search == Search::Contains && !by_part && !presence {
            return Err(fault("operator", "该字段只能按部分文字查找").into());
        }
        let operand = |input: &Value| operand(field, input);
        Ok((compare(&column, test, is_text, field.kind == FieldType::DateTime, &operand)?, column))
    }
}

type Tested = Result<(Condition, ColumnRef), TestFault>;

/// Why a test cannot be compiled.
pub(crate) enum TestFault {
    /// Something is wrong at the field the test names.
    Value(Fault),
    Error(Error),
}

impl From<Fault> for TestFault {
    fn from(fault: Fault) -> Self {
        Self::Value(fault)
    }
}

impl From<Error> for TestFault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into() }
}

/// Whether the actor may name this field in a query.
pub(crate) fn readable(
    plans: &crate::plan::Plans,
    base: &EntityPlan,
    plan: &EntityPlan,
    place: Place,
    actor: &Actor,
    access: &Access<'_>,
) -> bool {
    let Place::Field(position) = place else {
        return std::ptr::eq(plan, base) || may_show(plans, plan, actor);
    };
    if std::ptr::eq(plan, base) {
        return access.sees(position);
    }
    match Access::of(plans, plan, actor, Operation::Read) {
        Ok(target) => target.sees(position),
        // Shared data may be named by everyone signed in, its sensitive fields may not.
        Err(_) => may_show(plans, plan, actor) && !plan.fields[position].sensitive(),
    }
}

fn items(value: &Value) -> Result<&Vec<Value>, Fault> {
    let items = value.as_array().ok_or_else(|| fault("type", "此条件需要多个值"))?;
    match items.len() <= VALUES_MAX {
        true => Ok(items),
        false => Err(fault("length", format!("一次最多给出 {VALUES_MAX} 个值"))),
    }
}

fn required(value: &Value) -> Result<&Value, Fault> {
    match value.is_null() {
        true => Err(fault("required", "此条件缺少值")),
        false => Ok(value),
    }
}

/// A value to compare with: its form is checked, limits and choices are not.
fn operand(field: &FieldPlan, input: &Value) -> Result<SqlValue, Fault> {
    let input = required(input)?;
    let text = || input.as_str().ok_or_else(|| fault("type", "应为文字"));
    Ok(match field.kind {
        FieldType::Integer | FieldType::Money => SqlValue::Int(value::scaled_number(input, 0)?),
        FieldType::Decimal => SqlValue::Int(value::scaled_number(input, field.scale)?),
        FieldType::Boolean => SqlValue::Bool(input.as_bool().ok_or_else(|| fault("type", "应为是或否"))?),
        FieldType::Date => {
            let date = text()?.parse::<jiff::civil::Date>();
            SqlValue::Text(date.map_err(|_| fault("format", "应为日期，如 2026-01-31"))?.to_string())
        }
        FieldType::DateTime => instant(input, false)?,
        kind => SqlValue::Text(value::kind(kind).search_form(text()?)),
    })
}

/// An instant; a bare date means its first millisecond, or its last.
fn instant(input: &Value, end_of_day: bool) -> Result<SqlValue, Fault> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let text = input.as_str().unwrap_or_default();
    let wrong = || fault("format", "应为日期时间，如 2026-01-31T09:00:00+08:00");
    if text.len() == 10 {
        let start = value::instant_ms(&format!("{text}T00:00:00")).ok_or_else(wrong)?;
        return Ok(SqlValue::Int(if end_of_day { start + DAY_MS - 1 } else { start }));
    }
    value::instant_ms(text).map(SqlValue::Int).ok_or_else(wrong)
}

fn compare(
    column: &ColumnRef,
    test: &FieldTest,
    is_text: bool,
    is_instant: bool,
    operand: &dyn Fn(&Value) -> Result<SqlValue, Fault>,
) -> Result<Condition, TestFault> {
    let end = |input: &Value| if is_instant { instant(input, true) } else { operand(input) };
    let ordered = |op, value| Condition::Compare { column: column.clone(), op, value };
    let value = &test.value;
    let text = || match (is_text, value.as_str()) {
        (true, Some(text)) if !text.is_empty() => Ok(text.to_owned()),
        (true, _) => Err(fault("required", "请输入要查找的文字")),
        (false, _) => Err(fault("operator", "该字段不能按部分文字查找")),
    };
    Ok(match test.op {
        FilterOp::Eq => ordered(Operator::Eq, operand(value)?),
        FilterOp::Ne => ordered(Operator::Ne, operand(value)?),
        FilterOp::Lt => ordered(Operator::Lt, operand(value)?),
        FilterOp::Le => ordered(Operator::Le, end(value)?),
        FilterOp::Gt => ordered(Operator::Gt, end(value)?),
        FilterOp::Ge => ordered(Operator::Ge, operand(value)?),
        FilterOp::In => {
            let values = items(value)?.iter().map(operand).collect::<Result<_, _>>()?;
            Condition::In { column: column.clone(), values }
        }
        FilterOp::NotIn => {
            let values = items(value)?.iter().map(operand).collect::<Result<_, _>>()?;
            Condition::NotIn { column: column.clone(), values }
        }
        FilterOp::Between => {
            let [low, high] = items(value)?.as_slice() else {
                return Err(fault("type", "应给出起止两个值").into());
            };
            Condition::Between { column: column.clone(), low: operand(low)?, high: end(high)? }
        }
        FilterOp::Contains => Condition::Contains { column: column.clone(), text: text()? },
        FilterOp::StartsWith => Condition::StartsWith { column: column.clone(), text: text()? },
        FilterOp::IsNull => Condition::IsNull(column.clone()),
        FilterOp::NotNull => Condition::NotNull(column.clone()),
        FilterOp::Under => return Err(fault("operator", "该字段没有上下级关系").into()),
    })
}

fn meta_test(meta: Meta, alias: &str, test: &FieldTest) -> Tested {
    let column = ColumnRef::new(alias, meta.name());
    let operand = |input: &Value| match meta {
        _ if meta.is_instant() => instant(required(input)?, false),
        Meta::Version => Ok(SqlValue::Int(value::scaled_number(required(input)?, 0)?)),
        _ => {
            Ok(SqlValue::Text(required(input)?.as_str().ok_or_else(|| fault("type", "应为文字"))?.to_owned()))
        }
    };
    Ok((compare(&column, test, false, meta.is_instant(), &operand)?, column))
}

/// Codes and ids lie as a JSON array; one is found with its quotes and what stands between items, so that an
/// address's own words, which end the JSON, are none of its regions.
pub(crate) fn has_item(column: &ColumnRef, item: &str) -> Condition {
    let quoted = Value::from(item).to_string();
    let contains = |text: String| Condition::Contains { column: column.clone(), text };
    Condition::Any(vec![contains(format!("{quoted},")), contains(format!("{quoted}]"))])
}

fn list_test(
    joins: &Joins<'_>,
    field: &FieldPlan,
    column: &ColumnRef,
    test: &FieldTest,
) -> Result<Condition, TestFault> {
    let has = |input: &Value| -> Result<Condition, Fault> {
        let item = input.as_str().ok_or_else(|| fault("type", "应为文字"))?;
        Ok(has_item(column, item))
    };
    let any = || -> Result<Condition, Fault> {
        Ok(Condition::Any(items(&test.value)?.iter().map(has).collect::<Result<_, _>>()?))
    };
    let is_address = field.kind == FieldType::Address;
    Ok(match test.op {
        FilterOp::IsNull => Condition::IsNull(column.clone()),
        FilterOp::NotNull => Condition::NotNull(column.clone()),
        FilterOp::Contains if is_address => {
            let text = test.value.as_str().filter(|text| !text.is_empty());
            let quoted =
                Value::from(text.ok_or_else(|| fault("required", "请输入要查找的文字"))?).to_string();
            // The detail stands last, after the codes of the regions, which are none of its words.
            let detail = quoted[1..quoted.len() - 1].to_owned();
            let texts = vec!["\"detail\":\"".to_owned(), detail, "\"}".to_owned()];
            Condition::ContainsInOrder { column: column.clone(), texts }
        }
        // The whole path is there, so a region above is found like the last one.
        FilterOp::Under if is_address => has(required(&test.value)?)?,
        FilterOp::Under => {
            let codes = under_codes(joins, field, &test.value)?;
            Condition::Any(codes.into_iter().map(|code| has_item(column, code)).collect())
        }
        _ if is_address => return Err(fault("operator", "地址只支持所在地区、包含文字、为空").into()),
        FilterOp::Contains | FilterOp::Eq => has(required(&test.value)?)?,
        FilterOp::Ne => Condition::Not(Box::new(has(required(&test.value)?)?)),
        FilterOp::In => any()?,
        FilterOp::NotIn => Condition::Not(Box::new(any()?)),
        _ => return Err(fault("operator", "该字段只能按所含的各项查询").into()),
    })
}

/// The code and all codes below it.
fn under(joins: &Joins<'_>, field: &FieldPlan, value: &Value) -> Result<Vec<SqlValue>, TestFault> {
    Ok(under_codes(joins, field, value)?.into_iter().map(SqlValue::from).collect())
}

fn under_codes<'p>(joins: &Joins<'p>, field: &FieldPlan, value: &Value) -> Result<Vec<&'p str>, TestFault> {
    let dictionary =
        field.definition.dictionary.as_ref().and_then(|key| joins.plans().catalog.dictionaries.get(key));
    let Some(dictionary) = dictionary else {
        return Err(fault("operator", "该字段没有上下级关系").into());
    };
    let ancestor = required(value)?.as_str().ok_or_else(|| fault("type", "应为选项代码"))?;
    Ok(dictionary.descendants(ancestor))
}

/// Fields that the filter certainly tests for equality: those of a look-up.
pub(crate) fn tested_for_equality(filter: Option<&Filter>) -> Vec<&str> {
    match filter {
        Some(Filter::Test(FieldTest { field, op: FilterOp::Eq, value })) if !value.is_null() => vec![field],
        Some(Filter::And { and }) => {
            and.iter().flat_map(|filter| tested_for_equality(Some(filter))).collect()
        }
        _ => Vec::new(),
    }
}
