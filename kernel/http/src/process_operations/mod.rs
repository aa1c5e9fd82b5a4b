//! Looking after processes as such: versions, repair, analysis.

mod analysis;
mod repair;
mod versions;

use std::sync::Arc;

use anju_runtime::Runtime;
use utoipa_axum::router::OpenApiRouter;

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().merge(versions::router()).merge(repair::router()).merge(analysis::router())
}
