//! The operations as callers see them. Each future is boxed here, once: a caller then need not prove anew, through all
//! the stations behind it, that it may cross threads, which took most of the compile time of the crates above.

use std::{future::Future, pin::Pin};

use anju_store::{Fetch, Tx};

use crate::{
    Actor, AggregateQuery, AggregateResult, HistoryEntry, Object, Page, Query, Record, Records, Result,
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
        Box::pin(async move { self.query_from_inner(&mut self.store().reader(), actor, entity, query).await })
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
        Box::pin(self.aggregate_inner(actor, entity, query))
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
}
