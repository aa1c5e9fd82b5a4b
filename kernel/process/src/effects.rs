//! What elements do is done by others; this is what they are told and what they answer.

use anju_definitions::Effect;
use anju_records::{Actor, Object};
use anju_store::Tx;
use async_trait::async_trait;

use crate::Error;

/// What an effect is run for.
#[derive(Debug, Clone)]
pub struct EffectContext<'a> {
    /// Who completed the task, started or withdrew the process; the platform for timers and signals.
    pub actor: &'a Actor,
    pub entity: &'a str,
    pub record_id: &'a str,
    pub instance_id: &'a str,
    /// Id of the BPMN element.
    pub element: &'a str,
    /// What the caseworker filled in; empty for services, ends and the beginning of steps.
    pub input: &'a Object,
    /// The variables of the instance.
    pub vars: &'a Object,
}

/// What came of effects.
#[derive(Debug, Clone, Default)]
pub struct EffectResult {
    /// Merged into the variables of the instance; `null` removes one.
    pub vars: Object,
    /// The work goes on elsewhere: the service task waits for its signal.
    pub pending: bool,
}

/// Why effects were not carried out.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    #[error(transparent)]
    Records(#[from] anju_records::Error),
    #[error(transparent)]
    Process(#[from] Box<Error>),
    #[error(transparent)]
    Store(#[from] anju_store::Error),
    /// A fault that the process may handle: a BPMN error of this code. What was done before it stays.
    #[error("error {0}")]
    Thrown(String),
    /// Anything else; the text is for operators.
    #[error("{0}")]
    Failed(String),
}

/// Carries out effects, all in the transaction given.
#[async_trait]
pub trait EffectRunner: Send + Sync {
    async fn run(
        &self,
        tx: &mut Tx,
        context: &EffectContext<'_>,
        effects: &[Effect],
    ) -> Result<EffectResult, EffectError>;
}

impl EffectError {
    pub(crate) fn at(self, element: &str) -> Error {
        match self {
            Self::Records(error) => error.into(),
            Self::Process(error) => *error,
            Self::Store(error) => error.into(),
            Self::Thrown(cause) | Self::Failed(cause) => Error::Effect { element: element.to_owned(), cause },
        }
    }
}
