//! The library of the fixtures: a faultless set of definitions, and sets with faults laid over it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

use crate::path::{BuiltIn, Hop, PathError, Target, resolve, rows};
use crate::{Catalog, DEFINITIONS_MAX, FILE_BYTES_MAX, FieldType, Kind, Source, expressions, load};

pub(crate) fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Files as `-- path --` and their text, one after another; later ones replace earlier ones.
pub(crate) fn files(archives: &[String]) -> Vec<Source> {
    let mut files = BTreeMap::new();
    for archive in archives {
        for file in
            archive.split("\n-- ").flat_map(|file| file.split_once(" --\n").or(file.split_once(" --")))
        {
            files.insert(file.0.trim_start_matches("-- ").to_owned(), format!("{}\n", file.1));
        }
    }
    files.into_iter().map(|(path, text)| Source { path, text }).collect()
}

fn library() -> Catalog {
    let (catalog, problems) = load(&files(&[fixture("library.txt")]));
    assert!(problems.is_empty(), "{problems:#?}");
    catalog
}

/// The problems of a faulty set, one to a line.
fn faults(name: &str) -> String {
    let (_, problems) = load(&files(&[fixture("library.txt"), fixture(&format!("faulty/{name}.txt"))]));
    problems.iter().map(|p| format!("{p}  [{}]\n", p.code)).collect()
}

#[test]
fn a_faultless_set_has_no_problems_and_all_its_definitions() {
    let catalog = library();
    for kind in Kind::ALL {
        assert!(catalog.keys(kind).next().is_some(), "{kind}");
        assert!(catalog.keys(kind).all(|key| catalog.has(kind, key)), "{kind}");
    }
    assert_eq!(catalog.document("library.card").unwrap().source.trim(), "= 借书证");
    assert!(catalog.decision("library.admission").unwrap().graph["nodes"].is_array());
    assert!(catalog.process("library.admission").unwrap().xml.contains("userTask"));
    assert_eq!(catalog.children_of("library.reader")[0].entity, "library.loan");
    assert_eq!(catalog.child("library.reader", "loans").unwrap().entity, "library.loan");
    assert!(catalog.is_under("library.district", "310101", "31"));
    assert_eq!(catalog.operation("library.registry.ask").unwrap().1.needs, ["id_no"]);
    let place = catalog.place(Kind::Entity, "library.reader", "fields/name/type").unwrap();
    assert_eq!((place.file.as_str(), place.line), ("apps/library/definitions/entities/reader.yaml", 8));
}

#[test]
fn the_version_changes_with_any_file_and_not_with_their_order() {
    let mut sources = files(&[fixture("library.txt")]);
    let version = load(&sources).0.version;
    assert_eq!(version.len(), 64);
    sources.reverse();
    assert_eq!(load(&sources).0.version, version);
    sources[0].text.push(' ');
    assert_ne!(load(&sources).0.version, version);
}

#[test]
fn faults_of_yaml_and_of_files_are_named_by_file_line_and_cause() {
    insta::assert_snapshot!(faults("yaml"));
}

#[test]
fn every_misfit_of_a_file_is_reported_at_once() {
    insta::assert_snapshot!(faults("shape"));
}

#[test]
fn entities_and_dictionaries_are_checked() {
    insta::assert_snapshot!(faults("entities"));
}

#[test]
fn types_of_fields_and_rules_are_checked() {
    insta::assert_snapshot!(faults("fields"));
}

#[test]
fn relations_and_searches_are_checked() {
    insta::assert_snapshot!(faults("relations"));
}

#[test]
fn pages_roles_menus_and_texts_are_checked() {
    insta::assert_snapshot!(faults("pages"));
}

#[test]
fn extensions_and_times_are_checked_where_they_are_written() {
    insta::assert_snapshot!(faults("extensions"));
}

#[test]
fn an_extension_becomes_part_of_its_entity_and_of_its_pages() {
    let catalog = library();
    let reader = catalog.entity("library.reader").unwrap();
    assert_eq!(reader.fields.keys().next_back().unwrap(), "class_no");
    assert!(reader.indexes.contains(&vec!["school".to_owned()]));
    assert_eq!(reader.rules.last().unwrap().code, "class_within_school");
    let file = "apps/library/definitions/extensions/reader_school.yaml";
    for (path, line) in [("fields/school/number", 5), ("fields/class_no", 6), ("rules/1/check", 10)] {
        let place = catalog.place(Kind::Entity, "library.reader", path).unwrap();
        assert_eq!((place.file.as_str(), place.line), (file, line), "{path}");
    }
    assert_eq!(catalog.extension_of("library.reader", "school").unwrap().title, "学校信息");
    assert!(catalog.extension_of("library.reader", "name").is_none());
    let shown = |page: &str| serde_json::to_value(&**catalog.page(page).unwrap()).unwrap();
    let form = shown("library.reader_form");
    assert_eq!(form["sections"][1]["title"], "学校信息");
    assert_eq!(form["sections"][1]["fields"], serde_json::json!(["school", "class_no"]));
    assert_eq!(shown("library.reader")["tabs"][0]["sections"][2]["title"], "学校信息");
}

#[test]
fn processes_are_checked_against_their_bpmn() {
    insta::assert_snapshot!(faults("processes"));
}

#[test]
fn a_reference_to_a_definition_that_could_not_be_read_is_not_reported_again() {
    let broken =
        "-- apps/library/definitions/dictionaries/state.yaml --\ndictionary: library.state\ntitle: 状态\n";
    let (catalog, problems) = load(&files(&[fixture("library.txt"), broken.to_owned()]));
    assert!(catalog.dictionary("library.state").is_none());
    let printed: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["apps/library/definitions/dictionaries/state.yaml:1: 定义缺少“items”"]);
}

#[test]
fn files_and_definitions_have_bounds() {
    let large = Source::new("apps/a/definitions/menus/a.yaml", "#".repeat(FILE_BYTES_MAX + 1));
    assert_eq!(load(&[large]).1[0].code, "too_large");
    let one = |i| {
        let text = format!("menu: a.m{i}\ntitle: 菜单\nitems: []\n");
        Source::new(format!("apps/a/definitions/menus/m{i:05}.yaml"), text)
    };
    let (catalog, problems) = load(&(0..=DEFINITIONS_MAX).map(one).collect::<Vec<_>>());
    assert_eq!(catalog.menus.len(), DEFINITIONS_MAX);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "too_many");
}

#[test]
fn paths_lead_through_references_and_child_tables() {
    let catalog = library();
    let path = resolve(&catalog, "library.loan", "reader.branch.title").unwrap();
    assert_eq!(path.hops.len(), 2);
    assert_eq!(path.entity.entity, "library.branch");
    assert_eq!(path.field_type(), FieldType::Text);
    assert!(!path.is_many());
    let path = resolve(&catalog, "library.reader", "loans.pages").unwrap();
    assert!(matches!(path.hops[..], [Hop::Rows { field: "reader", .. }]));
    assert!(path.is_many());
    let path = resolve(&catalog, "library.loan", "reader.created_at").unwrap();
    assert!(matches!(path.target, Target::BuiltIn(BuiltIn::CreatedAt)));
    assert!(resolve(&catalog, "library.loan", "position").is_ok());
    assert_eq!(rows(&catalog, "library.loan", "reader.loans").unwrap().entity, "library.loan");
    assert!(matches!(rows(&catalog, "library.loan", "reader"), Err(PathError::NoRows { .. })));
    assert!(matches!(rows(&catalog, "library.reader", "loans.title"), Err(PathError::NoWay { .. })));
}

#[test]
fn a_path_that_leads_nowhere_says_why() {
    let catalog = library();
    let error = |entity, path| resolve(&catalog, entity, path).unwrap_err();
    assert!(matches!(error("library.nothing", "a"), PathError::NoEntity(_)));
    assert!(matches!(error("library.reader", "nothing"), PathError::NoField { .. }));
    assert!(matches!(error("library.reader", "position"), PathError::NoField { .. }));
    assert!(matches!(error("library.reader", "name.x"), PathError::NoWay { .. }));
    assert!(matches!(error("library.reader", "loans"), PathError::EndsInRows { .. }));
    assert!(matches!(error("library.reader", ""), PathError::NoField { .. }));
    assert_eq!(error("library.loan", "reader.loans.reader.loans.reader.loans.title"), PathError::TooLong);
}

#[test]
fn roles_that_can_be_given_are_a_dictionary_of_their_own() {
    let catalog = library();
    let titles: Vec<(&str, &str, Option<&str>)> = catalog.dictionaries[crate::ROLES]
        .items
        .iter()
        .map(|item| (item.code.as_str(), item.title.as_str(), item.note.as_deref()))
        .collect();
    assert_eq!(titles, [("library.clerk", "馆员", Some("运营机构"))]);
}

#[test]
fn an_entity_has_the_countdown_of_the_process_that_keeps_its_last_day() {
    let catalog = library();
    let (process, field) = catalog.countdown_of("library.reader").unwrap();
    assert_eq!((process.process.as_str(), field), ("library.admission", "admitted_by"));
    assert!(catalog.countdown_of("library.branch").is_none());
}

#[test]
fn every_expression_is_listed_with_its_place() {
    let catalog = library();
    let listed: String = expressions(&catalog)
        .iter()
        .map(|e| {
            format!(
                "{}:{}: {}\n",
                e.place.file.trim_start_matches("apps/library/definitions/"),
                e.place.line,
                e.text
            )
        })
        .collect();
    insta::assert_snapshot!(listed);
}

/// Pieces of definitions, to come near to what the parser knows.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "entity: a.b\n",
        "page: a.b\n",
        "process: a.b\n",
        "kind: list\n",
        "title: x\n",
        "fields:\n",
        "  f: ",
        "{ ",
        " }",
        "[ ",
        " ]",
        ", ",
        "type: text",
        "effects: [{ set: { a: 1 } }]\n",
        "where: { and: [",
        "- ",
        ": ",
        "? ",
        "&a ",
        "*a",
        "!!str ",
        "---\n",
        "...\n",
        "|\n",
        ">\n",
        "'",
        "\"",
        "#",
        "\t",
        "\n",
        "  ",
        "null",
        "~",
        "1e400",
        "-",
        "$",
        "中",
        "columns: ",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn load_one(folder: &str, text: String) {
    let (_, problems) = load(&[Source { path: format!("apps/a/definitions/{folder}/b.yaml"), text }]);
    for problem in &problems {
        assert!(problem.line >= 1, "{problem}");
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        load_one("entities", text);
    }

    #[test]
    fn arbitrary_pieces_of_definitions_never_panic(text in pieces(), page in any::<bool>()) {
        load_one(if page { "pages" } else { "entities" }, text);
    }

    #[test]
    fn a_definition_cut_anywhere_never_panics(at in 0usize..8_000) {
        let all = fixture("library.txt");
        let cut: String = all.chars().take(at).collect();
        let (_, problems) = load(&files(&[cut]));
        assert!(problems.iter().all(|problem| problem.line >= 1));
    }
}
