use serde::Serialize;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One fault of an input, at one field. `field` may be a path: `members[1].id_no`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pub field: String,
    /// Stable code: `required`, `unknown`, `type`, `format`, `range`, `length`, `choice`, `reference`,
    /// `duplicate`, `read_only`, `immutable`, `transition`, or the code of a rule.
    pub code: String,
    /// What the user reads, in Chinese.
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// What can go wrong, by what the caller can do. Messages are for users, in Chinese.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The actor has no right to do this at all.
    #[error("{message}")]
    Forbidden { message: String },
    /// No such record, or none that the actor may see.
    #[error("记录不存在或无权查看")]
    NotFound,
    /// The record was changed since the caller read it.
    #[error("记录已被他人修改，请刷新后重试")]
    Stale { current: i64 },
    /// The input is faulty; all faults at once.
    #[error("提交的内容有 {} 处错误", .0.len())]
    Invalid(Vec<FieldError>),
    /// The input is in order but for rules that a person may confirm: repeat it with
    /// `$confirm: [{code, reason}]`.
    #[error("有 {} 项提示需要确认", .0.len())]
    Unconfirmed(Vec<FieldError>),
    /// The input is right, but the state of things does not allow it.
    #[error("{message}")]
    Conflict { code: String, message: String },
    /// More was asked than one request may ask.
    #[error("{message}")]
    TooMuch { message: String },
    #[error("存储错误：{0}")]
    Store(#[from] anju_store::Error),
    #[error("加密错误：{0}")]
    Crypto(#[from] anju_crypto::Error),
    /// The definitions or stored data contradict themselves; an operator has to look.
    #[error("内部错误：{0}")]
    Internal(String),
}

impl Error {
    /// A fault at one field.
    pub fn invalid(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, code, message)])
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden { message: message.into() }
    }

    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Conflict { code: code.into(), message: message.into() }
    }
}
