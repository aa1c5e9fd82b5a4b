//! A design as definitions, as an application would write them.

use std::sync::Arc;

use anju_definitions::{Catalog, FieldType, OnDelete, Severity, Source, load};
use serde_json::{Map, Value, json};

use crate::design::*;
use crate::values::{REGIONS, STATES};

/// The catalog of a design; the definitions are checked as a site's are.
pub fn catalog(design: &Design) -> Catalog {
    let mut sources = vec![
        source("dictionaries/region", &region()),
        source("dictionaries/state", &states()),
        source(
            "sequences/number",
            &json!({ "sequence": "play.number", "title": "编号", "pattern": "N{n:4}" }),
        ),
    ];
    for (at, one) in design.entities.iter().enumerate() {
        let name = one.key.trim_start_matches("play.");
        sources.push(source(&format!("entities/{name}"), &entity(design, at)));
    }
    for one in &design.roles {
        let name = one.key.trim_start_matches("play.");
        sources.push(source(&format!("roles/{name}"), &role(design, one)));
    }
    let (catalog, problems) = load(&sources);
    let errors: Vec<String> =
        problems.iter().filter(|one| one.severity == Severity::Error).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let problems: Vec<String> = anju_records::check(&catalog).iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    catalog
}

/// JSON is YAML too.
fn source(path: &str, definition: &Value) -> Source {
    let text = serde_json::to_string_pretty(definition).expect("JSON");
    Source { path: format!("apps/play/definitions/{path}.yaml"), text: Arc::<str>::from(text).to_string() }
}

fn region() -> Value {
    let item = |(code, title, parent): &(&str, &str, Option<&str>)| match parent {
        Some(parent) => json!({ "code": code, "title": title, "parent": parent }),
        None => json!({ "code": code, "title": title }),
    };
    json!({ "dictionary": "play.region", "title": "地区", "items": REGIONS.iter().map(item).collect::<Vec<_>>() })
}

fn states() -> Value {
    let item =
        |(code, title): &(&str, &str)| json!({ "code": code, "title": title, "retired": *code == "old" });
    json!({ "dictionary": "play.state", "title": "状态", "items": STATES.iter().map(item).collect::<Vec<_>>() })
}

fn entity(design: &Design, at: usize) -> Value {
    let one = &design.entities[at];
    let name = |position: usize| one.fields[position].name.clone();
    let names = |group: &Vec<usize>| group.iter().map(|at| name(*at)).collect::<Vec<_>>();
    let fields: Map<String, Value> =
        one.fields.iter().map(|of| (of.name.clone(), field(design, at, of))).collect();
    let display: Vec<String> = one.display.iter().map(|at| format!("{{{}}}", name(*at))).collect();
    let mut written = json!({
        "entity": one.key,
        "title": one.title,
        "display": display.join(" "),
        "fields": fields,
        "unique": one.uniques.iter().map(names).collect::<Vec<_>>(),
        "rules": one.rules.iter().map(|rule| self::rule(design, at, rule)).collect::<Vec<_>>(),
    });
    if let Some(number) = one.number {
        written["key"] = json!(name(number));
    }
    match (&one.parent, &one.scope) {
        (Some(parent), _) => {
            written["parent"] =
                json!({ "field": name(LINK), "as": parent.name, "rows_max": parent.rows_max });
        }
        (None, Scope::Shared) => written["scope"] = json!({ "shared": true }),
        (None, Scope::Owned(owner)) => written["scope"] = json!({ "owner": name(*owner) }),
        (None, Scope::Placed { district, subdistrict }) => {
            written["scope"] = json!({ "district": path(design, at, district) });
            if let Some(subdistrict) = subdistrict {
                written["scope"]["subdistrict"] = json!(name(*subdistrict));
            }
        }
    }
    if let Some(Transitions { field, legal }) = &one.transitions {
        let mut from = Map::new();
        for (state, next) in legal {
            let list = from.entry((*state).to_owned()).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(json!(next));
        }
        written["transitions"] = json!({ "field": name(*field), "from": from });
    }
    written
}

fn path(design: &Design, at: usize, path: &[usize]) -> String {
    let mut entity = at;
    let mut names = Vec::new();
    for position in path {
        let field = &design.entities[entity].fields[*position];
        names.push(field.name.clone());
        entity = field.to.unwrap_or(entity);
    }
    names.join(".")
}

fn field(design: &Design, at: usize, of: &Field) -> Value {
    let mut written = json!({ "title": of.name, "type": of.kind });
    let mut set = |name: &str, value: Value| {
        drop(written.as_object_mut().expect("an object").insert(name.to_owned(), value))
    };
    let number = |scaled: i64| match (of.kind, of.scale) {
        (FieldType::Decimal, scale) => json!(crate::values::decimal(scaled, scale)),
        _ => json!(scaled),
    };
    for (name, flag) in [
        ("required", of.required),
        ("system", of.system),
        ("immutable", of.immutable),
        ("sensitive", of.sensitive),
        ("leaf_only", of.leaf_only),
        ("many", of.many),
        ("stored", of.stored),
    ] {
        if flag {
            set(name, json!(true));
        }
    }
    for (name, condition) in [
        ("required_when", &of.required_when),
        ("visible_when", &of.visible_when),
        ("read_only_when", &of.read_only_when),
    ] {
        if let Some(condition) = condition {
            set(name, json!(expression(design, at, condition)));
        }
    }
    of.default.iter().for_each(|default| set("default", default.clone()));
    of.min.iter().for_each(|min| set("min", number(*min)));
    of.max.iter().for_each(|max| set("max", number(*max)));
    of.length_max.iter().for_each(|most| set("length_max", json!(most)));
    of.count_max.iter().for_each(|most| set("count_max", json!(most)));
    of.to.iter().for_each(|to| set("to", json!(design.entities[*to].key)));
    if of.until_today {
        set("max", json!("today"));
    }
    if let Some(dictionary) = of.dictionary {
        set("dictionary", json!(if dictionary == Dictionary::Region { "play.region" } else { "play.state" }));
    }
    if let Some(rule) = of.on_delete {
        let rule = match rule {
            OnDelete::Restrict => "restrict",
            OnDelete::Cascade => "cascade",
            OnDelete::Keep => "keep",
        };
        set("on_delete", json!(rule));
    }
    if of.kind == FieldType::Decimal {
        set("scale", json!(of.scale));
    }
    if of.kind == FieldType::Sequence {
        set("sequence", json!("play.number"));
    }
    if let Some(formula) = &of.formula {
        set("type", json!("computed"));
        set("result", json!(of.kind));
        set("expression", json!(self::formula(design, at, formula)));
    }
    written
}

fn expression(design: &Design, at: usize, condition: &Condition) -> String {
    let name = &design.entities[at].fields[condition.field()].name;
    match condition {
        Condition::Is(_, code) => format!("{name} == '{code}'"),
        Condition::IsNot(_, code) => format!("{name} != '{code}'"),
        Condition::Above(_, bound) => format!("{name} > {bound}"),
        Condition::True(_) => format!("{name} == true"),
    }
}

fn formula(design: &Design, at: usize, formula: &Formula) -> String {
    let name = |position: &usize| &design.entities[at].fields[*position].name;
    match formula {
        Formula::Sum(a, b) => format!("{} + {}", name(a), name(b)),
        Formula::Times(a, by) => format!("{} * {by}", name(a)),
        Formula::AtLeast(a, bound) => format!("{} >= {bound}", name(a)),
        Formula::Rows(child) => format!("len({})", design.table_name(*child)),
        Formula::SumOfRows(child, field) => {
            let of = &design.entities[*child].fields[*field].name;
            format!("sum(map({}, #.{of}))", design.table_name(*child))
        }
    }
}

fn rule(design: &Design, at: usize, rule: &Rule) -> Value {
    let name = |position: usize| design.entities[at].fields[position].name.clone();
    let mut written = json!({ "code": rule.code, "field": name(rule.field), "message": "不合规则" });
    if rule.soft {
        written["level"] = json!("soft");
    }
    if let Some(when) = &rule.when {
        written["when"] = json!(expression(design, at, when));
    }
    match &rule.asks {
        Asks::Check(check) => written["check"] = json!(expression(design, at, check)),
        Asks::Others { entity, theirs, own, expected } => {
            let target = &design.entities[*entity];
            let test = json!({
                "field": target.fields[*theirs].name, "op": "eq", "value": format!("={}", name(*own)),
            });
            let set = json!({ "entity": target.key, "where": test });
            match expected {
                Expected::Some => written["exists"] = set,
                Expected::AtMost(0) => written["not_exists"] = set,
                Expected::AtMost(most) => {
                    written["count_max"] = set;
                    written["count_max"]["max"] = json!(most);
                }
            }
        }
    }
    written
}

fn role(design: &Design, role: &Role) -> Value {
    let mut permissions = Map::new();
    for (at, permission) in role.permissions.iter().enumerate() {
        let Some(given) = permission else { continue };
        let mut written = json!({
            "read": given.read, "create": given.create, "update": given.update, "delete": given.delete,
            "import": given.import, "read_only": given.read_only, "unmask": given.unmask,
        });
        if let Some(fields) = &given.fields {
            written["fields"] = json!(fields);
        }
        if let Some(only) = &given.only {
            let name = &design.entities[at].fields[only.field()].name;
            let (op, value) = match only {
                Condition::Is(_, code) => ("eq", json!(code)),
                Condition::IsNot(_, code) => ("ne", json!(code)),
                Condition::Above(_, bound) => ("gt", json!(bound)),
                Condition::True(_) => ("eq", json!(true)),
            };
            written["where"] = json!({ "field": name, "op": op, "value": value });
        }
        permissions.insert(design.entities[at].key.clone(), written);
    }
    json!({ "role": role.key, "title": role.key, "level": role.level, "permissions": permissions })
}
