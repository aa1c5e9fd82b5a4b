//! `/api/files`: uploads, and downloads for those who may read a record that holds the file, or whose job made it.

use std::sync::Arc;

use anju_runtime::{
    Runtime,
    records::Actor,
    store::{ResultFile, StoredContents, Tx},
};
use async_trait::async_trait;
use axum::{
    body::Body,
    extract::{Multipart, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio_util::io::ReaderStream;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    actor::SignedIn,
    problem::{Problem, Result},
    step::{Answer, Once, Step, perform},
    upload::unreadable,
};

const NAME_LENGTH_MAX: usize = 200;
/// What a browser may show itself; everything else is only ever downloaded.
const SHOWN: [&str; 6] =
    ["application/pdf", "image/png", "image/jpeg", "image/webp", "video/mp4", "video/webm"];

pub fn router() -> OpenApiRouter<Arc<Runtime>> {
    OpenApiRouter::new().routes(routes!(upload)).routes(routes!(download))
}

pub struct Upload {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// The part `file` of a form.
pub async fn single_upload(mut form: Multipart, bytes_max: u64) -> Result<Upload> {
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        if part.name() != Some("file") {
            continue;
        }
        let name: String = part.file_name().unwrap_or("未命名").chars().take(NAME_LENGTH_MAX).collect();
        let bytes = part.bytes().await.map_err(unreadable)?.to_vec();
        if bytes.is_empty() {
            return Err(Problem::bad_request("empty_file", "文件是空的，请重新选择"));
        }
        if bytes.len() as u64 > bytes_max {
            let detail = format!("文件不能超过 {} MB", bytes_max / 1024 / 1024);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        let media_type = media_type_of(&bytes).ok_or_else(|| {
            let detail = "只能上传 PDF、图片（PNG、JPEG、WebP）、视频（MP4、WebM）或 Excel（xlsx）文件";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_file", detail)
        })?;
        return Ok(Upload { name, media_type: media_type.to_owned(), bytes });
    }
    Err(Problem::bad_request("no_file", "请求中没有文件"))
}

/// By content, never by the name or the type the browser claims.
fn media_type_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_mp4(brand) => Some("video/mp4"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] if holds(bytes, b"webm") => Some("video/webm"),
        [b'P', b'K', 3, 4, ..] => Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        _ => None,
    }
}

/// Brands of films; pictures (HEIF) begin in the same way.
fn is_mp4(brand: &[u8]) -> bool {
    [b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"]
        .iter()
        .any(|known| brand.starts_with(*known))
}

/// Whether the head of a file holds the name of its document type.
fn holds(bytes: &[u8], name: &[u8]) -> bool {
    const HEAD: usize = 64;
    bytes[..bytes.len().min(HEAD)].windows(name.len()).any(|part| part == name)
}

struct Keep<'a> {
    runtime: &'a Runtime,
    actor: &'a Actor,
    upload: &'a Upload,
    contents: &'a StoredContents,
}

#[async_trait]
impl Step for Keep<'_> {
    async fn run(&self, tx: &mut Tx) -> Result<Answer> {
        let Upload { name, media_type, .. } = self.upload;
        let (now, account) = (self.runtime.clock.now(), &self.actor.account_id);
        let meta = tx.put_file(self.contents, name, media_type, account, now).await?;
        Answer::created(
            json!({ "id": meta.id, "name": meta.name, "size": meta.size, "media_type": meta.media_type }),
        )
    }
}

/// Stores a file; a record then refers to it by its id.
#[utoipa::path(
    post, path = "/api/files", tag = "files", params(("Idempotency-Key" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 201, body = Value), (status = 413, body = Problem), (status = 415, body = Problem)),
)]
pub async fn upload(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    headers: HeaderMap,
    form: Multipart,
) -> Result<Answer> {
    let mut upload = single_upload(form, runtime.settings.upload_bytes_max).await?;
    let contents = runtime.store.write_contents(std::mem::take(&mut upload.bytes)).await?;
    let once = Once::of(&headers, "upload", &json!({ "name": upload.name, "contents": contents.digest }))?;
    let actor = &caller.actor;
    let step = Keep { runtime: &runtime, actor, upload: &upload, contents: &contents };
    perform(&runtime, actor, once, &step).await
}

/// The contents of a file.
#[utoipa::path(
    get, path = "/api/files/{id}", tag = "files", params(("id" = String, Path)),
    responses((status = 200, description = "contents"), (status = 404, body = Problem)),
)]
pub async fn download(
    State(runtime): State<Arc<Runtime>>,
    caller: SignedIn,
    Path(id): Path<String>,
) -> Result<Response> {
    if let Some((result, file)) = runtime.fetch_result(&caller.actor, &id).await? {
        return Ok(streamed(&result, file));
    }
    if !runtime.may_read_file(&caller.actor, &id).await? {
        return Err(Problem::not_found());
    }
    let (meta, bytes) = runtime.store.get_file(&id).await?;
    let manner = if SHOWN.contains(&meta.media_type.as_str()) { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, meta.media_type),
        (header::CONTENT_DISPOSITION, format!("{manner}; filename*=UTF-8''{}", percent_encoded(&meta.name))),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// An export or report, as it comes from the disk.
fn streamed(result: &ResultFile, file: std::fs::File) -> Response {
    let headers = [
        (header::CONTENT_TYPE, result.media_type.clone()),
        (header::CONTENT_LENGTH, result.size.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{}", percent_encoded(&result.name)),
        ),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    (headers, body).into_response()
}

/// RFC 8187 `value-chars`.
fn percent_encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_the_type() {
        assert_eq!(media_type_of(b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(media_type_of(b"\0\0\0\x18ftypmp42\0\0\0\0"), Some("video/mp4"));
        assert_eq!(media_type_of(b"\0\0\0\x18ftypheic\0\0\0\0"), None);
        assert_eq!(media_type_of(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"), Some("video/webm"));
        assert_eq!(media_type_of(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska"), None);
        assert_eq!(media_type_of(b"<html><script>"), None);
        assert_eq!(media_type_of(b""), None);
    }

    #[test]
    fn a_file_name_cannot_break_the_header() {
        assert_eq!(percent_encoded("a\"\r\nb.pdf"), "a%22%0D%0Ab.pdf");
    }
}
