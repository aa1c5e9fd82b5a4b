//! What the kernel does with the values of a type, and the one table that says who does it.

use anju_definitions::FieldType;
use jiff::civil::Date;
use serde_json::Value;

use super::kinds::{choice, document, number, person, place, property, reference, rich_text, text, time};
use crate::plan::FieldPlan;

/// What is wrong with a value: a stable code and a Chinese message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub code: &'static str,
    pub message: String,
}

pub(crate) type Parsed = Result<Value, Fault>;

pub(crate) fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into() }
}

/// Behaviour of one type. Values are canonical where they are named `value`, and never null.
pub(crate) trait Kind: Sync {
    /// An input that is not empty in its canonical form. References and files are checked for their form only.
    fn parse(&self, field: &FieldPlan, input: &Value, today: Date) -> Parsed;

    /// What people read in lists, documents and cells. References show their ids here: whoever has the names
    /// of their targets shows those.
    fn to_text(&self, _field: &FieldPlan, value: &Value) -> String {
        plain_text(value)
    }

    /// The input that a cell stands for; `text` is trimmed and not empty. References stay as the texts that
    /// name their targets.
    fn read_text(&self, _field: &FieldPlan, text: &str) -> Parsed {
        Ok(Value::from(text))
    }

    /// What is shown of a sensitive value.
    fn mask(&self, _field: &FieldPlan, _value: &Value) -> String {
        BLANK_MASK.to_owned()
    }

    /// Whether the mask keeps something of the value, which then has to be opened for it.
    fn mask_keeps_something(&self) -> bool {
        false
    }

    /// A text to look for in the form in which values lie.
    fn search_form(&self, text: &str) -> String {
        text.to_owned()
    }

    /// How a cell is filled in, where that does not go without saying.
    fn cell_help(&self, _field: &FieldPlan) -> &'static str {
        ""
    }

    /// As expressions see it: exact numbers instead of texts.
    fn in_expressions(&self, value: &Value) -> Value {
        value.clone()
    }
}

/// A mask that keeps nothing.
pub(crate) const BLANK_MASK: &str = "****";

/// The table.
pub(crate) fn kind(of: FieldType) -> &'static dyn Kind {
    match of {
        FieldType::Text => &text::Text { lines: false },
        FieldType::LongText => &text::Text { lines: true },
        FieldType::Sequence => &text::Text { lines: false },
        FieldType::RichText => &rich_text::RichText,
        FieldType::Integer => &number::Integer,
        FieldType::Decimal => &number::Decimal,
        FieldType::Money => &number::Money,
        FieldType::Boolean => &choice::Boolean,
        FieldType::Date => &time::Day,
        FieldType::DateTime => &time::Instant,
        FieldType::Choice => &choice::Choice,
        FieldType::MultiChoice => &choice::MultiChoice,
        FieldType::Ref => &reference::Reference,
        FieldType::RefList => &reference::References,
        FieldType::File | FieldType::Image | FieldType::Video => &reference::Files,
        FieldType::GeoPoint => &place::GeoPoint,
        FieldType::Address => &place::Address,
        FieldType::IdNumber => &person::IdNumber,
        FieldType::PersonName => &person::Name,
        FieldType::Phone => &person::Phone,
        FieldType::BankCard => &person::BankCard,
        FieldType::CreditCode => &property::CreditCode,
        FieldType::RealEstateCertificate => &property::RealEstateCertificate,
        // The plan of a computed field has the type of its result.
        FieldType::Json | FieldType::Computed => &document::Json,
    }
}

/// An input in its canonical form; empty text and empty lists are `Null`.
pub(crate) fn parse(field: &FieldPlan, input: &Value, today: Date) -> Parsed {
    let empty = match input {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty() && field.kind != FieldType::Json,
        _ => false,
    };
    if empty { Ok(Value::Null) } else { kind(field.kind).parse(field, input, today) }
}

/// What people read: titles for codes, yuan for fen, regions in words.
pub(crate) fn to_text(field: &FieldPlan, value: &Value) -> String {
    if value.is_null() { String::new() } else { kind(field.kind).to_text(field, value) }
}

/// The input that the text of a cell stands for; `Null` for an empty one.
pub(crate) fn read_text(field: &FieldPlan, cell: &str) -> Parsed {
    let text = cell.trim();
    if text.is_empty() { Ok(Value::Null) } else { kind(field.kind).read_text(field, text) }
}

/// What is shown of a sensitive value.
pub(crate) fn mask(field: &FieldPlan, value: &Value) -> String {
    kind(field.kind).mask(field, value)
}

pub(crate) fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(crate) fn input_text(input: &Value) -> Result<&str, Fault> {
    input.as_str().ok_or_else(|| fault("type", "应为文字"))
}

/// Enough of an input to recognise it in a message.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

/// The parts of a cell that holds several values.
pub(crate) fn cell_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', ',', '，', ';', '；', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

/// Full-width digits, letters and signs as plain ones; wide spaces as spaces.
pub(crate) fn half_width(text: &str) -> String {
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        other => other,
    };
    text.chars().map(plain).collect()
}
