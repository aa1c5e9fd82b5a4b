//! Eligibility (住房保障资格管理, M005–M050): a family's application for one kind of housing, from entry to
//! certificate.
//!
//! What is policy stands in `definitions/`: data, pages, the review process, admission conditions, texts.
//! Here stands what is algorithm: who is in review already, which verifications a household needs, how
//! floor area per person is computed, what a certificate consists of.
//!
//! What it never does: touch records or processes but through the kernel's doors.

mod area;
mod case;
mod commands;
mod hook;

use anju_runtime::{App, Registry, definitions::Source, embedded_sources};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "definitions"]
struct Definitions;

/// The application.
pub struct Eligibility;

impl App for Eligibility {
    fn name(&self) -> &'static str {
        "eligibility"
    }

    fn sources(&self) -> Vec<Source> {
        embedded_sources::<Definitions>("apps/eligibility/definitions")
    }

    fn register(&self, registry: &mut Registry) {
        registry.hook(case::CASE, hook::CaseHook);
        registry.command("eligibility.submit_case", commands::SubmitCase);
        registry.command("eligibility.check_prior_cases", commands::CheckPriorCases);
        registry.command("eligibility.start_verification", commands::StartVerification);
        registry.command("eligibility.take_answer", commands::TakeAnswer);
        registry.command("eligibility.retry_verification", commands::RetryVerification);
        registry.command("eligibility.conclude_verification", commands::ConcludeVerification);
        registry.command("eligibility.publish_notice", commands::PublishNotice);
        registry.command("eligibility.end_notice", commands::EndNotice);
        registry.command("eligibility.issue_certificate", commands::IssueCertificate);
        registry.command("eligibility.give_up", commands::GiveUp);
        registry.command("eligibility.close_case", commands::CloseCase);
        registry.command("eligibility.delete_case", commands::DeleteCase);
    }
}
