//! What can go wrong in the store, by what the caller can do about it.

/// The one error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index or primary key refused the row. `columns` are those of the violated key.
    #[error("a row with the same {} exists already in {table}", columns.join(", "))]
    Unique {
        /// Table whose key was violated.
        table: String,
        /// Columns of the violated key, in key order; empty if the database does not tell.
        columns: Vec<String>,
    },
    /// Busy, deadlock or lost serialization: roll back, then run the whole step again.
    #[error("the database was busy, the step can be tried again: {0}")]
    Retry(String),
    /// The statement was made for tables as they were before a change of definitions: read the definitions again, then
    /// run the whole step again.
    #[error("the tables are not as they were: {0}")]
    Outdated(String),
    /// The query took longer than it may (`within`, or the statement timeout of PostgreSQL).
    #[error("the query took too long")]
    TooSlow,
    /// A row is not what the platform wrote: it was changed past it, and is not changed further.
    #[error("the row {key} of {table} does not have its code")]
    Damaged {
        /// Its table.
        table: String,
        /// The values of its key.
        key: String,
    },
    /// A reference to a row that does not exist, or the removal of one still referenced.
    #[error("a foreign key refused the change")]
    ForeignKey,
    /// A table is not, and cannot be made, what its specification says.
    #[error("schema: {0}")]
    Schema(String),
    /// No such file, job or row.
    #[error("not found")]
    NotFound,
    /// The job was cancelled or its lease has passed to another worker: roll back and stop.
    #[error("the lease of job {0} is lost")]
    LeaseLost(String),
    /// Another server works on the embedded database.
    #[error("the database {0} is in use by another server")]
    InUse(String),
    /// A file larger than the configured limit, in bytes.
    #[error("the file has {size} bytes, more than the {limit} allowed")]
    TooLarge {
        /// Size of the refused file.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Any other refusal of the database; the text is for logs, never for users.
    #[error("database: {0}")]
    Database(String),
    /// The files' directory could not be read or written.
    #[error("files: {0}")]
    Io(#[from] std::io::Error),
}

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
