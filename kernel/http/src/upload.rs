//! Files that are too large to be held: they go to the disk as they come.

use anju_runtime::store::{DraftFile, Store};
use axum::{
    extract::{Multipart, multipart::MultipartError},
    http::StatusCode,
};
use tokio::io::AsyncWriteExt;

use crate::problem::{Problem, Result};

const NAME_LENGTH_MAX: usize = 200;

/// The part `file` of a form, and its name.
pub async fn streamed_upload(
    mut form: Multipart,
    store: &Store,
    bytes_max: u64,
) -> Result<(String, DraftFile)> {
    while let Some(mut part) = form.next_field().await.map_err(unreadable)? {
        if part.name() != Some("file") {
            continue;
        }
        let name: String = part.file_name().unwrap_or("未命名").chars().take(NAME_LENGTH_MAX).collect();
        let draft = store.draft_file()?;
        let mut file = tokio::fs::File::create_new(draft.path()).await.map_err(Problem::internal)?;
        let mut size = 0;
        while let Some(chunk) = part.chunk().await.map_err(unreadable)? {
            size += chunk.len() as u64;
            if size > bytes_max {
                let detail = format!("文件不能超过 {} MB", bytes_max / 1024 / 1024);
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
            }
            file.write_all(&chunk).await.map_err(Problem::internal)?;
        }
        if size == 0 {
            return Err(Problem::bad_request("empty_file", "文件是空的，请重新选择"));
        }
        file.flush().await.map_err(Problem::internal)?;
        return Ok((name, draft));
    }
    Err(Problem::bad_request("no_file", "请求中没有文件"))
}

/// A form that broke off, or is larger than any may be.
pub fn unreadable(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "文件过大");
    }
    Problem::bad_request("bad_form", "上传的表单不完整，请重新上传")
}
