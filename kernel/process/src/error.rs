use anju_records::FieldError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, by what the caller can do. After any error the caller drops the transaction. Messages of
/// the first variants are for users, in Chinese.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The actor has no right to do this.
    #[error("{message}")]
    Forbidden { message: String },
    /// No such task or instance, or none that the actor may see.
    #[error("任务或流程不存在，或无权查看")]
    NotFound,
    /// The input is faulty; all faults at once. Besides the form's fields: `outcome`, `opinion`, `reason`.
    #[error("提交的内容有 {} 处错误", .0.len())]
    Invalid(Vec<FieldError>),
    /// Only rules that a person may confirm stand against it.
    #[error("有 {} 项提示需要确认", .0.len())]
    Unconfirmed(Vec<FieldError>),
    /// The record was changed since the caller read it.
    #[error("记录已被他人修改，请刷新后重试")]
    Stale { current: i64 },
    /// The state of things does not allow it: `task_not_open`, `task_claimed`, `not_claimed`,
    /// `process_running`, `not_running`, `not_waiting`, `nobody_waits`, `changed`, `suspended`, `not_suspended`,
    /// `task_waits`, `cannot_send`, `nobody_may`, `helps_only`, `asked_in_person`, `urged`, `substituted`, `ended`.
    #[error("{message}")]
    Conflict { code: String, message: String },
    /// More was asked than one request may ask.
    #[error("{message}")]
    TooMuch { message: String },
    /// The process is not defined, or its definition is broken.
    #[error("流程“{process}”的定义有误：{cause}")]
    Definition { process: String, cause: String },
    /// The process went through too many elements without coming to rest.
    #[error("流程“{process}”在“{element}”处连续自动执行超过 {steps} 步")]
    Endless { process: String, element: String, steps: u32 },
    /// An expression of the definition gave no usable value.
    #[error("流程元素“{element}”的表达式无法计算：{cause}")]
    Expression { element: String, cause: String },
    /// A fault that the process may handle: a BPMN error of this code.
    #[error("业务错误“{0}”")]
    Thrown(String),
    /// What an element does failed.
    #[error("流程元素“{element}”的操作失败：{cause}")]
    Effect { element: String, cause: String },
    #[error("存储错误：{0}")]
    Store(#[from] anju_store::Error),
    #[error("加密错误：{0}")]
    Crypto(#[from] anju_crypto::Error),
    /// Stored data contradicts itself; an operator has to look.
    #[error("内部错误：{0}")]
    Internal(String),
}

impl Error {
    pub(crate) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::Conflict { code: code.to_owned(), message: message.into() }
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden { message: message.into() }
    }

    pub(crate) fn expression(element: &str, cause: impl std::fmt::Display) -> Self {
        Self::Expression { element: element.to_owned(), cause: cause.to_string() }
    }
}

impl From<anju_records::Error> for Error {
    fn from(error: anju_records::Error) -> Self {
        use anju_records::Error as Records;
        match error {
            Records::Forbidden { message } => Self::Forbidden { message },
            Records::NotFound => Self::NotFound,
            Records::Stale { current } => Self::Stale { current },
            Records::Invalid(errors) => Self::Invalid(errors),
            Records::Unconfirmed(warnings) => Self::Unconfirmed(warnings),
            Records::Conflict { code, message } => Self::Conflict { code, message },
            Records::TooMuch { message } => Self::TooMuch { message },
            Records::Store(error) => Self::Store(error),
            Records::Crypto(error) => Self::Crypto(error),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}
