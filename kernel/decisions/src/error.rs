/// Why an expression or a decision gave no value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The text is not an expression of the language.
    #[error("`{expression}` does not compile: {cause}")]
    Syntax { expression: String, cause: String },
    /// The expression uses something that is not allowed here.
    #[error("`{expression}` is refused: {cause}")]
    Refused { expression: String, cause: String },
    /// The values at hand do not fit the expression, e.g. text where a number is needed.
    #[error("`{expression}` cannot be evaluated: {cause}")]
    Evaluation { expression: String, cause: String },
    /// The values at hand would make the evaluation too long.
    #[error("`{expression}` is too much work for the values given ({elements} elements, {nesting} nested loops)")]
    TooMuch { expression: String, elements: usize, nesting: u32 },
    /// A number outside the range of exact decimals (28 digits).
    #[error("the number {0} is out of range")]
    NumberOutOfRange(String),
    /// No decision of this key.
    #[error("there is no decision `{0}`")]
    UnknownDecision(String),
    /// The graph of a decision is broken or uses something that is not allowed.
    #[error("decision `{decision}`: {cause}")]
    Graph { decision: String, cause: String },
    /// A decision could not be carried through with this input.
    #[error("decision `{decision}` failed: {cause}")]
    Decision { decision: String, cause: String },
}
