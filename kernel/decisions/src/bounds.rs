//! What of the language is refused, judged on compiled code: everything that could run for long, or whose
//! result does not follow from its input alone.

use zen_expression::compiler::Opcode;
use zen_expression::functions::{DateMethod, DeprecatedFunction, FunctionKind, InternalFunction, MethodKind};

/// Longest source of one expression.
pub(crate) const SOURCE_BYTES_MAX: usize = 4 * 1024;
/// Deepest nesting of brackets in a source.
const BRACKETS_DEPTH_MAX: usize = 64;
/// Deepest nesting of loops (`map`, `filter`, `some` …).
const LOOPS_DEPTH_MAX: u32 = 3;
/// Most steps of a loop over a range written in the expression.
const RANGE_STEPS_MAX: i64 = 1_000;
/// Most inner steps one evaluation may take, as estimated before it starts.
pub(crate) const STEPS_MAX: u128 = 2_000_000;

/// What an evaluation may cost: inner steps grow as elements to the power of `exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub exponent: u32,
    /// Elements that the expression brings itself.
    pub own_elements: usize,
}

impl Cost {
    pub(crate) fn allows(self, elements: usize) -> bool {
        let base = (elements + self.own_elements).max(1) as u128;
        base.checked_pow(self.exponent).is_some_and(|steps| steps <= STEPS_MAX)
    }
}

pub(crate) fn check_source(source: &str) -> Result<(), String> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(format!("超过 {SOURCE_BYTES_MAX} 字节"));
    }
    let mut depth = 0usize;
    for character in source.bytes() {
        match character {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > BRACKETS_DEPTH_MAX {
            return Err(format!("括号嵌套超过 {BRACKETS_DEPTH_MAX} 层"));
        }
    }
    Ok(())
}

pub(crate) fn check_code(code: &[Opcode]) -> Result<Cost, String> {
    let (mut depth, mut deepest, mut flattened, mut own_elements) = (0u32, 0u32, 0u32, 0usize);
    for (index, opcode) in code.iter().enumerate() {
        match opcode {
            Opcode::Begin => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            Opcode::End => depth = depth.saturating_sub(1),
            Opcode::Flatten => flattened += 1,
            Opcode::Interval { .. } => own_elements += range_steps(code, index)?,
            Opcode::AssignedObjectBegin => return Err("不支持赋值".into()),
            Opcode::CallFunction { kind, arg_count } => check_function(kind, *arg_count, code, index)?,
            Opcode::CallMethod { kind: MethodKind::DateMethod(method), .. } => check_date_method(*method)?,
            _ => {}
        }
    }
    if deepest > LOOPS_DEPTH_MAX {
        return Err(format!("循环嵌套超过 {LOOPS_DEPTH_MAX} 层"));
    }
    Ok(Cost { exponent: deepest + flattened, own_elements })
}

/// A range may be tested with `in`; looped over only when both ends are written as numbers and close.
fn range_steps(code: &[Opcode], index: usize) -> Result<usize, String> {
    if matches!(code.get(index + 1), Some(Opcode::In)) {
        return Ok(0);
    }
    let ends = index.checked_sub(2).map(|first| (&code[first], &code[first + 1]));
    if let Some((Opcode::PushNumber(from), Opcode::PushNumber(to))) = ends {
        let steps = (*to - *from).to_string().parse::<f64>().unwrap_or(f64::MAX);
        if matches!(code.get(index + 1), Some(Opcode::Begin)) && steps <= RANGE_STEPS_MAX as f64 {
            return Ok(steps.max(0.0) as usize + 1);
        }
    }
    Err(format!("区间只能用在 in 之后，或以不超过 {RANGE_STEPS_MAX} 步循环"))
}

fn check_function(kind: &FunctionKind, arguments: u32, code: &[Opcode], index: usize) -> Result<(), String> {
    match kind {
        FunctionKind::Internal(InternalFunction::Rand) => Err("rand 的结果不可重复".into()),
        FunctionKind::Internal(InternalFunction::Date) if arguments == 0 => {
            Err("d() 取决于机器时钟，请用 today".into())
        }
        FunctionKind::Internal(InternalFunction::Date)
        | FunctionKind::Deprecated(DeprecatedFunction::Date | DeprecatedFunction::Time) => {
            match index.checked_sub(1).map(|before| &code[before]) {
                Some(Opcode::PushString(text)) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                    Err(format!("日期“{text}”取决于机器时钟，请用 today"))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn check_date_method(method: DateMethod) -> Result<(), String> {
    match method {
        DateMethod::IsToday | DateMethod::IsYesterday | DateMethod::IsTomorrow => {
            Err(format!("{method} 取决于机器时钟，请与 today 比较"))
        }
        _ => Ok(()),
    }
}
