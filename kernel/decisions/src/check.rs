//! Checks before a catalog is published: every cell compiles, nothing refused is used, every case holds.

use anju_definitions::{Catalog, Decision};
use zen_engine::model::{DecisionNodeKind, GraphContent};
use zen_expression::Isolate;

use crate::bounds;
use crate::decision::Decisions;
use crate::expression::shortened;
use crate::value::covers;

/// Rows and nodes of one decision, at most.
const NODES_MAX: usize = 200;
const ROWS_MAX: usize = 5_000;

/// What is wrong with a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{decision}: {}{cause}", case.as_ref().map(|case| format!("用例“{case}”：")).unwrap_or_default())]
pub struct CheckProblem {
    /// Key of the decision.
    pub decision: String,
    /// Title of the example that does not hold, if it is one.
    pub case: Option<String>,
    pub cause: String,
}

/// Compiles all decisions of a catalog and runs their cases.
pub fn check(catalog: &Catalog) -> Vec<CheckProblem> {
    check_decisions(catalog.decisions.values().map(AsRef::as_ref))
}

/// Compiles decisions and runs their cases.
pub fn check_decisions<'a>(all: impl IntoIterator<Item = &'a Decision> + Clone) -> Vec<CheckProblem> {
    let decisions = Decisions::load(all.clone());
    let mut problems = decisions.problems().to_vec();
    for decision in all {
        if problems.iter().any(|problem| problem.decision == decision.decision) {
            continue;
        }
        for case in &decision.cases {
            let cause = match decisions.decide(&decision.decision, &case.input) {
                Ok(outcome) if covers(&outcome.result, &case.expect) => continue,
                Ok(outcome) => {
                    let rows: Vec<&str> = outcome.rows.iter().map(|row| row.row_id.as_str()).collect();
                    format!("应为 {}，实为 {}（命中行 {}）", case.expect, outcome.result, rows.join("、"))
                }
                Err(cause) => cause.to_string(),
            };
            problems.push(CheckProblem {
                decision: decision.decision.clone(),
                case: Some(case.title.clone()),
                cause,
            });
        }
    }
    problems
}

#[derive(Clone, Copy)]
enum Kind {
    Standard,
    /// A test of a cell against its column's field.
    Cell,
}

/// The engine takes a cell that does not compile for one that does not hold, so everything is compiled here.
pub(crate) fn check_graph(graph: &GraphContent) -> Result<(), String> {
    if graph.nodes.len() > NODES_MAX {
        return Err(format!("节点超过 {NODES_MAX} 个"));
    }
    for node in &graph.nodes {
        let at = |cause: String| format!("节点“{}”：{cause}", node.name);
        match &node.kind {
            DecisionNodeKind::FunctionNode { .. } => {
                return Err(at("不支持脚本，请用决策表和表达式".into()));
            }
            DecisionNodeKind::CustomNode { .. } => return Err(at("不支持自定义节点".into())),
            DecisionNodeKind::InputNode { content } if content.schema.is_some() => {
                return Err(at("不支持输入模式，字段以实体定义为准".into()));
            }
            DecisionNodeKind::OutputNode { content } if content.schema.is_some() => {
                return Err(at("不支持输出模式".into()));
            }
            DecisionNodeKind::InputNode { .. } | DecisionNodeKind::OutputNode { .. } => {}
            DecisionNodeKind::DecisionNode { content } => {
                optional(content.transform_attributes.input_field.as_deref()).map_err(at)?;
            }
            DecisionNodeKind::DecisionTableNode { content } => {
                optional(content.transform_attributes.input_field.as_deref()).map_err(at)?;
                if content.rules.len() > ROWS_MAX {
                    return Err(at(format!("超过 {ROWS_MAX} 行")));
                }
                for input in content.inputs.iter() {
                    optional(input.field.as_deref()).map_err(at)?;
                }
                for (index, rule) in content.rules.iter().enumerate() {
                    let row = |cause: String| at(format!("第 {} 行：{cause}", index + 1));
                    for input in content.inputs.iter() {
                        let kind = if input.field.is_some() { Kind::Cell } else { Kind::Standard };
                        rule.get(&input.id).map_or(Ok(()), |cell| compiles(cell, kind)).map_err(row)?;
                    }
                    for output in content.outputs.iter() {
                        rule.get(&output.id)
                            .map_or(Ok(()), |cell| compiles(cell, Kind::Standard))
                            .map_err(row)?;
                    }
                }
            }
            DecisionNodeKind::ExpressionNode { content } => {
                optional(content.transform_attributes.input_field.as_deref()).map_err(at)?;
                for expression in content.expressions.iter() {
                    compiles(&expression.value, Kind::Standard).map_err(at)?;
                }
            }
            DecisionNodeKind::SwitchNode { content } => {
                for statement in content.statements.iter() {
                    compiles(&statement.condition, Kind::Standard).map_err(at)?;
                }
            }
        }
    }
    Ok(())
}

fn optional(source: Option<&str>) -> Result<(), String> {
    source.map_or(Ok(()), |source| compiles(source, Kind::Standard))
}

fn compiles(source: &str, kind: Kind) -> Result<(), String> {
    if source.trim().is_empty() {
        return Ok(());
    }
    let named = |cause: String| format!("“{}”：{cause}", shortened(source));
    bounds::check_source(source).map_err(named)?;
    let mut isolate = Isolate::new();
    let code = match kind {
        Kind::Standard => isolate.compile_standard(source).map(|e| e.bytecode().clone()),
        Kind::Cell => isolate.compile_unary(source).map(|e| e.bytecode().clone()),
    };
    let code = code.map_err(|cause| named(cause.to_string()))?;
    bounds::check_code(&code).map(|_| ()).map_err(named)
}
