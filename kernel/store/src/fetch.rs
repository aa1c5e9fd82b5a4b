//! Reading, the same inside and outside a transaction.

use std::sync::Arc;

use crate::build::{self, Statement};
use crate::store::Known;
use crate::{
    Aggregate, ColumnKind, ColumnRef, Condition, Dialect, Duplicates, Explanation, Quantile, Rank, Result,
    Row, Select, Spans, explain, row_codes,
};

/// Where a query is sent: what [`Fetch`] needs of [`crate::Tx`] and [`crate::Reader`]. Not exported, so nobody else
/// can implement it.
#[async_trait::async_trait]
pub trait Source: Send {
    /// Which database.
    fn dialect(&self) -> Dialect;
    /// What is known of the tables.
    fn known(&self) -> Arc<Known>;
    /// Runs a query.
    async fn fetch(&mut self, statement: Statement, kinds: &[ColumnKind]) -> Result<Vec<Row>>;
}

/// Queries for rows and figures.
#[async_trait::async_trait]
pub trait Fetch: Source {
    /// All rows of the query.
    async fn fetch_all(&mut self, select: &Select) -> Result<Vec<Row>> {
        let statement = self.known().select(self.dialect(), select);
        let kinds: Vec<ColumnKind> = select.columns.iter().map(|(_, kind)| *kind).collect();
        self.fetch(statement, &kinds).await
    }

    /// The first row of the query, if there is one.
    async fn fetch_optional(&mut self, select: &Select) -> Result<Option<Row>> {
        Ok(self.fetch_all(select).await?.into_iter().next())
    }

    /// How many rows the query has, its limit and offset aside; with `at_most` counting stops there.
    async fn count(&mut self, select: &Select, at_most: Option<u64>) -> Result<u64> {
        let statement = build::count(self.dialect(), select, at_most);
        number(self, statement).await
    }

    /// How many groups of rows have the same values.
    async fn duplicates(&mut self, wanted: &Duplicates) -> Result<u64> {
        let statement = build::duplicates(self.dialect(), wanted);
        number(self, statement).await
    }

    /// Ids of live rows that have all of the phrases in the column of tokens, in no order; `at_most` so many.
    async fn ids_with_tokens(
        &mut self,
        column: &ColumnRef,
        phrases: &[Vec<String>],
        at_most: u64,
    ) -> Result<Vec<String>> {
        let statement = build::ids_with_tokens(self.dialect(), column, phrases, at_most);
        let rows = self.fetch(statement, &[ColumnKind::Text]).await?;
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }

    /// Figures by group: each row holds the groups, then the measures.
    async fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Vec<Row>> {
        let statement = build::aggregate(self.dialect(), aggregate);
        let rows = self.fetch(statement, &build::aggregate_kinds(aggregate)).await?;
        rows.into_iter().map(|row| build::finish_aggregate_row(aggregate, row)).collect()
    }

    /// One quantile by group: each row holds the groups, then the value.
    async fn quantile(&mut self, quantile: &Quantile) -> Result<Vec<Row>> {
        let statement = build::quantile(self.dialect(), quantile);
        let rows = self.fetch(statement, &build::quantile_kinds(quantile)).await?;
        rows.into_iter().map(|row| build::finish_quantile_row(quantile, row)).collect()
    }

    /// How many spans there are by group, and their sum in ms, which is absent if there are none.
    async fn spans_total(&mut self, spans: &Spans) -> Result<Vec<Row>> {
        let statement = build::spans_total(self.dialect(), spans);
        self.fetch(statement, &build::spans_total_kinds(spans)).await
    }

    /// One quantile of the spans by group, as [`Fetch::quantile`].
    async fn spans_quantile(&mut self, spans: &Spans, rank: Rank) -> Result<Vec<Row>> {
        let (asked, statement) = build::quantile_of_spans(self.dialect(), spans, rank);
        let rows = self.fetch(statement, &build::quantile_kinds(&asked)).await?;
        rows.into_iter().map(|row| build::finish_quantile_row(&asked, row)).collect()
    }

    /// Which rows of an authenticated table are not what the platform wrote: the values of their keys, separated by
    /// `/`. None for other tables.
    async fn damaged_rows(&mut self, table: &str, filter: Condition) -> Result<Vec<String>> {
        row_codes::damaged(self, table, &filter).await
    }

    /// How the query would be run.
    async fn explain(&mut self, select: &Select) -> Result<Explanation> {
        let statement = self.known().select(self.dialect(), select);
        explained(self, statement).await
    }

    /// How [`Fetch::count`] would be run.
    async fn explain_count(&mut self, select: &Select, at_most: Option<u64>) -> Result<Explanation> {
        let statement = build::count(self.dialect(), select, at_most);
        explained(self, statement).await
    }

    /// How [`Fetch::ids_with_tokens`] would be run.
    #[cfg(feature = "testing")]
    async fn explain_ids_with_tokens(
        &mut self,
        column: &ColumnRef,
        phrases: &[Vec<String>],
        at_most: u64,
    ) -> Result<Explanation> {
        let statement = build::ids_with_tokens(self.dialect(), column, phrases, at_most);
        explained(self, statement).await
    }

    /// How the figures would be computed.
    async fn explain_aggregate(&mut self, aggregate: &Aggregate) -> Result<Explanation> {
        let statement = build::aggregate(self.dialect(), aggregate);
        explained(self, statement).await
    }

    /// How the quantile would be computed.
    async fn explain_quantile(&mut self, quantile: &Quantile) -> Result<Explanation> {
        let statement = build::quantile(self.dialect(), quantile);
        explained(self, statement).await
    }
}

impl<T: Source + ?Sized> Fetch for T {}

/// The one number that the statement asks for.
async fn number<S: Source + ?Sized>(source: &mut S, statement: Statement) -> Result<u64> {
    let rows = source.fetch(statement, &[ColumnKind::Int]).await?;
    Ok(rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0).unsigned_abs())
}

async fn explained<S: Source + ?Sized>(source: &mut S, statement: Statement) -> Result<Explanation> {
    let dialect = source.dialect();
    let rows = source.fetch(statement.explained(dialect), explain::kinds(dialect)).await?;
    explain::read(dialect, &rows)
}
