//! Checks of all processes before a catalog is published.

use anju_decisions::Expression;
use anju_definitions::{Catalog, Effect, Process};
use serde_json::Value;

use crate::bpmn::{self, Graph, Kind};

/// What is wrong with a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct CheckProblem {
    /// Key of the process.
    pub process: String,
    /// Id of the BPMN element, if it is about one.
    pub element: Option<String>,
    /// Line in the BPMN file; absent when the fault is in the bindings.
    pub line: Option<u32>,
    pub cause: String,
}

impl CheckProblem {
    fn text(&self) -> String {
        match (self.line, &self.element) {
            (Some(line), _) => format!("{}.bpmn:{line}: {}", self.process, self.cause),
            (None, Some(element)) => format!("{}: {element}: {}", self.process, self.cause),
            (None, None) => format!("{}: {}", self.process, self.cause),
        }
    }
}

/// Diagrams, bindings and expressions of all processes of a catalog.
pub fn check(catalog: &Catalog) -> Vec<CheckProblem> {
    catalog.processes.values().flat_map(|process| check_process(catalog, process)).collect()
}

fn check_process(catalog: &Catalog, process: &Process) -> Vec<CheckProblem> {
    let key = &process.process;
    let graph = match bpmn::parse(&process.xml) {
        Ok(graph) => graph,
        Err(errors) => {
            let problem = |error: bpmn::DiagramError| CheckProblem {
                process: key.clone(),
                element: error.element,
                line: Some(error.line),
                cause: error.cause,
            };
            return errors.into_iter().map(problem).collect();
        }
    };
    let mut found = Found { process: key, problems: Vec::new() };
    found.bindings(process, &graph);
    found.steps(catalog, process, &graph);
    found.expressions(process, &graph);
    found.problems
}

struct Found<'a> {
    process: &'a str,
    problems: Vec<CheckProblem>,
}

impl Found<'_> {
    fn say(&mut self, element: &str, cause: impl Into<String>) {
        self.problems.push(CheckProblem {
            process: self.process.to_owned(),
            element: Some(element.to_owned()),
            line: None,
            cause: cause.into(),
        });
    }

    fn bindings(&mut self, process: &Process, graph: &Graph) {
        for element in graph.elements.values() {
            match element.kind {
                Kind::UserTask if !process.steps.contains_key(&element.id) => {
                    self.say(&element.id, "流程图中的人工环节没有在 steps 中说明");
                }
                Kind::ServiceTask if !process.services.contains_key(&element.id) => {
                    self.say(&element.id, "流程图中的自动环节没有在 services 中说明");
                }
                Kind::ServiceTask if !element.boundary.is_empty() => {
                    let waits = process.services.get(&element.id).is_some_and(|service| {
                        service.wait || service.effects.iter().any(|e| matches!(e, Effect::Command { .. }))
                    });
                    if !waits {
                        self.say(&element.id, "不等待的自动环节上不能有定时器");
                    }
                }
                _ => {}
            }
        }
        let is = |id: &String, test: fn(&Kind) -> bool| {
            graph.element(id).is_some_and(|element| test(&element.kind))
        };
        for id in process.steps.keys().filter(|id| !is(id, |kind| *kind == Kind::UserTask)) {
            self.say(id, "流程图中没有这个人工环节");
        }
        for id in process.services.keys().filter(|id| !is(id, |kind| *kind == Kind::ServiceTask)) {
            self.say(id, "流程图中没有这个自动环节");
        }
        for id in process.ends.keys().filter(|id| !is(id, |kind| matches!(kind, Kind::End { .. }))) {
            self.say(id, "流程图中没有这个结束事件");
        }
    }

    fn steps(&mut self, catalog: &Catalog, process: &Process, graph: &Graph) {
        let fields = catalog.entity(&process.entity).map(|entity| &entity.fields);
        if fields.is_none() {
            self.say(&process.process, format!("没有实体“{}”", process.entity));
        }
        for (id, step) in &process.steps {
            if step.roles.is_empty() {
                self.say(id, "没有办理角色");
            }
            for role in step.roles.iter().filter(|role| catalog.role(role).is_none()) {
                self.say(id, format!("没有角色“{role}”"));
            }
            if step.outcomes.is_empty() {
                self.say(id, "没有办理结果");
            }
            for target in step.return_to.iter().chain(&step.not_by) {
                if graph.element(target).is_none_or(|element| element.kind != Kind::UserTask) {
                    self.say(id, format!("没有人工环节“{target}”"));
                }
            }
            for (name, field) in &step.form {
                if field.variable.is_none() && fields.is_some_and(|fields| !fields.contains_key(name)) {
                    self.say(id, format!("实体没有字段“{name}”"));
                }
                for outcome in field.outcomes.iter().filter(|key| !step.outcomes.contains_key(*key)) {
                    self.say(id, format!("填写项“{name}”：没有办理结果“{outcome}”"));
                }
            }
        }
    }

    fn expressions(&mut self, process: &Process, graph: &Graph) {
        for flow in graph.flows.values() {
            self.compiles(&flow.id, flow.condition.as_deref());
        }
        for element in graph.elements.values() {
            if let Kind::TimerCatch { timer } | Kind::BoundaryTimer { timer, .. } = &element.kind {
                self.compiles(&element.id, timer.expression());
            }
        }
        for (id, step) in &process.steps {
            self.effects(id, &step.on_enter);
            for outcome in step.outcomes.values() {
                self.compiles(id, outcome.when.as_deref());
                self.effects(id, &outcome.effects);
            }
            for field in step.form.values() {
                field.default.iter().for_each(|value| self.value(id, value));
            }
        }
        for (id, service) in &process.services {
            self.effects(id, &service.effects);
        }
        for (id, effects) in &process.ends {
            self.effects(id, effects);
        }
        if let Some(withdraw) = &process.withdraw {
            self.effects("withdraw", &withdraw.effects);
        }
    }

    fn effects(&mut self, id: &str, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Set(values)
                | Effect::Create { values, .. }
                | Effect::Call { values, .. }
                | Effect::Command { values, .. } => values.values().for_each(|value| self.value(id, value)),
                Effect::Start { .. }
                | Effect::Complete { .. }
                | Effect::Message(_)
                | Effect::Document { .. }
                | Effect::Decide { .. } => {}
            }
        }
    }

    fn value(&mut self, id: &str, value: &Value) {
        if let Some(source) = value.as_str().and_then(|text| text.strip_prefix('=')) {
            self.compiles(id, Some(source));
        }
    }

    fn compiles(&mut self, id: &str, source: Option<&str>) {
        if let Some(Err(cause)) = source.map(Expression::compile) {
            self.say(id, cause.to_string());
        }
    }
}
