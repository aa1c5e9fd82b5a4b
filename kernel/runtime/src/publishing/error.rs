use anju_definitions::Problem;
use anju_records::{FieldError, Refusal};
use anju_store::Remembered;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The definitions contradict each other; every problem with file and line.
    #[error("定义有 {} 处错误", .0.iter().filter(|problem| problem.is_error()).count())]
    Problems(Vec<Problem>),
    /// The data, or running processes, stand in the way.
    #[error("有 {} 处与现有数据冲突", .0.len())]
    Refused(Vec<Refusal>),
    /// Something else was published since the publisher looked.
    #[error("第 {current} 次发布已生效，请重新预览后再发布")]
    Overtaken { current: i64 },
    /// Done before, under the same idempotency key: the answer that was given.
    #[error("同一个 Idempotency-Key 的请求已经办理")]
    Repeated(Remembered),
    #[error(transparent)]
    Records(#[from] anju_records::Error),
    #[error(transparent)]
    Process(#[from] anju_process::Error),
}

impl From<anju_store::Error> for PublishError {
    fn from(error: anju_store::Error) -> Self {
        Self::Records(error.into())
    }
}

impl PublishError {
    pub(crate) fn invalid(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Records(anju_records::Error::Invalid(vec![FieldError::new(field, code, message.into())]))
    }
}
