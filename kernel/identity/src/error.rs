use anju_records::Error;

/// Why a log-in failed, as far as the caller may know.
#[derive(Debug, thiserror::Error)]
pub enum LogInError {
    /// Unknown account, wrong or expired password, locked or stopped: the caller cannot tell which.
    #[error("账号或密码不正确，或账号已锁定、停用")]
    Refused,
    /// Too many log-ins at once; trying again helps.
    #[error("登录人数较多，请稍后重试")]
    Busy,
    #[error(transparent)]
    Internal(Error),
}

impl From<Error> for LogInError {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(anju_store::Error::Retry(_)) => Self::Busy,
            other => Self::Internal(other),
        }
    }
}

impl From<anju_store::Error> for LogInError {
    fn from(error: anju_store::Error) -> Self {
        Error::from(error).into()
    }
}
