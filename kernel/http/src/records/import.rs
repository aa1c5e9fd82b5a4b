use std::sync::Arc;

use anju_runtime::{ImportRequest, Runtime, records::ImportMode};
use axum::{
    Json,
    extract::{Multipart, Path, Query, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use crate::{
    actor::SignedIn,
    files::single_upload,
    problem::{Problem, Result},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ImportOptions {
    /// `all_or_nothing` (default) or `skip_faulty`.
    #[serde(default)]
    mode: Option<String>,
    /// Checks every row and writes nothing.
    #[serde(default)]
    dry_run: bool,
    /// Action done to every created record.
    #[serde(default)]
    then: Option<String>,
}

/// An empty workbook with the columns, choices and rules of the entity.
#[utoipa::path(
    get, path = "/api/records/{entity}/import-template", tag = "records",
    params(("entity" = String, Path)),
    responses((status = 200, description = "xlsx", content_type = XLSX), (status = 403, body = Problem)),
)]
pub async fn import_template(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
) -> Result<impl IntoResponse> {
    let bytes = runtime.import_template(&caller.actor, &entity).await?;
    let headers = [
        (header::CONTENT_TYPE, XLSX.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{entity}.xlsx\"")),
    ];
    Ok((headers, bytes))
}

/// Imports a workbook as a job; its progress and result are at `/api/jobs/{id}`.
#[utoipa::path(
    post, path = "/api/records/{entity}/import", tag = "records",
    params(("entity" = String, Path), ImportOptions),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 202, body = Value), (status = 403, body = Problem), (status = 413, body = Problem)),
)]
pub async fn import_records(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    Query(options): Query<ImportOptions>,
    form: Multipart,
) -> Result<(StatusCode, Json<Value>)> {
    let mode = match options.mode.as_deref() {
        None | Some("all_or_nothing") => ImportMode::AllOrNothing,
        Some("skip_faulty") => ImportMode::SkipFaulty,
        Some(_) => {
            return Err(Problem::bad_request("bad_mode", "导入方式只能是 all_or_nothing 或 skip_faulty"));
        }
    };
    let upload = single_upload(form, runtime.settings.upload_bytes_max).await?;
    let request = ImportRequest { entity, mode, dry_run: options.dry_run, then: options.then };
    let job = runtime.request_import(&caller.actor, request, upload.name, upload.bytes).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "job": job }))))
}
