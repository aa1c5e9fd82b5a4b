//! A filter in words: for whoever approves an export, and for the audit log. Sensitive values are masked.

use anju_definitions::{FieldTest, Filter, FilterOp, RowTest};
use anju_store::{Fetch, Select};
use serde_json::Value;

use super::{is_record, title_of};
use crate::{
    Actor, Records, Result,
    plan::{FieldPlan, Plans},
    read::{Viewer, push_shown},
    search::{Joins, Place, first_rows, names, unknown_field},
    value,
};

/// Values of a list told one by one.
const VALUES_TOLD_MAX: usize = 10;

impl Records {
    pub(crate) async fn describe_filter_inner(
        &self,
        actor: &Actor,
        entity: &str,
        filter: &Filter,
    ) -> Result<String> {
        let plans = self.plans()?;
        let teller = Teller { records: self, plans: &plans, actor, entity };
        teller.tell(filter, false).await
    }
}

#[derive(Clone, Copy)]
struct Teller<'a> {
    records: &'a Records,
    plans: &'a Plans,
    actor: &'a Actor,
    entity: &'a str,
}

impl Teller<'_> {
    /// `inner`: within another condition, so that alternatives need brackets.
    async fn tell(&self, filter: &Filter, inner: bool) -> Result<String> {
        Ok(match filter {
            Filter::And { and } if and.is_empty() => "全部".to_owned(),
            Filter::And { and } => self.all(and, "，且 ", inner).await?,
            Filter::Or { or } => self.all(or, "，或 ", inner).await?,
            Filter::Not { not } => format!("并非（{}）", Box::pin(self.tell(not, false)).await?),
            Filter::Test(test) => self.test(test).await?,
            Filter::Has(rows) => self.rows(rows).await?,
        })
    }

    async fn all(&self, filters: &[Filter], between: &str, inner: bool) -> Result<String> {
        let mut parts = Vec::with_capacity(filters.len());
        for filter in filters {
            parts.push(Box::pin(self.tell(filter, filters.len() > 1)).await?);
        }
        let text = parts.join(between);
        Ok(if inner && parts.len() > 1 { format!("（{text}）") } else { text })
    }

    /// A condition on the rows of a child table.
    async fn rows(&self, rows: &RowTest) -> Result<String> {
        let mut plan = self.plans.entity(self.entity)?;
        let mut titles = Vec::new();
        for name in names(&rows.has) {
            if let Some(field) = plan.field(&name) {
                titles.push(field.title.clone());
                plan = self.plans.target(field)?;
            } else {
                let child = plan.child(&name).ok_or_else(|| unknown_field(&rows.has))?;
                titles.push(child.title.clone());
                plan = self.plans.child(child)?;
            }
        }
        let title = titles.join("·");
        let Some(filter) = &rows.filter else { return Ok(format!("有{title}")) };
        let teller = Teller { entity: plan.key(), ..*self };
        Ok(format!("有{title}符合（{}）", Box::pin(teller.tell(filter, false)).await?))
    }

    async fn test(&self, test: &FieldTest) -> Result<String> {
        let plan = self.plans.entity(self.entity)?;
        let path = names(&test.field);
        if let Some(table) = first_rows(self.plans, plan, &path) {
            let inner = FieldTest { field: path[table + 1..].join("."), ..test.clone() };
            let has = path[..=table].join(".");
            let rows = RowTest { has, filter: Some(Box::new(Filter::Test(inner))) };
            return Box::pin(self.rows(&rows)).await;
        }
        let mut titles = Vec::new();
        let mut joins = Joins::new(self.plans, plan);
        let located = joins.locate_checked(&path, |at, place| {
            titles.push(title_of(at, place));
            true
        })?;
        let field = match located.place {
            Place::Field(at) => Some(&located.plan.fields[at]),
            Place::Meta(_) => None,
        };
        let title = titles.join("·");
        let word = match test.op {
            FilterOp::IsNull => return Ok(format!("{title} 为空")),
            FilterOp::NotNull => return Ok(format!("{title} 不为空")),
            FilterOp::Eq => "等于",
            FilterOp::Ne => "不等于",
            FilterOp::Lt => "小于",
            FilterOp::Le => "不大于",
            FilterOp::Gt => "大于",
            FilterOp::Ge => "不小于",
            FilterOp::In => "属于",
            FilterOp::NotIn => "不属于",
            FilterOp::Between => "介于",
            FilterOp::Contains => "包含",
            FilterOp::StartsWith => "开头为",
            FilterOp::Under => "在其下：",
        };
        Ok(format!("{title} {word} {}", self.operand(field, &test.value).await?))
    }

    async fn operand(&self, field: Option<&FieldPlan>, value: &Value) -> Result<String> {
        let Value::Array(values) = value else { return self.value(field, value).await };
        let mut told = Vec::new();
        for value in values.iter().take(VALUES_TOLD_MAX) {
            told.push(self.value(field, value).await?);
        }
        let more =
            if values.len() > VALUES_TOLD_MAX { format!("等 {} 项", values.len()) } else { String::new() };
        Ok(told.join("、") + &more)
    }

    async fn value(&self, field: Option<&FieldPlan>, value: &Value) -> Result<String> {
        let Some(field) = field else { return Ok(value::clear_text(value)) };
        if field.sensitive() {
            return Ok(value::mask(field, value));
        }
        if let (true, Some(id)) = (field.kind.is_reference(), value.as_str())
            && let Some(name) = self.name_of(field, id).await?
        {
            return Ok(name);
        }
        let mut text = String::new();
        push_shown(&mut text, field, value);
        Ok(text)
    }

    /// How a reference's target is named; `None` when there is none. The filter named it, so its name is no secret.
    async fn name_of(&self, field: &FieldPlan, id: &str) -> Result<Option<String>> {
        let plan = self.plans.target(field)?;
        let shape = self.plans.whole_shape(plan)?;
        let select = Select {
            columns: shape.columns.clone(),
            joins: shape.joins.clone(),
            filter: is_record(plan, id),
            ..Select::from(plan.table.as_str())
        };
        let Some(row) = self.records.store().reader().fetch_optional(&select).await? else { return Ok(None) };
        Viewer::for_display(self.records, &shape, self.actor).display(&row).map(Some)
    }
}
