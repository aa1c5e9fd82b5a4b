//! `/api/definitions/…` for those who shape the platform: drafts, checks, publications.

mod drafts;
mod publications;
mod publish;

use std::sync::Arc;

use anju_runtime::Runtime;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(drafts::list_drafts))
        .routes(routes!(drafts::read_draft, drafts::put_draft, drafts::discard_draft))
        .routes(routes!(drafts::list_site_definitions))
        .routes(routes!(drafts::read_definition_source))
        .routes(routes!(publish::check_drafts))
        .routes(routes!(publish::preview_publication))
        .routes(routes!(publish::publish_drafts))
        .routes(routes!(publications::list_publications))
        .routes(routes!(publications::read_publication))
        .routes(routes!(publications::compare_publications))
        .routes(routes!(publications::restore_publication))
}
