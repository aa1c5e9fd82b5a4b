//! `/api/records/{entity}…`

mod action;
mod aggregate;
mod create;
mod delete;
mod history;
mod import;
mod patch;
mod query;
mod read;
mod restore;
mod reveal;

use std::sync::Arc;

use anju_runtime::Runtime;
use axum::http::{HeaderMap, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::problem::{Problem, Result};

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new()
        .routes(routes!(create::create_record))
        .routes(routes!(read::read_record, patch::patch_record, delete::delete_record))
        .routes(routes!(query::query_records))
        .routes(routes!(aggregate::aggregate_records))
        .routes(routes!(restore::query_deleted))
        .routes(routes!(restore::restore_record))
        .routes(routes!(action::act))
        .routes(routes!(history::record_history))
        .routes(routes!(reveal::reveal_field))
        .routes(routes!(import::import_template))
        .routes(routes!(import::import_records))
}

/// The version in `If-Match`, quoted or not. Absent: 428, since a blind write could lose another's change.
fn required_version(headers: &HeaderMap) -> Result<i64> {
    let value = headers.get(header::IF_MATCH).ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "version_required",
            "修改记录须在 If-Match 中给出版本号",
        )
    })?;
    let text = value.to_str().unwrap_or_default().trim().trim_start_matches("W/").trim_matches('"');
    text.parse().map_err(|_| Problem::bad_request("bad_version", "If-Match 中的版本号不合规"))
}
