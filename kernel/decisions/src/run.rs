//! Runs compiled graphs and writes down why they came out as they did.

use std::collections::HashMap;

use serde_json::{Map, Value};
use zen_expression::{Isolate, Variable};
use zen_types::symbol::Symbol;

use crate::graph::{Assignment, Code, Frame, Graph, Node, Row, Switch, Table, Work};
use crate::trace::{MatchedRow, TraceStep};
use crate::value::{elements_of, to_json};

/// Decisions within decisions, at most.
const DEPTH_MAX: u8 = 5;

/// One run over all the decisions that may ask each other.
pub(crate) struct Run<'a> {
    pub graphs: &'a HashMap<String, Graph>,
    pub rows: Vec<MatchedRow>,
    pub steps: Vec<TraceStep>,
}

/// What a node that was passed came to.
struct Passed {
    output: Variable,
    /// Statements of a switch that held.
    statements: Vec<std::sync::Arc<str>>,
}

impl Run<'_> {
    /// The result of a decision. Steps are kept of the outermost only, rows of all.
    pub(crate) fn decide(&mut self, key: &str, input: &Variable, depth: u8) -> Result<Variable, String> {
        if depth > DEPTH_MAX {
            return Err(format!("决策相互引用超过 {DEPTH_MAX} 层"));
        }
        let graph = self.graphs.get(key).ok_or_else(|| format!("没有决策“{key}”"))?;
        let mut passed: Vec<Option<Passed>> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let Some(incoming) = incoming(node, input, &passed) else {
                passed.push(None);
                continue;
            };
            let mut scene = Scene { input: incoming, nodes: named(graph, &passed) };
            let output = self.pass(node, &mut scene, depth);
            let output = output.map_err(|cause| format!("节点“{}”：{cause}", node.title))?;
            if depth == 1 {
                self.steps.push(TraceStep {
                    node: node.id.to_string(),
                    title: node.title.to_string(),
                    input: to_json(&scene.input),
                    output: to_json(&output.output),
                });
            }
            if matches!(node.work, Work::Output) {
                return Ok(output.output);
            }
            passed.push(Some(output));
        }
        Ok(merged_ends(graph, &passed))
    }

    fn pass(&mut self, node: &Node, scene: &mut Scene, depth: u8) -> Result<Passed, String> {
        let output = match &node.work {
            Work::Input | Work::Output => scene.input.clone(),
            Work::Switch(switch) => {
                let statements = held(switch, scene)?;
                return Ok(Passed { output: scene.input.clone(), statements });
            }
            Work::Table(table, frame) => framed(frame, scene, |part| self.judge(table, &node.title, part))?,
            Work::Expressions(assignments, frame) => framed(frame, scene, |part| assign(assignments, part))?,
            Work::Decision(key, frame) => {
                framed(frame, scene, |part| self.decide(key, &part.input, depth + 1))?
            }
        };
        Ok(Passed { output, statements: Vec::new() })
    }

    /// One table over one input. No row: null, or an empty list where all rows that hold count.
    fn judge(&mut self, table: &Table, title: &str, scene: &Scene) -> Result<Variable, String> {
        let mut desk = Desk::new(scene);
        let mut references: Vec<Option<Variable>> = vec![None; table.columns.len()];
        let gathers = table.results.iter().any(|result| result.gathers);
        let (mut all, mut gathered) = (Vec::new(), vec![Vec::new(); table.results.len()]);
        let mut first: Option<Variable> = None;
        for (index, row) in table.rows.iter().enumerate() {
            if !desk.holds(table, row, &mut references) {
                continue;
            }
            desk.look_at_all(table, &mut references);
            self.rows.push(matched(table, title, index, row, &references));
            let output = Variable::empty_object();
            for (place, (result, value)) in table.results.iter().zip(&row.values).enumerate() {
                let Some(code) = value else { continue };
                let value = desk.value(code).map_err(|cause| format!("第 {} 行：{cause}", index + 1))?;
                if result.gathers && !table.all_that_hold {
                    gathered[place].push(value.deep_clone());
                } else if !result.path.is_empty() {
                    output.dot_insert(&result.path, value.deep_clone());
                }
            }
            if table.all_that_hold {
                all.push(output);
            } else if !gathers {
                return Ok(output);
            } else {
                first.get_or_insert(output);
            }
        }
        if table.all_that_hold {
            return Ok(Variable::from_array(all));
        }
        let Some(output) = first else { return Ok(Variable::Null) };
        for (result, values) in table.results.iter().zip(gathered) {
            if result.gathers && !result.path.is_empty() {
                output.dot_insert(&result.path, Variable::from_array(values));
            }
        }
        Ok(output)
    }
}

/// What the code of a node sees.
struct Scene {
    input: Variable,
    /// Results of the nodes before it, by title (`$nodes`).
    nodes: Variable,
}

/// An interpreter over one scene.
struct Desk {
    isolate: Isolate,
    elements: usize,
}

impl Desk {
    fn new(scene: &Scene) -> Self {
        let mut isolate = Isolate::with_environment(scene.input.clone());
        isolate.set_local(Variable::nodes_key(), scene.nodes.clone());
        Self { isolate, elements: elements_of(&scene.input) }
    }

    fn value(&mut self, code: &Code) -> Result<Variable, String> {
        self.affordable(code)?;
        let value = self.isolate.run_compiled(&code.opcodes);
        value.map_err(|cause| format!("“{}”无法计算：{cause}", crate::expression::shortened(&code.source)))
    }

    fn affordable(&self, code: &Code) -> Result<(), String> {
        if code.cost.exponent == 0 || code.cost.allows(self.elements) {
            return Ok(());
        }
        Err(format!("“{}”的计算量过大", crate::expression::shortened(&code.source)))
    }

    /// What a column looks at, computed once for all rows.
    fn reference(&mut self, column: &Code, known: &mut Option<Variable>) -> Option<Variable> {
        if known.is_none() {
            *known = self.value(column).ok();
        }
        known.clone()
    }

    /// The outcome names the values of all columns, also of those its own row does not test: rows before it did.
    fn look_at_all(&mut self, table: &Table, references: &mut [Option<Variable>]) {
        for (column, known) in table.columns.iter().zip(references) {
            if let Some(column) = column {
                self.reference(column, known);
            }
        }
    }

    /// Whether all cells of a row hold. A cell that does not fit the value at hand does not hold.
    fn holds(&mut self, table: &Table, row: &Row, references: &mut [Option<Variable>]) -> bool {
        table.columns.iter().zip(&row.tests).zip(references).all(|((column, test), reference)| {
            let Some(test) = test else { return true };
            if self.affordable(test).is_err() {
                return false;
            }
            let Some(column) = column else {
                return self.value(test).ok().and_then(|value| value.as_bool()).unwrap_or(false);
            };
            let Some(value) = self.reference(column, reference) else { return false };
            self.isolate.set_reference_value(value).is_ok()
                && self.isolate.run_unary_compiled(&test.opcodes).unwrap_or(false)
        })
    }
}

/// The merged results of the sources that were passed; the decision's own input for an input node. `None`
/// when no way led here.
fn incoming(node: &Node, input: &Variable, passed: &[Option<Passed>]) -> Option<Variable> {
    if matches!(node.work, Work::Input) {
        return Some(input.clone());
    }
    let mut taken = node.sources.iter().filter_map(|source| {
        let from = passed[source.node].as_ref()?;
        let open = source.statement.as_ref().is_none_or(|statement| from.statements.contains(statement));
        open.then_some(&from.output)
    });
    let first = taken.next()?;
    let first = match first {
        Variable::Object(_) | Variable::Array(_) => first.clone(),
        _ => Variable::empty_object(),
    };
    Some(taken.fold(first, |mut merged, output| merged.merge_clone(output)))
}

fn merged_ends(graph: &Graph, passed: &[Option<Passed>]) -> Variable {
    let ends = graph.nodes.iter().zip(passed).filter(|(node, _)| !node.feeds);
    let ends = ends.filter_map(|(_, passed)| passed.as_ref());
    ends.fold(Variable::empty_object(), |mut merged, end| merged.merge_clone(&end.output))
}

fn named(graph: &Graph, passed: &[Option<Passed>]) -> Variable {
    let nodes = Variable::empty_object();
    if let Variable::Object(map) = &nodes {
        let mut map = map.borrow_mut();
        for (node, passed) in graph.nodes.iter().zip(passed) {
            if let Some(passed) = passed {
                map.insert(Symbol::from(&*node.title), passed.output.clone());
            }
        }
    }
    nodes
}

fn held(switch: &Switch, scene: &Scene) -> Result<Vec<std::sync::Arc<str>>, String> {
    let mut desk = Desk::new(scene);
    let mut held = Vec::new();
    for (id, condition) in &switch.statements {
        let holds = match condition {
            None => true,
            Some(code) => desk.value(code)?.as_bool().unwrap_or(false),
        };
        if holds {
            held.push(id.clone());
            if !switch.all_that_hold {
                break;
            }
        }
    }
    Ok(held)
}

fn assign(assignments: &[Assignment], scene: &Scene) -> Result<Variable, String> {
    let mut desk = Desk::new(scene);
    let result = Variable::empty_object();
    for assignment in assignments {
        // What was assigned before is `$`; a copy keeps it from holding itself.
        let value = desk.value(&assignment.value)?.deep_clone();
        desk.isolate.insert_dollar(&assignment.key, value.clone());
        result.dot_insert(&assignment.key, value);
    }
    Ok(result)
}

/// Does a node's work on its part of the input, once or for each element, and puts the result in its place.
fn framed(
    frame: &Frame,
    scene: &Scene,
    mut work: impl FnMut(&Scene) -> Result<Variable, String>,
) -> Result<Variable, String> {
    let part = match &frame.input {
        None => scene.input.clone(),
        Some(code) => Desk::new(scene).value(code)?,
    };
    let mut on = |input: Variable| work(&Scene { input, nodes: scene.nodes.clone() });
    let mut output = if frame.for_each {
        let elements = part.as_array().ok_or("应为列表")?;
        let mut outputs = Vec::new();
        for element in elements.borrow().iter() {
            let output = on(element.clone())?;
            outputs.push(if frame.pass_through { element.clone().merge_clone(&output) } else { output });
        }
        Variable::from_array(outputs)
    } else {
        on(part)?
    };
    if let Some(path) = &frame.output_path {
        let placed = Variable::empty_object();
        placed.dot_insert(path, output);
        output = placed;
    }
    Ok(if frame.pass_through { scene.input.clone().merge_clone(&output) } else { output })
}

fn matched(
    table: &Table,
    title: &str,
    index: usize,
    row: &Row,
    references: &[Option<Variable>],
) -> MatchedRow {
    let mut inputs = Map::new();
    for (column, reference) in table.columns.iter().zip(references) {
        if let Some(column) = column {
            let value = reference.as_ref().map_or(Value::Null, to_json);
            inputs.insert(column.source.to_string(), value);
        }
    }
    MatchedRow {
        node: title.to_owned(),
        index,
        row_id: row.id.to_string(),
        description: row.description.as_ref().map(ToString::to_string),
        inputs,
    }
}
