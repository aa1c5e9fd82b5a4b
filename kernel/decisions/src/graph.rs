//! A decision graph (JDM), compiled: every cell to code, every node in an order in which its sources come first.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use zen_expression::Isolate;
use zen_expression::compiler::Opcode;
use zen_types::decision::{
    BaseDecisionContent, DecisionEdge, DecisionNode, DecisionNodeKind, DecisionTableContent,
    DecisionTableHitPolicy, ExpressionNodeContent, SwitchNodeContent, SwitchStatementHitPolicy,
    TransformAttributes, TransformExecutionMode,
};

use crate::bounds::{self, Cost};
use crate::expression::shortened;

/// Nodes of one graph and rows of one table, at most.
const NODES_MAX: usize = 200;
const ROWS_MAX: usize = 5_000;

/// Code of one expression or cell.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub source: Arc<str>,
    pub opcodes: Arc<[Opcode]>,
    pub cost: Cost,
}

/// Nodes in an order in which all sources of a node come before it.
#[derive(Debug)]
pub(crate) struct Graph {
    pub nodes: Vec<Node>,
}

impl Graph {
    /// Keys of the decisions it asks.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match &node.work {
            Work::Decision(key, _) => Some(&**key),
            _ => None,
        })
    }
}

#[derive(Debug)]
pub(crate) struct Node {
    pub id: Arc<str>,
    pub title: Arc<str>,
    pub sources: Vec<Source>,
    /// Whether other nodes follow.
    pub feeds: bool,
    pub work: Work,
}

/// An edge that leads here.
#[derive(Debug)]
pub(crate) struct Source {
    /// Place of the node it comes from.
    pub node: usize,
    /// The statement of a switch that must hold for the edge to be taken.
    pub statement: Option<Arc<str>>,
}

#[derive(Debug)]
pub(crate) enum Work {
    Input,
    Output,
    Table(Table, Frame),
    Expressions(Vec<Assignment>, Frame),
    Decision(Arc<str>, Frame),
    Switch(Switch),
}

/// What surrounds the work of a node: its part of the input, and where its result goes.
#[derive(Debug)]
pub(crate) struct Frame {
    pub input: Option<Code>,
    pub output_path: Option<Arc<str>>,
    pub for_each: bool,
    pub pass_through: bool,
}

#[derive(Debug)]
pub(crate) struct Assignment {
    pub key: Arc<str>,
    pub value: Code,
}

#[derive(Debug)]
pub(crate) struct Switch {
    pub all_that_hold: bool,
    /// Id and condition; without one it always holds.
    pub statements: Vec<(Arc<str>, Option<Code>)>,
}

#[derive(Debug)]
pub(crate) struct Table {
    pub all_that_hold: bool,
    /// What each column of tests looks at; without it its cells are whole conditions.
    pub columns: Vec<Option<Code>>,
    pub results: Vec<ResultColumn>,
    pub rows: Vec<Row>,
}

#[derive(Debug)]
pub(crate) struct ResultColumn {
    pub path: String,
    /// Gathers the values of all rows that hold (`field[]`).
    pub gathers: bool,
}

#[derive(Debug)]
pub(crate) struct Row {
    pub id: Arc<str>,
    pub description: Option<Arc<str>>,
    /// One for each column; an empty cell holds always.
    pub tests: Vec<Option<Code>>,
    pub values: Vec<Option<Code>>,
}

/// Reads and compiles a graph.
///
/// # Errors
/// A text in Chinese that names node and row.
pub(crate) fn compile(graph: &Value) -> Result<Graph, String> {
    if graph.get("blocks").is_some() {
        return Err("只支持决策图（nodes 与 edges）".into());
    }
    let content: BaseDecisionContent =
        serde_json::from_value(graph.clone()).map_err(|cause| cause.to_string())?;
    if content.nodes.len() > NODES_MAX {
        return Err(format!("节点超过 {NODES_MAX} 个"));
    }
    let order = order(&content.nodes, &content.edges)?;
    let place: HashMap<&str, usize> =
        order.iter().enumerate().map(|(place, node)| (&*content.nodes[*node].id, place)).collect();
    let mut nodes = Vec::with_capacity(order.len());
    for index in order {
        let node = &content.nodes[index];
        let sources = content.edges.iter().filter(|edge| edge.target_id == node.id).map(|edge| Source {
            node: place[&*edge.source_id],
            statement: edge.source_handle.clone().filter(|handle| !handle.is_empty()),
        });
        nodes.push(Node {
            id: node.id.clone(),
            title: node.name.clone(),
            sources: sources.collect(),
            feeds: content.edges.iter().any(|edge| edge.source_id == node.id),
            work: work(&node.kind).map_err(|cause| format!("节点“{}”：{cause}", node.name))?,
        });
    }
    Ok(Graph { nodes })
}

/// Sources before targets, otherwise as written.
fn order(nodes: &[Arc<DecisionNode>], edges: &[Arc<DecisionEdge>]) -> Result<Vec<usize>, String> {
    let mut index = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        if index.insert(&*node.id, place).is_some() {
            return Err(format!("节点编号“{}”重复", node.id));
        }
    }
    if !nodes.iter().any(|node| matches!(node.kind, DecisionNodeKind::InputNode { .. })) {
        return Err("缺少输入节点".into());
    }
    let mut waits_for = vec![0usize; nodes.len()];
    for edge in edges {
        for end in [&edge.source_id, &edge.target_id] {
            if !index.contains_key(&**end) {
                return Err(format!("连线“{}”的一端“{end}”不是节点", edge.id));
            }
        }
        waits_for[index[&*edge.target_id]] += 1;
    }
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(next) = (0..nodes.len()).find(|node| waits_for[*node] == 0 && !ordered.contains(node)) {
        ordered.push(next);
        for edge in edges.iter().filter(|edge| edge.source_id == nodes[next].id) {
            waits_for[index[&*edge.target_id]] -= 1;
        }
    }
    if ordered.len() < nodes.len() {
        return Err("连线成环".into());
    }
    Ok(ordered)
}

fn work(kind: &DecisionNodeKind) -> Result<Work, String> {
    match kind {
        DecisionNodeKind::FunctionNode { .. } => Err("不支持脚本，请用决策表和表达式".into()),
        DecisionNodeKind::CustomNode { .. } => Err("不支持自定义节点".into()),
        DecisionNodeKind::InputNode { content } if content.schema.is_some() => {
            Err("不支持输入模式，字段以实体定义为准".into())
        }
        DecisionNodeKind::OutputNode { content } if content.schema.is_some() => Err("不支持输出模式".into()),
        DecisionNodeKind::InputNode { .. } => Ok(Work::Input),
        DecisionNodeKind::OutputNode { .. } => Ok(Work::Output),
        DecisionNodeKind::DecisionNode { content } => {
            Ok(Work::Decision(content.key.clone(), frame(&content.transform_attributes)?))
        }
        DecisionNodeKind::DecisionTableNode { content } => {
            Ok(Work::Table(table(content)?, frame(&content.transform_attributes)?))
        }
        DecisionNodeKind::ExpressionNode { content } => {
            Ok(Work::Expressions(assignments(content)?, frame(&content.transform_attributes)?))
        }
        DecisionNodeKind::SwitchNode { content } => switch(content).map(Work::Switch),
    }
}

fn frame(attributes: &TransformAttributes) -> Result<Frame, String> {
    Ok(Frame {
        input: optional(attributes.input_field.as_deref())?,
        output_path: attributes.output_path.clone(),
        for_each: attributes.execution_mode == TransformExecutionMode::Loop,
        pass_through: attributes.pass_through,
    })
}

fn assignments(content: &ExpressionNodeContent) -> Result<Vec<Assignment>, String> {
    let mut assignments = Vec::new();
    for expression in content.expressions.iter().filter(|expression| !expression.key.is_empty()) {
        if let Some(value) = optional(Some(&expression.value))? {
            assignments.push(Assignment { key: expression.key.clone(), value });
        }
    }
    Ok(assignments)
}

fn switch(content: &SwitchNodeContent) -> Result<Switch, String> {
    let statements = content.statements.iter();
    let statements =
        statements.map(|statement| Ok((statement.id.clone(), optional(Some(&statement.condition))?)));
    Ok(Switch {
        all_that_hold: content.hit_policy == SwitchStatementHitPolicy::Collect,
        statements: statements.collect::<Result<_, String>>()?,
    })
}

fn table(content: &DecisionTableContent) -> Result<Table, String> {
    if content.rules.len() > ROWS_MAX {
        return Err(format!("超过 {ROWS_MAX} 行"));
    }
    let columns: Vec<Option<Code>> =
        content.inputs.iter().map(|input| optional(input.field.as_deref())).collect::<Result<_, _>>()?;
    let mut rows = Vec::with_capacity(content.rules.len());
    for (index, rule) in content.rules.iter().enumerate() {
        let at = |cause: String| format!("第 {} 行：{cause}", index + 1);
        let cell = |id: &Arc<str>| rule.get(id).filter(|cell| !cell.is_empty()).cloned();
        let tests = content.inputs.iter().zip(&columns).map(|(input, column)| {
            let kind = if column.is_some() { Kind::Test } else { Kind::Expression };
            cell(&input.id).map(|source| code(&source, kind)).transpose()
        });
        let values = content.outputs.iter().map(|output| optional(cell(&output.id).as_deref()));
        rows.push(Row {
            id: cell(&Arc::from("_id")).unwrap_or_default(),
            description: cell(&Arc::from("_description")),
            tests: tests.collect::<Result<_, _>>().map_err(at)?,
            values: values.collect::<Result<_, _>>().map_err(at)?,
        });
    }
    let results = content.outputs.iter().map(|output| {
        let (path, gathers) = output.write_path();
        ResultColumn { path: path.to_owned(), gathers }
    });
    Ok(Table {
        all_that_hold: content.hit_policy == DecisionTableHitPolicy::Collect,
        columns,
        results: results.collect(),
        rows,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Expression,
    /// A test of a cell against what its column looks at, e.g. `>= 15`.
    Test,
}

fn optional(source: Option<&str>) -> Result<Option<Code>, String> {
    let source = source.filter(|source| !source.trim().is_empty());
    source.map(|source| code(source, Kind::Expression)).transpose()
}

fn code(source: &str, kind: Kind) -> Result<Code, String> {
    let named = |cause: String| format!("“{}”：{cause}", shortened(source));
    bounds::check_source(source).map_err(named)?;
    let mut isolate = Isolate::new();
    let opcodes = match kind {
        Kind::Expression => isolate.compile_standard(source).map(|code| code.bytecode().clone()),
        Kind::Test => isolate.compile_unary(source).map(|code| code.bytecode().clone()),
    };
    let opcodes = opcodes.map_err(|cause| named(cause.to_string()))?;
    let cost = bounds::check_code(&opcodes).map_err(named)?;
    Ok(Code { source: source.into(), opcodes, cost })
}
