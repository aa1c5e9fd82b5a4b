//! Definitions that change while the platform runs.
//!
//! What is shipped lies in the program. What a site adds or replaces lies in the database as *drafts*, which do
//! nothing, and as *publications*, of which the newest is in force. A publication names every text it is made of, so
//! that any earlier one can be looked at, compared and restored, and so that each replica can load it by itself.
//!
//! Publishing checks the whole, looks into the data for what stands in the way, extends the tables while everybody goes
//! on working, and then, in one transaction, records the publication; only then is the catalog swapped. A replica that
//! hears of a newer number does the same without the first steps.

mod assemble;
mod candidate;
mod carry_out;
mod dictionary;
mod drafts;
mod error;
mod follow;
mod follow_up;
mod once;
mod processes;
mod publications;
mod publish;
mod rights;
mod start;
mod tables;
mod texts;

pub use candidate::Preview;
pub use dictionary::DictionaryEdit;
pub use drafts::{Draft, DraftInput, DraftKey};
pub use error::PublishError;
pub use follow_up::FILL_JOB;
pub use once::RequestKey;
pub use publications::{PublicationKind, PublicationSummary};
pub use publish::{DefinitionSource, PublishRequest, Published};
pub use rights::Right;

pub(crate) use follow::Following;
pub(crate) use start::Origin;
pub(crate) use tables::tables;
