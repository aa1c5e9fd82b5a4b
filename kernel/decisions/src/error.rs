/// Why an expression or a decision gave no value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The text is not an expression of the language.
    #[error("表达式“{expression}”有语法错误：{cause}")]
    Syntax { expression: String, cause: String },
    /// The expression uses something that is not allowed here.
    #[error("表达式“{expression}”不允许使用：{cause}")]
    Refused { expression: String, cause: String },
    /// The values at hand do not fit the expression, e.g. text where a number is needed.
    #[error("表达式“{expression}”无法计算：{cause}")]
    Evaluation { expression: String, cause: String },
    /// The values at hand would make the evaluation too long.
    #[error("表达式“{expression}”的计算量过大（{elements} 个元素，{nesting} 层循环）")]
    TooMuch { expression: String, elements: usize, nesting: u32 },
    /// A number outside the range of exact decimals (28 digits).
    #[error("数值 {0} 超出范围")]
    NumberOutOfRange(String),
    /// No decision of this key.
    #[error("没有决策“{0}”")]
    UnknownDecision(String),
    /// The graph of a decision is broken or uses something that is not allowed.
    #[error("决策“{decision}”：{cause}")]
    Graph { decision: String, cause: String },
    /// A decision could not be carried through with this input.
    #[error("决策“{decision}”执行失败：{cause}")]
    Decision { decision: String, cause: String },
}
