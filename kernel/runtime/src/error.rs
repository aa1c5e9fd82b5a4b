pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the kernel could not start or a job could not be done. Faults of users' requests are
/// [`anju_records::Error`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The definitions contradict themselves; one line each.
    #[error("definitions are faulty:\n{0}")]
    Definitions(String),
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
