//! Search tokens of records that were there before their entity was searched by these fields. New and changed records
//! bring their tokens themselves.

use anju_store::{ColumnKind, ColumnRef, Condition, Direction, Fetch, Operator, Row, Select, SqlValue, Tx};

use super::text;
use crate::{
    Error, Records, Result,
    plan::EntityPlan,
    schema::{SEARCH, TOKENS},
    value,
};

/// Records of one step.
const BATCH: u64 = 500;

/// How far the tokens of an entity are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchProgress {
    pub entity: String,
    /// Records of the step that was just done.
    pub records: u64,
}

/// What is kept of an entity.
struct State {
    signature: String,
    /// Id of the last record done.
    reached: Option<String>,
    done: bool,
}

impl Records {
    /// Whether some records cannot be found by search yet, because their entity's fields of search are new.
    pub async fn search_is_stale(&self) -> Result<bool> {
        let plans = self.plans()?;
        let mut source = self.store().reader();
        for plan in plans.entities() {
            let state = state(&mut source, plan).await?;
            let current = state.is_some_and(|state| state.signature == signature(plan) && state.done);
            if !plan.search.is_empty() && !current {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the tokens of up to 500 records, to be committed by the caller; `None` when all are made. What was
    /// committed is not done again.
    pub async fn refresh_search(&self, tx: &mut Tx) -> Result<Option<SearchProgress>> {
        let plans = self.plans()?;
        for plan in plans.entities() {
            let known = state(tx, plan).await?;
            if plan.search.is_empty() {
                // Should the entity be searched again, its records lack the tokens of the time between.
                if known.is_some() {
                    tx.delete(SEARCH, Condition::eq(SEARCH, "entity", plan.key())).await?;
                }
                continue;
            }
            let signature = signature(plan);
            let reached = match known {
                Some(state) if state.signature == signature && state.done => continue,
                Some(state) if state.signature == signature => state.reached,
                _ => None,
            };
            let records = step(tx, plan, signature, reached).await?;
            return Ok(Some(SearchProgress { entity: plan.key().to_owned(), records }));
        }
        Ok(None)
    }
}

/// Whether all records of an entity have the tokens of its fields of search.
pub(crate) async fn tokens_are_made(source: &mut (dyn Fetch + '_), plan: &EntityPlan) -> Result<bool> {
    let state = state(source, plan).await?;
    Ok(!plan.search.is_empty() && state.is_some_and(|state| state.done && state.signature == signature(plan)))
}

fn signature(plan: &EntityPlan) -> String {
    format!("{} {}", text::VERSION, plan.entity.search.join(" "))
}

async fn state(source: &mut (dyn Fetch + '_), plan: &EntityPlan) -> Result<Option<State>> {
    let select = Select::from(SEARCH)
        .column("signature", ColumnKind::Text)
        .column("reached", ColumnKind::Text)
        .column("done", ColumnKind::Bool)
        .filter(Condition::eq(SEARCH, "entity", plan.key()));
    let read = |row: Row| {
        let reached = row.opt_text(1)?.map(str::to_owned);
        Ok(State { signature: row.text(0)?.to_owned(), reached, done: row.bool(2)? })
    };
    source
        .fetch_optional(&select)
        .await?
        .map(read)
        .transpose()
        .map_err(|error: anju_store::Error| error.into())
}

/// The records after the one reached, locked against changes meanwhile.
async fn step(tx: &mut Tx, plan: &EntityPlan, signature: String, reached: Option<String>) -> Result<u64> {
    let table = plan.table.as_str();
    let mut select = Select::from(table).column("id", ColumnKind::Text);
    for position in &plan.search {
        select = select.column(plan.fields[*position].name.as_str(), ColumnKind::Text);
    }
    if let Some(reached) = &reached {
        let id = ColumnRef::new(table, "id");
        select = select.filter(Condition::compare(id, Operator::Gt, reached.as_str()));
    }
    let select = select.order_by("id", Direction::Ascending).limit(BATCH).for_update();
    let rows = tx.fetch_all(&select).await?;
    for row in &rows {
        let texts = plan.search.iter().zip(&row.values()[1..]).map(|(position, column)| {
            let field = &plan.fields[*position];
            Ok(value::to_text(field, &value::of_column(field, column.clone())?))
        });
        let texts = texts.collect::<Result<Vec<String>>>()?;
        let sets = vec![(TOKENS, SqlValue::from(text::tokens_of(texts)))];
        tx.update(table, sets, Condition::eq(table, "id", row.text(0)?)).await?;
    }
    let last = rows.last().map(|row| row.text(0).map(str::to_owned)).transpose()?;
    tx.delete(SEARCH, Condition::eq(SEARCH, "entity", plan.key())).await?;
    let values: Vec<(&str, SqlValue)> = vec![
        ("entity", plan.key().into()),
        ("signature", signature.into()),
        ("reached", last.or(reached).into()),
        ("done", ((rows.len() as u64) < BATCH).into()),
    ];
    tx.insert(SEARCH, values).await.map_err(Error::from)?;
    Ok(rows.len() as u64)
}
