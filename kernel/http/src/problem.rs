//! Errors as problem details (RFC 9457): a stable `code`, a Chinese message, every field's fault.

use anju_runtime::{
    PublishError, crypto, process,
    records::{self, Actor, ActorKind, FieldError},
    store,
};
use axum::{
    Json,
    extract::rejection::JsonRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

pub type Result<T> = std::result::Result<T, Problem>;

/// Code of the answer that the definitions have changed under a statement.
const OUTDATED: &str = "definitions_changed";

/// `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// Stable code a program may rely on.
    code: String,
    /// What happened and what to do, in Chinese.
    detail: String,
    /// Every fault of the input, by field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: Box<[Fault]>,
    /// With the code `confirmation_required`: what may be done all the same when the request is repeated with
    /// `$confirm: [{code, field?, reason}]`.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: Box<[Fault]>,
}

/// One fault of an input.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    field: String,
    code: String,
    message: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: title(status),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            errors: Box::default(),
            warnings: Box::default(),
        }
    }

    pub fn bad_request(code: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// A body that is JSON, but not what was asked for.
    pub fn misfit(error: serde_json::Error) -> Self {
        Self::bad_request("bad_request", format!("请求内容不合规：{error}"))
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "内容不存在或无权查看")
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "尚未登录或登录已过期，请重新登录")
    }

    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = format!("提交的内容有 {} 处错误，请修改后重试", errors.len());
        Self { errors: faults(errors), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    fn unconfirmed(warnings: Vec<FieldError>) -> Self {
        let detail = format!("有 {} 项提示，请核对；确需提交的，逐项填写原因", warnings.len());
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "confirmation_required", detail);
        Self { warnings: faults(warnings), ..problem }
    }

    /// Something broke that the caller cannot mend; the cause goes to the log only.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "系统内部错误，已记录，请稍后重试或联系管理员",
        )
    }

    fn stale(current: i64) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "stale",
            format!("记录已被他人修改（当前版本 {current}），请刷新后重试"),
        )
    }

    /// A refusal as the caller should hear it: whoever is not signed in is asked to sign in first.
    pub fn told_to(self, actor: &Actor) -> Self {
        let may_sign_in = actor.kind == ActorKind::Public && self.status == StatusCode::FORBIDDEN.as_u16();
        if may_sign_in { Self::not_signed_in() } else { self }
    }

    /// Whether trying the same again may work.
    pub fn is_retry(&self) -> bool {
        self.code == "busy" || self.is_outdated()
    }

    /// Whether the definitions have to be read again before.
    pub fn is_outdated(&self) -> bool {
        self.code == OUTDATED
    }

    /// Faults with a place of their own kind: `file:line`, `entity.field`.
    fn with_faults(
        status: StatusCode,
        code: &str,
        detail: String,
        faults: impl Iterator<Item = (String, String, String)>,
    ) -> Self {
        let errors = faults.map(|(field, code, message)| Fault { field, code, message }).collect();
        Self { errors, ..Self::new(status, code, detail) }
    }
}

fn faults(errors: Vec<FieldError>) -> Box<[Fault]> {
    errors
        .into_iter()
        .map(|error| Fault { field: error.field, code: error.code, message: error.message })
        .collect()
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "请求有误",
        401 => "需要登录",
        403 => "没有权限",
        404 => "未找到",
        409 => "状态冲突",
        413 => "内容过大",
        422 => "内容有误",
        428 => "缺少版本",
        429 => "请求过多",
        503 => "暂时不可用",
        _ => "系统错误",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<records::Error> for Problem {
    fn from(error: records::Error) -> Self {
        use records::Error as E;
        match error {
            E::Forbidden { message } => Self::forbidden(message),
            E::NotFound => Self::not_found(),
            E::Stale { current } => Self::stale(current),
            E::Invalid(errors) => Self::invalid(errors),
            E::Unconfirmed(warnings) => Self::unconfirmed(warnings),
            E::Conflict { code, message } => Self::new(StatusCode::CONFLICT, &code, message),
            E::TooMuch { message } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_much", message),
            E::Store(error) => error.into(),
            E::Crypto(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<process::Error> for Problem {
    fn from(error: process::Error) -> Self {
        use process::Error as E;
        match error {
            E::Forbidden { message } => Self::forbidden(message),
            E::NotFound => Self::not_found(),
            E::Stale { current } => Self::stale(current),
            E::Invalid(errors) => Self::invalid(errors),
            E::Unconfirmed(warnings) => Self::unconfirmed(warnings),
            E::Conflict { code, message } => Self::new(StatusCode::CONFLICT, &code, message),
            E::TooMuch { message } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_much", message),
            E::Store(error) => error.into(),
            E::Crypto(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<crypto::Error> for Problem {
    fn from(error: crypto::Error) -> Self {
        match error {
            crypto::Error::Unavailable => {
                tracing::error!(%error, "request failed");
                let detail = "密钥服务暂时不可用，本次操作未执行，请稍后重试";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable", detail)
            }
            other => Self::internal(other),
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        match error {
            E::NotFound => Self::not_found(),
            E::Retry(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "系统繁忙，请稍后重试"),
            E::Outdated(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, OUTDATED, "平台定义刚刚更新，请稍后重试")
            }
            E::TooSlow => {
                let detail = "操作用时过长，已停止。请缩小范围后重试";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "too_much", detail)
            }
            E::Damaged { .. } => {
                tracing::error!(%error, "refused to change a damaged row");
                let detail = "数据未通过完整性校验，已停止办理，请联系安全管理员";
                Self::new(StatusCode::CONFLICT, "damaged", detail)
            }
            E::TooLarge { limit, .. } => {
                let detail = format!("文件不能超过 {} MB", limit / 1024 / 1024);
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
            }
            other => Self::internal(other),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let detail = error.to_string();
        match error {
            PublishError::Problems(problems) => {
                let faults = problems.into_iter().filter(|problem| problem.is_error());
                let faults = faults.map(|problem| {
                    let place = format!("{}:{}", problem.file, problem.line);
                    (place, problem.code.to_owned(), problem.message)
                });
                Self::with_faults(StatusCode::UNPROCESSABLE_ENTITY, "definition_problems", detail, faults)
            }
            PublishError::Refused(refusals) => {
                let faults = refusals.into_iter().map(|refusal| {
                    let place = match refusal.field {
                        Some(field) => format!("{}.{field}", refusal.entity),
                        None => refusal.entity,
                    };
                    let message = format!("{}。办法：{}", refusal.message, refusal.way);
                    (place, refusal.code.to_owned(), message)
                });
                Self::with_faults(StatusCode::CONFLICT, "publication_refused", detail, faults)
            }
            PublishError::Repeated(_) => Self::new(StatusCode::CONFLICT, "repeated", detail),
            PublishError::Overtaken { .. } => Self::new(StatusCode::CONFLICT, "overtaken", detail),
            PublishError::Records(error) => error.into(),
            PublishError::Process(error) => error.into(),
        }
    }
}

impl From<anju_runtime::Error> for Problem {
    fn from(error: anju_runtime::Error) -> Self {
        match error {
            anju_runtime::Error::Records(error) => error.into(),
            anju_runtime::Error::Store(error) => error.into(),
            anju_runtime::Error::Keys(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "请求内容过大");
        }
        Self::bad_request("bad_json", format!("请求内容不是合规的 JSON：{}", rejection.body_text()))
    }
}
