//! How the database would run a query, before it does.

use serde_json::Value;

use crate::{ColumnKind, Dialect, Error, Result, Row};

/// What the database says about a query it has not run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// PostgreSQL's estimate of the effort, in its own units (reading one page of a table is 1); SQLite has none.
    pub cost: Option<f64>,
    /// PostgreSQL's estimate of the number of rows found.
    pub rows: Option<u64>,
    /// Tables or aliases read from end to end, if nothing stops the query before.
    pub scanned: Vec<String>,
    /// The steps, outermost first. No value of the query stands in them.
    pub steps: Vec<String>,
}

/// Columns of the answer.
pub(crate) fn kinds(dialect: Dialect) -> &'static [ColumnKind] {
    match dialect {
        Dialect::Sqlite => &[ColumnKind::Int, ColumnKind::Int, ColumnKind::Int, ColumnKind::Text],
        Dialect::Postgres => &[ColumnKind::Text],
    }
}

/// Reads the answer.
pub(crate) fn read(dialect: Dialect, rows: &[Row]) -> Result<Explanation> {
    match dialect {
        Dialect::Sqlite => sqlite(rows),
        Dialect::Postgres => {
            let text = rows.first().ok_or(Error::NotFound)?.text(0)?;
            let answer: Value = serde_json::from_str(text)
                .map_err(|cause| Error::Database(format!("a plan cannot be read: {cause}")))?;
            Ok(postgres(&answer[0]["Plan"]))
        }
    }
}

/// Steps read `SCAN t`, `SCAN t USING COVERING INDEX i`, `SEARCH t USING INDEX i (a=?)` and more; what `CO-ROUTINE s`
/// and `MATERIALIZE s` make is scanned too, but is no table.
fn sqlite(rows: &[Row]) -> Result<Explanation> {
    let mut explanation = Explanation::default();
    let mut made: Vec<String> = Vec::new();
    for row in rows {
        let step = row.text(3)?;
        match step.split_once(' ') {
            Some(("CO-ROUTINE" | "MATERIALIZE", name)) => made.push(name.to_owned()),
            Some(("SCAN", rest)) => {
                let table = rest.split(' ').next().unwrap_or_default();
                if !made.iter().any(|name| name == table) && !table.starts_with('(') {
                    explanation.scanned.push(table.to_owned());
                }
            }
            _ => {}
        }
        explanation.steps.push(step.to_owned());
    }
    Ok(explanation)
}

fn postgres(plan: &Value) -> Explanation {
    let mut explanation = Explanation {
        cost: plan["Total Cost"].as_f64(),
        rows: plan["Plan Rows"].as_f64().map(|rows| rows as u64),
        ..Explanation::default()
    };
    walk(plan, 0, &mut explanation);
    explanation
}

fn walk(plan: &Value, depth: usize, explanation: &mut Explanation) {
    let text = |name: &str| plan[name].as_str();
    let kind = text("Node Type").unwrap_or_default();
    let mut step = format!("{}{kind}", "  ".repeat(depth));
    if let Some(table) = text("Relation Name") {
        step.push_str(&format!(" on {table}"));
        let by_key = plan["Index Cond"].is_string() || kind.starts_with("Bitmap");
        if !by_key {
            explanation.scanned.push(table.to_owned());
        }
    }
    if let Some(index) = text("Index Name") {
        step.push_str(&format!(" using {index}"));
    }
    let number = |name: &str| plan[name].as_f64().unwrap_or_default();
    step.push_str(&format!(" (cost {:.0}, rows {:.0})", number("Total Cost"), number("Plan Rows")));
    explanation.steps.push(step);
    for inner in plan["Plans"].as_array().into_iter().flatten() {
        walk(inner, depth + 1, explanation);
    }
}
