//! The integrated portal (住保集成门户, M001–M004): home pages and the task centre, all of it definitions.

use anju_runtime::{App, Registry, definitions::Source, embedded_sources};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "definitions"]
struct Definitions;

/// The application.
pub struct Portal;

impl App for Portal {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn sources(&self) -> Vec<Source> {
        embedded_sources::<Definitions>("apps/portal/definitions")
    }

    fn register(&self, _registry: &mut Registry) {}
}
