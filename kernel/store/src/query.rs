//! Queries as values: no text of SQL exists outside this crate.

use std::sync::Arc;
use std::time::Duration;

use crate::{ColumnKind, SqlValue};

/// A column of a table or of a joined alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnRef {
    /// Table name, or the alias of a join.
    pub table: String,
    /// Column name.
    pub column: String,
}

impl ColumnRef {
    /// `table.column`
    pub fn new(table: impl Into<String>, column: impl Into<String>) -> Self {
        Self { table: table.into(), column: column.into() }
    }
}

/// A LEFT JOIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Table to join.
    pub table: String,
    /// Name under which the query's columns refer to it; must be unique in the query.
    pub alias: String,
    /// The two columns that must be equal.
    pub on: (ColumnRef, ColumnRef),
}

/// Sort direction. Absent values come last ascending and first descending, on both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Columns of a result and what they hold; shared, since many queries ask for the same.
pub type Columns = Arc<Vec<(ColumnRef, ColumnKind)>>;

/// A query for rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// The main table.
    pub from: String,
    /// LEFT JOINs, in order.
    pub joins: Vec<Join>,
    /// Columns of the result and what they hold.
    pub columns: Columns,
    /// Which rows.
    pub filter: Condition,
    /// Sort keys, first the most important.
    pub order: Vec<(ColumnRef, Direction)>,
    /// At most this many rows.
    pub limit: Option<u64>,
    /// Skip this many rows first.
    pub offset: Option<u64>,
    /// Locks the main table's rows until the transaction ends (SQLite transactions hold the only write lock anyway).
    pub lock: Option<Lock>,
    /// Gives up with [`crate::Error::TooSlow`] after this long.
    pub within: Option<Duration>,
}

/// For what rows are locked. Many may keep a row in place at once, while one may change it, as with foreign keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// To change them: nobody else changes or removes them meanwhile.
    Change,
    /// To remove them: nobody else may even rely on them meanwhile.
    Removal,
    /// To rely on their being there: nobody removes them meanwhile.
    Presence,
}

impl Select {
    /// All rows of `table`, no columns yet.
    pub fn from(table: impl Into<String>) -> Self {
        Self {
            from: table.into(),
            joins: Vec::new(),
            columns: Columns::default(),
            filter: Condition::True,
            order: Vec::new(),
            limit: None,
            offset: None,
            lock: None,
            within: None,
        }
    }

    /// Adds a column of the main table.
    pub fn column(mut self, name: impl Into<String>, kind: ColumnKind) -> Self {
        let column = self.own(name);
        Arc::make_mut(&mut self.columns).push((column, kind));
        self
    }

    /// Adds a column of any joined table.
    pub fn column_of(mut self, column: ColumnRef, kind: ColumnKind) -> Self {
        Arc::make_mut(&mut self.columns).push((column, kind));
        self
    }

    /// Adds a LEFT JOIN.
    pub fn join(mut self, join: Join) -> Self {
        self.joins.push(join);
        self
    }

    /// Narrows the filter further.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter = self.filter.and(condition);
        self
    }

    /// Adds a sort key of the main table.
    pub fn order_by(mut self, name: impl Into<String>, direction: Direction) -> Self {
        let column = self.own(name);
        self.order.push((column, direction));
        self
    }

    /// At most `rows` rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Skips the first `rows` rows.
    pub fn offset(mut self, rows: u64) -> Self {
        self.offset = Some(rows);
        self
    }

    /// Locks the rows for a change until the transaction ends.
    pub fn for_update(mut self) -> Self {
        self.lock = Some(Lock::Change);
        self
    }

    /// A column of the main table.
    pub fn own(&self, name: impl Into<String>) -> ColumnRef {
        ColumnRef::new(self.from.clone(), name)
    }
}

/// Comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

/// Which rows. As in SQL, a comparison with an absent value is neither true nor false, so that
/// neither the condition nor its [`Condition::Not`] finds the row; test with `IsNull` where that matters.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Every row.
    True,
    /// No row.
    False,
    /// All of them; every row if empty.
    All(Vec<Condition>),
    /// One of them; no row if empty.
    Any(Vec<Condition>),
    /// The opposite.
    Not(Box<Condition>),
    /// Comparison with a value. `Eq` and `Ne` with `Null` mean `IsNull` and `NotNull`; others with `Null` find nothing.
    Compare {
        /// Left side.
        column: ColumnRef,
        /// Comparison.
        op: Operator,
        /// Right side.
        value: SqlValue,
    },
    /// One of the values; no row if empty.
    In {
        /// Column.
        column: ColumnRef,
        /// Values.
        values: Vec<SqlValue>,
    },
    /// The columns together have the values of one of the rows, none of them null; no row if empty.
    RowIn {
        /// Columns.
        columns: Vec<ColumnRef>,
        /// One value for each column.
        rows: Vec<Vec<SqlValue>>,
    },
    /// None of the values; every row if empty.
    NotIn {
        /// Column.
        column: ColumnRef,
        /// Values.
        values: Vec<SqlValue>,
    },
    /// From `low` to `high`, both included.
    Between {
        /// Column.
        column: ColumnRef,
        /// Smallest.
        low: SqlValue,
        /// Largest.
        high: SqlValue,
    },
    /// The text occurs somewhere in the column; ASCII letters match in both cases.
    Contains {
        /// Text column.
        column: ColumnRef,
        /// Taken literally.
        text: String,
    },
    /// As [`Condition::Contains`], several texts, one after the other.
    ContainsInOrder {
        /// Text column.
        column: ColumnRef,
        /// Taken literally.
        texts: Vec<String>,
    },
    /// The column starts with the text, exactly (an index serves it).
    StartsWith {
        /// Text column.
        column: ColumnRef,
        /// Taken literally.
        text: String,
    },
    /// All of the phrases stand in a column of tokens, as seen in the row itself: each phrase is tokens next to one
    /// another, in their order.
    Tokens {
        /// Column of tokens.
        column: ColumnRef,
        /// Tokens without spaces.
        phrases: Vec<Vec<String>>,
    },
    /// One of a few rows that were found before ([`crate::Fetch::ids_with_tokens`]): they are looked up first, and the
    /// rest of the query is about them.
    OneOfFew {
        /// Column of ids.
        column: ColumnRef,
        /// Ids without spaces.
        ids: Vec<String>,
    },
    /// No value.
    IsNull(ColumnRef),
    /// Some value.
    NotNull(ColumnRef),
    /// The sub-query finds a row; it may refer to the outer query's tables. Its columns, order and offset do not matter.
    Exists(Box<Select>),
    /// Two columns are equal.
    ColumnsEqual(ColumnRef, ColumnRef),
    /// The instant lies on a day, as told in Shanghai, that is later than the date.
    DayAfter {
        /// Column of instants (Int, ms).
        at: ColumnRef,
        /// Column of dates (Text, `YYYY-MM-DD`).
        day: ColumnRef,
    },
    /// The text has more characters than this.
    LongerThan {
        /// Text column.
        column: ColumnRef,
        /// Characters.
        characters: u32,
    },
    /// The whole number is no multiple of this.
    NoMultipleOf {
        /// Column of whole numbers.
        column: ColumnRef,
        /// Not 0.
        of: i64,
    },
}

impl Condition {
    /// Both.
    pub fn and(self, other: Condition) -> Condition {
        match (self, other) {
            (Condition::True, other) => other,
            (this, Condition::True) => this,
            (Condition::All(mut all), other) => {
                all.push(other);
                Condition::All(all)
            }
            (this, other) => Condition::All(vec![this, other]),
        }
    }

    /// A comparison.
    pub fn compare(column: ColumnRef, op: Operator, value: impl Into<SqlValue>) -> Condition {
        Condition::Compare { column, op, value: value.into() }
    }

    /// `table.column` equals the value.
    pub fn eq(table: impl Into<String>, column: impl Into<String>, value: impl Into<SqlValue>) -> Condition {
        Self::compare(ColumnRef::new(table, column), Operator::Eq, value)
    }

    /// `table.column` is one of the values.
    pub fn is_in<V: Into<SqlValue>>(
        table: impl Into<String>,
        column: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Condition {
        let values = values.into_iter().map(Into::into).collect();
        Condition::In { column: ColumnRef::new(table, column), values }
    }
}

/// A question for groups of rows with the same values.
#[derive(Debug, Clone, PartialEq)]
pub struct Duplicates {
    /// The table.
    pub from: String,
    /// The columns compared; rows without a value in one of them have no equals.
    pub columns: Vec<String>,
    /// Which rows count.
    pub filter: Condition,
    /// Groups counted at most.
    pub at_most: u64,
}
