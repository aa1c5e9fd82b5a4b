//! What can go wrong. [`CallError`] is a value that users read; [`Error`] is for the caller's code.

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a [`ReplyHandler`](crate::ReplyHandler) fails with.
pub type HandlerError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call has no good answer. The text is for users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No whole answer in the connector's time.
    #[error("对方系统未在 {timeout_ms} 毫秒内答复")]
    Timeout { timeout_ms: u64 },
    /// HTTP status other than success; redirects are not followed.
    #[error("对方系统拒绝请求（HTTP {0}）")]
    Refused(u16),
    /// An answer that is not what the definition promises. `why` names places and forms, never values.
    #[error("对方系统的答复无法识别：{why}")]
    Nonsense { why: String },
    /// The agency's own refusal.
    #[error("对方系统答复：{msg}（代码 {code}）")]
    Agency { code: String, msg: String },
    /// No connection, or one that broke.
    #[error("无法连接对方系统")]
    Unreachable,
    /// The answer promised for later did not come.
    #[error("对方系统在 {hours} 小时内未反馈结果")]
    NeverReady { hours: u32 },
    /// The call could not be made: its definition, endpoint or values are not as they should be.
    #[error("接口配置或参数有误：{why}")]
    Unprepared { why: String },
}

impl CallError {
    /// Stable code for logs and the call log.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Refused(_) => "refused",
            Self::Nonsense { .. } => "nonsense",
            Self::Agency { .. } => "agency",
            Self::Unreachable => "unreachable",
            Self::NeverReady { .. } => "never_ready",
            Self::Unprepared { .. } => "unprepared",
        }
    }

    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Nonsense { .. } | Self::Unreachable => true,
            Self::Refused(status) => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Agency { .. } | Self::NeverReady { .. } | Self::Unprepared { .. } => false,
        }
    }
}

/// What keeps a call from being queued or a job from being handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connector has this operation.
    #[error("no connector operation is named {0}")]
    Unknown(String),
    /// No HTTP client could be made.
    #[error("no HTTP client: {0}")]
    Client(String),
    #[error(transparent)]
    Store(#[from] anju_store::Error),
    #[error(transparent)]
    Crypto(#[from] anju_crypto::Error),
    /// A job's payload is not what [`Connectors::request`](crate::Connectors::request) wrote.
    #[error("the job {0} is damaged")]
    Damaged(String),
}
