//! Contracts (住房保障网签备案管理, M063–M079): leases of units by admitted households, from draft to surrender. So far
//! all of it is definitions; online signing and filing with others follow with the modules.

use anju_runtime::{App, Registry, definitions::Source, embedded_sources};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "definitions"]
struct Definitions;

/// The application.
pub struct Contracts;

impl App for Contracts {
    fn name(&self) -> &'static str {
        "contracts"
    }

    fn sources(&self) -> Vec<Source> {
        embedded_sources::<Definitions>("apps/contracts/definitions")
    }

    fn register(&self, _registry: &mut Registry) {}
}
