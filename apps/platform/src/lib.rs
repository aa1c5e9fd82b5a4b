//! The platform application: what every other application leans on (M002, M014, M047, M048): organisations,
//! accounts and posts, the districts and sub-districts of Shanghai, the working calendar, SMS records.
//!
//! Nearly all of it is definitions. Here stand the commands behind the buttons of accounts and the public
//! holidays as announced by the State Council.
//!
//! What it never does: know anything of housing; keep passwords or sessions (that is `identity`).

mod accounts;
mod exports;
mod holidays;

use anju_runtime::{
    App, Registry,
    definitions::Source,
    embedded_sources,
    identity::{ACCOUNT, AccountRules, POST, PostRules},
};
use rust_embed::RustEmbed;

pub use holidays::create_holidays;

#[derive(RustEmbed)]
#[folder = "definitions"]
struct Definitions;

/// The application.
pub struct Platform;

impl App for Platform {
    fn name(&self) -> &'static str {
        "platform"
    }

    fn sources(&self) -> Vec<Source> {
        sources()
    }

    fn register(&self, registry: &mut Registry) {
        registry.hook(ACCOUNT, AccountRules);
        registry.hook(POST, PostRules);
        registry.command("platform.reset_password", accounts::ResetPassword);
        registry.command("platform.unlock_account", accounts::UnlockAccount);
        registry.command("platform.approve_export", exports::ApproveExport);
        registry.command("platform.refuse_export", exports::RefuseExport);
    }
}

/// The definitions of this application.
pub fn sources() -> Vec<Source> {
    embedded_sources::<Definitions>("apps/platform/definitions")
}
