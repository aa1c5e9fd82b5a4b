//! Every ZEN expression of a catalog with its place, so that whoever knows the language can compile them.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::Value;

use crate::bpmn::Bpmn;
use crate::catalog::Origin;
use crate::{Catalog, Effect, Field, Filter, Kind, PageBody, Place, Problem, Rule, Section};

/// An expression without its leading `=`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedExpression<'a> {
    pub place: Place,
    pub text: Cow<'a, str>,
}

impl PlacedExpression<'_> {
    /// The problem that the expression does not compile.
    pub fn problem(&self, cause: &str) -> Problem {
        Problem::error(
            &self.place.file,
            self.place.line,
            "expression",
            format!("表达式“{}”不合法：{cause}", self.text),
        )
    }
}

/// All expressions of all definitions, gateway conditions and timers of BPMN files included; those inside
/// decision graphs are not.
pub fn expressions(catalog: &Catalog) -> Vec<PlacedExpression<'_>> {
    let mut all = Collector { catalog, found: Vec::new(), origin: None };
    all.entities();
    all.pages();
    all.processes();
    for (key, document) in &catalog.documents {
        all.begin(Kind::Document, key);
        all.values("data", &document.data);
    }
    for (key, connector) in &catalog.connectors {
        all.begin(Kind::Connector, key);
        for (name, operation) in &connector.operations {
            let ready = operation.deferred.as_ref().map(|deferred| deferred.ready.as_str());
            all.add(&format!("operations/{name}/deferred/ready"), ready);
        }
    }
    all.found
}

struct Collector<'a> {
    catalog: &'a Catalog,
    found: Vec<PlacedExpression<'a>>,
    origin: Option<&'a Origin>,
}

impl<'a> Collector<'a> {
    fn begin(&mut self, kind: Kind, key: &str) {
        self.origin = self.catalog.origins.get(&(kind, key.to_owned()));
    }

    fn add(&mut self, path: &str, text: Option<&'a str>) {
        let (Some(text), Some(origin)) = (text, self.origin) else { return };
        let place = origin.place(path);
        self.found.push(PlacedExpression { place, text: Cow::Borrowed(text) });
    }

    fn entities(&mut self) {
        for (key, entity) in &self.catalog.entities {
            self.begin(Kind::Entity, key);
            for (name, field) in &entity.fields {
                self.field(&format!("fields/{name}"), field);
            }
            for (index, rule) in entity.rules.iter().enumerate() {
                self.rule(&format!("rules/{index}"), rule);
            }
            for (name, action) in &entity.actions {
                let path = format!("actions/{name}");
                self.add(&format!("{path}/when"), action.when.as_deref());
                for (input, field) in &action.input {
                    self.field(&format!("{path}/input/{input}"), field);
                }
                self.effects(&format!("{path}/effects"), &action.effects);
            }
        }
    }

    fn pages(&mut self) {
        for (key, page) in &self.catalog.pages {
            self.begin(Kind::Page, key);
            match &page.body {
                PageBody::Form(form) => self.sections("sections", &form.sections),
                PageBody::Detail(detail) => {
                    for (index, tab) in detail.tabs.iter().enumerate() {
                        self.sections(&format!("tabs/{index}/sections"), &tab.sections);
                    }
                    self.add("edit_when", detail.edit_when.as_deref());
                }
                PageBody::List(_) | PageBody::Dashboard(_) | PageBody::Tasks(_) => {}
            }
        }
    }

    fn sections(&mut self, path: &str, sections: &'a [Section]) {
        for (index, section) in sections.iter().enumerate() {
            self.add(&format!("{path}/{index}/visible_when"), section.visible_when.as_deref());
        }
    }

    fn processes(&mut self) {
        for (key, process) in &self.catalog.processes {
            self.begin(Kind::Process, key);
            if let Some(withdraw) = &process.withdraw {
                self.effects("withdraw/effects", &withdraw.effects);
            }
            for (name, step) in &process.steps {
                let path = format!("steps/{name}");
                self.effects(&format!("{path}/on_enter"), &step.on_enter);
                for (index, people) in step.candidates.iter().enumerate() {
                    let path = format!("{path}/candidates/{index}");
                    self.add(&format!("{path}/district"), people.district.as_deref());
                    self.add(&format!("{path}/list"), people.list.as_deref());
                }
                for (input, field) in &step.form {
                    let path = format!("{path}/form/{input}");
                    if let Some(variable) = &field.variable {
                        self.field(&format!("{path}/variable"), variable);
                    }
                    if let Some(default) = &field.default {
                        self.value(&format!("{path}/default"), default);
                    }
                }
                for (outcome, it) in &step.outcomes {
                    let path = format!("{path}/outcomes/{outcome}");
                    self.add(&format!("{path}/when"), it.when.as_deref());
                    self.effects(&format!("{path}/effects"), &it.effects);
                }
            }
            for (name, service) in &process.services {
                self.effects(&format!("services/{name}/effects"), &service.effects);
            }
            for (name, effects) in &process.ends {
                self.effects(&format!("ends/{name}"), effects);
            }
            self.bpmn(&process.bpmn, &process.xml);
        }
    }

    fn bpmn(&mut self, file: &str, xml: &str) {
        // A file that cannot be read is a problem of its own.
        let (Some(origin), Ok(bpmn)) = (self.origin, Bpmn::read(xml)) else { return };
        let file = origin.beside(file);
        let conditions = bpmn.flows.into_iter().filter_map(|flow| Some((flow.line, flow.condition?)));
        let timers = bpmn.timers.into_iter().filter(|(_, text)| text.starts_with('='));
        for (line, text) in conditions.chain(timers) {
            let text = text.strip_prefix('=').unwrap_or(&text).trim().to_owned();
            self.found
                .push(PlacedExpression { place: Place { file: file.clone(), line }, text: Cow::Owned(text) });
        }
    }

    fn field(&mut self, path: &str, field: &'a Field) {
        self.add(&format!("{path}/required_when"), field.required_when.as_deref());
        self.add(&format!("{path}/visible_when"), field.visible_when.as_deref());
        self.add(&format!("{path}/read_only_when"), field.read_only_when.as_deref());
        self.add(&format!("{path}/expression"), field.expression.as_deref());
        if let Some(default) = &field.default {
            self.value(&format!("{path}/default"), default);
        }
    }

    fn rule(&mut self, path: &str, rule: &'a Rule) {
        self.add(&format!("{path}/when"), rule.when.as_deref());
        self.add(&format!("{path}/check"), rule.check.as_deref());
        if let Some((_, filter, _)) = rule.others() {
            self.filter(&format!("{path}/{}/where", rule.others_key()), filter);
        }
    }

    fn filter(&mut self, path: &str, filter: &'a Filter) {
        let (name, all) = match filter {
            Filter::And { and } => ("and", and),
            Filter::Or { or } => ("or", or),
            Filter::Not { not } => return self.filter(&format!("{path}/not"), not),
            Filter::Test(test) => return self.value(&format!("{path}/value"), &test.value),
            Filter::Has(rows) => {
                let Some(filter) = &rows.filter else { return };
                return self.filter(&format!("{path}/where"), filter);
            }
        };
        for (index, one) in all.iter().enumerate() {
            self.filter(&format!("{path}/{name}/{index}"), one);
        }
    }

    fn effects(&mut self, path: &str, effects: &'a [Effect]) {
        for (index, effect) in effects.iter().enumerate() {
            let path = format!("{path}/{index}");
            match effect {
                Effect::Set(values) => self.values(&format!("{path}/set"), values),
                Effect::Create { values, .. } => self.values(&format!("{path}/create/values"), values),
                Effect::Call { values, .. } => self.values(&format!("{path}/call/values"), values),
                Effect::Command { values, .. } => self.values(&format!("{path}/command/values"), values),
                Effect::Start { .. }
                | Effect::Complete { .. }
                | Effect::Message(_)
                | Effect::Document { .. }
                | Effect::Decide { .. } => {}
            }
        }
    }

    fn values(&mut self, path: &str, values: &'a IndexMap<String, Value>) {
        for (name, value) in values {
            self.value(&format!("{path}/{name}"), value);
        }
    }

    fn value(&mut self, path: &str, value: &'a Value) {
        match value {
            Value::String(text) => self.add(path, text.strip_prefix('=').map(str::trim)),
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, item)| self.value(&format!("{path}/{index}"), item));
            }
            Value::Object(entries) => {
                entries.iter().for_each(|(key, item)| self.value(&format!("{path}/{key}"), item));
            }
            _ => {}
        }
    }
}
