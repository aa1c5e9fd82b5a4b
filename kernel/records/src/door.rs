//! The operations as callers see them. Each future is boxed here, once: a caller then need not prove anew, through all
//! the stations behind it, that it may cross threads, which took most of the compile time of the crates above.

use std::{future::Future, pin::Pin};

use anju_definitions::Filter;
use anju_store::{Fetch, Tx};

use crate::{
    Actor, AfterEach, AggregateQuery, AggregateResult, Candidate, Export, ExportCell, HistoryEntry,
    ImportCounts, ImportFailure, ImportRow, ImportSetup, Importer, Judged, Object, Page, Query, Record,
    Records, Result,
};

/// An operation under way.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl Records {
    /// Creates a record with its child rows. Values the caller leaves out take their defaults; fields that say
    /// whose the record is take the actor's place.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right or outside the actor's rows, [`Error::Invalid`] with all faults.
    pub fn create<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        input: Object,
        why: Option<&'a str>,
    ) -> Boxed<'a, Record> {
        Box::pin(self.create_inner(tx, actor, entity, input, why))
    }

    /// Changes fields of a record; a change that changes nothing leaves no trace. Child tables given are replaced row by row: rows with a known `id` are
    /// changed, rows without are new, rows left out are removed.
    ///
    /// # Errors
    /// [`Error::Stale`] when `version` is not the current one, [`Error::NotFound`] outside the actor's rows,
    /// [`Error::Forbidden`], [`Error::Invalid`] with all faults.
    #[allow(clippy::too_many_arguments)]
    pub fn patch<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
        version: Option<i64>,
        changes: Object,
        why: Option<&'a str>,
    ) -> Boxed<'a, Record> {
        Box::pin(self.patch_inner(tx, actor, entity, id, version, changes, why))
    }

    /// Deletes a record with its child rows and the records that refer to it by `cascade`: they stay in the database,
    /// out of everybody's sight.
    ///
    /// # Errors
    /// As [`Records::patch`]; [`crate::Error::Conflict`] with the code `referenced` when other records refer to it.
    pub fn delete<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
        version: Option<i64>,
        why: Option<&'a str>,
    ) -> Boxed<'a, ()> {
        Box::pin(self.delete_inner(tx, actor, entity, id, version, why))
    }

    /// Brings a deleted record back, with its child rows and the records that its deletion took along. Needs the right
    /// to delete it.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a record that is not in the actor's recycle bin,
    /// [`Error::Conflict`](crate::Error::Conflict) for one that went along with another,
    /// [`Error::Invalid`](crate::Error::Invalid) when a unique value is taken meanwhile or a reference leads nowhere.
    pub fn restore<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
        why: Option<&'a str>,
    ) -> Boxed<'a, Record> {
        Box::pin(self.restore_inner(tx, actor, entity, id, why))
    }

    /// One record as the actor sees it, with its child tables and the actions offered.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right to read the entity, [`Error::NotFound`] for a record that does
    /// not exist or lies outside the actor's rows.
    pub fn read<'a>(&'a self, actor: &'a Actor, entity: &'a str, id: &'a str) -> Boxed<'a, Record> {
        Box::pin(self.read_inner(actor, entity, id))
    }

    /// As [`Records::read`], inside a transaction: sees what the transaction wrote.
    pub fn read_in<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
    ) -> Boxed<'a, Record> {
        Box::pin(self.read_in_inner(tx, actor, entity, id))
    }

    /// One page of the records that match, as the actor sees them.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right, [`Error::Invalid`] naming fields that do not exist or may not be
    /// read, [`Error::TooMuch`] beyond the limits of one query.
    pub fn query<'a>(&'a self, actor: &'a Actor, entity: &'a str, query: &'a Query) -> Boxed<'a, Page> {
        Box::pin(async move {
            self.admit_lookups(actor, entity, &query.filter).await?;
            self.query_from_inner(&mut self.store().reader(), actor, entity, query).await
        })
    }

    /// The recycle bin: one page of the records that were deleted by themselves, the last deleted first unless another
    /// order is asked for. `updated_at` and `updated_by` say when and by whom.
    ///
    /// # Errors
    /// As [`Records::query`]; the right is that to delete.
    pub fn deleted<'a>(&'a self, actor: &'a Actor, entity: &'a str, query: &'a Query) -> Boxed<'a, Page> {
        Box::pin(self.deleted_inner(actor, entity, query))
    }

    /// As [`Records::query`], from a transaction: sees what the transaction wrote.
    pub fn query_from<'a>(
        &'a self,
        source: &'a mut (dyn Fetch + 'a),
        actor: &'a Actor,
        entity: &'a str,
        query: &'a Query,
    ) -> Boxed<'a, Page> {
        Box::pin(self.query_from_inner(source, actor, entity, query))
    }

    /// As [`Records::query`], within a transaction.
    pub fn query_in<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        query: &'a Query,
    ) -> Boxed<'a, Page> {
        Box::pin(self.query_from_inner(tx, actor, entity, query))
    }

    /// Figures over the records the actor may see. Sensitive fields can be counted, not grouped or summed.
    ///
    /// # Errors
    /// As [`Records::query`].
    pub fn aggregate<'a>(
        &'a self,
        actor: &'a Actor,
        entity: &'a str,
        query: &'a AggregateQuery,
    ) -> Boxed<'a, AggregateResult> {
        Box::pin(async move {
            let of_measures = query.measures.iter().filter_map(|measure| measure.filter.as_ref());
            self.admit_lookups(actor, entity, query.filter.iter().chain(of_measures)).await?;
            self.aggregate_inner(actor, entity, query).await
        })
    }

    /// The changes of a record, the newest first, at most 500.
    ///
    /// # Errors
    /// As [`Records::read`].
    pub fn history<'a>(
        &'a self,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
    ) -> Boxed<'a, Vec<HistoryEntry>> {
        Box::pin(self.history_inner(actor, entity, id))
    }

    /// Holds a record until the transaction ends, so that steps that look at several records of it come one
    /// after the other.
    pub fn lock<'a>(&'a self, tx: &'a mut Tx, entity: &'a str, id: &'a str) -> Boxed<'a, ()> {
        Box::pin(self.lock_inner(tx, entity, id))
    }

    /// The next number of a sequence for a record's values.
    pub fn draw_number<'a>(
        &'a self,
        tx: &'a mut Tx,
        sequence: &'a str,
        entity: &'a str,
        record: &'a Object,
    ) -> Boxed<'a, String> {
        Box::pin(self.draw_number_inner(tx, sequence, entity, record))
    }
    /// A sensitive field in clear. Needs the right to unmask it and a reason; is always in the audit log.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right, [`Error::NotFound`] outside the actor's rows,
    /// [`Error::Invalid`] for a missing reason or a field that is not sensitive.
    pub fn reveal<'a>(
        &'a self,
        tx: &'a mut Tx,
        actor: &'a Actor,
        entity: &'a str,
        id: &'a str,
        field: &'a str,
        reason: &'a str,
    ) -> Boxed<'a, String> {
        Box::pin(self.reveal_inner(tx, actor, entity, id, field, reason))
    }

    /// Judges a batch of rows. Faults of rows are no error; they are in the result.
    pub fn judge_import<'a>(
        &'a self,
        importer: &'a mut Importer,
        rows: &'a [ImportRow],
    ) -> Boxed<'a, Judged> {
        Box::pin(self.judge_import_inner(importer, rows))
    }

    /// Writes what was judged to be in order, in the given transaction.
    ///
    /// # Errors
    /// [`ImportFailure::Row`] names the first row that was refused.
    pub fn write_import<'a>(
        &'a self,
        tx: &'a mut Tx,
        setup: &'a ImportSetup,
        judged: Judged,
        after_each: Option<&'a mut dyn AfterEach>,
    ) -> Pin<Box<dyn Future<Output = Result<ImportCounts, ImportFailure>> + Send + 'a>> {
        Box::pin(self.write_import_inner(tx, setup, judged, after_each))
    }

    /// The next rows of an export; none after the last.
    ///
    /// # Errors
    /// As [`Records::begin_export`]: rights are asked for again with every page.
    pub fn export_page<'a>(
        &'a self,
        actor: &'a Actor,
        export: &'a mut Export,
    ) -> Boxed<'a, Vec<Vec<ExportCell>>> {
        Box::pin(self.export_page_inner(actor, export))
    }

    /// What a filter asks for, in Chinese: `办理状态 属于 受理、初审，且 申请区 等于 浦东新区`.
    pub fn describe_filter<'a>(
        &'a self,
        actor: &'a Actor,
        entity: &'a str,
        filter: &'a Filter,
    ) -> Boxed<'a, String> {
        Box::pin(self.describe_filter_inner(actor, entity, filter))
    }

    /// The records among `ids` that the actor may read, in the order of the ids, each with whether the action is
    /// offered to the actor.
    ///
    /// # Errors
    /// [`crate::Error::Forbidden`] without the right to read the entity or to do the action.
    pub fn candidates<'a>(
        &'a self,
        actor: &'a Actor,
        entity: &'a str,
        action: &'a str,
        ids: &'a [String],
    ) -> Boxed<'a, Vec<Candidate>> {
        Box::pin(self.candidates_inner(actor, entity, action, ids))
    }
}
