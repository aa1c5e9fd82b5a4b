//! The pure core: where the tokens of an instance stand, and what an event does to them. No I/O, no clock.
//!
//! A token stands on an element. One on a sub-process stays there while the tokens within, whose parent it is, go their
//! ways; so does one on a repeated activity, whose items stand on the same element. Where flows come together again
//! tokens wait, each with the flow it came by, until the gateway has all it waits for ([`joins`]).

mod catching;
mod joins;
mod sending;
mod step;
#[cfg(test)]
mod tests;

pub use catching::{Catcher, catcher, is_interrupted};
pub use joins::{ready, waits as waits_to_join};
pub use step::step;

use crate::bpmn::{Element, Graph, Kind, Repeat, Throw, Trigger};

/// A token on an element. Each arrival has its own number, so that what was meant for an earlier visit (a
/// late timer, a repeated answer) can be told from the present one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    pub element: String,
    pub visit: i64,
    /// The token on the sub-process or the repeated activity that it is part of.
    pub parent: Option<String>,
    /// The flow by which it came; what a gateway that joins waits for.
    pub via: Option<String>,
    /// Which time of a repeated activity this is, from 0.
    pub item: Option<i64>,
    /// How far a repeated activity has come.
    pub round: Option<Round>,
    /// The step that sent the case back and wants it back directly.
    pub back_to: Option<String>,
}

/// How far a repeated activity has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub total: i64,
    pub begun: i64,
    pub done: i64,
}

/// All tokens of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marking {
    pub tokens: Vec<Token>,
    /// Number of the latest arrival.
    pub visits: i64,
    pub ended: Option<Ending>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The last token came to an end event.
    Completed,
    /// A terminate end event was reached, or the platform ended it.
    Terminated,
    Withdrawn,
}

/// Something that happens to an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    Start {
        element: &'a str,
    },
    /// The token's element is done: it leaves by these flows, a token for each.
    Leave {
        token: &'a str,
        flows: &'a [String],
    },
    /// The token goes into its sub-process.
    Enter {
        token: &'a str,
    },
    /// The token's activity is done so many times.
    Repeat {
        token: &'a str,
        total: i64,
    },
    /// One time of a repeated activity is done; `complete` when the others need not be.
    ItemDone {
        token: &'a str,
        complete: bool,
    },
    /// Tokens that waited at a gateway become one, see [`ready`].
    Join {
        tokens: &'a [String],
    },
    /// An event on the token's activity happens.
    Boundary {
        token: &'a str,
        event: &'a str,
    },
    /// The start event of an event sub-process happens; `scope` is the token of what surrounds it.
    EventSub {
        scope: Option<&'a str>,
        start: &'a str,
    },
    /// The token has come to an end event and is done there.
    Finish {
        token: &'a str,
    },
    /// The token is sent to another element, back or by an administrator. `back`: it shall return directly.
    Send {
        token: &'a str,
        element: &'a str,
        back: bool,
    },
    Withdraw,
    /// The platform ends the instance.
    Terminate,
}

/// One change of a marking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Placed(Token),
    /// The token as it is now, and where it was.
    Moved {
        token: Token,
        from: String,
    },
    Removed {
        token: String,
        element: String,
    },
    /// Nothing lies before this token at its gateway any more.
    Joined {
        token: String,
    },
    Round {
        token: String,
        round: Round,
    },
    /// All within the token's activity is over: it is to leave. Changes nothing by itself.
    Done {
        token: String,
    },
    Ended(Ending),
}

/// What has to be done for a token that has arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand<'a> {
    /// Nothing: it leaves again.
    Pass,
    OpenTask,
    RunService,
    Enter,
    Call(&'a str),
    Repeat(&'a Repeat),
    /// The flows that leave are to be chosen.
    Choose,
    /// Wait at a gateway for others.
    Join,
    Await(&'a Trigger),
    AwaitMessage(&'a str),
    /// The first of the events that follow decides.
    AwaitFirst,
    Tell(&'a Throw),
    Finish(&'a Throw),
    /// What is within the token goes on.
    Rest,
}

/// An event that cannot happen in this state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Illegal(pub String);

/// What a token asks for where it stands.
pub fn demand<'g>(element: &'g Element, token: &Token) -> Demand<'g> {
    if token.round.is_some() {
        return Demand::Rest;
    }
    if let (Some(repeat), None) = (&element.repeat, token.item) {
        return Demand::Repeat(repeat);
    }
    if joins::waits(element, token) {
        return Demand::Join;
    }
    match &element.kind {
        Kind::Start { .. } | Kind::Boundary { .. } | Kind::Manual => Demand::Pass,
        Kind::UserTask => Demand::OpenTask,
        Kind::Service => Demand::RunService,
        Kind::SubProcess { by_event: false } => Demand::Enter,
        Kind::SubProcess { by_event: true } => Demand::Rest,
        Kind::Call(process) => Demand::Call(process),
        Kind::Exclusive | Kind::Inclusive | Kind::Parallel => Demand::Choose,
        Kind::EventBased => Demand::AwaitFirst,
        Kind::Catch(trigger) => Demand::Await(trigger),
        Kind::Receive(message) => Demand::AwaitMessage(message),
        Kind::Throw(throw) => Demand::Tell(throw),
        Kind::End(throw) => Demand::Finish(throw),
    }
}

impl Marking {
    /// The token of this id.
    pub fn token(&self, id: &str) -> Result<&Token, Illegal> {
        self.tokens
            .iter()
            .find(|token| token.id == id)
            .ok_or_else(|| Illegal(format!("there is no token {id}")))
    }

    /// The tokens within another, or those of the process itself.
    pub fn within<'a>(&'a self, parent: Option<&'a str>) -> impl Iterator<Item = &'a Token> {
        self.tokens.iter().filter(move |token| token.parent.as_deref() == parent)
    }

    /// Everything within a token, innermost first.
    pub fn inside<'a>(&'a self, token: &'a str) -> Vec<&'a Token> {
        let mut found = Vec::new();
        for child in self.within(Some(token)) {
            found.extend(self.inside(&child.id));
            found.push(child);
        }
        found
    }

    /// Makes a change that [`step`] gave.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Placed(token) => {
                self.visits = token.visit;
                self.tokens.push(token.clone());
            }
            Change::Moved { token, .. } => {
                self.visits = token.visit;
                self.change(&token.id, |known| *known = token.clone());
            }
            Change::Removed { token, .. } => self.tokens.retain(|known| known.id != *token),
            Change::Joined { token } => self.change(token, |known| known.via = None),
            Change::Round { token, round } => self.change(token, |known| known.round = Some(*round)),
            Change::Done { .. } => {}
            Change::Ended(ending) => self.ended = Some(*ending),
        }
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Token)) {
        if let Some(token) = self.tokens.iter_mut().find(|known| known.id == id) {
            change(token);
        }
    }
}

fn known<'a>(graph: &'a Graph, id: &str) -> Result<&'a Element, Illegal> {
    graph.element(id).ok_or_else(|| Illegal(format!("there is no element `{id}`")))
}
