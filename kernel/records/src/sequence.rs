//! Numbers that people read, drawn inside the transaction that uses them.

use std::collections::BTreeMap;

use anju_definitions::{Reset, Sequence};
use anju_store::Tx;
use jiff::civil::Date;
use serde_json::Value;

use crate::{Error, Result, plan::EntityPlan};

/// A sequence, compiled.
pub(crate) struct SequencePlan {
    key: String,
    parts: Vec<Part>,
    reset: Reset,
    per: Vec<String>,
    gapless: bool,
}

enum Part {
    Literal(String),
    Year,
    ShortYear,
    Month,
    Day,
    Counter { digits: usize },
    Field(String),
}

impl SequencePlan {
    pub(crate) fn compile(definition: &Sequence) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = definition.pattern.as_str();
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            let length = rest[open..].find('}').ok_or_else(|| {
                Error::Internal(format!("unclosed placeholder in sequence {}", definition.sequence))
            })?;
            parts.push(part(&rest[open + 1..open + length]));
            rest = &rest[open + length + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        let (key, per) = (definition.sequence.clone(), definition.per.clone());
        Ok(Self { key, parts, reset: definition.reset, per, gapless: definition.gapless })
    }

    /// The counter that the next number is drawn from: the period and the values of the `per` fields.
    fn period(&self, plan: &EntityPlan, values: &[Value], today: Date) -> String {
        let mut period = match self.reset {
            Reset::Never => String::new(),
            Reset::Year => format!("{:04}", today.year()),
            Reset::Month => format!("{:04}-{:02}", today.year(), today.month()),
            Reset::Day => today.to_string(),
        };
        for name in &self.per {
            period.push('|');
            period.push_str(&value_text(plan, values, name));
        }
        period
    }

    fn format(&self, plan: &EntityPlan, values: &[Value], today: Date, number: i64) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Year => text.push_str(&format!("{:04}", today.year())),
                Part::ShortYear => text.push_str(&format!("{:02}", today.year() % 100)),
                Part::Month => text.push_str(&format!("{:02}", today.month())),
                Part::Day => text.push_str(&format!("{:02}", today.day())),
                Part::Counter { digits } => text.push_str(&format!("{number:0digits$}")),
                Part::Field(name) => text.push_str(&value_text(plan, values, name)),
            }
        }
        text
    }

    /// Draws numbers for many records into the field at `position`, in their order; each period's counter is asked once.
    pub(crate) async fn draw_all(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        position: usize,
        rows: &mut [&mut Vec<Value>],
        today: Date,
    ) -> Result<()> {
        let mut by_period: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, values) in rows.iter().enumerate() {
            by_period.entry(self.period(plan, values, today)).or_default().push(at);
        }
        for (period, places) in by_period {
            let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
            let first = match self.gapless {
                true => tx.next_numbers(&self.key, &period, count).await?,
                false => tx.next_numbers_with_gaps(&self.key, &period, count).await?,
            };
            for (number, at) in (first..).zip(places) {
                let text = self.format(plan, rows[at], today, number);
                rows[at][position] = Value::String(text);
            }
        }
        Ok(())
    }

    /// So many numbers were given, on that day, to records like this one.
    pub(crate) async fn skip(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        values: &[Value],
        day: Date,
        count: u32,
    ) -> Result<()> {
        let period = self.period(plan, values, day);
        tx.next_numbers(&self.key, &period, count).await?;
        Ok(())
    }

    /// Draws the next number for a record.
    pub(crate) async fn draw(
        &self,
        tx: &mut Tx,
        plan: &EntityPlan,
        values: &[Value],
        today: Date,
    ) -> Result<String> {
        let period = self.period(plan, values, today);
        let number = match self.gapless {
            true => tx.next_number(&self.key, &period).await?,
            false => tx.next_number_with_gaps(&self.key, &period).await?,
        };
        Ok(self.format(plan, values, today, number))
    }
}

fn part(placeholder: &str) -> Part {
    match placeholder {
        "yyyy" => Part::Year,
        "yy" => Part::ShortYear,
        "mm" => Part::Month,
        "dd" => Part::Day,
        "n" => Part::Counter { digits: 1 },
        other => match other.strip_prefix("n:").and_then(|digits| digits.parse().ok()) {
            Some(digits) => Part::Counter { digits },
            None => Part::Field(other.to_owned()),
        },
    }
}

fn value_text(plan: &EntityPlan, values: &[Value], name: &str) -> String {
    match plan.position(name).map(|position| &values[position]) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}
