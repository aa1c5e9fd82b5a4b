//! How tables should look.

use crate::ColumnKind;
use crate::row_codes::CODE;

/// A table as it should be; [`crate::Store::sync_schema`] makes it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Name: lower-case ASCII letters, digits and `_`, at most 63 bytes.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<ColumnSpec>,
    /// Columns of the primary key.
    pub primary_key: Vec<String>,
    /// Indexes besides the primary key.
    pub indexes: Vec<IndexSpec>,
    /// Rows can only be added: the database itself refuses to change or delete them.
    pub append_only: bool,
    /// With `append_only`: a transaction with a permit to erase may change and delete rows all the same.
    pub erasable: bool,
    /// Each row carries a code of its values, so that a change past the platform is found.
    pub authenticated: bool,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Name: lower-case ASCII letters, digits and `_`, at most 63 bytes.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether a value may be absent. Columns added to an existing table must be nullable.
    pub nullable: bool,
}

/// One index of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSpec {
    /// Columns in order.
    pub columns: Vec<String>,
    /// Whether two rows may not have the same values (absent values never collide).
    pub unique: bool,
    /// Only rows that are not deleted (`deleted_at` is null).
    pub live_only: bool,
    /// Only rows that are deleted.
    pub deleted_only: bool,
    /// Serves [`crate::Fetch::ids_with_tokens`].
    pub tokens: bool,
}

impl TableSpec {
    /// A table without columns.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            columns: Vec::new(),
            primary_key: Vec::new(),
            indexes: Vec::new(),
            append_only: false,
            erasable: false,
            authenticated: false,
        }
    }

    /// Adds a column that always has a value.
    pub fn column(self, name: impl Into<String>, kind: ColumnKind) -> Self {
        self.with_column(ColumnSpec { name: name.into(), kind, nullable: false })
    }

    /// Adds a column whose value may be absent.
    pub fn nullable(self, name: impl Into<String>, kind: ColumnKind) -> Self {
        self.with_column(ColumnSpec { name: name.into(), kind, nullable: true })
    }

    /// Adds a column.
    pub fn with_column(mut self, column: ColumnSpec) -> Self {
        self.columns.push(column);
        self
    }

    /// Sets the primary key.
    pub fn primary_key<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.primary_key = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an index.
    pub fn index(mut self, index: IndexSpec) -> Self {
        self.indexes.push(index);
        self
    }

    /// Makes the database refuse changes and deletions of rows.
    pub fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }

    /// As [`TableSpec::append_only`], but [`crate::Tx::permit_erasure`] opens the rows to its transaction.
    pub fn erasable(mut self) -> Self {
        self.append_only = true;
        self.erasable = true;
        self
    }

    /// Gives each row a code of its values, kept by whatever writes the row (docs/decisions/0013).
    pub fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self.nullable(CODE, ColumnKind::Bytes)
    }
}

impl IndexSpec {
    /// An index on these columns.
    pub fn on<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Self {
        Self {
            columns: columns.into_iter().map(Into::into).collect(),
            unique: false,
            live_only: false,
            deleted_only: false,
            tokens: false,
        }
    }

    /// An index on the tokens of a Text column, which holds them separated by single spaces. `id` names the rows.
    pub fn of_tokens(id: impl Into<String>, column: impl Into<String>) -> Self {
        Self { tokens: true, ..Self::on([id.into(), column.into()]) }
    }

    /// A unique index on these columns.
    pub fn unique_on<N: Into<String>>(columns: impl IntoIterator<Item = N>) -> Self {
        Self { unique: true, ..Self::on(columns) }
    }

    /// Restricts the index to rows that are not deleted.
    pub fn live_only(mut self) -> Self {
        self.live_only = true;
        self
    }

    /// Restricts the index to rows that are deleted.
    pub fn deleted_only(mut self) -> Self {
        self.deleted_only = true;
        self
    }
}

/// What [`crate::Store::sync_schema`] changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaChange {
    /// A new table.
    TableCreated {
        /// Its name.
        table: String,
    },
    /// A new column of an existing table.
    ColumnAdded {
        /// The table.
        table: String,
        /// The column's name.
        column: String,
    },
    /// A new index.
    IndexCreated {
        /// The table.
        table: String,
        /// The index's name.
        index: String,
    },
    /// Rows from before their table was authenticated got their codes, unchecked.
    RowsCoded {
        /// The table.
        table: String,
        /// How many there were.
        rows: u64,
    },
    /// A table whose rows can no longer be changed.
    MadeAppendOnly {
        /// The table.
        table: String,
    },
}
