//! What events wait for and what they tell, and how often an activity is done.

use super::Timer;

/// What an event waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// Nothing: it is reached by a flow, or by whoever starts the process.
    None,
    Timer(Timer),
    /// A message of this name for the record, or for a key of its own.
    Message(String),
    /// A signal of this name, told to everybody who waits.
    Signal(String),
    /// An error of this code; any, when there is none.
    Error(Option<String>),
    /// An escalation of this code; any, when there is none.
    Escalation(Option<String>),
    /// A ZEN expression becomes true.
    Condition(String),
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Throw {
    None,
    /// Ends everything around it.
    Terminate,
    Message(String),
    Signal(String),
    Error(String),
    Escalation(String),
}

/// An activity that is done several times (multi-instance).
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// One after the other; otherwise all at once.
    pub sequential: bool,
    /// ZEN expression: how often.
    pub times: Option<String>,
    /// ZEN expression: a list, once for each of its items.
    pub each: Option<String>,
    /// ZEN expression: done with, whatever is still open.
    pub until: Option<String>,
}

impl Trigger {
    /// Whether what is thrown is what this waits for: errors and escalations only, which are looked for from the
    /// inside outwards.
    pub fn catches(&self, thrown: &Throw) -> bool {
        match (self, thrown) {
            (Self::Error(wanted), Throw::Error(code))
            | (Self::Escalation(wanted), Throw::Escalation(code)) => {
                wanted.as_ref().is_none_or(|wanted| wanted == code)
            }
            _ => false,
        }
    }

    /// Whether it names the code that it waits for.
    pub fn is_particular(&self) -> bool {
        !matches!(self, Self::Error(None) | Self::Escalation(None))
    }
}
