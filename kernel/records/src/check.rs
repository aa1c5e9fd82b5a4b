//! Expressions of entities against their fields: what only whoever knows the expression language can check.

use std::collections::HashSet;

use anju_decisions::Expression;
use anju_definitions::{Catalog, Entity, Field, FieldType, Filter, Kind, Place, Problem};
use serde_json::Value;

use crate::plan::Formula;

/// Names that are no fields of the record.
const AROUND: [&str; 3] = ["today", "actor", "record"];

/// What is wrong with the expressions of the catalog's entities. Those that do not compile are told elsewhere.
pub fn check(catalog: &Catalog) -> Vec<Problem> {
    let mut problems = Vec::new();
    for entity in catalog.entities.values() {
        let mut at = Checking { catalog, entity, problems: &mut problems };
        at.fields();
        at.rules();
        at.circles();
    }
    problems
}

struct Checking<'a> {
    catalog: &'a Catalog,
    entity: &'a Entity,
    problems: &'a mut Vec<Problem>,
}

impl Checking<'_> {
    fn error(&mut self, path: &str, code: &'static str, message: String) {
        let place = self.catalog.place(Kind::Entity, &self.entity.entity, path);
        let Place { file, line } = place.unwrap_or(Place { file: self.entity.entity.clone(), line: 1 });
        self.problems.push(Problem::error(&file, line, code, message));
    }

    fn fields(&mut self) {
        for (name, field) in &self.entity.fields {
            let conditions = [
                ("required_when", &field.required_when),
                ("visible_when", &field.visible_when),
                ("read_only_when", &field.read_only_when),
            ];
            for (attribute, condition) in conditions {
                if let Some(condition) = condition {
                    self.names(&format!("fields/{name}/{attribute}"), condition);
                }
            }
            if let Some(expression) =
                field.expression.as_deref().filter(|_| field.field_type == FieldType::Computed)
            {
                let path = format!("fields/{name}/expression");
                self.names(&path, expression);
                self.computed(&path, field, expression);
            }
        }
    }

    fn rules(&mut self) {
        for (index, rule) in self.entity.rules.iter().enumerate() {
            let path = format!("rules/{index}");
            for (attribute, text) in [("when", &rule.when), ("check", &rule.check)] {
                if let Some(text) = text {
                    self.names(&format!("{path}/{attribute}"), text);
                }
            }
            if let Some((_, filter, _)) = rule.others() {
                self.operands(&format!("{path}/{}", rule.others_key()), filter);
            }
        }
    }

    fn operands(&mut self, path: &str, filter: &Filter) {
        match filter {
            Filter::And { and: all } | Filter::Or { or: all } => {
                all.iter().for_each(|filter| self.operands(path, filter));
            }
            Filter::Not { not } => self.operands(path, not),
            Filter::Has(rows) => rows.filter.iter().for_each(|filter| self.operands(path, filter)),
            Filter::Test(test) => {
                let values = test.value.as_array().map_or(std::slice::from_ref(&test.value), Vec::as_slice);
                for text in values.iter().filter_map(Value::as_str).filter_map(|text| text.strip_prefix('='))
                {
                    self.names(path, text);
                }
            }
        }
    }

    /// Every name is a field, a child table or one of those around the record, and no field is looked through.
    fn names(&mut self, path: &str, source: &str) {
        let Ok(expression) = Expression::compile(source) else { return };
        for variable in expression.variables() {
            let variable = variable.strip_prefix("record.").unwrap_or(&variable);
            let (name, inside) =
                variable.split_once('.').map_or((variable, None), |(name, rest)| (name, Some(rest)));
            let field = self.entity.fields.get(name);
            let table = self.catalog.child(&self.entity.entity, name).is_some();
            if field.is_none() && !table && !AROUND.contains(&name) {
                let message = format!("表达式中的“{name}”不是“{}”的字段", self.entity.title);
                self.error(path, "expression_name", message);
            } else if inside.is_some() && field.is_some_and(|field| field.to.is_some()) {
                let message = format!("表达式不能经过引用“{name}”取其他记录的值");
                self.error(path, "expression_name", message);
            }
        }
    }

    /// What is kept must not depend on when it was worked out; what is worked out on reading has the record's own
    /// stored fields only; neither lets out what is sealed.
    fn computed(&mut self, path: &str, field: &Field, source: &str) {
        let Ok(formula) = Formula::compile(source) else { return };
        for name in &formula.names {
            let read = self.entity.fields.get(name);
            let table = self.catalog.child(&self.entity.entity, name).is_some();
            let what = match name.as_str() {
                "actor" => Some("不能随查看人变化，不能使用 actor"),
                "today" if field.stored => Some("保存的计算值不能随日期变化，不能使用 today"),
                _ if table && !field.stored => Some("即时计算不能使用子表，请加 stored: true"),
                _ if read.is_some_and(|read| read.sensitive) && !field.sensitive => {
                    Some("使用了加密字段，计算字段也须加密（sensitive: true, stored: true）")
                }
                _ => None,
            };
            if let Some(what) = what {
                self.error(path, "computed", what.to_owned());
            }
        }
    }

    /// No computed field reads itself, through whatever others.
    fn circles(&mut self) {
        let read_by = |name: &str| -> Vec<String> {
            let expression = self.entity.fields.get(name).and_then(|field| field.expression.as_deref());
            expression
                .and_then(|source| Formula::compile(source).ok())
                .map_or_else(Vec::new, |formula| formula.names)
        };
        let mut circular = Vec::new();
        for name in self.entity.fields.keys() {
            let (mut open, mut passed) = (read_by(name), HashSet::new());
            while let Some(read) = open.pop() {
                if read == *name {
                    circular.push(name.clone());
                    break;
                }
                if passed.insert(read.clone()) {
                    open.extend(read_by(&read));
                }
            }
        }
        for name in circular {
            self.error(&format!("fields/{name}/expression"), "computed", format!("“{name}”的计算绕回了自身"));
        }
    }
}

#[cfg(test)]
mod tests {
    use anju_definitions::{Source, load};

    fn problems(fields: &str) -> Vec<String> {
        let text = format!("entity: t.thing\ntitle: 物\ndisplay: 物\n{fields}");
        let child = "entity: t.part\ntitle: 件\ndisplay: 件\nparent: { field: thing, as: parts }\nfields: { thing: { title: 物, type: ref, to: t.thing }, n: { title: 数, type: integer } }\n";
        let source =
            |name: &str, text: &str| Source::new(format!("apps/t/definitions/entities/{name}.yaml"), text);
        let (catalog, problems) = load(&[source("thing", &text), source("part", child)]);
        assert!(problems.iter().all(|problem| !problem.is_error()), "{problems:?}");
        super::check(&catalog)
            .iter()
            .map(|problem| format!("{}: {}", problem.line, problem.message))
            .collect()
    }

    #[test]
    fn expressions_name_fields_child_tables_and_what_is_around() {
        let fine = "fields:\n  a: { title: 甲, type: integer, required_when: len(parts) > 0 and today > '2026' and record.b == 1 }\n  b: { title: 乙, type: integer, read_only_when: \"actor.district == '1'\" }\n";
        assert!(problems(fine).is_empty());
        let wrong = "fields:\n  a: { title: 甲, type: integer, visible_when: c == 1 }\n  r: { title: 丙, type: ref, to: t.thing }\nrules:\n  - { code: x, field: a, message: 无, when: d == 1, check: r.a == 1 }\n  - { code: y, field: a, message: 无, not_exists: { entity: t.thing, where: { field: a, op: eq, value: \"=e\" } } }\n";
        assert_eq!(
            problems(wrong),
            [
                "5: 表达式中的“c”不是“物”的字段",
                "8: 表达式中的“d”不是“物”的字段",
                "8: 表达式不能经过引用“r”取其他记录的值",
                "9: 表达式中的“e”不是“物”的字段",
            ]
        );
    }

    #[test]
    fn computed_fields_neither_change_by_themselves_nor_let_anything_out() {
        let fine = "fields:\n  a: { title: 甲, type: integer, sensitive: true }\n  age: { title: 龄, type: computed, expression: \"today\", result: date }\n  sum: { title: 和, type: computed, expression: \"sum(map(parts, #.n)) + a\", result: integer, stored: true, sensitive: true }\n";
        assert!(problems(fine).is_empty(), "{:?}", problems(fine));
        let wrong = "fields:\n  a: { title: 甲, type: integer, sensitive: true }\n  b: { title: 乙, type: computed, expression: a + 1, result: integer, stored: true }\n  c: { title: 丙, type: computed, expression: \"today\", result: date, stored: true }\n  d: { title: 丁, type: computed, expression: len(parts), result: integer }\n  e: { title: 戊, type: computed, expression: actor.name, result: text }\n  f: { title: 己, type: computed, expression: g + 1, result: integer, stored: true }\n  g: { title: 庚, type: computed, expression: f + 1, result: integer, stored: true }\n";
        let found = problems(wrong);
        let words = ["加密", "today", "子表", "actor", "绕回", "绕回"];
        assert_eq!(found.len(), words.len(), "{found:?}");
        for (problem, word) in found.iter().zip(words) {
            assert!(problem.contains(word), "{problem}");
        }
    }
}
