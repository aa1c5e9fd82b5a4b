//! How an operation ended: what the service says and what the model says, in one form.

use anju_records::{Error, FieldError};

use crate::change::Fault;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Forbidden,
    NotFound,
    Stale(i64),
    /// `field: code` of each fault, sorted.
    Invalid(Vec<String>),
    /// `field: code` of each rule to be confirmed, sorted.
    Unconfirmed(Vec<String>),
    Conflict(String),
}

impl Outcome {
    pub fn invalid(faults: Vec<Fault>) -> Self {
        Self::Invalid(told(faults.iter().map(|one| (&one.field, &one.code))))
    }

    pub fn unconfirmed(faults: Vec<Fault>) -> Self {
        Self::Unconfirmed(told(faults.iter().map(|one| (&one.field, &one.code))))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not found",
            Self::Stale(_) => "stale",
            Self::Invalid(_) => "invalid",
            Self::Unconfirmed(_) => "unconfirmed",
            Self::Conflict(_) => "conflict",
        }
    }

    /// What the service said.
    ///
    /// # Panics
    /// For an error that no caller should ever see.
    pub fn of(error: Error) -> Self {
        let faults = |all: Vec<FieldError>| told(all.iter().map(|one| (&one.field, &one.code)));
        match error {
            Error::Forbidden { .. } => Self::Forbidden,
            Error::NotFound => Self::NotFound,
            Error::Stale { current } => Self::Stale(current),
            Error::Invalid(all) => Self::Invalid(faults(all)),
            Error::Unconfirmed(all) => Self::Unconfirmed(faults(all)),
            Error::Conflict { code, .. } => Self::Conflict(code),
            other => panic!("{other:?}"),
        }
    }
}

fn told<'f>(faults: impl Iterator<Item = (&'f String, &'f String)>) -> Vec<String> {
    let mut all: Vec<String> = faults.map(|(field, code)| format!("{field}: {code}")).collect();
    all.sort();
    all
}
