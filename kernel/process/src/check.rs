//! Checks of all processes before a catalog is published.

use anju_decisions::Expression;
use anju_definitions::{Catalog, CountersignRule, Effect, Process};
use serde_json::Value;

use crate::bpmn::{self, Element, Graph, Kind, Timer, Trigger};
use crate::commands::STARTER;

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
    found.bindings(catalog, process, &graph);
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

    fn bindings(&mut self, catalog: &Catalog, process: &Process, graph: &Graph) {
        for element in graph.elements.values() {
            match &element.kind {
                Kind::UserTask if !process.steps.contains_key(&element.id) => {
                    self.say(&element.id, "流程图中的人工环节没有在 steps 中说明");
                }
                Kind::Service if !process.services.contains_key(&element.id) => {
                    self.say(&element.id, "流程图中的自动环节没有在 services 中说明");
                }
                Kind::Service if !element.boundary.is_empty() => {
                    self.waiting_service(process, graph, element)
                }
                Kind::Call(called) => {
                    let binding = process.calls.get(&element.id);
                    let called = binding.and_then(|binding| binding.process.as_ref()).unwrap_or(called);
                    self.called(catalog, process, &element.id, called);
                }
                Kind::Start { trigger: Trigger::Timer(timer), .. } if element.scope.is_none() => {
                    if !process.starts.contains_key(&element.id) {
                        self.say(&element.id, "定时开始的流程应在 starts 中写明对哪些记录");
                    }
                    if !matches!(timer, Timer::At(_) | Timer::Cycle { times: None, .. }) {
                        self.say(&element.id, "流程应在某个日期或按不限次数的周期开始");
                    }
                }
                _ => {}
            }
            self.repeated(process, element);
        }
        type Of = fn(&Kind) -> bool;
        let tells: Of = |kind| matches!(kind, Kind::Service | Kind::Throw(_));
        let calls: Of = |kind| matches!(kind, Kind::Call(_));
        let timed: Of = |kind| matches!(kind, Kind::Start { trigger: Trigger::Timer(_), .. });
        let ends: Of = |kind| matches!(kind, Kind::End(_));
        let people: Of = |kind| *kind == Kind::UserTask;
        let bound: [(Vec<&String>, Of, &str); 5] = [
            (process.steps.keys().collect(), people, "流程图中没有这个人工环节"),
            (process.services.keys().collect(), tells, "流程图中没有这个自动环节"),
            (process.calls.keys().collect(), calls, "流程图中没有这个调用活动"),
            (process.starts.keys().collect(), timed, "流程图中没有这个定时开始事件"),
            (process.ends.keys().collect(), ends, "流程图中没有这个结束事件"),
        ];
        for (ids, is, cause) in bound {
            for id in ids.into_iter().filter(|id| !graph.element(id).is_some_and(|at| is(&at.kind))) {
                self.say(id, cause);
            }
        }
        for id in process.variables.keys().filter(|id| !graph.variables.contains_key(*id)) {
            self.say(id, "流程图中没有这个数据对象");
        }
    }

    /// A service that is done at once has no time for events on it; errors it may throw all the same.
    fn waiting_service(&mut self, process: &Process, graph: &Graph, element: &Element) {
        let waits = process.services.get(&element.id).is_some_and(|service| {
            service.wait || service.effects.iter().any(|e| matches!(e, Effect::Command { .. }))
        });
        let throws_only = element
            .boundary
            .iter()
            .filter_map(|id| graph.element(id))
            .all(|event| matches!(event.trigger(), Some(Trigger::Error(_) | Trigger::Escalation(_))));
        if !waits && !throws_only {
            self.say(&element.id, "不等待的自动环节上不能有定时器");
        }
    }

    fn called(&mut self, catalog: &Catalog, process: &Process, element: &str, called: &str) {
        let Some(other) = catalog.process(called) else {
            return self.say(element, format!("没有流程“{called}”"));
        };
        if bpmn::parse(&other.xml).is_ok_and(|graph| graph.start.is_none()) {
            self.say(element, format!("流程“{called}”只能由事件开始，不能调用"));
        }
        let other_record = process.calls.get(element).is_some_and(|binding| binding.record.is_some());
        if other.entity != process.entity && !other_record {
            self.say(element, format!("流程“{called}”办理“{}”，应在 calls 中写明哪条记录", other.entity));
        }
        if calls_itself(catalog, &process.process) {
            self.say(element, "流程不能直接或间接调用自身");
        }
    }

    fn repeated(&mut self, process: &Process, element: &Element) {
        let signs = process.steps.get(&element.id).and_then(|step| step.countersign.as_ref());
        match (&element.repeat, signs) {
            (None, Some(_)) => self.say(&element.id, "会签环节在流程图中应为多实例"),
            (Some(repeat), _)
                if repeat.each.is_none()
                    && repeat.times.is_none()
                    && signs.is_none_or(|rule| rule.each.is_none()) =>
            {
                self.say(&element.id, "多实例应写明次数、集合或会签人");
            }
            _ => {}
        }
        let Some((rule, step)) = signs.zip(process.steps.get(&element.id)) else { return };
        for outcome in [&rule.pass, &rule.fail].into_iter().filter(|key| !step.outcomes.contains_key(*key)) {
            self.say(&element.id, format!("没有办理结果“{outcome}”"));
        }
        let share = rule.share.filter(|share| *share > 0.0 && *share <= 1.0);
        if (rule.rule == CountersignRule::Share) != share.is_some() {
            self.say(&element.id, "按比例会签应写明比例，大于 0、不超过 1；其他会签不写");
        }
    }

    fn steps(&mut self, catalog: &Catalog, process: &Process, graph: &Graph) {
        let fields = catalog.entity(&process.entity).map(|entity| &entity.fields);
        if fields.is_none() {
            self.say(&process.process, format!("没有实体“{}”", process.entity));
        }
        for (id, step) in &process.steps {
            let by_others = step.countersign.is_some() || !step.candidates.is_empty();
            if step.roles.is_empty() && !by_others && process.correction.as_ref() != Some(id) {
                self.say(id, "没有办理角色");
            }
            for of in step.candidates.iter().filter_map(|people| people.of.as_ref()) {
                if graph.element(of).is_none_or(|element| element.kind != Kind::UserTask) {
                    self.say(id, format!("没有人工环节“{of}”"));
                }
            }
            for role in step.roles.iter().filter(|role| catalog.role(role).is_none()) {
                self.say(id, format!("没有角色“{role}”"));
            }
            if step.outcomes.is_empty() {
                self.say(id, "没有办理结果");
            }
            for target in step.return_to.iter().chain(&step.not_by) {
                let target = process.correction.as_ref().filter(|_| target == STARTER).unwrap_or(target);
                if graph.element(target).is_none_or(|element| element.kind != Kind::UserTask) {
                    self.say(id, format!("没有人工环节“{target}”"));
                }
            }
            for target in step.return_to.iter().filter(|target| is_elsewhere(graph, id, target)) {
                self.say(id, format!("“{target}”在另一子流程中，不能退回"));
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
            match element.trigger() {
                Some(Trigger::Timer(timer)) => self.compiles(&element.id, timer.expression()),
                Some(Trigger::Condition(source)) => self.compiles(&element.id, Some(source)),
                _ => {}
            }
            if let Some(repeat) = &element.repeat {
                for source in [&repeat.times, &repeat.each, &repeat.until] {
                    self.compiles(&element.id, source.as_deref());
                }
            }
        }
        for (id, step) in &process.steps {
            self.effects(id, &step.on_enter);
            for people in &step.candidates {
                self.compiles(id, people.district.as_deref());
                self.compiles(id, people.list.as_deref());
            }
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
        for (id, call) in &process.calls {
            self.compiles(
                id,
                call.record.as_deref().map(|source| source.strip_prefix('=').unwrap_or(source)),
            );
            call.vars.values().for_each(|value| self.value(id, value));
        }
        for (name, source) in &process.messages {
            self.compiles(name, Some(source.strip_prefix('=').unwrap_or(source)));
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

/// Whether an element is in a sub-process that the step is not in.
fn is_elsewhere(graph: &Graph, step: &str, target: &str) -> bool {
    let (Some(step), Some(target)) = (graph.element(step), graph.element(target)) else { return false };
    target.scope.is_some() && !graph.scopes_of(step).any(|around| Some(&around.id) == target.scope.as_ref())
}

/// Whether calls lead from a process back to it.
fn calls_itself(catalog: &Catalog, key: &str) -> bool {
    let (mut seen, mut waiting) = (Vec::new(), vec![key.to_owned()]);
    while let Some(at) = waiting.pop() {
        let Some(process) = catalog.process(&at) else { continue };
        let Ok(graph) = bpmn::parse(&process.xml) else { continue };
        for (id, element) in &graph.elements {
            let Kind::Call(called) = &element.kind else { continue };
            let called = process.calls.get(id).and_then(|binding| binding.process.as_ref()).unwrap_or(called);
            if called == key {
                return true;
            }
            if !seen.contains(called) {
                seen.push(called.clone());
                waiting.push(called.clone());
            }
        }
    }
    false
}
