//! The table of figures.

use std::fmt;

use anju_bench::{
    figures::{median, milliseconds, percentile},
    load::{Plan, Samples},
};

use crate::requests::Operation;

/// The figures of one database.
pub struct Report {
    setting: String,
    lines: Vec<Line>,
    notes: Vec<String>,
}

struct Line {
    name: &'static str,
    ours: f64,
    bare: f64,
    ratio: f64,
    aim: f64,
    /// Microseconds: ours at p50 and p99, the bare handler's at p50 and p99.
    latencies_us: [u32; 4],
}

impl Report {
    /// `database` says which one, and how durable.
    pub fn new(database: String, cases: u32, plan: &Plan) -> Self {
        let Plan { connections, rounds, round } = plan;
        let round_ms = round.as_millis();
        let setting = format!(
            "{database}; {cases} cases, {connections} connections, median of {rounds} rounds of {round_ms} ms each"
        );
        Self { setting, lines: Vec::new(), notes: Vec::new() }
    }

    /// Something to say instead of a line of the table.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The figures of one operation, the platform's and the bare handler's.
    pub fn add(&mut self, operation: &Operation, [mut ours, mut bare]: [Samples; 2]) {
        let ratios = ours.rates.iter().zip(&bare.rates).map(|(ours, bare)| ours / bare);
        self.lines.push(Line {
            name: operation.name,
            ratio: median(ratios.collect()),
            ours: median(std::mem::take(&mut ours.rates)),
            bare: median(std::mem::take(&mut bare.rates)),
            aim: operation.aim,
            latencies_us: [
                percentile(&mut ours.latencies_us, 50),
                percentile(&mut ours.latencies_us, 99),
                percentile(&mut bare.latencies_us, 50),
                percentile(&mut bare.latencies_us, 99),
            ],
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.setting)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "{:<8}{:>10}{:>12}{:>8}{:>7}   {:>15}   {:>15}",
            "", "ours 1/s", "bare 1/s", "ratio", "aim", "ours p50/p99 ms", "bare p50/p99 ms"
        )?;
        for line in &self.lines {
            let [ours50, ours99, bare50, bare99] = line.latencies_us.map(milliseconds);
            let verdict = if line.ratio >= line.aim { "" } else { "  below" };
            writeln!(
                f,
                "{:<8}{:>10.0}{:>12.0}{:>8.2}{:>7.2}   {ours50:>7.2} {ours99:>7.2}   {bare50:>7.2} {bare99:>7.2}{verdict}",
                line.name, line.ours, line.bare, line.ratio, line.aim
            )?;
        }
        Ok(())
    }
}
