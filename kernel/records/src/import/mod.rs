//! Importing: rows come in batches, each is judged by itself with a few queries for all of them together, and what
//! is in order is written many at a time. Nothing is held but the batch at hand and marks of what was seen before.

mod columns;
mod duplicates;
mod judge;
mod lookups;
mod rows;
mod seen;
mod template;
mod write;

use std::sync::Arc;

use anju_store::Tx;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub(crate) use columns::header_title;
pub use judge::Judged;
pub use write::{ImportCounts, ImportFailure};

use crate::{
    Actor, Error, Record, Records, Result,
    access::{Access, Operation},
    plan::{EntityPlan, FieldPlan, Plans},
};
use columns::Columns;
use lookups::Targets;
use seen::Seen;

/// One sheet, before its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSheet {
    pub name: String,
    /// Titles of the columns.
    pub header: Vec<String>,
    /// Whether there are rows below the titles.
    pub has_rows: bool,
}

/// A row of the main sheet with the rows of other sheets that belong to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportRow {
    /// As the spreadsheet shows it, from 1.
    pub number: u32,
    pub cells: Vec<ImportCell>,
    pub children: Vec<ImportChildRow>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportChildRow {
    /// Which of the sheets.
    pub sheet: usize,
    /// As the spreadsheet shows it, from 1.
    pub number: u32,
    pub cells: Vec<ImportCell>,
}

/// A cell as a person would type it: dates as `YYYY-MM-DD`, numbers without separators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportCell {
    /// Empty for an empty cell.
    Text(String),
    /// What could not be read as what it shows, with the reason in Chinese.
    Unreadable(String),
}

impl ImportCell {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text.trim(),
            Self::Unreadable(_) => "",
        }
    }
}

/// What to do when rows are faulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportMode {
    /// Write nothing.
    AllOrNothing,
    /// Write the others.
    SkipFaulty,
}

/// What rows become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportWrite {
    /// New records.
    #[default]
    Insert,
    /// Changes of the records with the same key.
    Update,
    /// Changes where there is such a record, new records otherwise.
    Upsert,
}

/// What an empty cell means for a record that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlankCells {
    /// The value stays.
    #[default]
    Keep,
    /// The value goes.
    Clear,
}

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImportOptions {
    #[serde(default)]
    pub write: ImportWrite,
    #[serde(default)]
    pub blanks: BlankCells,
}

/// A fault of one cell or row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportError {
    pub sheet: String,
    /// Row number as the spreadsheet shows it, from 1.
    pub row: u32,
    /// Column title; empty when the whole row is meant.
    pub column: String,
    /// Field name; empty when the whole row is meant.
    pub field: String,
    pub message: String,
    /// Row of the main sheet that is not imported because of it; 0 for a child row that belongs to none.
    pub main_row: u32,
}

/// What is done with each record right after it was created, in the same transaction.
#[async_trait]
pub trait AfterEach: Send {
    async fn created(&mut self, tx: &mut Tx, record: &Record) -> Result<()>;
}

/// What stands from the beginning of an import to its end. It belongs to the catalog it was begun with.
pub struct ImportSetup {
    actor: Actor,
    plans: Arc<Plans>,
    plan: Arc<EntityPlan>,
    options: ImportOptions,
    /// The main sheet first.
    sheets: Vec<Columns>,
}

/// An import on its way: its setup, and what earlier rows have shown.
pub struct Importer {
    setup: Arc<ImportSetup>,
    seen: Seen,
    targets: Targets,
}

impl Importer {
    pub fn setup(&self) -> &Arc<ImportSetup> {
        &self.setup
    }
}

impl ImportSetup {
    /// Which of the sheets is the main one.
    pub fn main_sheet(&self) -> usize {
        self.sheets[0].sheet
    }

    /// Which of the sheets hold child rows.
    pub fn child_sheets(&self) -> impl Iterator<Item = usize> {
        self.sheets[1..].iter().map(|columns| columns.sheet)
    }

    /// Column of the running number that links the sheets.
    pub fn number_column(&self, sheet: usize) -> Option<usize> {
        self.sheets.iter().find(|columns| columns.sheet == sheet)?.number
    }

    /// Titles of columns that are known but not written: they show what the platform fills in, or what the actor may
    /// not change.
    pub fn ignored_columns(&self) -> &[String] {
        &self.sheets[0].ignored
    }

    /// A fault of a row as a whole.
    pub fn row_error(&self, sheet: usize, row: u32, main_row: u32, message: &str) -> ImportError {
        let name =
            self.sheets.iter().find(|columns| columns.sheet == sheet).map(|columns| columns.name.clone());
        ImportError {
            sheet: name.unwrap_or_default(),
            row,
            column: String::new(),
            field: String::new(),
            message: message.to_owned(),
            main_row,
        }
    }

    /// The actor's rights on new records, and on those there are where they are changed.
    fn accesses(&self) -> Result<(Access<'_>, Option<Access<'_>>)> {
        let of = |operation| Access::of(&self.plans, &self.plan, &self.actor, operation);
        let update = (self.options.write != ImportWrite::Insert).then(|| of(Operation::Update));
        Ok((of(Operation::Import)?, update.transpose()?))
    }

    /// Column and field of the key by which records are found, where they are to be found.
    fn key(&self) -> Option<(usize, &FieldPlan)> {
        let column = self.sheets[0].key?;
        Some((column, self.plan.field(self.plan.entity.key.as_deref()?)?))
    }

    /// The entity of a sheet's rows.
    fn plan_of(&self, sheet: usize) -> Result<Arc<EntityPlan>> {
        Ok(match self.sheets[sheet].child {
            None => self.plan.clone(),
            Some(position) => self.plans.child(&self.plan.children[position])?.clone(),
        })
    }

    /// A sheet by its place among those given.
    fn sheet_at(&self, given: usize) -> Option<usize> {
        self.sheets.iter().position(|columns| columns.sheet == given)
    }
}

impl Records {
    /// Begins an import: the actor's rights, and the columns of all sheets.
    ///
    /// # Errors
    /// [`Error::Invalid`] for missing, unknown or repeated columns, [`Error::Forbidden`].
    pub fn begin_import(
        &self,
        actor: &Actor,
        entity: &str,
        options: ImportOptions,
        sheets: &[ImportSheet],
    ) -> Result<Importer> {
        let plans = self.plans()?;
        let plan = plans.entity(entity)?.clone();
        let access = Access::of(&plans, &plan, actor, Operation::Import)?;
        if options.write != ImportWrite::Insert {
            Access::of(&plans, &plan, actor, Operation::Update)?;
            if plan.entity.key.is_none() {
                let message = format!("{}没有编号，只能新增导入", plan.entity.title);
                return Err(Error::invalid("", "no_key", message));
            }
        }
        let sheets = columns::map(&plans, &plan, &access, options.write, sheets)?;
        let setup = ImportSetup { actor: actor.clone(), plans: plans.clone(), plan, options, sheets };
        Ok(Importer { setup: Arc::new(setup), seen: Seen::default(), targets: Targets::default() })
    }
}

/// What an import workbook for an entity looks like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateSpec {
    pub title: String,
    pub sheets: Vec<TemplateSheet>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateSheet {
    pub name: String,
    pub columns: Vec<TemplateColumn>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateColumn {
    /// Text of the header cell.
    pub title: String,
    /// Field name; empty for the column that links child rows.
    pub field: String,
    pub required: bool,
    /// What to enter, in Chinese.
    pub help: String,
    /// What a cell may look like.
    pub example: String,
    /// Titles to choose from; empty for free input.
    pub choices: Vec<String>,
}
