pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the kernel could not start or a job could not be done. Faults of users' requests are
/// [`anju_records::Error`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The definitions contradict themselves; one line each.
    #[error("definitions are faulty:\n{0}")]
    Definitions(String),
    /// A program that was told to leave the database as it is, is not of the release that serves it.
    #[error("the database is not served by this release")]
    Release,
    #[error("store: {0}")]
    Store(#[from] anju_store::Error),
    #[error("keys: {0}")]
    Keys(#[from] anju_crypto::Error),
    #[error("records: {0}")]
    Records(#[from] anju_records::Error),
    #[error("documents: {0}")]
    Documents(#[from] anju_documents::Error),
    #[error("data folder: {0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Job(String),
}

impl Error {
    /// Whether the database was too busy, the key service away, or the definitions were just being changed, so that the
    /// same may well be done in a moment.
    pub(crate) fn is_busy(&self) -> bool {
        use anju_crypto::Error::Unavailable;
        use anju_store::Error::{Outdated, Retry};
        match self {
            Self::Store(error) | Self::Records(anju_records::Error::Store(error)) => {
                matches!(error, Retry(_) | Outdated(_))
            }
            Self::Keys(error) | Self::Records(anju_records::Error::Crypto(error)) => {
                matches!(error, Unavailable)
            }
            _ => false,
        }
    }

    /// What was refused for reasons of its own; the database or the keys failing is an error of the job.
    pub(crate) fn unless_refused(failure: anju_process::Error) -> Result<anju_process::Error> {
        match failure {
            anju_process::Error::Store(error) => Err(error.into()),
            anju_process::Error::Crypto(error) => Err(error.into()),
            refusal => Ok(refusal),
        }
    }
}

/// A failed effect as the error of the request that ran it.
pub(crate) fn of_effect(error: anju_process::EffectError, element: &str) -> anju_process::Error {
    use anju_process::EffectError as E;
    match error {
        E::Records(error) => error.into(),
        E::Process(error) => *error,
        E::Store(error) => error.into(),
        E::Thrown(cause) | E::Failed(cause) => {
            anju_process::Error::Effect { element: element.to_owned(), cause }
        }
    }
}

/// An error of processes where only errors of records are known.
pub(crate) fn into_records(error: anju_process::Error) -> anju_records::Error {
    use anju_process::Error as P;
    use anju_records::Error as R;
    match error {
        P::Forbidden { message } => R::Forbidden { message },
        P::NotFound => R::NotFound,
        P::Invalid(faults) => R::Invalid(faults),
        P::Unconfirmed(warnings) => R::Unconfirmed(warnings),
        P::Stale { current } => R::Stale { current },
        P::Conflict { code, message } => R::Conflict { code, message },
        P::TooMuch { message } => R::TooMuch { message },
        P::Store(error) => R::Store(error),
        P::Crypto(error) => R::Crypto(error),
        other => R::Internal(other.to_string()),
    }
}
