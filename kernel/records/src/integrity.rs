//! Holding stored rows against what they must be: their code, what their sealed values open to, and the blind indexes
//! and search tokens made of them (A-41, B-09, B-10).

use std::collections::HashMap;

use anju_store::{CheckedRow, CheckedRows, ColumnRef, Condition, Fetch, Operator, RowPosition, SqlValue};
use serde::Serialize;

use crate::{
    Error, Records, Result,
    plan::{EntityPlan, FieldPlan},
    schema::TOKENS,
    search::{tokens_are_made, tokens_of},
    value,
};

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Its values are not those that its code was made for.
    Code,
    /// A sealed value does not open.
    Sealed,
    /// A blind index is not that of its value.
    Index,
    /// The search tokens are not those of its texts.
    Tokens,
}

impl Flaw {
    /// In Chinese, for the audit log.
    pub fn title(self) -> &'static str {
        match self {
            Self::Code => "内容与认证码不符",
            Self::Sealed => "加密内容无法解开",
            Self::Index => "查询索引与内容不符",
            Self::Tokens => "搜索内容与字段不符",
        }
    }
}

/// A row that is not what the platform wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedRow {
    /// Its table in the database.
    pub table: String,
    /// The entity it is a record of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The id of the record, or the values of the row's key separated by `/`.
    pub key: String,
    pub flaw: Flaw,
    /// The field, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// Some rows of a table that were looked at.
#[derive(Debug, Default)]
pub struct InspectedRows {
    pub rows: u64,
    pub damaged: Vec<DamagedRow>,
    /// From where to go on; `None` at the end of the table.
    pub next: Option<RowPosition>,
}

impl Records {
    /// Looks at up to `limit` rows of an authenticated table.
    ///
    /// # Errors
    /// [`anju_store::Error::Outdated`] when the table was given another name by a publication meanwhile.
    pub async fn inspect_rows(
        &self,
        table: &str,
        after: Option<&RowPosition>,
        limit: u64,
    ) -> Result<InspectedRows> {
        let plans = self.plans()?;
        let plan = plans.entities().find(|plan| plan.table == table);
        let has_tokens = match plan {
            Some(plan) => tokens_are_made(&mut self.store().reader(), plan).await?,
            None => false,
        };
        let checked = self.store().check_rows(table, after, limit).await?;
        let inspection = plan.map(|plan| Inspection::of(self, plan, &checked, has_tokens));
        let mut inspected = InspectedRows { rows: checked.rows.len() as u64, ..InspectedRows::default() };
        for row in &checked.rows {
            let flaw = match (row.sound, &inspection) {
                (false, _) => Some((Flaw::Code, None)),
                (true, Some(inspection)) => inspection.flaw(row)?,
                (true, None) => None,
            };
            inspected.damaged.extend(flaw.map(|(flaw, field)| DamagedRow {
                table: table.to_owned(),
                entity: plan.map(|plan| plan.key().to_owned()),
                key: row.key.clone(),
                flaw,
                field: field.map(str::to_owned),
            }));
        }
        inspected.next = checked.next;
        Ok(inspected)
    }

    /// Ids of the records of an entity, deleted ones too, whose column has the value and whose code is not theirs. For
    /// those who give rights by them.
    pub async fn damaged_records(
        &self,
        source: &mut (dyn Fetch + '_),
        entity: &str,
        column: &str,
        value: &str,
    ) -> Result<Vec<String>> {
        let plans = self.plans()?;
        let table = plans.entity(entity)?.table.as_str();
        let filter = Condition::compare(ColumnRef::new(table, column), Operator::Eq, value);
        Ok(source.damaged_rows(table, filter).await?)
    }
}

/// What is needed to look into the rows of an entity.
struct Inspection<'i> {
    records: &'i Records,
    plan: &'i EntityPlan,
    places: HashMap<&'i str, usize>,
    has_tokens: bool,
}

type Found<'i> = Option<(Flaw, Option<&'i str>)>;

impl<'i> Inspection<'i> {
    fn of(records: &'i Records, plan: &'i EntityPlan, checked: &'i CheckedRows, has_tokens: bool) -> Self {
        let names = checked.columns.iter().enumerate();
        let places = names.map(|(at, (name, _))| (name.as_str(), at)).collect();
        Self { records, plan, places, has_tokens }
    }

    fn flaw(&self, row: &CheckedRow) -> Result<Found<'i>> {
        let sealed = self.plan.fields.iter().filter(|field| field.is_stored() && field.sensitive());
        for field in sealed {
            if let Some(flaw) = self.flaw_of(field, row)? {
                return Ok(Some((flaw, Some(field.name.as_str()))));
            }
        }
        let is_live = self.value(row, "deleted_at").is_null();
        let stale = self.has_tokens && is_live && self.tokens(row)? != *self.value(row, TOKENS);
        Ok(stale.then_some((Flaw::Tokens, None)))
    }

    fn flaw_of(&self, field: &FieldPlan, row: &CheckedRow) -> Result<Option<Flaw>> {
        let index = field.index_column.as_deref().map(|column| self.value(row, column));
        let sealed = match self.value(row, &field.name) {
            SqlValue::Null => return Ok(index.filter(|index| !index.is_null()).map(|_| Flaw::Index)),
            SqlValue::Bytes(sealed) => sealed,
            _ => return Ok(Some(Flaw::Sealed)),
        };
        let value = match self.records.open(self.plan, field, &row.key, sealed) {
            Ok(value) => value,
            // It says nothing of the row.
            Err(error @ Error::Crypto(anju_crypto::Error::Unavailable)) => return Err(error),
            Err(_) => return Ok(Some(Flaw::Sealed)),
        };
        let Some(index) = index else { return Ok(None) };
        let expected = SqlValue::from(self.records.blind_index(field, &value)?);
        Ok((*index != expected).then_some(Flaw::Index))
    }

    fn tokens(&self, row: &CheckedRow) -> Result<SqlValue> {
        let texts = self.plan.search.iter().map(|position| {
            let field = &self.plan.fields[*position];
            let stored = self.value(row, &field.name).clone();
            Ok(value::to_text(field, &value::of_column(field, stored)?))
        });
        Ok(tokens_of(texts.collect::<Result<Vec<String>>>()?).into())
    }

    fn value<'r>(&self, row: &'r CheckedRow, column: &str) -> &'r SqlValue {
        self.places.get(column).and_then(|at| row.values.get(*at)).unwrap_or(&SqlValue::Null)
    }
}
