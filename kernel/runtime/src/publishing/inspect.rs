//! Whether a set of definitions can be used: shape, references, diagrams, decisions with their cases, expressions, and
//! that the program has every command they name.

use std::collections::HashSet;

use anju_decisions::{Decisions, Expression};
use anju_definitions::{Catalog, Effect, Kind, Place, Problem, Source, expressions, load};

/// What is wrong with the definitions, one line for each problem: `file:line: message`.
#[derive(Debug, Default)]
pub struct DefinitionReport {
    pub definitions: usize,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

/// What the program itself brings, for definitions to fit.
#[derive(Debug, Default)]
pub(crate) struct Inspector {
    pub commands: HashSet<String>,
    /// Tables of the kernel: an entity must not have one of their names.
    pub tables: HashSet<String>,
}

/// Definitions that were looked at.
pub(crate) struct Inspected {
    pub catalog: Catalog,
    pub decisions: Decisions,
    /// In the order of file and line.
    pub problems: Vec<Problem>,
}

impl Inspected {
    pub(crate) fn is_sound(&self) -> bool {
        !self.problems.iter().any(Problem::is_error)
    }

    pub(crate) fn report(&self, definitions: usize) -> DefinitionReport {
        let mut report = DefinitionReport { definitions, ..DefinitionReport::default() };
        for problem in &self.problems {
            let list = if problem.is_error() { &mut report.errors } else { &mut report.warnings };
            list.push(problem.to_string());
        }
        report
    }
}

pub(crate) fn inspect(inspector: &Inspector, sources: &[Source]) -> Inspected {
    let (catalog, mut problems) = load(sources);
    let decisions = Decisions::from(&catalog);
    for problem in decisions.problems() {
        let place = place(&catalog, Kind::Decision, &problem.decision, "");
        problems.push(Problem::error(&place.file, place.line, "decision", problem.to_string()));
    }
    for problem in anju_process::check(&catalog) {
        let place = place(&catalog, Kind::Process, &problem.process, "");
        problems.push(Problem::error(&place.file, place.line, "process", problem.to_string()));
    }
    for (place, command) in named_commands(&catalog) {
        if !inspector.commands.contains(command) {
            let message = format!("没有命令“{command}”：命令由程序提供，不能在定义中新增");
            problems.push(Problem::error(&place.file, place.line, "no_command", message));
        }
    }
    for placed in expressions(&catalog) {
        if let Err(error) = Expression::compile(&placed.text) {
            problems.push(placed.problem(&error.to_string()));
        }
    }
    for key in catalog.entities.keys().filter(|key| inspector.tables.contains(&key.replace('.', "_"))) {
        let place = place(&catalog, Kind::Entity, key, "entity");
        let message = format!("“{key}”与平台自身的数据表重名，请换一个名称");
        problems.push(Problem::error(&place.file, place.line, "table_name", message));
    }
    problems
        .sort_by(|a, b| (&a.file, a.line, a.code, &a.message).cmp(&(&b.file, b.line, b.code, &b.message)));
    problems.dedup();
    Inspected { catalog, decisions, problems }
}

fn place(catalog: &Catalog, kind: Kind, key: &str, path: &str) -> Place {
    catalog.place(kind, key, path).unwrap_or_else(|| Place { file: key.to_owned(), line: 1 })
}

/// Every command that an effect of a definition names, with its place.
fn named_commands(catalog: &Catalog) -> Vec<(Place, &str)> {
    let of_actions = catalog.entities.iter().flat_map(|(key, entity)| {
        entity.actions.iter().flat_map(move |(name, action)| {
            action.effects.iter().map(move |effect| (Kind::Entity, key, format!("actions/{name}"), effect))
        })
    });
    let of_processes = catalog.processes.iter().flat_map(|(key, process)| {
        let steps = process.steps.values().flat_map(|step| {
            step.on_enter.iter().chain(step.outcomes.values().flat_map(|outcome| &outcome.effects))
        });
        let services = process.services.values().flat_map(|service| &service.effects);
        let ends = process.ends.values().flatten();
        let withdraw = process.withdraw.iter().flat_map(|withdraw| &withdraw.effects);
        let all = steps.chain(services).chain(ends).chain(withdraw);
        all.map(move |effect| (Kind::Process, key, String::new(), effect))
    });
    of_actions
        .chain(of_processes)
        .filter_map(|(kind, key, path, effect)| match effect {
            Effect::Command { command, .. } => Some((place(catalog, kind, key, &path), command.as_str())),
            _ => None,
        })
        .collect()
}
