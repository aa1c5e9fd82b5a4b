//! Commands of the public-rental case, one file per subject.

mod certificate;
mod close;
mod conclude;
mod notice;
mod prior_cases;
mod submit;
mod verify;

pub use certificate::{GiveUp, IssueCertificate};
pub use close::{CloseCase, DeleteCase};
pub use conclude::ConcludeVerification;
pub use notice::{EndNotice, PublishNotice};
pub use prior_cases::CheckPriorCases;
pub use submit::SubmitCase;
pub use verify::{RetryVerification, StartVerification, TakeAnswer};
