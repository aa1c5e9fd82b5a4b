//! Rows that repeat a unique value of an earlier row, or of a record there is.

use anju_store::SqlValue;

use super::{
    Importer,
    columns::is_importable,
    lookups::{taken, unique_values},
    rows::{Row, row_at, rows_of},
};
use crate::{FieldError, Records, Result, plan::EntityPlan};

/// The unique values of a row.
struct Keyed {
    row: u32,
    record: String,
    values: Vec<SqlValue>,
}

impl Records {
    pub(super) async fn find_duplicates(&self, importer: &mut Importer, rows: &mut [Row]) -> Result<()> {
        for sheet in 0..importer.setup.sheets.len() {
            let plan = importer.setup.plan_of(sheet)?;
            for (group, positions) in plan.uniques.iter().enumerate() {
                let keyed = self.keyed(&plan, positions, rows_of(rows, sheet))?;
                let values: Vec<&[SqlValue]> = keyed.iter().map(|keyed| keyed.values.as_slice()).collect();
                let in_database = taken(self, &plan, positions, &values).await?;
                let Some((field, titles)) = told(&plan, positions, importer.setup.sheets[sheet].link) else {
                    continue;
                };
                for keyed in keyed {
                    let earlier = importer.seen.earlier(sheet, group, &keyed.values, keyed.row);
                    let other = in_database.get(&keyed.values).filter(|id| **id != keyed.record);
                    let message = match (other, earlier) {
                        // The earlier row may be in the database already.
                        (_, Some(first)) => format!("{titles}与第 {first} 行重复"),
                        (Some(_), None) => format!("已有相同{titles}的{}", plan.entity.title),
                        (None, None) => continue,
                    };
                    if let Some(row) = row_at(rows, sheet, keyed.row) {
                        row.faults.push(FieldError::new(field.as_str(), "duplicate", message));
                    }
                }
            }
        }
        Ok(())
    }

    /// Remembers the unique values of rows without judging them.
    pub(super) fn mark_seen(&self, importer: &mut Importer, rows: &[Row]) -> Result<()> {
        for sheet in 0..importer.setup.sheets.len() {
            let plan = importer.setup.plan_of(sheet)?;
            for (group, positions) in plan.uniques.iter().enumerate() {
                for keyed in self.keyed(&plan, positions, rows_of(rows, sheet))? {
                    importer.seen.earlier(sheet, group, &keyed.values, keyed.row);
                }
            }
        }
        Ok(())
    }

    /// A record there is holds its values against later rows too, changed or not.
    fn keyed<'r>(
        &self,
        plan: &EntityPlan,
        positions: &[usize],
        rows: impl Iterator<Item = &'r Row>,
    ) -> Result<Vec<Keyed>> {
        let keyed = |row: &Row| {
            let values = unique_values(self, plan, positions, &row.draft.values).transpose()?;
            Some(values.map(|values| Keyed { row: row.number, record: row.draft.id.clone(), values }))
        };
        rows.filter_map(keyed).collect()
    }
}

/// The field where a repeated group is told, and what it is called.
fn told(plan: &EntityPlan, group: &[usize], link: Option<usize>) -> Option<(String, String)> {
    let fields = || group.iter().filter(|at| Some(**at) != link).map(|at| &plan.fields[*at]);
    // A number that only the platform gives can repeat in a workbook that finds records by it.
    let field = fields().rev().find(|field| is_importable(field)).or_else(|| fields().next_back())?;
    let titles: Vec<&str> = fields().map(|field| field.title.as_str()).collect();
    Some((field.name.clone(), titles.join("、")))
}
