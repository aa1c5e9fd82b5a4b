//! The figures, for people and for programs.

use std::fmt;

use anju_bench::{
    figures::{median, milliseconds, percentile},
    load::Samples,
};
use serde_json::{Value, json};

use crate::{system::System, work::Operation};

/// Ours over theirs, at least.
const AIM: f64 = 10.0;

pub struct Report {
    setting: String,
    lines: Vec<Line>,
}

/// One system's figures of one operation.
struct Line {
    operation: &'static str,
    system: &'static str,
    rate: f64,
    p50_us: u32,
    p99_us: u32,
    /// Processor milliseconds of the server for an answer, without the database's.
    cpu_ms: f64,
    answers: usize,
    /// Ours over theirs; absent for ours.
    ratio: Option<f64>,
}

impl Report {
    pub fn new(setting: String) -> Self {
        Self { setting, lines: Vec::new() }
    }

    /// The figures of one operation; ours come first.
    pub fn add(&mut self, operation: Operation, systems: &[System], samples: Vec<Samples>) {
        let ours = samples.first().map(|samples| samples.rates.clone()).unwrap_or_default();
        for (at, (system, mut samples)) in systems.iter().zip(samples).enumerate() {
            let ratios = ours.iter().zip(&samples.rates).map(|(ours, theirs)| ours / theirs).collect();
            let answers = samples.latencies_us.len();
            self.lines.push(Line {
                operation: operation.name(),
                system: system.name,
                ratio: (at > 0).then(|| median(ratios)),
                rate: median(samples.rates),
                p50_us: percentile(&mut samples.latencies_us, 50),
                p99_us: percentile(&mut samples.latencies_us, 99),
                cpu_ms: samples.cpu_ms / answers.max(1) as f64,
                answers,
            });
        }
    }

    pub fn to_json(&self) -> Value {
        let line = |line: &Line| {
            json!({
                "operation": line.operation, "system": line.system, "per_second": line.rate,
                "p50_us": line.p50_us, "p99_us": line.p99_us, "cpu_ms_per_answer": line.cpu_ms,
                "answers": line.answers, "errors": 0, "ours_over_theirs": line.ratio,
            })
        };
        json!({ "setting": self.setting, "lines": self.lines.iter().map(line).collect::<Vec<_>>() })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.setting)?;
        writeln!(f, "Every answer was checked; a wrong one would have ended the run. Errors: 0.\n")?;
        writeln!(
            f,
            "{:<8}{:<10}{:>8}{:>10}{:>10}{:>15}{:>10}{:>8}",
            "", "", "1/s", "p50 ms", "p99 ms", "server CPU ms", "answers", "ratio"
        )?;
        for line in &self.lines {
            let (p50_ms, p99_ms) = (milliseconds(line.p50_us), milliseconds(line.p99_us));
            let Line { operation, system, rate, cpu_ms, answers, .. } = line;
            write!(
                f,
                "{operation:<8}{system:<10}{rate:>8.0}{p50_ms:>10.2}{p99_ms:>10.2}{cpu_ms:>15.2}{answers:>10}"
            )?;
            match line.ratio {
                Some(ratio) if ratio < AIM => writeln!(f, "{ratio:>8.1}  below {AIM:.0}")?,
                Some(ratio) => writeln!(f, "{ratio:>8.1}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
