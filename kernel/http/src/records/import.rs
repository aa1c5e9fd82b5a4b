use std::sync::Arc;

use anju_runtime::{
    ImportRequest, Runtime,
    records::{Actor, ImportMode},
    store::{StoredContents, Tx},
};
use async_trait::async_trait;
use axum::{
    extract::{Multipart, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use crate::{
    actor::SignedIn,
    files::single_upload,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
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

struct Order<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    request: &'a ImportRequest,
    name: &'a str,
    contents: &'a StoredContents,
}

#[async_trait]
impl Step for Order<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let request = self.request.clone();
        let job = self.runtime.request_import(tx, self.actor, request, self.name, self.contents).await?;
        Ok(Answer { status: StatusCode::ACCEPTED, body: json!({ "job": job }) })
    }
}

/// Imports a workbook as a job; its progress and result are at `/api/jobs/{id}`.
#[utoipa::path(
    post, path = "/api/records/{entity}/import", tag = "records",
    params(("entity" = String, Path), ("Idempotency-Key" = Option<String>, Header), ImportOptions),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 202, body = Value), (status = 403, body = Problem), (status = 413, body = Problem)),
)]
pub async fn import_records(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(entity): Path<String>,
    Query(options): Query<ImportOptions>,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Answer> {
    runtime.records.may_import(&caller.actor, &entity)?;
    let mode = match options.mode.as_deref() {
        None | Some("all_or_nothing") => ImportMode::AllOrNothing,
        Some("skip_faulty") => ImportMode::SkipFaulty,
        Some(_) => {
            return Err(Problem::bad_request("bad_mode", "导入方式只能是 all_or_nothing 或 skip_faulty"));
        }
    };
    let upload = single_upload(form, runtime.settings.upload_bytes_max).await?;
    let request = ImportRequest { entity, mode, dry_run: options.dry_run, then: options.then };
    let contents = runtime.store.write_contents(upload.bytes).await?;
    let digest_of = json!({ "request": request, "name": upload.name, "contents": contents.digest });
    let once = Once::of(&headers, "import", &digest_of)?;
    let actor = &caller.actor;
    let order =
        Order { runtime: &runtime, actor, request: &request, name: &upload.name, contents: &contents };
    perform(&runtime, actor, once, &order).await
}
