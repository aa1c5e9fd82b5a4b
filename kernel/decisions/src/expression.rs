use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

use serde_json::Value;
use zen_expression::compiler::{FetchFastTarget, Opcode};
use zen_expression::expression::Standard;
use zen_expression::{Isolate, IsolateError};

use crate::bounds::{self, Cost};
use crate::{Error, value};

/// Compiled expressions that are kept; when there are more, all are dropped and compiled anew on use.
const COMPILED_MAX: usize = 20_000;

static COMPILED: LazyLock<RwLock<HashMap<Arc<str>, Expression>>> = LazyLock::new(RwLock::default);

/// A compiled expression. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression {
    source: Arc<str>,
    code: zen_expression::Expression<Standard>,
    cost: Cost,
}

impl Expression {
    /// Compiles a source, or hands out the one compiled before.
    ///
    /// # Errors
    /// [`Error::Syntax`] for text that is no expression, [`Error::Refused`] for one that could run for long or
    /// whose value does not follow from its context alone.
    pub fn compile(source: &str) -> Result<Self, Error> {
        // The map holds whole entries only, so a panic elsewhere cannot leave it half-changed.
        let known = COMPILED.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(expression) = known.get(source) {
            return Ok(expression.clone());
        }
        drop(known);
        let expression = Self::compile_new(source)?;
        let mut known = COMPILED.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() >= COMPILED_MAX {
            known.clear();
        }
        known.insert(expression.source.clone(), expression.clone());
        Ok(expression)
    }

    fn compile_new(source: &str) -> Result<Self, Error> {
        let refused = |cause| Error::Refused { expression: shortened(source), cause };
        bounds::check_source(source).map_err(refused)?;
        let code = Isolate::new().compile_standard(source).map_err(|cause| syntax(source, &cause))?;
        let cost = bounds::check_code(code.bytecode()).map_err(refused)?;
        Ok(Self { source: source.into(), code, cost })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// The value over a context, an object whose members are the variables. A missing variable is null.
    ///
    /// # Errors
    /// [`Error::Evaluation`] when the values do not fit the operations, [`Error::TooMuch`] when the context is
    /// too large for the loops of the expression.
    pub fn evaluate(&self, context: &Value) -> Result<Value, Error> {
        if self.cost.exponent > 0 {
            let elements = value::elements(context);
            if !self.cost.allows(elements) {
                let nesting = self.cost.exponent;
                return Err(Error::TooMuch { expression: shortened(&self.source), elements, nesting });
            }
        }
        let result = self.code.evaluate(value::to_variable(context)?).map_err(|cause| Error::Evaluation {
            expression: shortened(&self.source),
            cause: cause.to_string(),
        })?;
        Ok(value::to_json(&result))
    }

    /// Whether the value is exactly `true`. Null counts as false; other values are an error.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn is_true(&self, context: &Value) -> Result<bool, Error> {
        match self.evaluate(context)? {
            Value::Bool(bool) => Ok(bool),
            Value::Null => Ok(false),
            other => Err(Error::Evaluation {
                expression: shortened(&self.source),
                cause: format!("应得出是或否，实为 {other}"),
            }),
        }
    }

    /// The paths it reads, e.g. `record.status`, each once, in order of first use.
    pub fn variables(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let code = self.code.bytecode();
        for (index, opcode) in code.iter().enumerate() {
            let Some(path) = path_of(opcode, code.get(index + 1), code.get(index + 2)) else { continue };
            if !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }
}

/// A member access is compiled to its head, the last key, and `Fetch` where the head is no plain path; a
/// plain head of two and more parts is one `FetchFast`.
fn path_of(opcode: &Opcode, next: Option<&Opcode>, after: Option<&Opcode>) -> Option<String> {
    let mut path = match opcode {
        Opcode::FetchEnv(name) => vec![name.to_string()],
        Opcode::FetchFast(parts) => parts
            .iter()
            .filter_map(|part| match part {
                FetchFastTarget::String(name) => Some(name.to_string()),
                _ => None,
            })
            .collect(),
        _ => return None,
    };
    if let (Some(Opcode::PushString(key)), Some(Opcode::Fetch)) = (next, after) {
        path.push(key.to_string());
    }
    (!path.is_empty()).then(|| path.join("."))
}

/// Compiles (or finds) and evaluates.
///
/// # Errors
/// As [`Expression::compile`] and [`Expression::evaluate`].
pub fn evaluate(source: &str, context: &Value) -> Result<Value, Error> {
    Expression::compile(source)?.evaluate(context)
}

/// Compiles (or finds) and asks for yes or no.
///
/// # Errors
/// As [`Expression::compile`] and [`Expression::is_true`].
pub fn is_true(source: &str, context: &Value) -> Result<bool, Error> {
    Expression::compile(source)?.is_true(context)
}

/// The paths an expression reads; none when it does not compile.
pub fn variables(source: &str) -> Vec<String> {
    Expression::compile(source).map(|expression| expression.variables()).unwrap_or_default()
}

pub(crate) fn syntax(source: &str, cause: &IsolateError) -> Error {
    Error::Syntax { expression: shortened(source), cause: cause.to_string() }
}

/// Enough of a source to recognise it in a message.
pub(crate) fn shortened(source: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    match source.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &source[..end]),
        None => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(source: &str, context: Value) -> Value {
        evaluate(source, &context).unwrap()
    }

    fn refused(source: &str) -> bool {
        matches!(Expression::compile(source), Err(Error::Refused { .. }))
    }

    #[test]
    fn numbers_are_exact() {
        assert_eq!(value("0.1 + 0.2", json!({})).to_string(), "0.3");
        assert_eq!(value("area * 3", json!({"area": 18.1})).to_string(), "54.3");
        assert_eq!(value("56.30 + 0.70", json!({})).to_string(), "57");
        assert_eq!(value("fen / 3 * 3 == fen", json!({"fen": 300})), json!(true));
    }

    #[test]
    fn a_missing_variable_is_null() {
        assert_eq!(value("record.nothing", json!({"record": {}})), Value::Null);
        assert!(!is_true("record.flag", &json!({})).unwrap());
    }

    #[test]
    fn a_condition_must_be_yes_or_no() {
        assert!(matches!(is_true("1 + 1", &json!({})), Err(Error::Evaluation { .. })));
    }

    #[test]
    fn paths_are_listed_once() {
        let expression = "record.status == 'open' and record.size > vars.limit and record.status != today";
        assert_eq!(variables(expression), ["record.status", "record.size", "vars.limit", "today"]);
        assert_eq!(variables("record.case.district.code"), ["record.case.district.code"]);
        assert!(variables("a +").is_empty());
    }

    #[test]
    fn whatever_is_not_repeatable_is_refused() {
        for source in ["rand(5)", "d()", "d('now')", "date('now')", "d('Asia/Shanghai')", "d(x).isToday()"] {
            assert!(refused(source), "{source}");
        }
        assert!(is_true("d(a) < d('2026-11-24')", &json!({"a": "2026-11-23"})).unwrap());
    }

    #[test]
    fn long_work_is_refused_before_it_starts() {
        for source in ["map([1..1000000000], #)", "sum([1..n])", "a = 1; a + 1", "len([1..5000])"] {
            assert!(refused(source), "{source}");
        }
        assert!(refused("map(a, map(a, map(a, map(a, #))))"));
        assert!(refused(&format!("{}1{}", "(".repeat(70), ")".repeat(70))));
        assert!(refused(&"1 + ".repeat(1_500)));
        assert_eq!(value("sum(map([1..100], #))", json!({})), json!(5050));
        assert_eq!(value("x in [1..1000000000]", json!({"x": 7})), json!(true));
        let large: Vec<u32> = (0..2_000).collect();
        let nested = Expression::compile("map(a, map(a, map(a, #)))").unwrap();
        assert!(matches!(nested.evaluate(&json!({"a": large})), Err(Error::TooMuch { .. })));
    }

    #[test]
    fn text_that_is_no_expression_is_an_error() {
        assert!(matches!(Expression::compile("a ="), Err(Error::Syntax { .. })));
        assert!(matches!(Expression::compile(""), Err(Error::Syntax { .. } | Error::Refused { .. })));
    }

    #[test]
    fn expressions_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Expression>();
        crosses::<crate::Decisions>();
    }
}
