/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a message was not queued, or an answer about one not taken in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such message, or one that definitions cannot carry.
    #[error("message {message}: {why}")]
    Definition { message: String, why: String },
    #[error(transparent)]
    Records(#[from] anju_records::Error),
    #[error(transparent)]
    Connectors(#[from] anju_connectors::Error),
}

impl From<Error> for anju_records::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Records(error) => error,
            Error::Connectors(anju_connectors::Error::Store(error)) => Self::Store(error),
            Error::Connectors(anju_connectors::Error::Crypto(error)) => Self::Crypto(error),
            other => Self::Internal(other.to_string()),
        }
    }
}
