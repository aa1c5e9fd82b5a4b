//! Supply (住房保障房源管理, M170–M194): projects, their buildings, and the units that are let. So far all of it is
//! definitions: the stock and its states; how units get into it and are released follows with the modules.

use anju_runtime::{App, Registry, definitions::Source, embedded_sources};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "definitions"]
struct Definitions;

/// The application.
pub struct Supply;

impl App for Supply {
    fn name(&self) -> &'static str {
        "supply"
    }

    fn sources(&self) -> Vec<Source> {
        embedded_sources::<Definitions>("apps/supply/definitions")
    }

    fn register(&self, _registry: &mut Registry) {}
}
